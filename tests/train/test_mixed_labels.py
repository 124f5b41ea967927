"""Training on voxel, slice and scan labels together: each kind has its loss, and what is unknown has none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ichor.dataset.case import Case, ScanLabels
from ichor.nets.slice_unet import SliceUNet
from ichor.scan import Scan
from ichor.subtypes import Subtype
from ichor.train.checkpoint import HISTORY
from ichor.train.known import N_TARGETS, Bag, Known, SliceLabels
from ichor.train.loop import train
from ichor.train.losses import loss_of
from ichor.train.mixed_samples import SLICES_OF_SCAN, MixedSamples
from ichor.train.samples import Batch, SliceSamples
from ichor.train.settings import AugmentationSettings, TrainingSettings

N, SIDE = 6, 32
CPU = torch.device("cpu")
STILL = AugmentationSettings(rotation_deg=0, shift=0, shear_deg=0, zoom=0)


def settings(**more: object) -> TrainingSettings:
    words = {"epochs": 1, "batch": 6, "learning_rate": 0.01, "loss": "tversky", "each_slice": 0.5}
    weights = {"slice_loss": 0.5, "subtype_loss": 0.5, "augmentation": STILL, "keep": "last"}
    return TrainingSettings.model_validate({**words, **weights, **more})


def all_known(n: int) -> Known:
    every = SliceLabels.every(np.zeros((n, len(Subtype)), bool))
    return Known.of(every, np.arange(n))


@pytest.fixture
def batch() -> Batch:
    """Six slices, of which the first three have hemorrhage of the first subtype."""
    mask = torch.zeros(N, 1, SIDE, SIDE)
    mask[:3, :, 8:16, 8:16] = 1
    positive = mask.amax(dim=(1, 2, 3))
    subtypes = torch.zeros(N, len(Subtype))
    subtypes[:3, 0] = 1
    return Batch(torch.zeros(N, 3, SIDE, SIDE), mask, positive, subtypes)


@pytest.fixture
def outputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"logits": (N, 1, SIDE, SIDE), "slice_logits": (N,), "subtype_logits": (N, len(Subtype))}
    return {name: torch.randn(shape, generator=generator).requires_grad_() for name, shape in shapes.items()}


@pytest.mark.parametrize("soft_edge_px", [0.0, 2.0])
def test_where_all_is_known_the_loss_is_the_usual_one(
    batch: Batch, outputs: dict[str, torch.Tensor], soft_edge_px: float
) -> None:
    usual = loss_of(outputs, batch, settings(soft_edge_px=soft_edge_px))
    mixed = loss_of(outputs, replace(batch, known=all_known(N)), settings(soft_edge_px=soft_edge_px))
    assert float(mixed.detach()) == pytest.approx(float(usual.detach()), rel=1e-6)


def test_unknown_labels_have_no_gradient(batch: Batch, outputs: dict[str, torch.Tensor]) -> None:
    known = all_known(N)
    known.voxels[1], known.slices[2], known.subtypes[3, 1] = False, False, False
    loss_of(outputs, replace(batch, known=known), settings()).backward()
    voxels, slices, subtypes = (outputs[name].grad for name in ("logits", "slice_logits", "subtype_logits"))
    assert voxels is not None and slices is not None and subtypes is not None
    assert [bool(voxels[k].any()) for k in range(N)] == [True, False, True, True, True, True]
    assert [bool(slices[k]) for k in range(N)] == [True, True, False, True, True, True]
    assert not subtypes[3, 1] and int((subtypes != 0).sum()) == N * len(Subtype) - 1


def test_what_an_unknown_label_says_does_not_matter(batch: Batch, outputs: dict[str, torch.Tensor]) -> None:
    known = all_known(N)
    known.voxels[4], known.slices[4], known.subtypes[4] = False, False, False
    mask, positive = batch.mask.clone(), batch.positive.clone()
    mask[4], positive[4] = 1, 1
    first = loss_of(outputs, replace(batch, known=known), settings())
    other = loss_of(outputs, replace(batch, mask=mask, positive=positive, known=known), settings())
    assert float(first.detach()) == float(other.detach())


def test_without_any_label_there_is_no_loss(batch: Batch, outputs: dict[str, torch.Tensor]) -> None:
    known = all_known(N)
    for of in (known.voxels, known.slices, known.subtypes):
        of[:] = False
    loss = loss_of(outputs, replace(batch, known=known), settings())
    loss.backward()
    assert float(loss.detach()) == 0
    assert not any(one.grad is not None and one.grad.any() for one in outputs.values())


def test_a_scan_is_learned_by_its_most_probable_slice(batch: Batch, outputs: dict[str, torch.Tensor]) -> None:
    """The last three slices are of a scan of which only its hemorrhage is known."""
    known = all_known(N)
    for of in (known.voxels, known.slices, known.subtypes):
        of[:] = False
    targets = torch.zeros(1, N_TARGETS)
    targets[0, 0] = 1
    known = replace(known, scan=torch.tensor([-1, -1, -1, 0, 0, 0]), targets=targets, known=targets > 0)
    loss = loss_of(outputs, replace(batch, known=known), settings())
    loss.backward()
    logits = outputs["slice_logits"].detach()
    expected = 0.5 * 3 / N * float(torch.nn.functional.softplus(-logits[3:].max()))
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    grad = outputs["slice_logits"].grad
    assert grad is not None
    assert torch.nonzero(grad).flatten().tolist() == [3 + int(logits[3:].argmax())]
    assert grad.min() < 0  # it becomes more probable
    assert outputs["logits"].grad is None or not outputs["logits"].grad.any()


def scan_of(n: int = N) -> Scan:
    return Scan(np.zeros((n, 8, 8), np.int16), Path("made"))


def test_labels_of_a_case_are_known_as_far_as_they_are_given() -> None:
    mask, blood = np.zeros((N, 8, 8), bool), np.arange(N) < 2
    mask[:2, 2:4, 2:4] = True
    subtypes = np.zeros((N, 5), bool)
    subtypes[:2, 1] = True
    full = Case("a", scan_of(), mask, subtypes)
    assert SliceLabels.of_case(full).complete
    assert Bag.of_case(full, SliceLabels.of_case(full), 0) is None

    slices = SliceLabels.of_case(Case("b", scan_of(), None, None, hemorrhage=blood))
    assert slices.slices.all() and slices.positive.tolist() == blood.tolist()
    assert slices.voxels.tolist() == (~blood).tolist()  # a slice without hemorrhage has no voxel of it
    assert slices.subtypes.all(axis=1).tolist() == (~blood).tolist()

    negative = Case("c", scan_of(), None, None, of_scan=ScanLabels(hemorrhage=False))
    assert SliceLabels.of_case(negative).complete

    said = ScanLabels(hemorrhage=True, subtypes={Subtype.EDH: False, Subtype.SDH: True})
    scan = Case("d", scan_of(), None, None, of_scan=said)
    labels = SliceLabels.of_case(scan)
    assert not labels.slices.any() and not labels.voxels.any()
    assert labels.subtypes.all(axis=0).tolist() == [one is Subtype.EDH for one in Subtype]
    bag = Bag.of_case(scan, labels, 10)
    assert bag is not None and bag.slices.tolist() == [*range(10, 10 + N)]
    assert bag.targets.tolist() == bag.known.tolist() == [True, *(one is Subtype.SDH for one in Subtype)]

    unknown = Case("e", scan_of(), None, None)
    assert not SliceLabels.of_case(unknown).slices.any()
    assert Bag.of_case(unknown, SliceLabels.of_case(unknown), 0) is None


def mixed_samples(rng: np.random.Generator) -> tuple[MixedSamples, SliceLabels]:
    """Four slices with masks, eight with labels of slices, and two scans of 20 slices with a label of the scan."""
    n = 52
    blood = np.zeros(n, bool)
    blood[[0, 1, 4, 5, 6, 7, 14, 35]] = True
    hu = rng.normal(30, 3, (n, SIDE, SIDE)).astype(np.int16)
    hu[blood, 8:20, 8:20] += 40
    mask = np.zeros((n, SIDE, SIDE), bool)
    mask[:2, 8:20, 8:20] = True
    k = np.arange(n)
    labeled = k < 12
    none = np.zeros((n, 5), bool)
    known = SliceLabels(blood & labeled, labeled, none, (k < 4) | ((k >= 8) & labeled))
    first_of_scan = np.zeros(N_TARGETS, bool)
    first_of_scan[0] = True
    bags = [Bag(np.arange(a, a + 20), first_of_scan, first_of_scan) for a in (12, 32)]
    around = np.tile(k[:, None], 3)
    return MixedSamples(SliceSamples(hu, around, mask, none, negatives=1.0, known=known), bags), known


def test_an_epoch_has_each_scan_once_and_no_unlabeled_slice_by_itself() -> None:
    samples, known = mixed_samples(np.random.default_rng(0))
    indices = samples.epoch(np.random.default_rng(1))
    assert (indices < 0).sum() == 2 and known.slices[indices[indices >= 0]].all()
    batch = samples.batch(indices, CPU)
    assert batch.known is not None and batch.known.targets.shape == (2, N_TARGETS)
    n_own = int((indices >= 0).sum())
    assert batch.known.scan.tolist() == [-1] * n_own + [0] * SLICES_OF_SCAN + [1] * SLICES_OF_SCAN
    assert not batch.known.slices[n_own:].any() and not batch.known.voxels[n_own:].any()
    assert batch.positive[n_own:].sum() == 0  # unknown, and never shown to a loss


@pytest.mark.long
def test_training_on_all_kinds_of_labels_reduces_the_loss_and_finds_the_slice(tmp_path: Path) -> None:
    samples, _ = mixed_samples(np.random.default_rng(0))
    torch.manual_seed(0)
    network = SliceUNet((4, 4, 8, 8), subtypes=True)
    trained = train(network, samples, None, settings(epochs=25, batch=8), tmp_path, quiet=True)
    losses = [json.loads(line)["loss"] for line in (tmp_path / HISTORY).read_text().splitlines()]
    assert np.mean(losses[-3:]) < 0.5 * losses[0]
    scan = samples.batch(np.array([-1, -1 - SLICES_OF_SCAN]), CPU)  # both scans
    with torch.no_grad():
        probability = trained(scan.hu)["slice_logits"].sigmoid()
    bleeding = (scan.hu[:, 1] > 55).float().mean(dim=(1, 2)) > 0.05
    assert bleeding.any() and probability[bleeding].min() > probability[~bleeding].max()


def test_of_a_crop_is_known_only_what_its_slice_does_not_have(batch: Batch) -> None:
    known = all_known(N)
    known.voxels[0], known.voxels[5] = False, False
    cropped = known.within_crops(batch.positive, batch.subtypes)
    assert cropped.slices.tolist() == [False, True, True, True, True, True]
    assert not cropped.subtypes[0, 0] and cropped.subtypes[0, 1:].all() and cropped.subtypes[5].all()
    assert len(cropped.targets) == 0 and (cropped.scan == -1).all()
