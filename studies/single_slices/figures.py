"""The figures of pictures of single slices: how well they are told apart, calibrated and marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ichor.evaluate.calibration import calibration
from ichor.evaluate.call_rates import call_rates
from ichor.evaluate.intervals import Sampled, Sampling, as_figures
from studies.robustness.figures import Row, auc
from studies.single_slices.predictions import CALIBRATIONS, OWN, SCANS, Rows


def figures(rows: Rows) -> dict[str, Any]:
    """By condition: the figures with either calibration, and the Brier score of the own one minus the other's."""
    found = {}
    for style, of in rows.items():
        sampled = {name: _of_pictures(of[name]) for name in CALIBRATIONS}
        less = Sampled(sampled[OWN]["brier"].values - sampled[SCANS]["brier"].values, sampled[OWN]["brier"].n)
        found[style] = {"subjects": len(of[OWN]), **as_figures(sampled), "brier_less": less.as_json()}
    return found


def _of_pictures(rows: Mapping[str, Row]) -> dict[str, Sampled]:
    """By name, on every resample of the subjects."""
    sampling = Sampling(len(rows))
    subject = np.repeat(np.arange(len(rows)), [len(row["positive"]) for row in rows.values()])
    truth, probability, predicted = (
        np.concatenate([np.asarray(row[key]) for row in rows.values()])
        for key in ("positive", "slice_probability", "predicted")
    )
    truth = truth.astype(bool)
    squares = np.bincount(subject, (probability - truth) ** 2, minlength=len(rows))
    rates = call_rates(truth, predicted > 0, subject, len(rows))
    return {
        "auc": auc(sampling, truth, probability, subject),
        "brier": Sampled(sampling.ratio(squares, np.bincount(subject, minlength=len(rows))), len(truth)),
        "ece": calibration(truth, probability, subject, sampling)["ece"],
        "sensitivity": rates["sensitivity"].pooled(sampling),
        "specificity": rates["specificity"].pooled(sampling),
    }
