"""Evaluates a network on subjects that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ichor.dataset.case import Case, Cases
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.overlap import Overlaps, subject_averages
from ichor.methods import Method
from ichor.methods.unet_slices.method import UNetSlices


def uncalibrated_and_calibrated(method: UNetSlices, cases: Cases) -> dict[str, object]:
    """The figures on cases that the network was not trained on, uncalibrated and under `calibrated`.

    For the latter, the parameters for each case are calibrated on all other cases.
    """
    uncalibrated = figures_of((method, case) for case in cases)
    evidence = [method.calibration_evidence(case) for case in cases]

    def calibrated() -> Iterator[tuple[Method, Case]]:
        for k, case in enumerate(cases):
            method.calibrate([*evidence[:k], *evidence[k + 1 :]])
            yield method, case

    return {**uncalibrated, "calibrated": figures_of(calibrated())}


def figures_of(pairs: Iterable[tuple[Method, Case]]) -> dict[str, object]:
    """The figures over cases, each paired with a method that was not trained on it, on the scans' own grids."""
    overlaps, excluded, truth, scores, missed, unseen, false_ml = {}, [], [], [], [], [], []
    scans, subtypes, labels = [], [], []
    for method, case in pairs:
        found = method.predict(case.scan)
        assert found.mask is not None  # the methods of the ablation segment
        overlaps[case.subject] = Overlaps.of(found.mask, case.mask)
        if case.excluded_from_overlap:
            excluded.append(case.subject)
        truth.append(case.positive)
        scores.append(found.slice_probability)
        scans.append((bool(case.positive.any()), found.scan_probability))
        if found.subtype_probability is not None:
            subtypes.append(found.subtype_probability)
            labels.append(case.labels)
        if case.positive.any():
            hit = (found.mask & case.mask).any(axis=(1, 2))
            unseen += [not of_slice for of_slice in hit[case.mask.any(axis=(1, 2))]]
            if not hit.any():
                missed.append(case.subject)
        else:
            false_ml.append(found.mask.sum() * float(np.prod(np.median(case.scan.pixel_mm, axis=0))) * 5 / 1000)
    averages = subject_averages(overlaps, leave_out=excluded)
    curve = roc_curve(np.concatenate(truth), np.concatenate(scores))
    row: dict[str, object] = {
        "dice": round(float(np.mean([dice for dice, _ in averages.values()])), 4),
        "jaccard": round(float(np.mean([jaccard for _, jaccard in averages.values()])), 4),
        "n": len(averages),
        "dice_of": {subject: round(dice, 3) for subject, (dice, _) in averages.items()},
        "slices_missed": round(float(np.mean(unseen)), 4),
        "slice_auc": round(curve.auc, 4),
        "specificity_at_97": round(curve.specificity_at(0.97)[0], 4),
        "scan_auc": round(roc_curve(*(np.array(column) for column in zip(*scans, strict=True))).auc, 4),
        "missed": missed,
        "false_ml_median": round(float(np.median(false_ml)), 3),
        "false_ml_p95": round(float(np.percentile(false_ml, 95)), 3),
        "unmarked": round(float(np.mean(np.array(false_ml) == 0)), 4),
    }
    if subtypes:
        subtype_truth, subtype_probability = np.concatenate(labels), np.concatenate(subtypes)
        row["subtype_auc"] = {
            str(i): round(roc_curve(subtype_truth[:, i], subtype_probability[:, i]).auc, 4)
            for i in np.flatnonzero(subtype_truth.any(axis=0))
        }
    return row
