"""Each simulated acquisition changes scan, mask and labels together, and has the correct geometry."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.geometry import cut_off, flipped, nodded, thickness, tilted, turned, wide_field
from ichor.simulate.image import (
    ct_noise,
    gray_images,
    noise_hu,
    sharp_kernel,
    smooth_kernel,
    white_noise,
)
from ichor.windows import GrayWindow
from studies.robustness.conditions import CONDITIONS, Condition
from synthetic_scans import BLOOD_HU, synthetic_head

NOISY = {"noise-5", "noise-10", "noise-20", "white-noise-20"}


@pytest.fixture(scope="module")
def case() -> Case:
    """A head of 24 slices of 5 mm with an ellipsoid of blood in its left half."""
    scan = synthetic_head(n=24, size=100, pixel_mm=(2.0, 2.0), distances_mm=5.0)
    return labelled(scan.voxels == BLOOD_HU, scan)


def labelled(mask: np.ndarray, scan) -> Case:  # type: ignore[no-untyped-def]
    labels = np.zeros((scan.n_slices, 5), bool)
    labels[:, 1] = mask.any(axis=(1, 2))
    return Case("051", scan, mask, labels)


def ml(case: Case) -> float:
    return case.scan.volume_ml(case.mask.sum(axis=(1, 2))) or 0.0


def centre_mm(case: Case) -> np.ndarray:
    """(3,) the center of the delineation in mm, LPS."""
    scan = case.scan
    k, row, column = np.nonzero(case.mask)
    along_columns, along_rows = scan.orientation[k, 0], scan.orientation[k, 1]
    row_mm, column_mm = scan.pixel_mm[k].T
    places = scan.positions_mm[k] + (column * column_mm)[:, None] * along_columns + (row * row_mm)[:, None] * along_rows
    return places.mean(axis=0)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.key)
def test_the_delineation_moves_with_the_blood(case: Case, condition: Condition) -> None:
    before = case.scan.voxels.copy()
    found = condition.change(case)
    assert np.array_equal(case.scan.voxels, before)  # a pure function
    assert found.subject == case.subject
    # A slice of 10 mm has the hemorrhage of either half, which makes an ellipsoid larger.
    assert ml(found) == pytest.approx(ml(case), rel=0.2 if condition.key == "thickness-10" else 0.05)
    assert np.array_equal(found.positive, found.mask.any(axis=(1, 2)))
    assert set(np.flatnonzero(found.labels.any(axis=0))) == {1}
    around = ndimage.binary_dilation(found.mask, np.ones((1, 3, 3)), iterations=2)
    near = around & ~ndimage.binary_dilation(found.mask, np.ones((1, 3, 3)))
    hu = np.asarray(found.scan.hu, float)
    assert hu[found.mask].mean() - hu[near].mean() > 20
    if condition.key not in NOISY:
        bright = around & (hu > hu[near].mean() + 14)
        assert 2 * (bright & found.mask).sum() / (bright.sum() + found.mask.sum()) > 0.93


def test_conditions_have_unique_names() -> None:
    assert len({c.key for c in CONDITIONS}) == len({c.title for c in CONDITIONS}) == len(CONDITIONS)


def same(found: Case, case: Case) -> None:
    assert np.allclose(found.scan.hu, case.scan.hu, atol=1e-2)
    assert np.array_equal(found.mask, case.mask)
    assert np.array_equal(found.labels, case.labels)
    for name in ("pixel_mm", "positions_mm", "orientation", "thickness_mm"):
        assert np.allclose(getattr(found.scan, name), getattr(case.scan, name)), name


def test_identity_changes_leave_the_case_unchanged(case: Case) -> None:
    same(flipped(flipped(case)), case)
    for change in (thickness, turned, nodded, tilted):
        same(change(5.0 if change is thickness else 0.0, case), case)
    same(wide_field(1.0, off(case, 1.0), case), case)


def off(case: Case, factor: float) -> tuple[float, float]:
    """The distance of the head's center from that of the image."""
    from ichor.anatomy.head import find_head

    row, column = (np.array(find_head(case.scan).centre) - 49.5) * 2.0
    return float(row), float(column)


@pytest.mark.parametrize(
    "change",
    [
        partial(thickness, 1.0),
        partial(thickness, 2.5),
        partial(tilted, 15.0),
        partial(tilted, -10.0),
        partial(wide_field, 1.25, (15.0, 25.0)),
        partial(cut_off, 10.0),
    ],
    ids=lambda change: f"{change.func.__name__}-{change.args[0]:g}",
)
def test_changes_that_do_not_move_the_head_keep_its_position_in_mm(case: Case, change) -> None:  # type: ignore[no-untyped-def]
    assert centre_mm(change(case)) == pytest.approx(centre_mm(case), abs=0.6)


@pytest.mark.parametrize("mm", [7.0, 10.0])
def test_thick_slices_keep_positions_to_a_quarter_of_their_thickness(case: Case, mm: float) -> None:
    assert centre_mm(thickness(mm, case)) == pytest.approx(centre_mm(case), abs=mm / 4)


def test_slices_have_the_stated_thickness_and_distance(case: Case) -> None:
    for mm, n in ((1.0, 120), (2.5, 48), (7.0, 18), (10.0, 12)):
        scan = thickness(mm, case).scan
        assert scan.n_slices == n
        assert np.allclose(scan.slice_distances_mm, mm)
        assert np.allclose(scan.thickness_mm, mm)
    pairs = thickness(10.0, case)
    assert np.allclose(pairs.scan.voxels, (case.scan.voxels[::2].astype(float) + case.scan.voxels[1::2]) / 2, atol=1e-2)
    assert np.array_equal(pairs.mask, case.mask[::2] | case.mask[1::2])


def test_a_tilted_gantry_follows_from_the_slices(case: Case) -> None:
    scan = tilted(15.0, case).scan
    assert scan.tilt_deg == pytest.approx(15.0)
    assert np.allclose(scan.slice_distances_mm, 5 * np.cos(np.radians(15)))


def test_a_turned_head_keeps_its_distances_and_turns_by_the_stated_angle(case: Case) -> None:
    x, y, _ = centre_mm(case)
    right = centre_mm(turned(30.0, case))
    assert np.hypot(*right[:2]) == pytest.approx(np.hypot(x, y), abs=0.6)
    assert right[1] < y  # the face goes to the right, the left side to the front
    assert centre_mm(flipped(case))[0] == pytest.approx(-x, abs=2.1)  # the image's middle is a pixel off the head's
    low, high = centre_mm(nodded(10.0, labelled(front(case), case.scan))), centre_mm(labelled(front(case), case.scan))
    assert low[2] < high[2] - 5  # the chin goes down


def front(case: Case) -> np.ndarray:
    """A cube near the forehead."""
    mask = np.zeros_like(case.mask)
    mask[10:14, 15:22, 45:55] = True
    return mask


def test_slices_whose_hemorrhage_is_cut_off_lose_their_labels(case: Case) -> None:
    mask = np.zeros_like(case.mask)
    left = int(np.flatnonzero((case.scan.voxels[10] > 0).any(axis=0))[-1])
    mask[10, 48:52, left - 2 : left] = True
    found = cut_off(10.0, labelled(mask, case.scan))
    assert not found.mask.any()
    assert not found.positive.any()
    columns = np.flatnonzero((found.scan.voxels[10] > 0).any(axis=0))
    assert columns[-1] == case.mask.shape[2] - 1  # the head reaches the border


def test_images_lose_values_outside_their_window(case: Case) -> None:
    scan = gray_images(GrayWindow(40, 80), case).scan
    assert scan.voxels.dtype == np.uint8
    assert (scan.hu.min(), scan.hu.max()) == (0, 80)


def test_noise_has_the_stated_strength_and_is_the_same_in_every_call(case: Case) -> None:
    hu = case.scan.hu
    for noise in (ct_noise, white_noise):
        added = noise(20.0, case, 51).scan.hu - hu
        assert added.std() == pytest.approx(20, rel=0.01)
        assert np.array_equal(added, noise(20.0, case, 51).scan.hu - hu)
        assert not np.array_equal(added, noise(20.0, case, 52).scan.hu - hu)
        assert abs(np.corrcoef(added[0].ravel(), added[1].ravel())[0, 1]) < 0.05
        assert noise_hu(noise(20.0, case, 51)) == pytest.approx(20, rel=0.15)
    assert noise_hu(case) == 0


def test_ct_noise_reaches_pixels_that_white_noise_does_not() -> None:
    scan = synthetic_head(n=3, size=256, pixel_mm=(0.4, 0.4), distances_mm=5.0, blood_at_mm=None)
    flat = replace(scan, voxels=np.full(scan.voxels.shape, 35.0, np.float32))
    fine = labelled(np.zeros(flat.voxels.shape, bool), flat)
    assert noise_hu(ct_noise(10.0, fine, 0)) > 1.5 * noise_hu(white_noise(10.0, fine, 0))
    noisy = white_noise(5.0, fine, 0)
    assert noise_hu(smooth_kernel(0.7, noisy)) < noise_hu(noisy) < noise_hu(sharp_kernel(0.7, 2.0, noisy))


def test_a_scan_of_unknown_geometry_is_refused() -> None:
    scan = synthetic_head(n=3, known_spacing=False)
    unknown = labelled(np.zeros(scan.voxels.shape, bool), scan)
    with pytest.raises(ValueError, match="known pixel size"):
        turned(15.0, unknown)
    with pytest.raises(ValueError, match="known position"):
        thickness(1.0, unknown)
