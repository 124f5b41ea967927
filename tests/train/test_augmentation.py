from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from ichor.train.augmentation import Augmentation, compose, draw, warp
from ichor.train.settings import AugmentationSettings
from ichor.windows import BRAIN

NOTHING = AugmentationSettings(rotation_deg=0, shift=0, shear_deg=0, zoom=0)


def _images(n: int = 2, size: int = 48) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(rng.normal(0, 400, (n, 3, size, size)), (0, 0, 4, 4))
    return torch.from_numpy(smooth.astype(np.float32)), torch.from_numpy((smooth[:, :1] > 5).astype(np.float32))


def test_the_same_seed_replays_the_same_change() -> None:
    settings = AugmentationSettings(flip=True, hu_shift=5, hu_scale=0.1, noise_hu=4, brain_window_only=0.5)
    first, second = (draw(settings, 8, np.random.default_rng([3, 1, 4])).apply(*_images(8)) for _ in range(2))
    other = draw(settings, 8, np.random.default_rng([3, 1, 5])).apply(*_images(8))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


def test_no_change_leaves_the_image() -> None:
    hu, mask = _images()
    same_hu, same_mask = draw(NOTHING, 2, np.random.default_rng(0)).apply(hu, mask)
    assert torch.allclose(same_hu, hu, atol=1e-3)
    assert torch.equal(same_mask, mask)


def test_the_warp_is_the_one_of_scipy() -> None:
    """Keras' ImageDataGenerator calls scipy.ndimage.affine_transform with the matrix about the centre."""
    hu, mask = _images()
    matrices = draw(AugmentationSettings(shear_deg=15), 2, np.random.default_rng(7)).matrices
    warped, _ = warp(hu, mask, matrices)
    size = hu.shape[-1]
    centre = np.full(2, (size - 1) / 2)
    for i, matrix in enumerate(matrices):
        linear, shift = matrix[:, :2], matrix[:, 2] * size
        expected = ndimage.affine_transform(
            hu[i, 0].numpy(), linear, centre + shift - linear @ centre, order=1, mode="nearest"
        )
        inner = slice(8, -8)  # at the border the two continue the image half a pixel apart
        assert np.abs(warped[i, 0].numpy() - expected)[inner, inner].max() < 0.5


def test_matrices_are_composed_as_keras_does() -> None:
    """apply_affine_transform of Keras: rotation, then shift, shear and zoom, multiplied from left to right."""
    angle, shift, shear, zoom = np.radians(17.0), (0.05, -0.08), np.radians(13.0), (0.85, 1.15)
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    translation = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    shearing = np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    zooming = np.diag([*zoom, 1.0])
    found = compose(
        rotation_deg=np.array([17.0]),
        shift=np.array([shift]),
        shear_deg=np.array([13.0]),
        zoom=np.array([zoom]),
        mirror=np.array([False]),
    )
    assert found[0] == pytest.approx((rotation @ translation @ shearing @ zooming)[:2])


def test_image_and_mask_move_together() -> None:
    mask = torch.zeros(4, 1, 64, 64)
    mask[:, :, 20:40, 28:44] = 1
    hu, moved = draw(AugmentationSettings(flip=True), 4, np.random.default_rng(2)).apply(mask * 100, mask)
    assert torch.equal(hu > 50, moved > 0)
    assert not torch.equal(moved, mask)
    assert set(moved.unique().tolist()) == {0.0, 1.0}


def test_bounds_are_kept() -> None:
    settings = AugmentationSettings(rotation_deg=20, shift=0.1, shear_deg=0, zoom=0.2)
    matrices = draw(settings, 500, np.random.default_rng(0)).matrices
    angles = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    zoom = np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
    assert 19 < np.abs(angles).max() <= 20
    assert 0.8 <= zoom.min() < 0.82
    assert 1.18 < zoom.max() <= 1.2
    assert np.abs(matrices[:, :, 2]).max() <= 0.1 * np.sqrt(2)
    assert np.linalg.det(matrices[:, :, :2]).min() > 0  # no mirror unless asked for


def test_a_mirror_turns_columns() -> None:
    hu, mask = _images(1)
    matrix = np.array([[[1.0, 0, 0], [0, -1.0, 0]]])
    assert torch.allclose(warp(hu, mask, matrix)[0], hu.flip(-1), atol=1e-3)


@pytest.mark.parametrize("only", [True, False])
def test_only_the_brain_window(only: bool) -> None:
    hu, mask = _images(1)
    one = np.ones(1)
    identity = np.array([[[1.0, 0, 0], [0, 1.0, 0]]])
    changed, _ = Augmentation(identity, 0 * one, one, 0 * one, np.array([only]), 0).apply(hu, mask)
    inside = (changed >= BRAIN.lowest_hu) & (changed <= BRAIN.highest_hu)
    assert bool(inside.all()) is only
