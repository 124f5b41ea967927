"""Clicks that correct a region: what they add and take away, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ichor.annotate.click_reach import SliceImage
from ichor.annotate.random_walker import walk
from ichor.annotate.refine import Click, clicked, refine

SIZE = 200
PIXEL_MM = (0.5, 0.5)
Y, X = np.mgrid[:SIZE, :SIZE] + 0.5
BLOOD = ((X - 100) / 24) ** 2 + ((Y - 90) / 16) ** 2 < 1
SKULL = (np.hypot(X - 100, Y - 100) > 85) & (np.hypot(X - 100, Y - 100) < 92)
EMPTY = np.zeros((SIZE, SIZE), bool)
MIDDLE = (100.0, 90.0)


def noisy(blood: NDArray[np.bool_] = BLOOD, *, blood_hu: float = 65) -> SliceImage:
    hu = np.where(blood, blood_hu, 33.0) + np.random.default_rng(0).normal(0, 4, blood.shape)
    hu = np.where(SKULL, 900.0, hu).astype(np.float32)
    return SliceImage(hu, hu > 200, PIXEL_MM)


HU = noisy()


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def test_a_click_begins_a_region_where_there_is_none() -> None:
    assert dice(refine(HU, EMPTY, [MIDDLE], add=True), BLOOD) > 0.95


def test_a_click_adds_the_part_that_was_missed_and_nothing_else() -> None:
    half = BLOOD & (X < 95)
    found = refine(HU, half, [(112, 90)], add=True)
    assert dice(found, BLOOD) > 0.95
    assert not (half & ~found).any()


def test_a_click_removes_an_isolated_region() -> None:
    false = np.hypot(X - 140, Y - 140) < 8
    found = refine(HU, BLOOD | false, [(140, 140)], add=False)
    assert np.array_equal(found, BLOOD)


def test_a_click_takes_a_spur_off_a_region() -> None:
    spur = (abs(X - 100) < 2.5) & (Y > 100) & (Y < 150)
    found = refine(HU, BLOOD | spur, [(100.5, 135.5)], add=False)
    assert dice(found, BLOOD) > 0.98


def test_a_click_removes_what_differs_from_the_rest() -> None:
    too_wide = ((X - 100) / 24) ** 2 + ((Y - 96) / 24) ** 2 < 1
    found = refine(HU, too_wide | BLOOD, [(100, 113)], add=False)
    assert dice(found, BLOOD) > dice(too_wide | BLOOD, BLOOD) + 0.05


def test_a_scribble_gives_more_information_than_a_click() -> None:
    like_brain = noisy(blood_hu=33)
    line = [(80 + step, 90.0) for step in range(40)]
    one, more = (refine(like_brain, EMPTY, points, add=True) for points in ([MIDDLE], line))
    assert more.sum() > 3 * one.sum() > 0
    assert more[90, 80:119].all()


def test_the_probability_shows_what_hu_do_not() -> None:
    like_brain = noisy(blood_hu=33)
    probability = np.where(BLOOD, 0.3, 0.01).astype(np.float32)
    found = refine(replace(like_brain, probability=probability), EMPTY, [MIDDLE], add=True)
    assert dice(found, BLOOD) > 0.9
    assert dice(refine(like_brain, EMPTY, [MIDDLE], add=True), BLOOD) < 0.5


def test_a_click_does_not_run_along_the_skull() -> None:
    rim = (np.hypot(X - 100, Y - 100) > 83) & ~SKULL & (np.hypot(X - 100, Y - 100) < 92)
    at_skull = (np.hypot(X - 100, Y - 100) < 85) & (np.hypot(X - 100, Y - 20) < 18)
    hu = noisy(at_skull | rim)
    found = refine(hu, EMPTY, [(100, 26)], add=True)
    assert dice(found, at_skull) > 0.85
    assert not (found & SKULL).any()


def test_bone_and_other_labels_are_not_taken() -> None:
    drawn = np.where(BLOOD & (X > 105), 5, 0).astype(np.uint8)
    found = clicked(HU, drawn, Click((MIDDLE,), True, 2))
    assert np.array_equal(found == 5, drawn == 5)
    assert dice(found == 2, BLOOD & (X <= 105)) > 0.9


def test_a_negative_scribble_takes_from_each_label_that_it_touches() -> None:
    drawn = np.zeros((SIZE, SIZE), np.uint8)
    drawn[40:50, 40:50], drawn[40:50, 60:70], drawn[100:110, 40:50] = 1, 5, 5
    found = clicked(HU, drawn, Click(tuple((x + 0.5, 45.0) for x in range(42, 68)), False, 1))
    assert not found[40:50].any()
    assert np.array_equal(found[100:], drawn[100:])


@pytest.mark.parametrize("points", [[], [(-5.0, 3.0)], [(3.0, SIZE + 1.0)]])
def test_a_click_outside_the_slice_is_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="click or scribble on the slice"):
        refine(HU, EMPTY, points, add=True)


def test_a_click_on_bone_or_a_negative_one_outside_all_regions_changes_nothing() -> None:
    assert not refine(HU, EMPTY, [(100, 12)], add=True).any()
    assert np.array_equal(refine(HU, BLOOD, [(150, 150)], add=False), BLOOD)


def test_the_walker_follows_its_prior_where_there_is_no_edge_and_keeps_its_seeds() -> None:
    image, seeds = np.zeros((30, 30)), np.zeros((30, 30), bool)
    seeds[15, 15] = True
    field = np.ones((30, 30), bool)
    field[:, 29] = False
    low = walk(image, field, seeds, np.zeros((30, 30)), 0.1, 8)
    high = walk(image, field, seeds, np.ones((30, 30)), 0.1, 8)
    assert low[15, 15] == high[15, 15] == 1
    assert np.allclose(high[field], 1) and low[0, 0] < 0.01 and not low[:, 29].any()
    assert low[15, 16] > low[15, 17] > low[15, 20]
