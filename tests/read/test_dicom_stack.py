"""One stack of slices, in anatomical order, whatever the series holds besides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ichor.errors import UnreadableInput
from ichor.read import dicom
from ichor.read.base import ReadOptions
from ichor.scan import Scan
from synthetic_dicom import Change, ct_slices, hu_of_head, save, store, synthetic_series

HU = hu_of_head()


def read(path: Path) -> Scan:
    return dicom.read(path, ReadOptions())


def mentions(scan: Scan, text: str) -> bool:
    return any(text in warning for warning in scan.warnings)


def tilted(degrees: float) -> tuple[float, ...]:
    """Image Orientation (Patient) of slices whose normal leans to posterior."""
    angle = np.radians(degrees)
    return (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(-np.sin(angle)))


@pytest.mark.parametrize("degrees", [-30.0, -12.0, 8.5, 20.0, 35.0])
def test_gantry_tilt(tmp_path: Path, degrees: float) -> None:
    scan = read(synthetic_series(tmp_path, orientation=tilted(degrees)))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.tilt_deg == pytest.approx(degrees, abs=0.01)
    assert scan.slice_distances_mm is not None
    np.testing.assert_allclose(scan.slice_distances_mm, 5 * np.cos(np.radians(degrees)))


@pytest.mark.parametrize(
    ("name", "orientation"),
    [
        ("prone", (-1, 0, 0, 0, -1, 0)),
        ("feet first", (-1, 0, 0, 0, 1, 0)),
        ("rows upside down", (1, 0, 0, 0, -1, 0)),
        ("turned by 90 degrees", (0, 1, 0, -1, 0, 0)),
        ("turned in plane", (np.cos(0.3), np.sin(0.3), 0, -np.sin(0.3), np.cos(0.3), 0)),
    ],
)
def test_every_orientation_stays_on_its_own_grid(tmp_path: Path, name: str, orientation: tuple[float, ...]) -> None:
    scan = read(synthetic_series(tmp_path, orientation=orientation))
    np.testing.assert_array_equal(scan.voxels, HU)
    np.testing.assert_allclose(scan.orientation[0].ravel(), orientation, atol=1e-6)
    assert scan.tilt_deg == 0


def test_slices_acquired_from_the_top_down(tmp_path: Path) -> None:
    scan = read(synthetic_series(tmp_path, HU[::-1], places=[-5.0 * k for k in range(8)]))
    np.testing.assert_array_equal(scan.voxels, HU)


def test_uneven_spacing_and_thickness_in_one_series(tmp_path: Path) -> None:
    """Thin slices through the skull base and thick ones above are one stack without a gap."""
    places = [0, 2.5, 5, 7.5, 8.5, 15.5, 22.5, 29.5]

    def change(one: Dataset, k: int) -> None:
        one.SliceThickness = 2.5 if k < 4 else 7
        one.AcquisitionNumber = k + 1

    scan = read(synthetic_series(tmp_path, places=places, change=change))
    np.testing.assert_array_equal(scan.voxels, HU)
    np.testing.assert_allclose(scan.slice_positions_mm, places)
    assert scan.thickness_mm is not None
    assert scan.thickness_mm.tolist() == [2.5] * 4 + [7] * 4
    assert scan.warnings == ()


def test_unknown_thickness(tmp_path: Path) -> None:
    def change(one: Dataset, k: int) -> None:
        del one.SliceThickness

    assert read(synthetic_series(tmp_path, change=change)).thickness_mm is None


def test_missing_slices_are_reported(tmp_path: Path) -> None:
    slices = ct_slices()
    scan = read(save(slices[:3] + slices[5:], tmp_path))
    assert scan.n_slices == 6
    assert scan.warnings == ("About 2 slices missing between slices 3 and 4: 15.0 mm apart.",)


def test_the_same_file_twice(tmp_path: Path) -> None:
    slices = ct_slices()
    save(slices, tmp_path / "one")
    save(slices[2:4], tmp_path / "two")
    scan = read(tmp_path)
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.warnings == ("2 slices left out: duplicates of the same SOP instance.",)


def test_the_same_pixels_under_another_uid(tmp_path: Path) -> None:
    slices = ct_slices()
    copies = ct_slices(series_uid=slices[0].SeriesInstanceUID)[:3]
    scan = read(save([*slices, *copies], tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.warnings == ("3 slices left out: identical pixels at the same position.",)


def second_pass(**header: object) -> Change:
    def change(one: Dataset, k: int) -> None:
        for keyword, value in header.items():
            setattr(one, keyword, value)

    return change


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}),
        ({"AcquisitionTime": "101500"}, {"AcquisitionTime": "102230.5"}),
        ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}),
        (
            {"AcquisitionTime": "101500"},
            {"AcquisitionTime": "102500", "ContrastBolusAgent": "Iomeprol", "AcquisitionNumber": 2},
        ),
    ],
)
@pytest.mark.parametrize("shift", [0.0, 1.3])
def test_two_acquisitions_in_one_series(
    tmp_path: Path, first: dict[str, object], second: dict[str, object], shift: float
) -> None:
    """The first is kept; so it is where the table came back 1.3 mm off, and no two slices share a place."""
    uid = generate_uid()
    a = ct_slices(series_uid=uid, change=second_pass(**first))
    b = ct_slices(HU + 7, series_uid=uid, places=[5.0 * k + shift for k in range(8)], change=second_pass(**second))
    scan = read(save(b + a, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert len(scan.warnings) == 1
    assert mentions(scan, "more than one acquisition of the same part, distinguished by")
    assert mentions(scan, "8 slices kept, 8 left out.")


def test_the_acquisition_with_most_slices_is_kept(tmp_path: Path) -> None:
    uid = generate_uid()
    a = ct_slices(series_uid=uid)[:6]
    b = ct_slices(HU + 7, series_uid=uid, change=second_pass(AcquisitionNumber=2))
    np.testing.assert_array_equal(read(save(a + b, tmp_path)).voxels, HU + 7)


def test_two_reconstructions_in_one_series(tmp_path: Path) -> None:
    uid = generate_uid()
    a = ct_slices(series_uid=uid, change=second_pass(ConvolutionKernel="H31s"))
    b = ct_slices(HU + 7, series_uid=uid, change=second_pass(ConvolutionKernel="H60s", ContentTime="120000"))
    scan = read(save(a + b, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert mentions(scan, "distinguished by kernel")


def test_passes_that_only_the_time_of_each_slice_distinguishes(tmp_path: Path) -> None:
    """Every slice with an acquisition number of its own, as table-stepping scanners write: ge-head's way."""
    uid = generate_uid()

    def stepped(start: int) -> Change:
        def change(one: Dataset, k: int) -> None:
            one.AcquisitionNumber = start + k
            one.ContentTime = f"10{start + k:02d}00"

        return change

    a = ct_slices(series_uid=uid, change=stepped(1))
    b = ct_slices(HU + 7, series_uid=uid, change=stepped(21))
    scan = read(save(b + a, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.warnings == ("8 slices left out: repeated acquisitions at the position of an earlier slice.",)


def test_one_slice_acquired_again(tmp_path: Path) -> None:
    uid = generate_uid()
    a = ct_slices(series_uid=uid, change=second_pass(ContentTime="100000"))
    again = ct_slices(HU + 7, series_uid=uid, change=second_pass(ContentTime="100500", AcquisitionNumber=2))[3:4]
    scan = read(save(a + again, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert mentions(scan, "1 slice left out: repeated acquisition")


def test_other_sizes_and_orientations_in_the_series_are_excluded(tmp_path: Path) -> None:
    uid = generate_uid()
    a = ct_slices(series_uid=uid)
    other_size = ct_slices(HU[:, :-4], series_uid=uid)[:2]
    other_tilt = ct_slices(series_uid=uid, orientation=tilted(10))[:3]
    other_pixels = ct_slices(series_uid=uid, change=second_pass(PixelSpacing=[0.4, 0.4]))[:1]
    scan = read(save(a + other_size + other_tilt + other_pixels, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.warnings == (
        "6 slices of the series left out: their size, orientation or pixel size differs from that of the largest "
        "stack, 8 slices.",
    )


def test_orientations_that_differ_by_rounding_are_one_stack(tmp_path: Path) -> None:
    def change(one: Dataset, k: int) -> None:
        one.ImageOrientationPatient = [1, 0, 0, 0, 0.98500 + (k % 2) * 1e-5, -0.17255]

    scan = read(synthetic_series(tmp_path, change=change))
    np.testing.assert_array_equal(scan.voxels, HU)


def test_a_localizer_within_the_series_is_excluded(tmp_path: Path) -> None:
    slices = ct_slices()
    slices[0].ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scan = read(save(slices, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU[1:])
    assert scan.warnings == ("1 image of the series left out: localizer.",)


def test_a_truncated_file_is_excluded_and_named(tmp_path: Path) -> None:
    folder = save(ct_slices(), tmp_path, names=[f"{k}.dcm" for k in range(8)])
    for name, keep in (("0.dcm", 0.8), ("7.dcm", 0.1)):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(len(whole) * keep)])
    scan = read(folder)
    np.testing.assert_array_equal(scan.voxels, HU[1:7])
    assert mentions(scan, "0.dcm: expected 2880 bytes of pixel data, found ")
    assert mentions(scan, "7.dcm: the file is truncated or damaged; ignored.")


def test_too_few_slices_left(tmp_path: Path) -> None:
    folder = save(ct_slices()[:5], tmp_path)
    whole = (folder / "I0002").read_bytes()
    (folder / "I0002").write_bytes(whole[:-100])
    with pytest.raises(
        UnreadableInput, match=r"expected at least 5 readable slices, found 4; I0002: expected .* bytes"
    ):
        read(folder)


def test_positions_that_are_missing(tmp_path: Path) -> None:
    def change(one: Dataset, k: int) -> None:
        del one.ImagePositionPatient

    with pytest.raises(UnreadableInput, match="no slice positions"):
        read(synthetic_series(tmp_path, change=change))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0]),
        ("ImagePositionPatient", [0, 0]),
        ("PixelSpacing", [0, 0]),
    ],
)
def test_geometry_that_makes_no_sense(tmp_path: Path, keyword: str, value: list[float]) -> None:
    with pytest.raises(UnreadableInput, match=r"no slice positions|no pixel spacing"):
        read(synthetic_series(tmp_path, change=second_pass(**{keyword: value})))


def test_slices_of_more_than_one_pixel_format(tmp_path: Path) -> None:
    def change(one: Dataset, k: int) -> None:
        if k % 2:
            one.RescaleIntercept = 0
            store(one, HU[k], bits=16, signed=True)

    np.testing.assert_array_equal(read(synthetic_series(tmp_path, change=change)).voxels, HU)
