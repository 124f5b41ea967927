"""Projections of shapes whose line integrals are known, and what errors of them do to the image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.simulate.dose import low_dose, measured_noise, thin_slices
from ichor.simulate.hardening import bright_rim, petrous_bands
from ichor.simulate.metal import metal_streaks
from ichor.simulate.motion import moved
from ichor.simulate.partial_volume import partial_volume
from ichor.simulate.projections import ANGLES, GRID_MM, WATER_PER_MM, CoarseSlices, Projector
from ichor.simulate.truncation import truncated
from synthetic_scans import BRAIN_HU, SKULL_HU, synthetic_head


def case_of(voxels: np.ndarray, mm: float = 1.5) -> Case:
    """A case with these slices, 5 mm apart, without hemorrhage."""
    scan = synthetic_head(n=len(voxels), size=voxels.shape[1], pixel_mm=(mm, mm), distances_mm=5.0)
    return Case("051", replace(scan, voxels=voxels), np.zeros(voxels.shape, bool), np.zeros((len(voxels), 5), bool))


def discs(n: int = 3, size: int = 140, mm: float = 1.5, *, skull: bool = True) -> np.ndarray:
    """Slices with a head of 80 mm radius, in a skull of 6 mm."""
    away = radius(size, mm)
    slice_ = np.where(away < 80, float(BRAIN_HU), -1000.0)
    if skull:
        slice_[(away < 80) & (away >= 74)] = SKULL_HU
    return np.tile(slice_.astype(np.float32), (n, 1, 1))


def radius(size: int = 140, mm: float = 1.5) -> np.ndarray:
    place = (np.arange(size) - (size - 1) / 2) * mm
    return np.hypot(place[:, None], place)


def hu(case: Case) -> np.ndarray:
    return np.asarray(case.scan.hu, float)


def test_a_ray_through_a_disc_measures_its_chord() -> None:
    rays = Projector(140).project((radius() < 60).astype(np.float32)[None])[0]
    place = (np.arange(rays.shape[1]) - (rays.shape[1] - 1) / 2) * GRID_MM
    chord = 2 * np.sqrt(np.maximum(60**2 - place**2, 0))
    assert rays.shape[0] == ANGLES
    assert np.abs(rays - chord)[:, np.abs(place) < 50].max() < 4  # a pixel at each end
    assert rays.sum(axis=1) * GRID_MM == pytest.approx(np.full(ANGLES, np.pi * 60**2), rel=0.01)


def test_reconstruction_gives_the_slices_back() -> None:
    slices = CoarseSlices.of(case_of(discs(skull=False)))
    found = slices.error_hu(slices.projector.project(slices.attenuation()))
    assert found[:, radius() < 70].mean() == pytest.approx(1000 + BRAIN_HU, rel=0.002)
    assert np.abs(found[:, radius() < 60] - 1000 - BRAIN_HU).max() < 10


def test_the_coarse_grid_has_the_same_center_as_the_image() -> None:
    fine = case_of(np.repeat(np.repeat(discs(), 3, axis=1), 3, axis=2), 0.5)
    coarse = CoarseSlices.of(fine)
    assert coarse.hu.shape[1:] == (140, 140)
    assert np.abs(coarse.hu - discs())[:, radius() < 70].max() < 1e-3
    assert coarse.on_grid(coarse.averaged(np.ones_like(hu(fine)))) == pytest.approx(1.0)


def test_a_rim_is_brightest_along_the_skull_and_absent_in_the_middle() -> None:
    case = case_of(discs())
    added = hu(bright_rim(40.0, case)) - hu(case)
    near, deep = (radius() > 71) & (radius() < 73.5), radius() < 30
    assert added[:, radius() >= 74.5] == pytest.approx(0)
    assert 14 < added[:, near].mean() < 40
    assert np.abs(added[:, deep]).mean() < 2
    falling = [added[:, (radius() >= r) & (radius() < r + 3)].mean() for r in (50, 60, 65, 70)]
    assert falling == sorted(falling)
    assert hu(bright_rim(20.0, case)) - hu(case) == pytest.approx(added / 2, abs=1e-3)


def test_rays_through_two_bones_leave_a_dark_band_between_them() -> None:
    slices = discs()
    for column in (40, 100):  # bones of 24 mm, 90 mm apart
        slices[:, 62:78, column - 8 : column + 8] = SKULL_HU
    added = hu(petrous_bands(3.0, case_of(slices))) - slices
    between, above = added[:, 66:74, 60:80].mean(), added[:, 30:40, 60:80].mean()
    assert between < above - 8
    assert hu(petrous_bands(0.0, case_of(slices))) == pytest.approx(slices)


def test_bone_in_a_part_of_a_thick_slice_brightens_brain() -> None:
    slices = discs(3)
    slices[2][radius() < 12] = 300  # a part of the vault, above
    found = hu(partial_volume(10.0, case_of(slices)))
    # Slice 1 reaches 5 mm up, at linear interpolation: a quarter of the way on average over its upper half.
    share = np.maximum(0, (np.arange(5) + 0.5) / 5 * 10 - 5).mean() / 5
    inner = radius() < 8
    assert found[1][inner].mean() == pytest.approx(BRAIN_HU + share * (300 - BRAIN_HU), abs=6)
    assert found[0][inner].mean() == pytest.approx(BRAIN_HU, abs=1)
    assert hu(partial_volume(1e-3, case_of(slices))) == pytest.approx(slices, abs=1.0)


def test_metal_sends_dark_and_bright_streaks_across_its_slices_only() -> None:
    case = case_of(discs(4))
    found = hu(metal_streaks(range(1, 3), (0.0, 30.0), 3.0, case, seed=5))
    added = found - hu(case)
    assert np.all(added[[0, 3]] == 0)
    brain = (radius() < 70) & (np.abs(added[1]) < 2000)
    assert np.percentile(added[1][brain], 1) < -15
    assert np.percentile(added[1][brain], 99) > 15
    assert (found[1] == 3000).sum() == pytest.approx(np.pi * (3 / 1.5) ** 2, rel=0.4)
    assert np.array_equal(found, hu(metal_streaks(range(1, 3), (0.0, 30.0), 3.0, case, seed=5)))


def test_no_motion_changes_nothing_and_motion_changes_the_edges_of_the_skull() -> None:
    slices = discs()
    slices[:, 60:80, 20:40] = SKULL_HU
    case = case_of(slices)
    assert hu(moved(0.0, 0.0, range(3), case)) == pytest.approx(slices, abs=1e-3)
    added = hu(moved(3.0, 2.0, range(1), case, seed=1)) - slices
    assert np.all(added[1:] == 0)
    edge = np.abs(radius() - 77) < 5
    assert np.abs(added[0][edge]).mean() > 4 * np.abs(added[0][radius() < 40]).mean() > 0


def test_noise_has_the_stated_strength_in_brain_and_is_higher_behind_bone() -> None:
    case = case_of(discs(4))
    noise = hu(low_dose(10.0, case, seed=3)) - hu(case)
    assert noise[:, radius() < 70].std() == pytest.approx(10, rel=0.1)
    assert noise[:, radius() < 40].std() > 1.5 * noise[:, radius() > 95].std()
    assert measured_noise(case) == 0
    assert np.array_equal(noise, hu(low_dose(10.0, case, seed=3)) - hu(case))


def test_thin_slices_have_the_noise_of_their_thickness() -> None:
    noisy = low_dose(4.0, case_of(discs(9)), seed=1)
    thin = thin_slices(1.25, noisy, seed=2)
    assert thin.scan.n_slices == 36
    assert measured_noise(thin) == pytest.approx(2 * measured_noise(noisy), rel=0.1)
    with pytest.raises(ValueError, match="thinner than 5 mm"):
        thin_slices(5.0, noisy)


def test_a_head_that_reaches_beyond_the_field_glows_at_its_edge() -> None:
    case = case_of(discs())
    assert hu(truncated(100.0, case)) == pytest.approx(np.where(radius() <= 100, discs(), -1000), abs=1e-2)
    found = hu(truncated(60.0, case))
    assert np.all(found[:, radius() > 60] == -1000)
    edge, middle = found[:, (radius() > 55) & (radius() < 59)].mean(), found[:, radius() < 15].mean()
    assert edge > middle + 40
    blood = replace(case, delineation=np.broadcast_to(np.abs(radius() - 60) < 3, case.mask.shape))
    assert not truncated(60.0, blood).mask[:, radius() > 60].any()
    assert truncated(60.0, blood).mask[:, radius() < 60].any()


def test_water_has_its_physical_attenuation() -> None:
    slices = CoarseSlices.of(case_of(np.zeros((1, 20, 20), np.float32)))
    assert slices.attenuation() == pytest.approx(WATER_PER_MM)
    assert slices.attenuation(np.full((1, 20, 20), -1500.0)) == pytest.approx(0)
