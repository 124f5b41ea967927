from __future__ import annotations

import numpy as np

from ichor.methods.nag2018 import Nag2018, intracranial


def slice_with(radius_mm: float, hu: float, side: int = 96) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(HU, inside, mask) of a round skull of 80 mm radius in pixels of 2 mm, with a disc of `hu` in it."""
    rows, columns = np.mgrid[:side, :side] * 2.0
    from_middle = np.hypot(rows - side, columns - side)
    image = np.full((side, side), -1000, np.float32)
    image[from_middle < 88] = 900
    image[from_middle < 80] = 32
    mask = np.hypot(rows - side + 20, columns - side) < radius_mm
    image[mask] = hu
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return (image + np.where(from_middle < 80, noise, 0)).astype(np.float32), from_middle < 80, mask


def test_the_inside_of_the_skull_has_no_bone_and_no_blurred_rim() -> None:
    hu, inside, _ = slice_with(15, 70)
    found = intracranial(hu, 2.0)
    assert not (found & ~inside).any()
    assert 0.8 < found.sum() / inside.sum() < 1


def test_a_dense_region_is_outlined_and_an_even_slice_is_not() -> None:
    method = Nag2018(pixel_mm=2.0, size=96)
    dense, _, mask = slice_with(15, 70)
    even, _, _ = slice_with(15, 32)
    outputs = {"slice_probability": np.array([0.9, 0.8, 0.1], np.float32)}
    air = np.full(dense.shape, -1000, np.float32)
    found = method.refine(np.stack([dense, even, air]), outputs)["probability"]
    marked = found[0] > 0
    assert 2 * (marked & mask).sum() / (marked.sum() + mask.sum()) > 0.9
    assert set(np.unique(found[0])) == {np.float32(0), np.float32(0.9)}
    assert not found[1:].any()
