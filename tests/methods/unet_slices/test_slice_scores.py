from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ichor.methods.calibration import expit, logit
from ichor.methods.unet_slices.slice_scores import SCAN_MM, SMOOTHING_MM, scan_probability, smoothed

HEIGHT = 5.0


def _some(n: int = 30) -> np.ndarray:
    return np.random.default_rng(0).random(n) * 0.98 + 0.01


def test_even_slices_are_smoothed_by_a_gaussian() -> None:
    probability = _some()
    found = smoothed(probability, np.arange(30) * HEIGHT, np.full(30, HEIGHT))
    expected = ndimage.gaussian_filter1d(logit(probability), SMOOTHING_MM / HEIGHT, mode="reflect", truncate=8)
    assert logit(found)[8:-8] == pytest.approx(expected[8:-8], abs=1e-9)


def test_thin_slices_count_less() -> None:
    """A region that is covered by twice as many slices, each half as thick, has the same weight."""
    probability = _some(20)
    thick = smoothed(probability, np.arange(20) * HEIGHT, np.full(20, HEIGHT))
    positions, heights = np.arange(20) * HEIGHT, np.full(20, HEIGHT)
    twice = np.r_[np.repeat(positions[:10], 2), positions[10:]]
    halves = np.r_[np.repeat(heights[:10] / 2, 2), heights[10:]]
    values = np.r_[np.repeat(probability[:10], 2), probability[10:]]
    assert smoothed(values, twice, halves)[20:] == pytest.approx(thick[10:], abs=1e-12)


def test_a_single_slice_keeps_its_probability() -> None:
    one = np.array([0.3])
    assert smoothed(one, np.zeros(1), np.array([1.0])) == pytest.approx(one)
    assert scan_probability(one, np.array([1.0])) == pytest.approx(0.3)


def test_the_scan_has_the_mean_logit_of_its_three_most_probable_slices_of_5_mm() -> None:
    probability = _some()
    expected = expit(np.sort(logit(probability))[-3:].mean())
    assert scan_probability(probability, np.full(30, HEIGHT)) == pytest.approx(float(expected))


def test_slices_that_are_cut_thinner_do_not_change_the_scan() -> None:
    probability = _some(12)
    thick = scan_probability(probability, np.full(12, HEIGHT))
    assert scan_probability(np.repeat(probability, 5), np.full(60, HEIGHT / 5)) == pytest.approx(thick)


def test_a_slice_thicker_than_what_is_averaged_counts_in_part() -> None:
    probability = np.array([0.9, 0.5, 0.1])
    assert scan_probability(probability, np.full(3, 2 * SCAN_MM)) == pytest.approx(0.9)
    expected = expit((10 * logit(0.9) + 5 * logit(0.5)) / 15)
    assert scan_probability(probability, np.full(3, 10.0)) == pytest.approx(float(expected))
