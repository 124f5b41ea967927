"""Kernels by frequency on waves of one frequency, and a head holder beside a head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.simulate.holder import head_holder
from ichor.simulate.kernel import kernel, transfer
from synthetic_scans import synthetic_head


def case_of(voxels: np.ndarray, mm: float) -> Case:
    scan = synthetic_head(n=len(voxels), size=voxels.shape[1], pixel_mm=(mm, mm), distances_mm=5.0)
    return Case("051", replace(scan, voxels=voxels), np.zeros(voxels.shape, bool), np.zeros((len(voxels), 5), bool))


@pytest.mark.parametrize("cycles", [4, 16, 40])
def test_a_wave_keeps_its_mean_and_is_scaled_by_the_kernels_transfer(cycles: int) -> None:
    size, mm = 128, 0.5
    wave = np.cos(2 * np.pi * cycles * np.arange(size) / size)
    slices = np.tile((35 + 20 * wave).astype(np.float32), (2, size, 1))
    found = np.asarray(kernel(1.0, 0.35, 0.9, case_of(slices, mm)).scan.hu)
    passed = transfer(np.array([cycles / (size * mm)]), 1.0, 0.35, 0.9)[0]
    assert found == pytest.approx(np.tile(35 + 20 * passed * wave, (2, size, 1)), abs=1e-2)


def test_a_kernel_amplifies_the_frequency_that_it_should() -> None:
    assert transfer(np.array([0.0, 0.35]), 1.0, 0.35, 50.0) == pytest.approx([1.0, 2.0], abs=1e-6)
    assert transfer(np.array([0.9]), 0.0, 0.35, 0.9) == pytest.approx([0.5])


def test_a_holder_lies_behind_the_head_and_leaves_it_unchanged() -> None:
    scan = synthetic_head(n=6, size=128, pixel_mm=(2.0, 2.0), distances_mm=10.0)
    case = Case("051", scan, np.zeros(scan.voxels.shape, bool), np.zeros((6, 5), bool))
    found = np.asarray(head_holder(6.0, 4.0, 120.0, case).scan.hu)
    head = scan.voxels > -1000
    assert np.array_equal(found[head], scan.voxels[head])
    shell = found == 120
    rows = np.nonzero(shell)[1]
    assert shell.any(axis=(1, 2)).all()
    assert rows.min() > 64  # none in front
    widest = head[5].any(axis=1).nonzero()[0][-1]
    beneath = np.flatnonzero(shell[5][:, 64])
    assert 2 * (beneath[0] - widest) == pytest.approx(6, abs=3)
    assert 2 * len(beneath) == pytest.approx(4, abs=2.1)
