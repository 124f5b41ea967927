"""A head in two series is read whole; slices that are left out, or lie askew, are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from demo_series import between, change, demo_slices, hu_of, new_series
from ichor.anatomy.head import find_head
from ichor.errors import UnreadableInput
from ichor.findings.checks.check import failed_checks
from ichor.findings.checks.kinds import InputCheck
from ichor.formats.nifti import grid_warnings
from ichor.read import ReadOptions, dicom
from ichor.scan import Scan
from synthetic_dicom import save

Slices = list[pydicom.FileDataset]


def read(folder: Path) -> Scan:
    return dicom.read(folder, ReadOptions())


def voxels(slices: Slices) -> np.ndarray:
    return np.stack([hu_of(one) for one in sorted(slices, key=lambda one: float(one.ImagePositionPatient[2]))])


def is_told_incomplete(scan: Scan) -> bool:
    return InputCheck.INCOMPLETE in {one.kind for one in failed_checks(scan, find_head(scan))}


def mentions(scan: Scan, text: str) -> bool:
    return any(text in warning for warning in scan.warnings)


def parts(at: int = 6, **header: Any) -> tuple[Slices, Slices]:
    """Skull base and vault as two series; what is said of the header is the vault's."""
    slices = demo_slices()
    base, vault = slices[:at], slices[at:]
    new_series(vault)
    for one in vault:
        change(one, SeriesNumber=3, **header)
    return base, vault


def shifted(slices: Slices, *mm: float) -> Slices:
    for one in slices:
        one.ImagePositionPatient = [float(a) + b for a, b in zip(one.ImagePositionPatient, mm, strict=True)]
    return slices


class TestJoined:
    @pytest.mark.parametrize("at", [2, 6, 11])
    def test_skull_base_and_vault(self, tmp_path: Path, at: int) -> None:
        """Also where one of them alone has too few slices to be read."""
        base, vault = parts(at)
        save(base + vault, tmp_path)
        scan = read(tmp_path)
        np.testing.assert_array_equal(scan.voxels, voxels(base + vault))
        assert mentions(scan, f"The head is divided into 2 series, which were joined: {at} and {13 - at} slices.")
        assert scan.missing_slices == 0
        (found,) = dicom.inspect(tmp_path, ReadOptions()).series
        assert found.n_slices == 13
        assert {found.uid, *found.joined_uids} == {base[0].SeriesInstanceUID, vault[0].SeriesInstanceUID}
        assert scan.source.instance_uids == tuple(one.SOPInstanceUID for one in base + vault)

    def test_thin_base_and_thick_vault(self, tmp_path: Path) -> None:
        base, vault = parts(7)
        thin = between(base, 2)
        for one in thin:
            one.ConvolutionKernel = "H31s"
        for one in vault:
            one.ConvolutionKernel = "H30s"
        save(thin + vault, tmp_path)
        scan = read(tmp_path)
        assert scan.n_slices == 12 + 6
        assert scan.slice_distances_mm is not None
        assert set(scan.slice_distances_mm.round(2)) == {2.5, 7.5, 5.0}  # `between` ends before its last slice

    def test_parts_that_overlap(self, tmp_path: Path) -> None:
        slices = demo_slices()
        base, vault = slices[:7], demo_slices()[6:]
        save(base + vault, tmp_path)
        scan = read(tmp_path)
        np.testing.assert_array_equal(scan.voxels, voxels(slices))
        assert mentions(scan, "1 slice left out: where the joined series overlap, slices of the lower one are kept.")

    def test_each_kernel_is_joined_with_its_own(self, tmp_path: Path) -> None:
        base, vault = parts()
        bone = [*demo_slices(ConvolutionKernel="H60s")]
        new_series(bone[6:])
        save(base + vault + bone, tmp_path)
        np.testing.assert_array_equal(read(tmp_path).voxels, voxels(base + vault))
        found = dicom.inspect(tmp_path, ReadOptions()).series
        assert [(one.rank, one.n_slices) for one in found] == [(1, 13), (2, 13)]

    def test_only_a_requested_part_is_read(self, tmp_path: Path) -> None:
        base, vault = parts()
        save(base + vault, tmp_path)
        options = ReadOptions(series_uid=vault[0].SeriesInstanceUID)
        np.testing.assert_array_equal(dicom.read(tmp_path, options).voxels, voxels(vault))

    @pytest.mark.parametrize(
        ("unlike", "why"),
        [
            ({"PixelSpacing": [1.0, 1.0]}, "a different size, pixel size or orientation"),
            ({"ImageOrientationPatient": [1, 0, 0, 0, 0.9848, 0.1736]}, "a different size, pixel size or orientation"),
            ({"FrameOfReferenceUID": "1.2.3"}, "different frames of reference"),
            ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}, "one of them is derived from other images"),
        ],
    )
    def test_parts_that_do_not_fit_are_reported_and_not_joined(
        self, tmp_path: Path, unlike: dict[str, Any], why: str
    ) -> None:
        base, vault = parts(**unlike)
        save(base + vault, tmp_path)
        scan = read(tmp_path)
        assert scan.n_slices == 7
        assert mentions(scan, "6 slices of another series seem to show the rest of the head and were not joined")
        assert mentions(scan, why)
        assert scan.missing_slices >= 6
        assert is_told_incomplete(scan)

    @pytest.mark.parametrize(("mm", "why"), [((0, 0, 30), "35 mm apart"), ((12, 0, 0), "12 mm to the side")])
    def test_parts_in_other_places_are_not_joined(self, tmp_path: Path, mm: tuple[float, ...], why: str) -> None:
        base, vault = parts()
        save(base + shifted(vault, *mm), tmp_path)
        scan = read(tmp_path)
        assert mentions(scan, why) and is_told_incomplete(scan)

    @pytest.mark.parametrize("other", [{"ContrastBolusAgent": "Iomeprol"}, {"ConvolutionKernel": "H60s"}])
    def test_another_kind_of_series_is_not_a_part(self, tmp_path: Path, other: dict[str, Any]) -> None:
        base, vault = parts(7, **other)
        save(base + vault, tmp_path)
        np.testing.assert_array_equal(read(tmp_path).voxels, voxels(base))

    def test_a_neck_below_a_whole_head_is_not_part_of_a_head(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for k, one in enumerate(slices):
            one.ImagePositionPatient, one.SliceThickness = [-107.0, -107.0, 12.0 * k], 5
        neck = demo_slices()
        for k, one in enumerate(neck):
            one.ImagePositionPatient, one.SliceThickness = [-107.0, -107.0, 12.0 * (k - 13)], 5
        save(slices + neck, tmp_path)
        assert read(tmp_path).n_slices == 13

    def test_parts_that_are_too_few_together(self, tmp_path: Path) -> None:
        base, vault = parts(2)
        save(base + vault[:2], tmp_path)
        with pytest.raises(UnreadableInput, match=r"too few slices \(4; at least 5\)"):
            read(tmp_path)

    def test_two_halves_of_two_patients_are_two_scans(self, tmp_path: Path) -> None:
        base, vault = parts(PatientID="B")
        save(base + vault, tmp_path)
        with pytest.raises(UnreadableInput, match="found 2 studies or patients"):
            read(tmp_path)


class TestLeftOut:
    @pytest.mark.parametrize("turn", [0.0005, 0.003, 0.004])
    def test_orientations_that_jitter_are_one_stack(self, tmp_path: Path, turn: float) -> None:
        slices = demo_slices()
        for k, one in enumerate(slices):
            one.ImageOrientationPatient = [1, turn * (k % 3), 0, 0, 1, 0]
        save(slices, tmp_path)
        scan = read(tmp_path)
        np.testing.assert_array_equal(scan.voxels, voxels(slices))
        assert scan.missing_slices == 0
        np.testing.assert_allclose(scan.orientation[1, 0], [1, turn, 0], atol=1e-4)

    def test_pixel_sizes_that_jitter_are_one_stack(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for k, one in enumerate(slices):
            one.PixelSpacing = [1.32 + 0.001 * (k % 2)] * 2
        assert read(save(slices, tmp_path)).n_slices == 13

    @pytest.mark.parametrize("n_turned", [1, 3, 5])
    def test_excluded_slices_are_mentioned_after_the_verdict(self, tmp_path: Path, n_turned: int) -> None:
        slices = demo_slices()
        for one in slices[3 : 3 + n_turned]:
            one.ImageOrientationPatient = [1, 0, 0, 0, 0.9848, 0.1736]
        scan = read(save(slices, tmp_path))
        assert scan.missing_slices == n_turned
        assert is_told_incomplete(scan)

    def test_a_series_with_most_slices_excluded_is_refused(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for k, one in enumerate(slices):
            angle = np.radians(4 * (k % 3))
            cos, sin = float(np.cos(angle)), float(np.sin(angle))
            one.ImageOrientationPatient = [cos, sin, 0, -sin, cos, 0]
        with pytest.raises(UnreadableInput, match=r"expected most slices of the series to fit together, found 5 of 1"):
            read(save(slices, tmp_path))

    def test_missing_slices_are_mentioned_after_the_verdict(self, tmp_path: Path) -> None:
        slices = demo_slices()
        scan = read(save(slices[:5] + slices[7:], tmp_path))
        assert scan.missing_slices == 2
        assert is_told_incomplete(scan)

    def test_one_slice_of_many_is_only_a_warning(self, tmp_path: Path) -> None:
        slices = between(demo_slices(), 2)
        scan = read(save(slices[:9] + slices[10:], tmp_path))
        assert scan.missing_slices == 1
        assert not is_told_incomplete(scan)
        assert mentions(scan, "About 1 slice missing between slices 9 and 10")

    def test_a_second_plane_in_the_series_that_shows_the_same_is_not_missed(self, tmp_path: Path) -> None:
        slices = demo_slices()
        again = demo_slices(
            SeriesInstanceUID=slices[0].SeriesInstanceUID, ImageOrientationPatient=[1, 0.05, 0, -0.05, 1, 0]
        )
        scan = read(save(slices + again[:9], tmp_path))
        assert scan.n_slices == 13
        assert scan.missing_slices == 0


class TestStepsToTheSide:
    @pytest.mark.parametrize("at", [1, 7, 12])
    @pytest.mark.parametrize("mm", [(12.0, 0.0, 0.0), (0.0, -25.0, 0.0)])
    def test_a_step_is_reported_and_not_taken_for_a_tilt(self, tmp_path: Path, at: int, mm: tuple[float, ...]) -> None:
        slices = demo_slices()
        shifted(slices[at:], *mm)
        scan = read(save(slices, tmp_path))
        assert scan.tilt_deg == 0
        assert mentions(
            scan, f"Slices from {at + 1} on are shifted {max(map(abs, mm)):.0f} mm sideways from those below"
        )
        assert any("sideways" in warning for warning in grid_warnings(scan))

    def test_a_tilted_gantry_takes_no_steps(self, tmp_path: Path) -> None:
        slices = demo_slices(ImageOrientationPatient=[1, 0, 0, 0, float(np.cos(0.3)), float(-np.sin(0.3))])
        scan = read(save(slices, tmp_path))
        assert scan.tilt_deg == pytest.approx(np.degrees(0.3), abs=0.01)
        assert not mentions(scan, "sideways")

    def test_a_tilted_gantry_and_a_step(self, tmp_path: Path) -> None:
        slices = demo_slices(ImageOrientationPatient=[1, 0, 0, 0, float(np.cos(0.3)), float(-np.sin(0.3))])
        shifted(slices[6:], 12, 0, 0)
        scan = read(save(slices, tmp_path))
        assert scan.tilt_deg == pytest.approx(np.degrees(0.3), abs=0.01)
        assert mentions(scan, "Slices from 7 on are shifted 12 mm sideways")

    def test_a_table_that_slides_evenly_is_a_tilt(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for k, one in enumerate(slices):
            shifted([one], 0, 1.0 * k, 0)
        assert abs(read(save(slices, tmp_path)).tilt_deg or 0) == pytest.approx(np.degrees(np.arctan(0.2)), abs=0.01)


def test_two_studies_of_one_patient_are_never_joined(tmp_path: Path) -> None:
    base, vault = parts(StudyInstanceUID=generate_uid())
    save(base + vault, tmp_path)
    with pytest.raises(UnreadableInput, match="found 2 studies or patients"):
        read(tmp_path)
