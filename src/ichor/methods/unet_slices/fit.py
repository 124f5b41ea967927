"""Trains the network: prepares samples from cases and runs the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ichor.anatomy.head import head_length_mm
from ichor.dataset.case import Case
from ichor.errors import BadConfig
from ichor.evaluate.detection import average_precision, roc_curve
from ichor.evaluate.overlap import Overlaps, subject_averages
from ichor.methods.field import FieldOf, neighbours
from ichor.methods.unet_slices.operating_points import VOXEL_THRESHOLDS
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.methods.unet_slices.simulated import SimulatedSlices, simulated_slices
from ichor.nets.ensemble import Ensemble
from ichor.nets.slice_unet import SliceUNet
from ichor.subtypes import Subtype
from ichor.train.forward import TorchForward
from ichor.train.known import Bag, SliceLabels
from ichor.train.loop import train
from ichor.train.mixed_samples import MixedSamples
from ichor.train.samples import Copies, SliceSamples
from ichor.train.start import load_weights


def train_slices(
    settings: UNetSlicesSettings,
    field_of: FieldOf,
    training: Sequence[Case],
    validation: Sequence[Case],
    workdir: Path,
    *,
    start: Path | None = None,
    quiet: bool = False,
) -> tuple[TorchForward, float]:
    """Train the network of `settings`; returns it with the median length of the training heads in mm.

    `field_of` resamples a scan into the network's field. `workdir` and `quiet` are as in `ichor.train.loop.train`; an
    ensemble has a subfolder for each member, and its members differ by their seeds. `start` is the workdir of an
    earlier training, or a model package, from whose weights training starts. Without validation cases nothing is
    validated, and the last weights are taken. Of training cases, whatever labels are known are used: of voxels, of
    slices, or of scans (see `ichor.train.mixed_loss`); only delineated cases are validated on. Raises BadConfig if the
    weights do not fit the network, or if no case is delineated that could be validated on.
    """
    pool = _prepare(settings, field_of, training, copies=settings.simulation.copies)
    delineated = (case for case in validation if is_delineated(case))
    validate = _validator(_prepare(settings, field_of, delineated)) if len(validation) else None
    if pool.bags or not pool.known.voxels.all():
        _require_whole_epochs(settings)
    slices = SliceSamples(
        pool.hu,
        pool.neighbours,
        pool.mask,
        pool.labels,
        settings.negatives,
        settings.paste,
        faint=settings.faint,
        copies=Copies(pool.copied, settings.simulation.share, pool.focus) if pool.copied.any() else None,
        known=pool.known if pool.partly_known else None,
    )
    samples = MixedSamples(slices, pool.bags) if pool.partly_known else slices
    torch.manual_seed(settings.training.seed)
    subtypes = settings.training.subtype_loss > 0
    members = [SliceUNet(settings.widths, settings.dropout, settings.skips, subtypes) for _ in range(settings.members)]
    network = members[0] if settings.members == 1 else Ensemble(members)
    if start is not None:
        load_weights(network, start)
    for k, member in enumerate(members):
        own = settings.training.model_copy(update={"seed": settings.training.seed + k})
        train(
            member, samples, validate, own, workdir if settings.members == 1 else member_folder(workdir, k), quiet=quiet
        )
    return TorchForward(network), pool.head_mm


def member_folder(workdir: Path, k: int) -> Path:
    """The workdir of member `k` of an ensemble, counted from 0."""
    return workdir / f"member-{k + 1}"


_Any = TypeVar("_Any", bound=np.generic)


@dataclass(frozen=True, eq=False)
class _Slices:
    """All slices of some cases in the network's field, one after another, and those of simulated copies.

    Attributes:
        copied: (S,) which are of copies.
        focus: (S, 2) a row and column that training looks at, of a mimic; -1 without.
        known: which of the labels are known; unknown ones are False.
        bags: the scans with hemorrhage of which it is not known on which slices.
    """

    hu: NDArray[np.int16]
    mask: NDArray[np.bool_]
    neighbours: NDArray[np.int64]
    labels: NDArray[np.bool_]
    subjects: list[str]
    excluded: list[str]
    first: list[int]
    head_mm: float
    copied: NDArray[np.bool_]
    focus: NDArray[np.int64]
    known: SliceLabels
    bags: list[Bag]

    @property
    def partly_known(self) -> bool:
        """Whether any label is unknown."""
        return bool(self.bags) or not self.known.complete


def is_delineated(case: Case) -> bool:
    """Whether hemorrhage is delineated on all slices of a case."""
    return case.delineation is not None and bool(case.known_slices.all())


def _require_whole_epochs(settings: UNetSlicesSettings) -> None:
    """Raise BadConfig if all epochs are on crops: whether a crop has the hemorrhage of its slice is not known."""
    if settings.training.crop is not None and not settings.training.whole_epochs:
        raise BadConfig(
            "expected training.whole_epochs above 0, since some scans have labels of slices or of the scan only, found "
            "crops in every epoch"
        )


def _prepare(settings: UNetSlicesSettings, field_of: FieldOf, cases: Iterable[Case], copies: int = 0) -> _Slices:
    hu, mask, around, labels, subjects, excluded, heads, first = [], [], [], [], [], [], [], [0]
    made: list[SimulatedSlices] = []
    known, bags = [], []
    for case in cases:
        scan = case.scan
        slices, field = field_of(scan)
        hu.append(np.clip(np.round(slices), -2000, 6000).astype(np.int16))
        mask.append(field.resample_mask(case.mask_or_empty))
        known.append(SliceLabels.of_case(case))
        bags.append(Bag.of_case(case, known[-1], first[-1]))
        if copies and is_delineated(case) and case.subtypes is not None:
            made += simulated_slices(settings, case, slices, mask[-1])
        around.append(first[-1] + neighbours(scan.slice_positions_mm, scan.n_slices, settings.neighbour_mm))
        labels.append(np.zeros((scan.n_slices, len(Subtype)), bool) if case.subtypes is None else case.subtypes)
        subjects.append(case.subject)
        if case.excluded_from_overlap:
            excluded.append(case.subject)
        first.append(first[-1] + scan.n_slices)
        heads.append(head_length_mm(scan))
    if not subjects:
        raise BadConfig("expected delineated scans to validate on, found none")
    n_own = first[-1]
    n = n_own
    for one in made:
        around.append(n + one.neighbours)
        labels.append(one.labels)
        known.append(SliceLabels.every(one.labels))
        n += len(one.hu)
    focus = [np.full((n_own, 2), -1), *(one.focus for one in made)]
    hu += [one.hu for one in made]
    mask += [one.mask for one in made]
    made.clear()
    return _Slices(
        _joined(hu),
        _joined(mask),
        np.concatenate(around),
        np.concatenate(labels),
        subjects,
        excluded,
        first,
        float(np.median(heads)),
        np.arange(n) >= n_own,
        np.concatenate(focus),
        SliceLabels.joined(known),
        [bag for bag in bags if bag is not None],
    )


def _joined(parts: list[NDArray[_Any]]) -> NDArray[_Any]:
    """The parts one after another; the list is emptied, since twice all copies may not fit into memory."""
    whole = np.empty((sum(len(part) for part in parts), *parts[0].shape[1:]), parts[0].dtype)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def _validator(slices: _Slices) -> Callable[[nn.Module], dict[str, float]]:
    """Metrics of a network on the validation slices, computed in its field, which is faster than on the scan's grid."""

    def validate(network: nn.Module) -> dict[str, float]:
        forward = TorchForward(network)
        batches = [
            forward(slices.hu[slices.neighbours[first : first + 16]].astype(np.float32))
            for first in range(0, len(slices.hu), 16)
        ]
        probability = np.concatenate([b["probability"] for b in batches])
        slice_probability = np.concatenate([b["slice_probability"] for b in batches])
        dice = {}
        for threshold in VOXEL_THRESHOLDS:
            mask = probability >= threshold
            dice[threshold] = _mean_dice(
                {
                    subject: Overlaps.of(mask[a:b], slices.mask[a:b])
                    for subject, a, b in zip(slices.subjects, slices.first, slices.first[1:], strict=False)
                },
                slices.excluded,
            )
        best = max(VOXEL_THRESHOLDS, key=lambda t: dice[t])
        positive = slices.known.positive
        figures = {
            "score": dice[best],
            "dice_threshold": float(best),
            "dice_at_half": dice[0.5],
            "slice_auc": roc_curve(positive, slice_probability).auc,
            "slice_auc_voxel": roc_curve(positive, probability.max(axis=(1, 2))).auc,
            "slice_ap": average_precision(positive, slice_probability),
        }
        if "subtype_probability" in batches[0]:
            rows = slices.known.subtypes.all(axis=1)
            subtypes = np.concatenate([b["subtype_probability"] for b in batches])[rows]
            labels = slices.labels[rows]
            figures["subtype_auc"] = float(
                np.mean([roc_curve(labels[:, i], subtypes[:, i]).auc for i in np.flatnonzero(labels.any(axis=0))])
            )
        return figures

    return validate


def _mean_dice(overlaps: dict[str, Overlaps], excluded: Sequence[str]) -> float:
    values = [dice for dice, _ in subject_averages(overlaps, leave_out=excluded).values()]
    return float(np.mean(values)) if values else 0.0
