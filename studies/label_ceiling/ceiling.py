"""Evaluates the simulated readers like methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from ichor.dataset.base import Dataset
from ichor.evaluate.intervals import Sampling
from ichor.evaluate.overlap import Overlaps, subject_averages
from studies.label_ceiling.readers import READERS, contrast_hu

# Gray and white matter differ by about as much.
FAINT_HU = 5.0


def read(dataset: Dataset, seed: int) -> tuple[dict[str, dict[str, Overlaps]], dict[str, list[float]]]:
    """The overlaps by reader and subject, and for each subject the contrast in HU on each delineated slice."""
    overlaps: dict[str, dict[str, Overlaps]] = {name: {} for name in READERS}
    contrasts = {}
    for case in dataset.cases([s for s in dataset.subjects if s not in dataset.excluded_from_overlap]):
        drawn = np.flatnonzero(case.mask.any(axis=(1, 2)))
        if not drawn.size:
            continue
        reference, hu = case.mask[drawn], case.scan.hu[drawn]
        rng = np.random.default_rng([seed, int(case.subject)])
        for name, reader in READERS.items():
            second = np.stack([reader(one, gray, rng) for one, gray in zip(reference, hu, strict=True)])
            overlaps[name][case.subject] = Overlaps.of(second, reference)
        contrasts[case.subject] = [contrast_hu(*pair) for pair in zip(reference, hu, strict=True)]
    return overlaps, contrasts


def ceiling(overlaps: dict[str, dict[str, Overlaps]], contrasts: dict[str, list[float]]) -> dict[str, Any]:
    """The content of ceiling.json: Dice and Jaccard of each reader, its worst subjects, and statistics of contrast."""
    subjects = sorted(contrasts)
    sampling = Sampling(len(subjects))
    rows = {}
    for name, of in overlaps.items():
        averages = subject_averages(of)
        dice, jaccard = (sampling.mean([averages[s][i] for s in subjects]) for i in (0, 1))
        worst = sorted(subjects, key=lambda s: averages[s][0])[:3]
        rows[name] = {
            "dice": {**dice.as_json(), "n": len(subjects)},
            "jaccard": {**jaccard.as_json(), "n": len(subjects)},
            "worst": {s: round(averages[s][0], 3) for s in worst},
        }
    of_all = np.array([one for of_subject in contrasts.values() for one in of_subject])
    known = of_all[np.isfinite(of_all)]
    by_subject = {s: float(np.nanmean(of_subject)) for s, of_subject in contrasts.items()}
    return {
        "readers": rows,
        "contrast_hu": {
            "slices": int(known.size),
            "median": round(float(np.median(known)), 2),
            "faint_slices": int((known < FAINT_HU).sum()),
            "darker_slices": int((known < 0).sum()),
            "faint_subjects": {s: round(v, 1) for s, v in sorted(by_subject.items()) if v < FAINT_HU},
        },
    }
