from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ichor.evaluate.intervals import RESAMPLES, Sampling, as_figures


def test_the_first_sample_is_the_subjects_themselves() -> None:
    sampling = Sampling(7)
    assert sampling.counts.shape == (1 + RESAMPLES, 7)
    assert sampling.counts[0].tolist() == [1] * 7
    assert np.all(sampling.counts.sum(axis=1) == 7)
    assert np.array_equal(sampling.counts, Sampling(7).counts)


def test_an_interval_is_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(1).gamma(2, 3, 60)
    ours = Sampling(60).mean(values)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20000, rng=0).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert ours.interval == pytest.approx((theirs.low, theirs.high), rel=0.03)


def test_subjects_without_a_value_do_not_count() -> None:
    sampling = Sampling(4)
    figure = sampling.mean([1, np.nan, 3, np.nan])
    assert (figure.value, figure.n) == (2, 2)
    assert figure.interval == (1, 3)
    assert sampling.of_values([1, np.nan, 3, np.nan], np.median).value == 2
    assert sampling.mean([np.nan] * 4).as_json() == {"value": None, "ci95": None, "n": 0}
    assert sampling.of_values([np.nan] * 4, np.median).as_json() == {"value": None, "ci95": None, "n": 0}


def test_a_ratio_is_of_the_sums() -> None:
    sampling = Sampling(3)
    ratio = sampling.ratio([1, 2, 3], [4, 0, 2])
    assert ratio[0] == 1
    above, below = (sampling.counts @ np.array(each) for each in ([1, 2, 3], [4, 0, 2]))
    assert np.array_equal(np.isnan(ratio), below == 0)
    assert ratio[below > 0] == pytest.approx((above / np.maximum(below, 1))[below > 0])


def test_figures_are_filled_in_where_they_are_marked() -> None:
    figure = Sampling(2).mean([1, 1])
    tree = {"a": {"b": figure}, "c": ["x"], "d": None}
    one = {"value": 1.0, "ci95": [1.0, 1.0], "n": 2}
    assert as_figures(tree) == {"a": {"b": one}, "c": ["x"], "d": None}
