from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ichor.methods.unet_slices.thin_slices import averaged_if_thin

USUAL = 5.0


def some(n: int) -> np.ndarray:
    return (np.random.default_rng(0).random((n, 20, 6)) * 0.98 + 0.01).astype(np.float32)


def even(n: int, mm: float) -> tuple[np.ndarray, np.ndarray]:
    return mm * np.arange(n), np.full(n, mm)


def test_thin_slices_are_averaged_over_the_usual_thickness() -> None:
    probability = some(15)
    found = averaged_if_thin(probability, *even(15, 1.0), None, USUAL)
    expected = ndimage.uniform_filter1d(probability.astype(np.float64), 5, axis=0)
    assert found[2:-2] == pytest.approx(expected[2:-2], abs=1e-6)
    assert found.dtype == np.float32


def test_the_ends_are_averaged_over_what_there_is() -> None:
    probability = some(8)
    found = averaged_if_thin(probability, *even(8, 1.0), None, USUAL)
    assert found[0] == pytest.approx(probability[:3].mean(axis=0), abs=1e-6)


@pytest.mark.parametrize("mm", [3.75, 5.0, 10.0])
def test_other_slices_keep_their_probabilities(mm: float) -> None:
    probability = some(6)
    assert averaged_if_thin(probability, *even(6, mm), None, USUAL) is probability


def test_overlapping_thick_slices_keep_their_probabilities() -> None:
    probability = some(6)
    assert averaged_if_thin(probability, *even(6, 2.5), np.full(6, 5.0), USUAL) is probability


def test_only_the_thin_slices_of_a_series_are_averaged() -> None:
    """As in a series that is thinner at the skull base. A thicker neighbor takes part as far as it reaches."""
    probability, heights = some(6), np.array([2.0, 2.0, 2.0, 6.0, 6.0, 6.0])
    positions = np.cumsum(heights) - heights / 2
    found = averaged_if_thin(probability, positions, heights, heights, USUAL)
    assert np.array_equal(found[3:], probability[3:])
    expected = (1.5 * probability[1] + 2 * probability[2] + 1.5 * probability[3]) / 5
    assert found[2] == pytest.approx(expected, abs=1e-6)


def test_a_spot_on_one_thin_slice_vanishes_and_a_lesion_on_several_stays() -> None:
    probability = np.full((20, 20, 6), 0.01, np.float32)
    probability[3, :10] = probability[9:16, 10:] = 0.99
    found = averaged_if_thin(probability, *even(20, 1.0), None, USUAL)
    assert found[:, :10].max() < 0.5
    assert np.array_equal(found[:, 10:] > 0.5, probability[:, 10:] > 0.5)
