"""Lengths and volumes, compared with known shapes and with independent implementations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from skimage.measure import regionprops

from ichor.anatomy.head import find_head
from ichor.findings.lesion_subtypes import mean_probabilities, subtype_and_alternative, subtype_areas_px
from ichor.findings.measurements import MOST_LESIONS, abc2_height_mm, diameters_mm, lesions
from ichor.scan import Scan, Source
from ichor.subtypes import Subtype
from synthetic_scans import FEET_FIRST, PRONE, SUPINE, TRANSPOSED, synthetic_head

UNIT = np.array([1.0, 1.0])


def ellipse(a: float, b: float, angle_deg: float = 0.0, pixel_mm: np.ndarray = UNIT) -> np.ndarray:
    """Pixels whose centre lies in an ellipse of half axes a and b mm."""
    size = 2 * int(max(a, b) / pixel_mm.min()) + 9
    rows, columns = ((np.arange(size) - size // 2) * step for step in pixel_mm)
    angle = np.radians(angle_deg)
    along = columns[None] * np.cos(angle) + rows[:, None] * np.sin(angle)
    across = -columns[None] * np.sin(angle) + rows[:, None] * np.cos(angle)
    return (along / a) ** 2 + (across / b) ** 2 <= 1


def stack(mask: np.ndarray, *, spacing: float = 5.0, pixel_mm: float = 1.0) -> Scan:
    """A scan around a mask, without a head."""
    n = len(mask)
    return Scan(
        voxels=np.full(mask.shape, -1000, np.int16),
        source=Source("nifti", Path("made")),
        pixel_mm=np.full((n, 2), pixel_mm),
        positions_mm=np.arange(n)[:, None] * np.array([0, 0, spacing]),
        thickness_mm=np.full(n, spacing),
    )


@pytest.mark.parametrize("rows, columns", [(1, 1), (1, 7), (30, 40), (12, 5)])
def test_diameters_of_a_rectangle(rows: int, columns: int) -> None:
    pixels = np.pad(np.ones((rows, columns), bool), 3)
    height, width = rows * 0.5, columns * 0.8
    diagonal = np.hypot(height, width)
    long, short = max(height, width), min(height, width)
    a, b = diameters_mm(pixels, np.array([0.5, 0.8]))
    assert a == pytest.approx(diagonal)
    # Across the diagonal the longest line in a rectangle is bounded by its two long sides.
    assert b == pytest.approx(short * diagonal / long)


@pytest.mark.parametrize("angle", [0, 17, 45, 90])
@pytest.mark.parametrize("pixel_mm", [(1.0, 1.0), (0.5, 0.5), (0.4, 0.8)])
def test_diameters_of_an_ellipse(angle: float, pixel_mm: tuple[float, float]) -> None:
    step = np.array(pixel_mm)
    a, b = diameters_mm(ellipse(30, 18, angle, step), step)
    pixel = np.hypot(*step)
    assert a == pytest.approx(60, abs=pixel)
    assert b == pytest.approx(36, abs=1.5 * pixel)


def test_a_disc_is_as_wide_as_it_is_long() -> None:
    a, b = diameters_mm(ellipse(25, 25), UNIT)
    assert a == pytest.approx(50, abs=1.5)
    assert b == pytest.approx(50, abs=1.5)


@pytest.mark.parametrize("seed", range(5))
def test_diameter_agrees_with_simpleitk_and_skimage(seed: int) -> None:
    pixels = np.pad(np.random.default_rng(seed).random((20, 31)) > 0.6, 2)
    a, _ = diameters_mm(pixels, UNIT)
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.ComputeFeretDiameterOn()
    shape.Execute(SimpleITK.GetImageFromArray(pixels.astype(np.uint8)))
    # SimpleITK measures between pixel centres, skimage between the middles of edges, this between corners.
    assert 0.7 < a - shape.GetFeretDiameter(1) <= np.sqrt(2) + 1e-9
    assert 0 <= a - regionprops(pixels.astype(int))[0].feret_diameter_max < 0.72


@pytest.mark.parametrize("seed", range(5))
def test_the_second_diameter_is_the_longest_perpendicular_segment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.pad(rng.random((9, 14)) > 0.7, 1)
    step = np.array([0.5, 0.9])
    a, b = diameters_mm(pixels, step)
    corners = np.concatenate([np.argwhere(pixels) + shift for shift in np.ndindex(2, 2)]) * step
    apart = np.linalg.norm(corners[:, None] - corners, axis=-1)
    assert a == pytest.approx(apart.max())
    start, end = np.argwhere(apart == apart.max())[0]
    along = (corners[end] - corners[start]) / a
    u, v = corners @ along, corners @ np.array([-along[1], along[0]])
    # The hull's height at x by brute force: the best of all segments between two corners that cross x.
    across = []
    for x in np.linspace(u.min() + 1e-6, u.max() - 1e-6, 300):
        i, j = np.nonzero((u[:, None] <= x) & (u > x))
        at = v[i] + (v[j] - v[i]) * (x - u[i]) / (u[j] - u[i])
        across.append(at.max() - at.min())
    assert b == pytest.approx(max(across), rel=0.02)
    assert b >= max(across) - 1e-9


def test_kotharis_weights_depend_on_the_fraction_of_the_largest_area() -> None:
    area = np.array([0, 24, 25, 75, 76, 100])
    assert abc2_height_mm(area, np.full(6, 5.0)) == pytest.approx((0.5 + 0.5 + 1 + 1) * 5)
    assert abc2_height_mm(area, np.array([9, 9, 4, 6, 8, 10.0])) == pytest.approx(2 + 3 + 8 + 10)
    assert abc2_height_mm(area, None) is None


def test_volume_and_abc2_of_an_ellipsoid() -> None:
    scan = synthetic_head(n=40, size=128, pixel_mm=(1.0, 1.0), distances_mm=2.0)
    mask = scan.voxels == 65
    (lesion,) = lesions(mask, scan, find_head(scan)).largest
    true_ml = 4 / 3 * np.pi * 16 * 24 * 20 / 1000
    assert lesion.volume_ml == pytest.approx(true_ml, rel=0.01)
    assert lesion.largest_diameter_mm == pytest.approx(48, abs=1.5)
    assert (lesion.a_mm, lesion.b_mm) == (pytest.approx(48, abs=1.5), pytest.approx(32, abs=2))
    # An ellipsoid's area is over 75 % of its largest up to half its height and 25 % up to sqrt(3) / 2 of it.
    c_mm = 20 * (1 + (np.sqrt(3) - 1) / 2)
    assert lesion.c_mm == pytest.approx(c_mm, abs=1)
    assert lesion.abc2_ml == pytest.approx(48 * 32 * c_mm / 2 / 1000, rel=0.05)
    assert (lesion.side, lesion.centre_slice) == ("left", 30)


def test_volume_and_diameters_do_not_depend_on_orientation() -> None:
    for orientation in (SUPINE, PRONE, FEET_FIRST, TRANSPOSED):
        scan = synthetic_head(orientation=orientation, pixel_mm=(1.2, 1.8), n=30, distances_mm=4.0)
        (lesion,) = lesions(scan.voxels == 65, scan, find_head(scan)).largest
        assert lesion.side == "left"
        assert lesion.volume_ml == pytest.approx(4 / 3 * np.pi * 16 * 24 * 20 / 1000, rel=0.05)
        assert lesion.a_mm == pytest.approx(48, abs=3)


def test_uneven_slices_have_their_own_heights() -> None:
    mask = np.zeros((4, 10, 10), bool)
    mask[:, 2:5, 2:6] = True
    scan = replace(stack(mask), positions_mm=np.array([0, 5, 7, 17.0])[:, None] * np.array([0, 0, 1.0]))
    assert scan.volume_ml(mask.sum(axis=(1, 2))) == pytest.approx(12 * (5 + 3.5 + 6 + 10) / 1000)


def test_a_single_slice_has_the_height_of_its_thickness() -> None:
    mask = np.ones((1, 4, 5), bool)
    (lesion,) = lesions(mask, stack(mask, spacing=4.0), find_head(stack(mask))).largest
    assert lesion.volume_ml == pytest.approx(20 * 4 / 1000)
    assert (lesion.c_mm, lesion.n_slices) == (4.0, 1)


def test_with_unknown_spacing_only_voxels_are_counted() -> None:
    scan = synthetic_head(known_spacing=False)
    (lesion,) = lesions(scan.voxels == 65, scan, find_head(scan)).largest
    assert lesion.volume_px == np.count_nonzero(scan.voxels == 65)
    assert {lesion.volume_ml, lesion.largest_diameter_mm, lesion.a_mm, lesion.c_mm, lesion.abc2_ml} == {None}
    assert lesion.side == "left"


def test_diameters_need_only_the_pixel_size() -> None:
    scan = replace(synthetic_head(), positions_mm=None)
    (lesion,) = lesions(scan.voxels == 65, scan, find_head(scan)).largest
    assert (lesion.volume_ml, lesion.c_mm, lesion.abc2_ml) == (None, None, None)
    assert lesion.largest_diameter_mm == pytest.approx(48, abs=3)


def test_lesions_are_connected_by_corners_and_sorted_by_size() -> None:
    mask = np.zeros((5, 20, 20), bool)
    mask[0, 0:2, 0:2] = mask[1, 2:4, 2:4] = True
    mask[3, 10:15, 10:15] = True
    first, second = lesions(mask, stack(mask), find_head(stack(mask))).largest
    assert (first.volume_px, first.slices, first.side) == (25, (3, 3), None)
    assert (second.volume_px, second.slices) == (8, (0, 1))
    connected = SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(mask.astype(np.uint8)), True)
    assert SimpleITK.GetArrayFromImage(connected).max() == 2


def test_lesions_are_sorted_by_volume_not_by_voxels() -> None:
    mask = np.zeros((5, 20, 20), bool)
    mask[0, 0:5, 0:5] = True  # 25 voxels
    mask[4, 10:14, 10:14] = True  # 16 voxels of a slice ten times as high
    scan = stack(mask)
    assert scan.positions_mm is not None
    heights = np.array([0, 1, 2, 3, 18], float)
    places = scan.positions_mm.copy()
    places[:, 2] = heights
    uneven = replace(scan, positions_mm=places, thickness_mm=None)
    assert [one.volume_px for one in lesions(mask, uneven, find_head(uneven)).largest] == [16, 25]
    assert [one.volume_px for one in lesions(mask, scan, find_head(scan)).largest] == [25, 16]


@pytest.mark.parametrize("x_mm, side", [(-40, "right"), (40, "left"), (0, "midline"), (8, "midline")])
def test_side_is_the_patients_side(x_mm: float, side: str) -> None:
    scan = synthetic_head(blood_at_mm=(x_mm, 0, 60), blood_radii_mm=(12, 12, 12))
    assert lesions(scan.voxels == 65, scan, find_head(scan)).largest[0].side == side


def test_only_the_largest_of_thousands_of_specks_are_measured() -> None:
    mask = np.zeros((4, 200, 200), bool)
    mask[::2, ::3, ::3] = True
    mask[2, 90:92, 90:92] = True
    found = lesions(mask, stack(mask), find_head(stack(mask)))
    assert found.count == 2 * 67 * 67
    assert len(found.largest) == MOST_LESIONS
    assert (found.largest[0].slices, found.largest[0].volume_px) == ((2, 2), 4)


def test_an_empty_mask_has_no_lesions() -> None:
    scan = synthetic_head(blood_at_mm=None)
    found = lesions(np.zeros(scan.voxels.shape, bool), scan, find_head(scan))
    assert (found.count, found.largest, found.labels.any()) == (0, (), False)


def test_a_mask_on_another_grid_is_refused() -> None:
    scan = synthetic_head()
    with pytest.raises(ValueError, match=r"expected a mask .*\(12, .* found \(11, "):
        lesions(np.zeros((11, 128, 128), bool), scan, find_head(scan))


@pytest.mark.parametrize("orientation", [SUPINE, PRONE, FEET_FIRST, TRANSPOSED])
def test_labels_are_on_the_scans_grid(orientation: np.ndarray) -> None:
    scan = synthetic_head(orientation=orientation, n=6, size=64, pixel_mm=(3.0, 3.2), blood_at_mm=None)
    mask = np.zeros(scan.voxels.shape, bool)
    mask[0:2, 20:30, 10:15] = mask[4, 40:44, 50:53] = True
    probability = np.tile([0.2, 0.1, 0.0, 0.0, 0.0], (6, 1))
    probability[4] = [0.3, 0.0, 0.0, 0.4, 0.1]
    found = lesions(mask, scan, find_head(scan), probability)
    assert found.labels.dtype == np.uint8
    assert (found.labels[0:2, 20:30, 10:15] == 1).all() and (found.labels[4, 40:44, 50:53] == 4).all()
    assert np.array_equal(found.labels > 0, mask)
    assert [one.subtype for one in found.largest] == [Subtype.IVH, Subtype.EDH]
    untold = lesions(mask, scan, find_head(scan))
    assert np.array_equal(untold.labels, mask.astype(np.uint8))
    assert {one.subtype for one in untold.largest} == {None}


def test_a_lesions_subtype_is_the_most_probable_weighted_by_area() -> None:
    lesion_of = np.zeros((3, 4, 10), int)
    lesion_of[0, 0, :6] = lesion_of[1, 0, :2] = 1  # 6 and 2 pixels
    lesion_of[1, 3, :5] = lesion_of[2, 3, :5] = 2  # 5 and 5
    probability = np.array([[0, 0.5, 0, 0, 0.4], [0, 0.1, 0, 0, 0.9], [0, 0, 0.95, 0, 0]])
    # The first: IPH (6 x 0.5 + 2 x 0.1) / 8 = 0.4, SDH (6 x 0.4 + 2 x 0.9) / 8 = 0.525; most of it says IPH.
    # The second: SAH 0.475, SDH 0.45.
    means = mean_probabilities(lesion_of, 2, probability)
    assert [subtype_and_alternative(one)[0] for one in means] == [Subtype.SDH, Subtype.SAH]
    # Alike on the very same slices: the first of equals, for both.
    alike = mean_probabilities(lesion_of, 2, np.full((3, 5), 0.3))
    assert [subtype_and_alternative(one) for one in alike] == [(Subtype.IVH, Subtype.IPH)] * 2


@pytest.mark.parametrize(("second", "named"), [(0.0, None), (0.29, None), (0.3, Subtype.SAH), (0.55, Subtype.SAH)])
def test_the_alternative_subtype_is_at_least_half_as_probable(second: float, named: Subtype | None) -> None:
    found = subtype_and_alternative(np.array([0.6, 0.1, second, 0.05, 0.0]))
    assert found == (Subtype.IVH, named)


@pytest.mark.parametrize("seed", range(3))
def test_subtypes_of_many_lesions_agree_with_the_mean_over_voxels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((7, 30, 30)) > 0.93
    probability = rng.random((7, 5))
    found = lesions(mask, stack(mask), find_head(stack(mask)), probability)
    connected = SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(mask.astype(np.uint8)), True)
    lesion_of = SimpleITK.GetArrayFromImage(connected)
    assert lesion_of.max() == found.count > 50
    for number in range(1, found.count + 1):
        voxels = np.nonzero(lesion_of == number)
        assert set(found.labels[voxels]) == {1 + probability[voxels[0]].mean(axis=0).argmax()}
    assert np.array_equal(
        subtype_areas_px(found.labels), [(found.labels == label).sum(axis=(1, 2)) for label in range(1, 6)]
    )


def test_the_head_is_found_next_to_a_table() -> None:
    scan = synthetic_head()
    with_table = scan.voxels.copy()
    with_table[:, -4:, :] = 200
    alone, beside = find_head(scan), find_head(replace(scan, voxels=with_table))
    assert (beside.rows, beside.columns) == (alone.rows, alone.columns)
    assert alone.width[6] == pytest.approx(144 / 1.6, abs=4)
    assert alone.middle_column[6] == pytest.approx(64, abs=1)
