"""Figures of the masks on scans with a delineation: means over scans with intervals from resampling patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ichor.evaluate.intervals import Sampled, Sampling, as_figures
from ichor.scan import FloatArray
from ichor.validation.cases import Overlap, ScanCase


def mask_figures(cases: Sequence[ScanCase]) -> dict[str, Any] | None:
    """Dice, surfaces, volumes and lesions; None if no scan has a delineation of hemorrhage."""
    kept = [(one, one.overlap) for one in cases if one.overlap is not None]
    if not kept:
        return None
    overlaps = [overlap for _, overlap in kept]
    number = {patient: k for k, patient in enumerate(dict.fromkeys(one.patient for one, _ in kept))}
    patient = np.array([number[one.patient] for one, _ in kept])
    sampling = Sampling(len(number))

    def sums(values: FloatArray) -> FloatArray:
        return np.bincount(patient, values, minlength=len(number)).astype(np.float64)

    def ratio(above: FloatArray, below: FloatArray, n: int) -> Sampled:
        known = ~(np.isnan(above) | np.isnan(below))
        return Sampled(sampling.ratio(sums(np.where(known, above, 0)), sums(np.where(known, below, 0))), n)

    def values(of: Callable[[Overlap], float | None]) -> FloatArray:
        return np.array([np.nan if (one := of(overlap)) is None else one for overlap in overlaps], np.float64)

    def mean(found: FloatArray) -> Sampled:
        return ratio(found, np.ones(len(found)), int((~np.isnan(found)).sum()))

    error = values(lambda one: one.volume_ml) - values(lambda one: one.reference_volume_ml)
    lesions, predicted = values(lambda one: one.lesions), values(lambda one: one.predicted)
    found, false = values(lambda one: one.found), values(lambda one: one.false)
    figures = as_figures(
        {
            "dice": mean(values(lambda one: one.dice)),
            "surface_dice_2mm": mean(values(lambda one: one.surface_dice_2mm)),
            "hd95_mm": mean(values(lambda one: one.hd95_mm)),
            "volume_error_ml": mean(error),
            "absolute_volume_error_ml": mean(np.abs(error)),
            "lesion_sensitivity": ratio(found, lesions, int(np.nansum(lesions))),
            "lesion_precision": ratio(predicted - false, predicted, int(np.nansum(predicted))),
        }
    )
    return {"n": len(kept), **figures}
