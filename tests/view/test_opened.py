"""The scan and mask of a result, found and read again, and turned as the page shows them."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.formats.nifti import write_labels, write_probability
from ichor.formats.nifti_back import read_on_grid
from ichor.orientation import to_radiological
from ichor.read import ScanPath, open_scan
from ichor.view.opened import Opened, open_result
from ichor.view.results import find_results
from synthetic_scans import FEET_FIRST, PRONE, TRANSPOSED, synthetic_head, write_synthetic_nifti
from view.result_files import save_result, write_result


def opened(folder: Path, *given: Path) -> Opened:
    (listed,) = find_results([folder])
    return open_result(listed, [ScanPath(one) for one in given])


SMALL: dict[str, Any] = {"n": 6, "size": 40, "pixel_mm": (5.0, 6.0), "distances_mm": 20.0}


@pytest.mark.parametrize("orientation", [PRONE, FEET_FIRST, TRANSPOSED])
@pytest.mark.parametrize("kind", ["dicom", "nifti"])
def test_a_mask_comes_back_as_it_was_written(tmp_path: Path, kind: str, orientation: np.ndarray) -> None:
    if kind == "nifti":
        path = write_synthetic_nifti(tmp_path / "x.nii.gz", **SMALL, orientation=orientation, tilt_deg=8.0)
        scan = open_scan(path)
    else:
        scan = synthetic_head(**SMALL, orientation=orientation, kind="dicom")
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 6, scan.voxels.shape).astype(np.uint8)
    write_labels(labels, scan, tmp_path / "mask.nii.gz")
    assert np.array_equal(read_on_grid(tmp_path / "mask.nii.gz", scan), labels)
    chances = rng.random(scan.voxels.shape).astype(np.float32)
    write_probability(chances, scan, tmp_path / "probability.nii.gz")
    assert np.abs(read_on_grid(tmp_path / "probability.nii.gz", scan) - chances).max() < 1e-4


GEOMETRIES: list[dict[str, Any]] = [
    {"tilt_deg": 15.0},
    {"orientation": PRONE},
    {"orientation": FEET_FIRST, "tilt_deg": -10.0},
    {"orientation": TRANSPOSED, "pixel_mm": (3.0, 2.5)},
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_page_gets_the_position_of_each_voxel_in_the_patient(tmp_path: Path, geometry: dict[str, Any]) -> None:
    at = np.array([38.0, 10.0, 60.0])
    one = opened(write_result(tmp_path / "out", n=12, blood_at_mm=tuple(at), **geometry))
    told = one.geometry()
    assert one.labels is not None and told["known"]
    k, i, j = np.nonzero(one.labels)
    origins, rows, columns = (np.array(told[name]) for name in ("origins", "along_rows", "along_columns"))
    row_mm, column_mm = told["pixel_mm"]
    places = origins[k] + i[:, None] * row_mm * rows + j[:, None] * column_mm * columns
    assert np.abs(places.mean(axis=0) - at).max() < 5
    # In the radiological convention columns go to the patient's left and rows to the back.
    assert columns[0] > 0.9 and rows[1] > 0.9


def test_lesions_are_numbered_as_in_the_findings(tmp_path: Path) -> None:
    one = opened(write_result(tmp_path / "out"))
    assert one.listed.findings is not None and one.lesion_of is not None
    for number, lesion in enumerate(one.listed.findings.hemorrhage.lesions, 1):
        here = one.lesion_of == number
        assert here.sum() == lesion.volume_px and here.any(axis=(1, 2)).argmax() == lesion.slices[0]
    hu = one.hu()
    assert hu.dtype == np.dtype("<i2") and np.array_equal(hu, to_radiological(one.scan.voxels, one.scan))
    probability = one.probability()
    assert probability is not None and probability[one.labels > 0].min() > 200


def test_lesions_that_findings_list_in_another_order_than_their_voxels_are_found(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out")
    (listed,) = find_results([folder])
    assert listed.findings is not None
    (lesion,) = listed.findings.hemorrhage.lesions
    one = opened(folder)
    assert one.labels is not None
    # A larger region on other slices, which the findings list second, as they do where its slices are thinner.
    labels = one.labels.copy()
    labels[lesion.slices[1] + 2 :, :30, :] = 1
    larger = int((labels > 0).sum()) - lesion.volume_px
    assert larger > lesion.volume_px
    span = (lesion.slices[1] + 2, len(labels) - 1)
    second = lesion.model_copy(update={"volume_px": larger, "slices": span})
    hemorrhage = listed.findings.hemorrhage.model_copy(update={"lesions": (lesion, second)})
    findings = listed.findings.model_copy(update={"hemorrhage": hemorrhage})
    both = Opened(replace(listed, findings=findings), one.scan, labels)
    assert both.lesion_of is not None
    assert [int((both.lesion_of == number).sum()) for number in (1, 2)] == [lesion.volume_px, larger]


def test_a_scan_that_moved_or_was_not_named(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out")
    moved = (tmp_path / "head.nii.gz").rename(tmp_path / "other.nii.gz")
    with pytest.raises(UnreadableInput, match="found nothing at that path; give its location with --scan PATH"):
        opened(folder)
    assert opened(folder, moved).scan.n_slices == 12
    unnamed = write_result(tmp_path / "out", "unnamed", with_path=False)
    with pytest.raises(UnreadableInput, match="does not say where its scan is; give"):
        opened(unnamed)
    assert opened(unnamed, moved, tmp_path / "unnamed.nii.gz").scan.n_slices == 12


def test_another_scan_is_refused(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out")
    other = write_synthetic_nifti(tmp_path / "short.nii.gz", n=5, size=64)
    with pytest.raises(UnreadableInput, match="12 slices of 64 x 64 pixels, found 5 slices"):
        opened(folder, other)


@pytest.mark.parametrize("damage", ["garbage", "cut", "another size", "other lesions"])
def test_a_damaged_mask_is_refused(tmp_path: Path, damage: str) -> None:
    folder = write_result(tmp_path / "out")
    mask = folder / "mask.nii.gz"
    if damage == "garbage":
        mask.write_bytes(b"no mask")
    elif damage == "cut":
        mask.write_bytes(gzip.compress(gzip.decompress(mask.read_bytes())[:2000]))
    elif damage == "another size":
        mask.write_bytes((write_result(tmp_path / "out", "six", n=6) / "mask.nii.gz").read_bytes())
    else:
        write_labels(np.ones((12, 64, 64), np.uint8), open_scan(tmp_path / "head.nii.gz"), mask)
    with pytest.raises(UnreadableInput, match=r"mask\.nii\.gz: expected"):
        assert opened(folder).lesion_of is not None


def test_a_scan_of_unknown_spacing_is_shown_and_reported(tmp_path: Path) -> None:
    scan = synthetic_head(n=6, size=32, pixel_mm=(6.4, 6.4), distances_mm=20.0, known_spacing=False, kind="images")
    folder = save_result(scan, tmp_path / "gone", tmp_path / "out" / "x")
    (listed,) = find_results([folder])
    told = Opened(listed, scan, None).geometry()
    assert not told["known"] and told["pixel_mm"] == [0.45, 0.45]
