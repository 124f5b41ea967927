"""Made results of single subjects: a scan of small slices with blood of which a share is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ichor.dataset.case import Case
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.evaluate.results import SubjectResult, result_of
from ichor.scan import Scan, Source

SIZE = 30


def synthetic_scan(shape: tuple[int, int, int], pixel_mm: tuple[float, float] = (1, 1), slice_mm: float = 5) -> Scan:
    """A scan of known spacing that shows nothing."""
    n = shape[0]
    return Scan(
        voxels=np.zeros(shape, np.float32),
        source=Source("nifti", Path("made")),
        pixel_mm=np.tile(np.array(pixel_mm, float), (n, 1)),
        positions_mm=np.stack([np.zeros(n), np.zeros(n), np.arange(n) * float(slice_mm)], axis=1),
        thickness_mm=np.full(n, float(slice_mm)),
    )


def synthetic_case(subject: str, n_blood: int, n: int = 6, subtype: int = 3) -> Case:
    """A subject whose `n_blood` lowest slices of n have a square of blood."""
    mask = np.zeros((n, SIZE, SIZE), bool)
    mask[:n_blood, 5:25, 5:25] = True
    labels = np.zeros((n, 5), bool)
    labels[:n_blood, subtype] = True
    return Case(subject, synthetic_scan(mask.shape), mask, labels)


def synthetic_prediction(case: Case, found: float, seed: int, fold: int = 1, subtypes: bool = False) -> Prediction:
    """A prediction that has a share of the blood's pixels, and probabilities that are mostly right."""
    rng = np.random.default_rng(seed)
    mask = case.mask & (rng.random(case.mask.shape) < found)
    probability = np.where(case.positive, 0.7, 0.3) + rng.normal(0, 0.2, len(case.positive))
    area = mask.sum(axis=(1, 2))
    return Prediction(
        subject=case.subject,
        fold=fold,
        mask=mask,
        slice_probability=np.clip(probability, 0, 1),
        scan_probability=float(np.clip(probability, 0, 1).max()),
        threshold=0.5,
        areas={t: (area * (1.4 - t)).astype(int) for t in TABLE_THRESHOLDS},
        subtype_probability=np.clip(case.labels * 0.3 + rng.random(case.labels.shape) * 0.7, 0, 1)
        if subtypes
        else None,
    )


def synthetic_result(
    subject: str, n_blood: int, found: float, seed: int, *, excluded: str = "", **more: object
) -> SubjectResult:
    """The result of such a subject, ten years old for each `seed`; `more` goes to the prediction.

    `excluded` says why the subject is excluded from overlap.
    """
    case = replace(synthetic_case(subject, n_blood), excluded_from_overlap=excluded)
    return result_of(case, synthetic_prediction(case, found, seed, **more), age_years=seed * 10.0)
