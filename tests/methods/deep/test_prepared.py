from __future__ import annotations

import numpy as np
import pytest

import ichor.methods.deep.prepared as module
from ichor.dataset.case import Case
from ichor.methods.deep.prepared import prepared
from ichor.methods.deep.thresholds import VOXEL_THRESHOLDS, DiceByThreshold, auc_of, slice_threshold
from synthetic_scans import synthetic_head


def case(subject: str = "049", *, blood: bool = True) -> Case:
    scan = synthetic_head(n=4, size=64, pixel_mm=(3.2, 3.2), distances_mm=10.0)
    mask = np.zeros(scan.voxels.shape, bool)
    mask[2, 28:36, 20:28] = blood
    labels = np.zeros((4, 5), bool)
    labels[2, 1] = blood
    return Case(subject, scan, mask, labels)


def test_a_case_is_resampled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_kept", type(module._kept)())
    first = prepared(case(), 32, 6.4)
    assert first.hu.shape == first.mask.shape == (4, 32, 32)
    assert (first.hu.dtype, first.positive.tolist()) == (np.int16, [False, False, True, False])
    assert prepared(case(), 32, 6.4) is first
    assert prepared(case("050"), 32, 6.4) is not first
    assert prepared(case(), 32, 5.0) is not first
    assert prepared(case(blood=False), 32, 6.4) is not first


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_kept", type(module._kept)())
    monkeypatch.setattr(module, "_MOST_BYTES", 4 * 32 * 32 * 3 * 2)
    made = [prepared(case(f"{k:03}"), 32, 6.4) for k in range(4)]
    assert len(module._kept) == 2
    assert prepared(case("003"), 32, 6.4) is made[3]
    assert prepared(case("000"), 32, 6.4) is not made[0]


def test_the_slice_threshold_balances_sensitivity_and_specificity() -> None:
    truth = [False] * 6 + [True] * 3
    assert slice_threshold(truth, [0.1, 0.1, 0.2, 0.2, 0.3, 0.9, 0.35, 0.8, 0.95]) == pytest.approx(0.325)
    assert slice_threshold([True, True], [0.1, 0.2]) == 0.5
    assert auc_of([False, True, True], [0.1, 0.3, 0.2]) == 1
    assert auc_of([True], [0.1]) is None


def test_the_voxel_threshold_is_that_of_the_best_mean_dice() -> None:
    one = prepared(case(), 32, 6.4)
    dice = DiceByThreshold()
    dice.add(one, np.where(one.mask, 0.3, 0.12).astype(np.float32))
    threshold, best = dice.best()
    assert threshold in VOXEL_THRESHOLDS and 0.12 < threshold <= 0.3
    assert best == 1
    nothing = DiceByThreshold()
    nothing.add(one, np.zeros(one.mask.shape, np.float32))
    assert nothing.best() == (0.5, 0.0)
