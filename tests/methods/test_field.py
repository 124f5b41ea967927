from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from ichor.methods.field import AIR_HU, Field, neighbours


def test_the_same_pixel_size_is_a_crop() -> None:
    """As the paper does: 650 pixels cut to 640."""
    hu = np.random.default_rng(0).normal(0, 100, (2, 650, 650)).astype(np.float32)
    field = Field.around((324.5, 324.5), (650, 650), (0.33, 0.33), 640, 0.33)
    assert np.allclose(field.resample(hu), hu[:, 5:-5, 5:-5], atol=1e-3)
    assert np.allclose(field.to_scan(field.resample(hu))[:, 5:-5, 5:-5], hu[:, 5:-5, 5:-5], atol=1e-3)
    assert not field.to_scan(field.resample(hu))[:, :5].any()


def test_outside_the_slice_is_air() -> None:
    field = Field.around((10, 10), (21, 21), (1, 1), 64, 1.0)
    taken = field.resample(np.full((1, 21, 21), 40.0))
    assert taken[0, 0, 0] == AIR_HU
    assert taken[0, 32, 32] == pytest.approx(40, abs=1e-3)


def test_bilinear_enlargement_is_that_of_simpleitk() -> None:
    image = np.random.default_rng(1).normal(0, 1, (1, 40, 50)).astype(np.float32)
    field = Field.around((30.0, 40.0), (100, 130), (0.7, 0.6), 50, 1.7)
    square = np.zeros((1, 50, 50), np.float32)
    square[:, :40] = image
    back = field.to_scan(square)[0]
    source = sitk.GetImageFromArray(square[0])
    source.SetSpacing((1.7, 1.7))
    source.SetOrigin((-24.5 * 1.7, -24.5 * 1.7))
    target = sitk.Image(130, 100, sitk.sitkFloat32)
    target.SetSpacing((0.6, 0.7))
    target.SetOrigin((-40.0 * 0.6, -30.0 * 0.7))
    expected = sitk.GetArrayFromImage(sitk.Resample(source, target, sitk.Transform(), sitk.sitkLinear))
    # Beyond the outermost pixel centres SimpleITK repeats the border, where a field fades to nothing.
    rows = (np.arange(100) - 30) * 0.7 / 1.7 + 24.5
    columns = (np.arange(130) - 40) * 0.6 / 1.7 + 24.5
    inner = np.ix_((rows >= 0) & (rows <= 49), (columns >= 0) & (columns <= 49))
    assert back[inner].size > 5000
    assert np.abs(back - expected)[inner].max() < 1e-4


def test_shrinking_keeps_a_ramp_and_averages_noise_away() -> None:
    rows, columns = np.mgrid[:300, :300].astype(np.float32)
    ramp = (2 * rows + 3 * columns)[None]
    field = Field.around((149.5, 149.5), (300, 300), (0.33, 0.33), 64, 0.8)
    taken = field.resample(ramp)[0]
    inner = slice(4, -4)
    places = 149.5 + (np.arange(64) - 31.5) * 0.8 / 0.33
    expected = 2 * places[:, None] + 3 * places[None]
    assert np.abs(taken - expected)[inner, inner].max() < 2.0  # in gray of a ramp that rises 5 a pixel
    noise = np.random.default_rng(2).normal(0, 10, (1, 300, 300))
    assert field.resample(noise)[0, inner, inner].std() < 6


@pytest.mark.parametrize("pixel", [(0.33, 0.33), (0.45, 0.5), (0.9, 0.9)])
def test_a_mask_keeps_its_area_and_place(pixel: tuple[float, float]) -> None:
    n = [round(200 / p) for p in pixel]
    row, column = np.mgrid[: n[0], : n[1]]
    mask = np.hypot(row * pixel[0] - 100, column * pixel[1] - 90) < 25
    field = Field.around((n[0] / 2, n[1] / 2), (n[0], n[1]), pixel, 256, 0.8)
    small = field.resample_mask(mask[None])
    assert small.sum() * 0.64 == pytest.approx(np.pi * 25**2, rel=0.02)
    back = field.to_scan(small.astype(np.float32))[0] >= 0.5
    dice = 2 * (back & mask).sum() / (back.sum() + mask.sum())
    assert dice > 0.97


def test_neighbors_are_about_the_given_distance_away() -> None:
    assert neighbours(None, 3, 5.0).tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 2]]
    five = neighbours(np.arange(4) * 5.0, 4, 5.0)
    assert five.tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]
    thin = neighbours(np.arange(20) * 1.25, 20, 5.0)
    assert thin[10].tolist() == [6, 10, 14]
    assert thin[0].tolist() == [0, 0, 4]
    uneven = neighbours(np.array([0.0, 1.0, 8.0, 15.0]), 4, 5.0)
    assert uneven[1].tolist() == [0, 1, 2]
    assert neighbours(np.zeros(1), 1, 5.0).tolist() == [[0, 0, 0]]
