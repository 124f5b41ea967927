"""Metrics of extent: surface distances in mm, volumes in mL, and lesions found, missed and falsely marked.

Like Dice, they leave out the subjects that the dataset excludes from overlap; surfaces and volumes are averaged over
scans with hemorrhage. Scans of unknown spacing are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.lesion_matching import SIZE_BANDS_ML, LesionMatch
from ichor.evaluate.results import SubjectResult
from ichor.scan import FloatArray

EXTENT_METRICS = ("surface", "volume", "lesion", "by_lesion_size")
# Those that need the masks themselves; the others follow from the pixel counts of masks and delineations.
OF_MASKS = ("surface", "lesion", "by_lesion_size")
# 95 % of normally distributed differences lie within this many standard deviations of their mean.
_DEVIATIONS = 1.96
_TOO_MUCH = (3.0, 10.0)  # times the reference, and mL more than it


def extent_metrics(results: Sequence[SubjectResult], sampling: Sampling) -> dict[str, Any]:
    """The surface, volume and lesion metrics of metrics.json, with `Sampled` leaves."""
    bleeding = [r if r.counts_in_overlap else None for r in results]
    surfaces = [None if r is None else r.surface for r in bleeding]
    return {
        "surface": {
            "hd95_mm": sampling.mean([np.nan if s is None or s.hd95_mm is None else s.hd95_mm for s in surfaces]),
            "surface_dice_2mm": sampling.mean([np.nan if s is None else s.dice_2mm for s in surfaces]),
        },
        "volume": {
            **_volume(np.array([_volume_error(r) for r in bleeding]), sampling),
            "oversegmented": [r.subject for r in bleeding if r is not None and oversegmented(r)],
        },
        **_lesions([None if r.excluded_from_overlap else r.lesions for r in results], sampling),
    }


def oversegmented(r: SubjectResult) -> bool:
    """Whether more than three times the reference is marked, and at least 10 mL more; False if either is unknown."""
    if r.volume_ml is None or r.reference_volume_ml is None:
        return False
    too_much = r.volume_ml > _TOO_MUCH[0] * r.reference_volume_ml
    return too_much and r.volume_ml - r.reference_volume_ml >= _TOO_MUCH[1]


def _volume_error(r: SubjectResult | None) -> float:
    """Volume of the mask minus that of the delineation, in mL; nan if the subject does not count."""
    if r is None or r.volume_ml is None or r.reference_volume_ml is None:
        return float("nan")
    return r.volume_ml - r.reference_volume_ml


def _volume(error_ml: FloatArray, sampling: Sampling) -> dict[str, Any]:
    """Errors, and the limits between which 95 % of them are expected (Bland and Altman 1986)."""

    def limit(sign: int) -> Sampled:
        def of(errors: FloatArray) -> float:
            deviation = errors.std(ddof=1) if errors.size > 1 else np.nan
            return float(errors.mean() + sign * _DEVIATIONS * deviation)

        return sampling.of_values(error_ml, of)

    return {
        "error_ml": sampling.mean(error_ml),
        "absolute_error_ml": sampling.mean(np.abs(error_ml)),
        "median_absolute_error_ml": sampling.of_values(np.abs(error_ml), lambda errors: float(np.median(errors))),
        "bland_altman": {
            "bias_ml": sampling.mean(error_ml),
            "lower_limit_ml": limit(-1),
            "upper_limit_ml": limit(1),
        },
    }


def _lesions(matches: Sequence[LesionMatch | None], sampling: Sampling) -> dict[str, Any]:
    """Detection of lesions, pooled over all subjects, and the same by lesion volume."""

    def share(counted: Sequence[Any]) -> Sampled:
        """The mean over all lesions of all subjects; `counted` has each subject's values, one per lesion."""
        n = [len(values) for values in counted]
        return Sampled(sampling.ratio([np.sum(values) for values in counted], n), sum(n))

    known = [m if m is not None else _NONE for m in matches]
    scans = [m is not None for m in matches]
    false = [np.sum(~m.touching) for m in known]
    bands = {
        name: [(m.volume_ml >= low) & (m.volume_ml < high) for m in known]
        for name, (low, high) in SIZE_BANDS_ML.items()
    }
    return {
        "lesion": {
            "sensitivity": share([m.found for m in known]),
            "precision": share([m.touching for m in known]),
            "false_per_scan": Sampled(sampling.ratio(false, scans), sum(scans)),
        },
        "by_lesion_size": {
            name: {
                "sensitivity": share([m.found[inside] for m, inside in zip(known, band, strict=True)]),
                "dice": share([m.dice[inside] for m, inside in zip(known, band, strict=True)]),
            }
            for name, band in bands.items()
        },
    }


_NONE = LesionMatch(np.empty(0), np.empty(0, bool), np.empty(0), np.empty(0, bool))
