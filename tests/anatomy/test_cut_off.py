from __future__ import annotations

import numpy as np
import pytest

from ichor.anatomy.cut_off import with_bone

PIXEL_MM = 0.6


def within(mm: float, row: float = 0.0, column: float = 0.0) -> np.ndarray:
    """A disc of that radius about a place, in mm from the middle."""
    side = np.arange(-100, 100, PIXEL_MM)
    return np.hypot(*np.meshgrid(side - row, side - column, indexing="ij")) < mm


CLOT = within(15, column=30)


def head(noise: float = 3.0) -> np.ndarray:
    """Three slices with a ring of bone of 900 HU around brain, a clot of 70 HU and a calcification."""
    slice_ = np.select([within(70), within(78)], [35.0, 900.0], -1000.0)
    slice_[CLOT] = 70.0
    slice_[within(2, row=20)] = 300.0
    hu = slice_ + np.random.default_rng(0).normal(0, noise, (3, *slice_.shape))
    return hu.astype(np.float32)


@pytest.mark.parametrize(("low", "high"), [(0, 80), (-20, 100)])
def test_the_skull_is_restored_and_nothing_else(low: float, high: float) -> None:
    whole = head()
    cut = np.clip(whole, low, high)
    found = with_bone(cut, PIXEL_MM)
    skull = whole > 500
    assert (found[skull] == 200).all()
    assert (found[~skull] == cut[~skull]).all()


def test_a_clot_that_reaches_the_end_of_the_window_here_and_there_is_left() -> None:
    whole = head(noise=6.0)
    cut = np.clip(whole, 0, 80)
    assert (cut[:, CLOT] == 80).mean() > 0.03
    assert (with_bone(cut, PIXEL_MM)[:, CLOT] <= 80).all()


@pytest.mark.parametrize("high", [110, 3000])
def test_wider_windows_are_not_changed(high: float) -> None:
    hu = np.clip(head(), -20, high)
    assert with_bone(hu, PIXEL_MM) is hu


def test_a_brain_without_a_skull_is_not_changed() -> None:
    brain = within(70)
    hu = np.where(brain, 35 + np.random.default_rng(0).normal(0, 3, brain.shape), 0)[None].astype(np.float32)
    assert (with_bone(hu, PIXEL_MM) == hu).all()


def test_empty_slices_are_not_changed() -> None:
    assert with_bone(np.zeros((0, 8, 8), np.float32), PIXEL_MM).shape == (0, 8, 8)


@pytest.mark.parametrize(("low", "high"), [(20, 60), (10, 70)])
def test_a_window_that_shows_clots_as_bright_as_bone_is_not_changed(low: float, high: float) -> None:
    hu = np.clip(head(), low, high)
    assert with_bone(hu, PIXEL_MM) is hu
