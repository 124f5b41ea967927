from __future__ import annotations

import numpy as np
import pytest

from ichor.anatomy.rim import FIRST_MM, MIN_HU, USUAL_HU, rim_hu, without_rim

SKULL_MM, BRAIN_MM, BRAIN_HU, SKULL_HU = 80.0, 74.0, 30.0, 900.0


def radius(pixel_mm: float) -> np.ndarray:
    side = np.arange(-90, 90, pixel_mm)
    return np.hypot(*np.meshgrid(side, side, indexing="ij"))


def head(pixel_mm: float = 0.6, n: int = 4, rim: float = 0.0, decay_mm: float = 3.0) -> np.ndarray:
    """Slices of a round head, with brain as bright as usual near bone, and a rim of up to `rim` HU."""
    away = radius(pixel_mm)
    from_bone = BRAIN_MM - away
    usual = np.interp(from_bone, FIRST_MM + np.arange(len(USUAL_HU)) + 0.5, USUAL_HU, right=0.0)
    brain = BRAIN_HU + usual + rim * np.exp(-np.maximum(from_bone, 0) / decay_mm)
    slice_ = np.select([away < BRAIN_MM, away < SKULL_MM], [brain, np.full_like(brain, SKULL_HU)], -1000.0)
    noise = np.random.default_rng(0).normal(0, 3, (n, *slice_.shape))
    return (slice_ + noise).astype(np.float32)


def crescent(towards: float = 1.0) -> np.ndarray:
    """A subdural hematoma of 8 mm along a fifth of the skull, or the same place on the other side, at -1."""
    side = np.arange(-90, 90, 0.6)
    row, column = np.meshgrid(side, side, indexing="ij")
    away = radius(0.6)
    return (np.abs(np.arctan2(row, towards * column)) < np.pi / 5) & (away < BRAIN_MM) & (away > BRAIN_MM - 8)


@pytest.mark.parametrize("pixel_mm", [0.6, 1.2])
def test_a_head_without_a_rim_is_not_changed(pixel_mm: float) -> None:
    hu = head(pixel_mm)
    assert rim_hu(hu, pixel_mm) == pytest.approx(0, abs=1.5)
    assert without_rim(hu, pixel_mm) is hu


@pytest.mark.parametrize("pixel_mm", [0.6, 1.2])
def test_a_rim_is_measured_and_removed(pixel_mm: float) -> None:
    hu, usual = head(pixel_mm, rim=30.0), head(pixel_mm)
    expected = [30 * np.exp(-mm / 3) for mm in (2.5, 3.5, 4.5, 5.5)]
    assert rim_hu(hu, pixel_mm)[:4] == pytest.approx(expected, abs=2.5)
    found = without_rim(hu, pixel_mm)
    near = (radius(pixel_mm) < BRAIN_MM - FIRST_MM) & (radius(pixel_mm) > BRAIN_MM - 10)
    assert np.abs((hu - usual)[:, near]).mean() > 4
    assert np.abs((found - usual)[:, near]).mean() < 1


def test_only_tissue_near_bone_is_changed() -> None:
    hu = head(rim=30.0)
    found = without_rim(hu, 0.6)
    away = radius(0.6)
    unchanged = (away >= BRAIN_MM) | (away < BRAIN_MM - 12)
    assert (found[:, unchanged] == hu[:, unchanged]).all()
    assert (found <= hu).all()


def test_a_hematoma_along_the_skull_is_no_rim() -> None:
    hu = head()
    hu[:, crescent()] = 65
    assert without_rim(hu, 0.6) is hu


@pytest.mark.parametrize("thickness_mm", [4.0, 6.0, 12.0])
@pytest.mark.parametrize("free_deg", [60.0, 20.0])
@pytest.mark.parametrize("turned_deg", [0.0, 6.0, 11.0, 17.0])
def test_hematomas_on_both_sides_are_no_rim(thickness_mm: float, free_deg: float, turned_deg: float) -> None:
    """Only the middle in front and at the back is free of blood, of a head that may be turned."""
    side = np.arange(-90, 90, 0.6)
    row, column = np.meshgrid(side, side, indexing="ij")
    away, hu = radius(0.6), head()
    turn = np.degrees(np.arctan2(column, row)) - turned_deg
    from_middle_deg = np.abs((turn + 90) % 180 - 90)
    shell = (away < BRAIN_MM) & (away > BRAIN_MM - thickness_mm)
    blood = shell & (from_middle_deg > free_deg / 2)
    assert blood.sum() > 0.6 * shell.sum()
    hu[:, blood] = 65
    assert np.mean(rim_hu(hu, 0.6)[:4]) > MIN_HU
    assert without_rim(hu, 0.6) is hu


def test_a_rim_is_removed_from_a_head_that_is_darker_on_one_side() -> None:
    """As where brain is swollen: a gap on one side alone is none that the falx leaves."""
    hu, usual, away = head(rim=30.0), head(), radius(0.6)
    row, column = np.indices(away.shape) - (np.array(away.shape)[:, None, None] - 1) / 2
    dark = (away < BRAIN_MM) & (away > BRAIN_MM - 8) & (np.abs(np.arctan2(row, column)) < np.pi / 8)
    hu[:, dark], usual[:, dark] = hu[:, dark] - 12, usual[:, dark] - 12
    near = (away < BRAIN_MM - FIRST_MM) & (away > BRAIN_MM - 10)
    assert np.abs((without_rim(hu, 0.6) - usual)[:, near]).mean() < 1 < np.abs((hu - usual)[:, near]).mean()


def test_a_hematoma_stays_bright_where_a_rim_is_removed() -> None:
    hu, blood = head(rim=30.0), crescent()
    hu[:, blood] += 30
    found = without_rim(hu, 0.6)
    assert found[:, blood].mean() - found[:, crescent(-1.0)].mean() == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    "hu",
    [
        np.full((3, 64, 64), 30, np.float32),
        np.full((1, 64, 64), -1000, np.float32),
        np.full((3, 64, 64), np.float32(SKULL_HU)),
        np.zeros((2, 5, 5), np.float32),
    ],
    ids=["without bone", "air", "nothing but bone", "small"],
)
def test_where_no_brain_is_seen_nothing_is_changed(hu: np.ndarray) -> None:
    assert without_rim(hu, 0.6) is hu


@pytest.mark.parametrize("mantle_mm", [8.0, 10.0, 12.0])
def test_brain_around_wide_ventricles_is_no_rim(mantle_mm: float) -> None:
    hu = head()
    fluid = radius(0.6) < BRAIN_MM - mantle_mm
    hu[:, fluid] -= BRAIN_HU - 7
    assert without_rim(hu, 0.6) is hu


def test_a_single_slice_is_not_changed() -> None:
    hu = head(n=1, rim=30.0)
    assert without_rim(hu, 0.6) is hu
