from __future__ import annotations

import numpy as np
import pytest

from ichor.methods.classical.choosing import balanced_accuracy, best_mean, dice
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.classical.regions import Regions
from synthetic_classical import AT_SKULL, DEEP, GRID, OFF_SKULL_RADII, made
from synthetic_scans import BLOOD_HU, BRAIN_HU

SETTINGS = GridSettings.model_validate(GRID)


def test_simulated_blood_is_measured_correctly() -> None:
    head = Head.of(made(DEEP), SETTINGS)
    regions = Regions.of(head.brain & (head.hu > 52))
    measured = regions.measure(head, head.hu)
    largest = int(measured.volume_ml.argmax())
    assert measured.volume_ml[largest] == pytest.approx(4 / 3 * np.pi * np.prod(OFF_SKULL_RADII) / 1000, rel=0.1)
    assert measured.mean_hu[largest] == pytest.approx(BLOOD_HU, abs=3)
    assert measured.thickness_mm[largest] == pytest.approx(2 * OFF_SKULL_RADII[0], abs=4)
    assert measured.off_midline_mm[largest] == pytest.approx(DEEP[0], abs=2)
    assert measured.brighter_hu[largest] == pytest.approx(BLOOD_HU - BRAIN_HU, abs=4)
    assert measured.near_skull[largest] < 0.05
    assert measured.table().shape == (regions.count, 11)


def test_blood_at_the_skull_is_near_it() -> None:
    head = Head.of(made(AT_SKULL, (6.0, 20.0, 20.0)), SETTINGS)
    regions = Regions.of(head.brain & (head.hu > 52))
    measured = regions.measure(head, head.hu)
    assert measured.near_skull[int(measured.volume_ml.argmax())] > 0.4


def test_small_regions_are_dropped_by_volume() -> None:
    head = Head.of(made(None), SETTINGS)
    candidates = np.zeros(head.brain.shape, bool)
    candidates[3:6, 60:70, 60:70] = candidates[8, 20, 20] = True
    regions = Regions.of(candidates)
    assert regions.count == 2
    kept = regions.at_least(1.0, head)
    assert kept.sum() == 300 and not kept[8].any()
    assert Regions.of(np.zeros_like(candidates)).measure(head, head.hu).volume_ml.size == 0


def test_choosing() -> None:
    yes, no = np.ones((1, 2, 2), bool), np.zeros((1, 2, 2), bool)
    assert (dice(yes, yes), dice(yes, no), dice(no, no)) == (1, 0, 0)
    assert best_mean({"a": [0.2, 0.4], "b": [0.5, 0.3], "c": [0.4, 0.4]}) == "b"
    assert balanced_accuracy(np.array([1, 1, 0, 0], bool), np.array([1, 0, 0, 0], bool)) == pytest.approx(5 / 6)
    assert balanced_accuracy(np.zeros(2, bool), np.zeros(2, bool)) == 1
    assert balanced_accuracy(np.zeros(0, bool), np.zeros(0, bool)) == 0
