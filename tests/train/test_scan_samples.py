from __future__ import annotations

import numpy as np
import pytest
import torch

from ichor.errors import BadConfig
from ichor.train.augmentation import draw
from ichor.train.losses import detection_loss, subtype_loss
from ichor.train.samples import Batch
from ichor.train.scan_samples import ScanArrays, ScanSamples, VolumeSamples
from ichor.train.settings import AugmentationSettings, TrainingSettings

CPU = torch.device("cpu")


def scan(number: int, n: int, positive: bool) -> ScanArrays:
    """A scan whose slices are constant: 100 times its number plus the slice's index."""
    hu = np.broadcast_to((100 * number + np.arange(n))[:, None, None], (n, 16, 16)).astype(np.int16)
    labels = np.zeros((n, 5), bool)
    labels[n - 1, 2] = positive
    channels = np.stack([np.maximum(np.arange(n) - 1, 0), np.arange(n)], axis=1)
    return ScanArrays(hu, channels, np.zeros((n, 16, 16), bool), labels)


SCANS = [scan(k, 4 + k, positive=k in (1, 3)) for k in range(6)]


def test_an_epoch_has_every_scan_with_hemorrhage_and_as_many_others() -> None:
    samples = ScanSamples(SCANS, negatives=1.0)
    for seed in range(5):
        numbers = samples.epoch(np.random.default_rng(seed)) % len(SCANS)
        assert len(numbers) == 4
        assert {1, 3} < set(numbers.tolist())


def test_a_scan_is_read_from_below_and_from_above() -> None:
    samples = ScanSamples(SCANS, negatives=1.0)
    up, down = (samples.batch(np.array([one]), CPU) for one in (1, 1 + len(SCANS)))
    assert up.together and down.together
    assert up.hu[:, :, 0, 0].tolist() == [[100, 100], [100, 101], [101, 102], [102, 103], [103, 104]]
    assert down.hu[:, :, 0, 0].tolist() == [[104, 103], [103, 102], [102, 101], [101, 100], [100, 100]]
    assert up.positive.tolist() == [0, 0, 0, 0, 1] and down.positive.tolist() == [1, 0, 0, 0, 0]
    assert up.subtypes is not None and up.subtypes[4].tolist() == [0, 0, 1, 0, 0]


def test_a_batch_is_one_scan() -> None:
    with pytest.raises(ValueError, match="expected batches of one scan, found 2"):
        ScanSamples(SCANS, negatives=1.0).batch(np.array([0, 1]), CPU)


def test_the_slices_of_a_scan_are_changed_alike() -> None:
    settings = AugmentationSettings(flip=True, hu_shift=5, acquisitions=True)
    changes = draw(settings, 4, np.random.default_rng(0)).of_first()
    assert len(changes.matrices) == 4
    hu = torch.randn(1, 2, 32, 32).expand(4, -1, -1, -1) * 20 + 40
    changed, _ = changes.apply(hu.clone(), torch.zeros(4, 1, 32, 32))
    assert not torch.allclose(changed[0], hu[0])
    assert (changes.matrices == changes.matrices[:1]).all()
    assert (changes.hu_shift == changes.hu_shift[0]).all()


def test_volumes_are_balanced() -> None:
    volumes = np.arange(6 * 2 * 4 * 4).reshape(6, 2, 4, 4).astype(np.int16)
    labels = np.zeros((6, 5), bool)
    labels[4, 1] = True
    samples = VolumeSamples(volumes, labels, negatives=2.0)
    chosen = samples.epoch(np.random.default_rng(0))
    assert len(chosen) == 3 and 4 in chosen
    batch = samples.batch(np.array([4, 0]), CPU)
    assert batch.hu.shape == (2, 2, 4, 4) and batch.mask.shape == (2, 1, 4, 4)
    assert batch.positive.tolist() == [1, 0]


def test_without_hemorrhage_nothing_can_be_learned() -> None:
    with pytest.raises(BadConfig, match="expected training scans with hemorrhage, found none"):
        ScanSamples([SCANS[0]], negatives=1.0)
    with pytest.raises(BadConfig, match="expected training scans with hemorrhage, found none"):
        VolumeSamples(np.zeros((1, 2, 4, 4), np.int16), np.zeros((1, 5), bool), 1.0)


def batch() -> Batch:
    positive = torch.tensor([1.0, 0.0])
    subtypes = torch.tensor([[0.0, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
    return Batch(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 8, 8), positive, subtypes)


def test_the_loss_of_a_detector_is_that_of_presence_subtypes_and_auxiliaries() -> None:
    settings = TrainingSettings(slice_loss=2.0, subtype_loss=0.5)
    certain = torch.tensor([20.0, -20.0])
    nothing, subtypes = torch.zeros(2), torch.zeros(2, 5)
    half = float(np.log(2))
    assert detection_loss({"slice_logits": nothing}, batch(), settings).item() == pytest.approx(2 * half)
    assert detection_loss({"scan_logits": certain}, batch(), settings).item() == pytest.approx(0, abs=1e-6)
    both = {"slice_logits": nothing, "subtype_logits": subtypes}
    assert detection_loss(both, batch(), settings).item() == pytest.approx(2.5 * half)
    further = {**both, "auxiliary_logits": torch.zeros(2, 2, 6)}
    assert detection_loss(further, batch(), settings).item() == pytest.approx(2.5 * half * (1 + 2 * 0.3))
    maps = {**both, "auxiliary_maps": torch.zeros(3, 2, 1, 8, 8)}
    assert detection_loss(maps, batch(), settings).item() == pytest.approx(5.5 * half)


def test_subtypes_are_learned_from_slices_with_hemorrhage_only() -> None:
    logits = torch.zeros(2, 5)
    logits[1] = 50  # wrong, on the slice without hemorrhage
    settings = TrainingSettings(subtype_loss=1.0)
    assert subtype_loss({"subtype_logits": logits}, batch(), settings).item() == pytest.approx(float(np.log(2)))
