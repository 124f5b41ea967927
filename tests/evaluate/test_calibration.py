from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from ichor.evaluate.calibration import calibration
from ichor.evaluate.intervals import Sampling

cases = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 3)), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_the_curve_is_that_of_scikit_learn(rows: list[tuple[bool, int, int]]) -> None:
    truth = np.array([t for t, _, _ in rows])
    probability = np.array([p / 40 for _, p, _ in rows])
    ours = calibration(truth, probability, [s for _, _, s in rows], Sampling(4))
    observed, said = calibration_curve(truth, probability, n_bins=10)
    assert [one["observed"] for one in ours["curve"]] == pytest.approx(observed, abs=1e-6)
    assert [one["mean_probability"] for one in ours["curve"]] == pytest.approx(said, abs=1e-6)
    n = np.array([one["n"] for one in ours["curve"]])
    assert n.sum() == len(rows)
    assert ours["ece"].value == pytest.approx(np.sum(n * np.abs(observed - said)) / len(rows))
    for one in ours["curve"]:
        assert one["low"] - 1e-9 <= one["mean_probability"] <= one["high"] + 1e-9


def test_a_probability_that_is_always_right_is_calibrated() -> None:
    ours = calibration([True, False, True], [1, 0, 1], [0, 1, 2], Sampling(3))
    assert ours["ece"].as_json() == {"value": 0.0, "ci95": [0.0, 0.0], "n": 3}
    assert [(one["low"], one["high"], one["n"]) for one in ours["curve"]] == [(0, 0.1, 1), (0.9, 1, 2)]
