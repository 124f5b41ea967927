"""Lesions against scikit-image's labels, pair by pair, and the written conventions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label

from ichor.evaluate.lesion_matching import SIZE_BANDS_ML, SMALLEST_ML, match_lesions
from synthetic_results import synthetic_scan

masks = arrays(bool, (3, 8, 8), elements=st.booleans(), fill=st.just(False))


@settings(max_examples=60, deadline=None)
@given(masks, masks)
def test_lesions_are_those_of_scikit_image_pair_by_pair(mask: np.ndarray, reference: np.ndarray) -> None:
    ours = match_lesions(mask, reference, synthetic_scan(mask.shape, (2, 2), 5))  # a voxel has 0.02 mL: none is a speck
    lesions, predicted = label(reference, connectivity=3), label(mask, connectivity=3)
    volumes, dice = [], []
    for i in range(1, lesions.max() + 1):
        one = lesions == i
        touching = np.isin(predicted, np.unique(predicted[one & mask])) & mask
        volumes.append(one.sum() * 0.02)
        dice.append(2 * (one & touching).sum() / (one.sum() + touching.sum()))
    assert sorted(ours.volume_ml) == pytest.approx(sorted(volumes))
    assert sorted(ours.dice) == pytest.approx(sorted(dice))
    assert np.array_equal(ours.found, ours.dice > 0)
    touches = [(reference & (predicted == j)).any() for j in range(1, predicted.max() + 1)]
    assert sorted(ours.touching) == sorted(touches)


def test_voxels_touch_by_a_corner_and_across_slices() -> None:
    reference = np.zeros((3, 8, 8), bool)
    reference[0, 2, 2] = reference[1, 3, 3] = True
    assert len(match_lesions(reference, reference, synthetic_scan(reference.shape, (2, 2))).found) == 1


def test_a_lesion_is_found_by_one_voxel_and_a_false_one_touches_none() -> None:
    reference, mask = np.zeros((2, 3, 20, 20), bool)
    reference[1, 2:6, 2:6] = True
    reference[1, 12:16, 12:16] = True
    mask[1, 5:7, 5:9] = True
    mask[2, 17:19, 17:19] = True
    ours = match_lesions(mask, reference, synthetic_scan(mask.shape, (2, 2)))
    assert ours.found.tolist() == [True, False]
    assert ours.touching.tolist() == [True, False]
    assert ours.dice.tolist() == [2 * 1 / (16 + 8), 0]


def test_specks_are_first_removed_from_both_masks() -> None:
    reference, mask = np.zeros((2, 3, 20, 20), bool)
    reference[1, 2:6, 2:6] = True
    reference[0, 15, 15] = mask[2, 10, 10] = mask[1, 3, 3] = True
    scan = synthetic_scan(mask.shape, (0.5, 0.5), 5)  # a voxel has 0.00125 mL
    ours = match_lesions(mask, reference, scan)
    assert ours.volume_ml.tolist() == pytest.approx([16 * 0.00125])
    assert ours.volume_ml.min() >= SMALLEST_ML
    assert ours.found.tolist() == [False]
    assert ours.touching.tolist() == []


def test_nothing_to_find_and_nothing_found() -> None:
    empty = np.zeros((2, 4, 4), bool)
    ours = match_lesions(empty, empty, synthetic_scan(empty.shape))
    assert (len(ours.found), len(ours.touching)) == (0, 0)
    assert match_lesions(empty, empty, replace(synthetic_scan(empty.shape), pixel_mm=None)) is None


def test_the_size_bands_leave_no_gap() -> None:
    edges = list(SIZE_BANDS_ML.values())
    assert edges[0][0] == 0
    assert edges[-1][1] == np.inf
    assert [high for _, high in edges[:-1]] == [low for low, _ in edges[1:]]
