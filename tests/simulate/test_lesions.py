"""What is grown into a head: where it lies, how bright it is, and what becomes of mask and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.draw import THIN_BLOOD
from ichor.simulate.lesions.dark_brain import ischemia, swelling
from ichor.simulate.lesions.frame import HeadFrame, smooth_field
from ichor.simulate.lesions.mimics import MIMICS, PINEAL
from ichor.simulate.lesions.paint import Grown, painted, step
from ichor.simulate.lesions.subarachnoid import in_sulci
from ichor.simulate.lesions.subdural import along_convexity, along_falx
from ichor.subtypes import Subtype
from simulate_heads import BRAIN, FLUID, head_case
from synthetic_scans import synthetic_head

Grow = Callable[[Case, HeadFrame, np.random.Generator], Grown]
SAH, SDH = (list(Subtype).index(one) for one in (Subtype.SAH, Subtype.SDH))


@pytest.fixture(scope="module")
def case() -> Case:
    return head_case()


@pytest.fixture(scope="module")
def head(case: Case) -> HeadFrame:
    found = HeadFrame.of(case)
    assert found is not None
    return found


def grown(grow: Grow, case: Case, head: HeadFrame, seed: int = 0) -> Grown:
    return grow(case, head, np.random.default_rng(seed))


def hu(case: Case) -> np.ndarray:
    return np.asarray(case.scan.hu, float)


def test_atlas_coordinates_lie_where_they_do_in_the_head(head: HeadFrame) -> None:
    k, row, column = head.place(0, 0, 0)
    assert column == pytest.approx(69.5, abs=1)
    assert head.place(30, 0, 0)[2] < column < head.place(-30, 0, 0)[2]  # the patient's right is at the image's left
    assert head.place(0, 60, 0)[1] < row < head.place(0, -60, 0)[1]
    assert head.place(0, 0, 40)[0] > k > head.place(0, 0, -20)[0]
    inside = head.inside.any(axis=(0, 2)).nonzero()[0]
    assert head.place(0, 72, -10)[1] == pytest.approx(inside[0], abs=4)
    assert (column - head.place(68, 0, 0)[2]) * 1.5 == pytest.approx(65, abs=3)


def test_a_head_that_is_hardly_shown_has_no_coordinates() -> None:
    scan = synthetic_head(n=3, size=100, pixel_mm=(2.0, 2.0), distances_mm=5.0)
    empty = replace(scan, voxels=np.full_like(scan.voxels, -1000))
    assert HeadFrame.of(Case("051", empty, np.zeros(empty.voxels.shape, bool), np.zeros((3, 5), bool))) is None


def test_fluid_is_measured_between_water_and_brain(head: HeadFrame) -> None:
    assert head.brain_hu == pytest.approx(BRAIN, abs=0.5)
    ventricle = head.fluid[13, 65:75, 75:78]
    assert ventricle.mean() > 0.85
    assert head.fluid[13, 65:75, 95:100].mean() < 0.05
    assert head.fluid[~head.inside].max() == 0


def test_half_a_voxel_of_a_substance_has_half_its_difference_and_the_same_noise(head: HeadFrame) -> None:
    share = np.zeros(head.hu.shape, np.float32)
    share[15, 40:60, 85:100] = 0.5
    found = painted(head, share, 76.0)[15, 44:56, 89:96]
    before = head.hu[15, 44:56, 89:96]
    assert (found - before).mean() == pytest.approx((76 - BRAIN) / 2, abs=1)
    assert (found - found.mean()).std() == pytest.approx(before.std(), rel=0.5)
    assert step(np.array([-5.0, 0.0, 5.0], np.float32), 2.0) == pytest.approx([1, 0.5, 0])


@pytest.mark.parametrize("name", MIMICS)
def test_a_mimic_is_bright_and_leaves_mask_and_labels_empty(case: Case, head: HeadFrame, name: str) -> None:
    found = grown(MIMICS[name], case, head, 3)
    assert not found.case.mask.any()
    assert not found.case.positive.any()
    added = hu(found.case) - hu(case)
    assert found.where.any()
    assert added[found.where].mean() > 8
    assert np.all(added[~head.inside] == 0)
    far = ~ndimage.binary_dilation(found.where, np.ones((3, 7, 7)))
    assert np.abs(added[far & head.inside]).mean() < (6 if name == "contrast" else 1)
    assert np.array_equal(hu(found.case), hu(grown(MIMICS[name], case, head, 3).case))
    assert not np.array_equal(hu(found.case), hu(grown(MIMICS[name], case, head, 4).case))


def test_a_calcified_pineal_gland_lies_on_the_midline(case: Case, head: HeadFrame) -> None:
    where = np.argwhere(grown(MIMICS["pineal"], case, head, 1).where)
    assert where[:, 2].mean() == pytest.approx(69.5, abs=2)
    assert where.mean(axis=0)[:2] == pytest.approx(head.place(*PINEAL)[:2], abs=4)


@pytest.mark.parametrize("name", THIN_BLOOD)
def test_thin_blood_is_bright_within_the_skull_and_labeled(case: Case, head: HeadFrame, name: str) -> None:
    grew = [grown(THIN_BLOOD[name], case, head, seed) for seed in range(6)]
    found = max(grew, key=lambda one: one.where.sum())
    assert found.where.any()
    assert np.array_equal(found.case.mask, found.where)
    expected = SAH if name in ("sulci", "cisterns") else SDH
    assert set(np.flatnonzero(found.case.labels.any(axis=0))) == {expected}
    assert np.array_equal(found.case.positive, found.where.any(axis=(1, 2)))
    assert not (found.where & head.bone).any()
    assert hu(found.case)[found.where].mean() > hu(case)[found.where].mean() + 4
    assert 40 < np.median(hu(found.case)[found.where]) < 85


def test_blood_in_sulci_is_where_fluid_was(case: Case, head: HeadFrame) -> None:
    for seed in range(8):
        found = grown(in_sulci, case, head, seed)
        fluid = ndimage.binary_dilation(hu(case) < (BRAIN + FLUID) / 2, np.ones((1, 5, 5)))
        assert not (found.where & ~fluid).any()
    added = hu(found.case) - hu(case)
    brain = head.tissue & ~ndimage.binary_dilation(hu(case) < (BRAIN + FLUID) / 2, np.ones((1, 7, 7)))
    assert np.abs(added[brain]).mean() < 0.5


def test_a_crescent_follows_the_inner_table_and_pushes_brain_away(case: Case, head: HeadFrame) -> None:
    found = grown(along_convexity, case, head, 2)
    sides = np.sign(head.x_mm[found.where])
    assert abs(sides.mean()) == 1  # on one side only
    assert head.depth_mm[found.where].max() < 11
    widest = int(found.where.sum(axis=(1, 2)).argmax())
    depths = head.depth_mm[widest][found.where[widest]]
    assert (depths < 2.5).sum() > 10  # it reaches the bone
    fluid_before, fluid_after = (np.sum(head.inside[widest] & (one[widest] < 15)) for one in (hu(case), hu(found.case)))
    assert fluid_after < fluid_before


def test_a_band_along_the_falx_lies_on_one_side_of_the_midline(case: Case, head: HeadFrame) -> None:
    found = grown(along_falx, case, head, 5)
    aside = head.x_mm[found.where]
    assert abs(np.sign(aside).mean()) > 0.7
    assert np.abs(aside).max() < 8


def test_ischemia_is_dark_on_one_side_and_has_no_mask(case: Case, head: HeadFrame) -> None:
    found = grown(ischemia, case, head, 1)
    less = hu(case) - hu(found.case)
    assert not found.case.mask.any()
    brain = found.where & (head.fluid == 0)
    assert 3 < less[brain].mean() < 17
    assert abs(np.sign(head.x_mm[found.where]).mean()) > 0.9
    assert np.all(less[~head.tissue] == 0)


def test_a_swollen_brain_is_darker_and_has_narrower_sulci(case: Case, head: HeadFrame) -> None:
    found = grown(swelling, case, head, 1)
    deep = head.tissue & (head.depth_mm > 20) & (head.fluid == 0) & (np.abs(head.x_mm) > 5)
    assert 1.5 < (hu(case) - hu(found.case))[deep].mean() < 9
    sulci = (hu(case) < 12) & (head.depth_mm > 4) & (head.depth_mm < 12)
    assert (hu(found.case) - hu(case))[sulci].mean() > 5


def test_a_smooth_field_has_the_stated_spread() -> None:
    field = smooth_field((4, 90, 80), (1.0, 8.0, 8.0), np.random.default_rng(0))
    assert field.shape == (4, 90, 80)
    assert (field.mean(), field.std()) == pytest.approx((0, 1), abs=1e-3)
    assert np.abs(np.diff(field, axis=1)).mean() < 0.3
