"""Slices as pictures by themselves: the size is unknown, and mask and picture agree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.pictures import Style, annotated, compressed, pictures, resized
from ichor.windows import BRAIN, GrayWindow
from synthetic_scans import BLOOD_HU, BRAIN_HU, synthetic_head

CORNERS = 0.3


@pytest.fixture(scope="module")
def case() -> Case:
    scan = synthetic_head(n=12, size=192, pixel_mm=(1.1, 1.1))
    mask = scan.voxels == BLOOD_HU
    labels = np.zeros((12, 5), bool)
    labels[:, 1] = mask.any(axis=(1, 2))
    return Case("051", scan, mask, labels)


def test_each_slice_is_a_case_without_geometry(case: Case) -> None:
    found = pictures(Style(), case)
    assert len(found) == 12
    for k, one in enumerate(found):
        assert one.scan.voxels.shape == (1, 192, 192)
        assert one.scan.voxels.dtype == np.uint8
        assert one.scan.pixel_mm is None and one.scan.positions_mm is None and one.scan.thickness_mm is None
        assert np.array_equal(one.mask[0], case.mask[k])
        assert np.array_equal(one.labels[0], case.labels[k])
        assert np.asarray(one.scan.hu)[0] == pytest.approx(np.clip(case.scan.hu[k], -20, 100), abs=0.25)


def test_the_reader_of_a_picture_takes_its_window_for_the_brain_window(case: Case) -> None:
    one = pictures(Style(GrayWindow(40, 80)), case)[6]
    assert one.scan.gray_window == BRAIN
    blood = np.asarray(one.scan.hu)[one.mask].mean()
    assert blood == pytest.approx(BLOOD_HU / 80 * 120 - 20, abs=0.5)


@pytest.mark.parametrize("side", [128, 384])
def test_picture_and_mask_are_resized_alike(case: Case, side: int) -> None:
    one = pictures(Style(side=side), case)[6]
    assert one.mask.shape == one.scan.voxels.shape == (1, side, side)
    assert one.mask.mean() == pytest.approx(case.mask[6].mean(), rel=0.05)
    near = ndimage.binary_dilation(one.mask[0], iterations=5)  # elsewhere, the edge of the skull has this gray, too
    bright = near & (np.asarray(one.scan.hu, float) > (BLOOD_HU + BRAIN_HU) / 2)
    assert 2 * (bright & one.mask).sum() / (bright.sum() + one.mask.sum()) > 0.9
    assert resized(np.zeros((100, 50), np.uint8), 64).shape == (64, 32)


def test_text_and_frame_are_at_the_edges_and_the_same_for_the_same_seed(case: Case) -> None:
    plain, marked = (pictures(Style(annotated=a), case, seed=4)[6].scan.voxels[0] for a in (False, True))
    changed = plain != marked
    side = len(changed)
    inner = slice(round(CORNERS * side), round((1 - CORNERS) * side))
    assert not changed[inner, inner].any()
    assert marked[0].min() == marked[-1].min() == 200
    assert changed[3:-3, 3:-3].mean() > 0.004
    assert np.array_equal(marked, pictures(Style(annotated=True), case, seed=4)[6].scan.voxels[0])
    assert not np.array_equal(marked, pictures(Style(annotated=True), case, seed=5)[6].scan.voxels[0])
    assert annotated(np.zeros((90, 90), np.uint8), np.random.default_rng(0)).shape == (90, 90)


def test_compression_changes_a_picture_little_at_high_quality_and_much_at_low() -> None:
    noise = np.random.default_rng(0).integers(90, 160, (96, 96)).astype(np.uint8)
    off = [np.abs(compressed(noise, q).astype(float) - noise).mean() for q in (95, 60, 20)]
    assert 0 < off[0] < off[1] < off[2]
