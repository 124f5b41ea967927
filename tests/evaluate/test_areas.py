"""Areas on all resamples at once against the areas of each."""

from __future__ import annotations

import numpy as np
import pytest

from ichor.evaluate import areas as module
from ichor.evaluate.areas import areas
from ichor.evaluate.detection import average_precision, roc_curve
from ichor.evaluate.intervals import Sampling


@pytest.mark.parametrize("at_once", [2_000_000, 500], ids=["all at once", "a few at a time"])
@pytest.mark.parametrize("decimals", [6, 1], ids=["no ties", "ties"])
def test_areas_are_those_of_each_resample(decimals: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    draw = np.random.default_rng(9)
    truth, subject = draw.random(40) < 0.3, np.arange(40) // 2
    scores = np.round(draw.random(40) + 0.4 * truth, decimals)
    sampling = Sampling(20)
    found = areas(truth, scores, subject, sampling)
    for k in (0, 1, 17, 1000):
        weights = sampling.counts[k][subject]
        assert found.auc.values[k] == pytest.approx(roc_curve(truth, scores, weights).auc)
        assert found.average_precision.values[k] == pytest.approx(average_precision(truth, scores, weights))
    assert found.auc.n == 40


def test_a_resample_without_a_class_has_no_area() -> None:
    sampling = Sampling(3)
    found = areas([True, False, False], [0.9, 0.2, 0.1], [0, 1, 2], sampling)
    lacking = sampling.counts[:, 0] % 3 == 0  # no positive, or nothing else
    assert np.array_equal(np.isnan(found.auc.values), lacking) and lacking.any()
