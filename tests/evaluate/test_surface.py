"""Surfaces against MONAI and SimpleITK, on grids whose slices are far apart, and the written conventions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_hausdorff_distance, compute_surface_dice
from scipy import ndimage

from ichor.evaluate.surface import surface_agreement, surface_distances, surface_voxels, voxel_centres_mm
from synthetic_results import synthetic_scan

SHAPE = (5, 24, 20)
SPACING = (5.0, 0.4, 0.6)
SCAN = synthetic_scan(SHAPE, pixel_mm=SPACING[1:], slice_mm=SPACING[0])
masks = arrays(bool, (3, 7, 6), elements=st.booleans()).filter(np.any)


def blob(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=SHAPE)
    return ndimage.gaussian_filter(noise, (0.7, 3, 3)) > 0.05


def monai(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(mask[None, None].astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(masks, masks)
def test_both_measures_are_those_of_monai(mask: np.ndarray, reference: np.ndarray) -> None:
    spacing = (3.0, 0.7, 0.9)
    ours = surface_agreement(mask, reference, synthetic_scan(mask.shape, pixel_mm=spacing[1:], slice_mm=spacing[0]))
    pair = monai(mask), monai(reference)
    hd95 = compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=spacing)
    dice = compute_surface_dice(*pair, class_thresholds=[2.0], include_background=True, spacing=spacing)
    assert ours.hd95_mm == pytest.approx(float(hd95), abs=1e-4)
    assert ours.dice_2mm == pytest.approx(float(dice), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_large_masks_as_well(seed: int) -> None:
    mask, reference = blob(seed), blob(seed + 10)
    ours = surface_agreement(mask, reference, SCAN)
    pair = monai(mask), monai(reference)
    hd95 = compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=SPACING)
    assert ours.hd95_mm == pytest.approx(float(hd95), abs=1e-4)


def test_the_largest_distance_is_simpleitks_between_surfaces() -> None:
    mask, reference = blob(1), blob(2)
    images = []
    for one in (mask, reference):
        surface = np.zeros(SHAPE, np.uint8)
        surface[tuple(surface_voxels(one).T)] = 1
        image = sitk.GetImageFromArray(surface)
        image.SetSpacing(SPACING[::-1])
        images.append(image)
    measure = sitk.HausdorffDistanceImageFilter()
    measure.Execute(*images)
    there, back = surface_distances(mask, reference, SCAN)
    assert max(there.max(), back.max()) == pytest.approx(measure.GetHausdorffDistance(), abs=1e-4)


def test_points_agree_with_the_scans_geometry() -> None:
    """A tilted series with an uneven step: positions and orientation of each slice count, no common spacing does."""
    tilt = np.radians(20)
    along = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)]])
    positions = np.array([[0, 0, 0], [0, 0, 5], [1, 0, 12]], float)
    scan = replace(synthetic_scan((3, 9, 9), (0.4, 0.6)), positions_mm=positions, orientation=np.tile(along, (3, 1, 1)))
    (point,) = voxel_centres_mm(np.array([[2, 3, 4]]), scan)
    assert point == pytest.approx(positions[2] + 4 * 0.6 * along[0] + 3 * 0.4 * along[1])


def test_a_mask_against_itself_is_perfect() -> None:
    mask = blob(3)
    ours = surface_agreement(mask, mask, SCAN)
    assert (ours.hd95_mm, ours.dice_2mm) == (0, 1)


def test_empty_masks_follow_the_written_convention() -> None:
    full, empty = blob(0), np.zeros(SHAPE, bool)
    for pair in ((full, empty), (empty, full)):
        assert surface_agreement(*pair, SCAN).hd95_mm is None
        assert surface_agreement(*pair, SCAN).dice_2mm == 0
    both = surface_agreement(empty, empty, SCAN)
    assert (both.hd95_mm, both.dice_2mm) == (None, 1)
    with pytest.raises(ValueError, match="found an empty one"):
        surface_distances(full, empty, SCAN)


def test_without_spacing_there_is_no_distance() -> None:
    scan = replace(SCAN, pixel_mm=None)
    assert surface_agreement(blob(0), blob(1), scan) is None
    with pytest.raises(ValueError, match="known spacing"):
        voxel_centres_mm(np.zeros((1, 3), int), scan)
