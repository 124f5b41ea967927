"""The subjects with the most influence on the figures, and those whose hemorrhage is missed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.prediction import Prediction
from ichor.read.ct_ich_jpg import PIXEL_MM
from ichor.subtypes import Subtype
from studies.label_ceiling.readers import contrast_hu

SENSITIVITY = 0.97
INFLUENTIAL_PER_FIGURE = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """Detection figures: AUC of slices and of scans, and specificity at 97 % sensitivity for slices."""

    slice_auc: float
    specificity: float
    scan_auc: float


@dataclass(frozen=True, slots=True)
class Missed:
    """A subject without a marked voxel in its hemorrhage; area, contrast and subtypes as defined on the page."""

    subject: str
    slices: int
    area_mm2: float
    contrast_hu: float | None
    subtypes: tuple[str, ...]
    slice_probability: float


@dataclass(frozen=True, eq=False)
class SubjectScores:
    """Which slices of a subject have hemorrhage (n,), and the predicted probabilities of slices (n,) and scan."""

    positive: NDArray[np.bool_]
    slices: NDArray[np.float64]
    scan: float


def figures_of(scores: Mapping[str, SubjectScores], without: Collection[str] = ()) -> Figures:
    """The figures over all subjects except `without`.

    Raises ValueError unless subjects with and without hemorrhage are left.
    """
    left = [one for subject, one in scores.items() if subject not in without]
    of_slices = roc_curve(np.concatenate([one.positive for one in left]), np.concatenate([one.slices for one in left]))
    of_scans = roc_curve([one.positive.any() for one in left], [one.scan for one in left])
    return Figures(of_slices.auc, of_slices.specificity_at(SENSITIVITY)[0], of_scans.auc)


def most_influential(scores: Mapping[str, SubjectScores]) -> list[str]:
    """The subjects whose removal raises a figure most, `INFLUENTIAL_PER_FIGURE` for each, in the order of figures."""
    without = {subject: asdict(figures_of(scores, [subject])) for subject in scores}
    of_all, found = asdict(figures_of(scores)), []
    for name, value in of_all.items():
        raised = sorted((s for s in without if without[s][name] > value), key=lambda s: -without[s][name])
        found += raised[:INFLUENTIAL_PER_FIGURE]
    return list(dict.fromkeys(found))


def lowest_ranked(scores: Mapping[str, SubjectScores]) -> list[str]:
    """The subjects of the lowest-ranked slices with hemorrhage: those missed at 97 % sensitivity, and the next one."""
    ranked = sorted((p, subject) for subject, one in scores.items() for p in one.slices[one.positive])
    return [subject for _, subject in ranked[: int(len(ranked) * (1 - SENSITIVITY) + 1e-9) + 1]]


def missed_subject(case: Case, prediction: Prediction) -> Missed | None:
    """The case as a missed subject; None if any of its hemorrhage is marked. Only a missed case's voxels are read."""
    if not case.positive.any() or (prediction.outline() & case.mask).any():
        return None
    areas = case.mask.sum(axis=(1, 2))
    largest = int(areas.argmax())
    contrast = contrast_hu(case.mask[largest], case.scan.hu[largest])
    return Missed(
        case.subject,
        int(case.positive.sum()),
        float(areas[largest] * PIXEL_MM**2),
        None if np.isnan(contrast) else contrast,
        tuple(s.value for s, there in zip(Subtype, case.labels.any(axis=0), strict=True) if there),
        float(prediction.slice_probability[case.positive].max()),
    )
