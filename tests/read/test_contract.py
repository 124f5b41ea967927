"""What every reader promises, whatever the format: one scan in anatomical order, or one clear line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from PIL import Image

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, ScanPath, find_scans, inspect, open_scan
from ichor.read.open import READERS
from ichor.scan import Scan
from ichor.windows import BRAIN
from paths import CT_ICH_PART, GE_HEAD_PART
from phantom import bleed, head
from synthetic_video import write_pair


@dataclass(frozen=True)
class Format:
    """One kind of input: who reads it, how a small one is made, and what its scan must say."""

    reader: str
    kind: str
    make: Callable[[Path], Path]  # of an empty folder
    options: ReadOptions = field(default_factory=ReadOptions)
    has_air: bool = True
    is_phantom: bool = True


def nifti(folder: Path) -> Path:
    affine = np.diag([-0.5, -0.5, 5.0, 1.0])
    nib.save(nib.Nifti1Image(head().transpose(2, 1, 0), affine), folder / "head.nii.gz")
    return folder / "head.nii.gz"


def nifti_pair(folder: Path) -> Path:
    nib.save(nib.Nifti1Pair(head().transpose(2, 1, 0), np.diag([-0.5, -0.5, 5.0, 1.0])), folder / "head.hdr")
    return folder / "head.hdr"


def analyze(folder: Path) -> Path:
    """Its rows run to the front, as programs take it."""
    image = nib.AnalyzeImage(head()[:, ::-1].transpose(2, 1, 0), np.diag([-0.5, 0.5, 5.0, 1.0]))
    nib.save(image, folder / "head.hdr")
    return folder / "head.img"


def itk(folder: Path, name: str) -> Path:
    image = SimpleITK.GetImageFromArray(head())
    image.SetSpacing((0.5, 0.5, 5.0))
    SimpleITK.WriteImage(image, str(folder / name), useCompression=True)
    return folder / name


def images(folder: Path) -> Path:
    for k, slice_hu in enumerate(head(), 1):
        Image.fromarray(np.rint(BRAIN.gray(slice_hu)).astype(np.uint8)).save(folder / f"{k}.png")
    return folder


def ct_ich_nifti(folder: Path) -> Path:
    for name, voxels in (("ct_scans", head()), ("masks", bleed().astype(np.uint8))):
        (folder / name).mkdir()
        nib.save(nib.Nifti1Image(voxels.transpose(2, 1, 0), np.diag([-0.5, -0.5, 5, 1])), folder / name / "049.nii")
    for name in ("Patient_demographics.csv", "hemorrhage_diagnosis_raw_ct.csv"):
        (folder / name).write_text("\n")
    return folder / "ct_scans" / "049.nii"


def ct_ich(folder: Path) -> Path:
    return CT_ICH_PART / "Patients_CT" / "049"


def dicom(folder: Path) -> Path:
    return GE_HEAD_PART


def video(folder: Path) -> Path:
    return write_pair(folder, head())


def archive(folder: Path) -> Path:
    shutil.make_archive(str(folder / "scan"), "zip", dicom(folder))
    return folder / "scan.zip"


def tar(folder: Path) -> Path:
    shutil.make_archive(str(folder / "scan"), "gztar", dicom(folder))
    return folder / "scan.tar.gz"


def nested(folder: Path) -> Path:
    """A tar of NIfTI in a zip."""
    inner = folder / "inner"
    (inner / "scan").mkdir(parents=True)
    nifti(inner / "scan")
    shutil.make_archive(str(inner / "scan"), "tar", inner / "scan")
    shutil.rmtree(inner / "scan")
    shutil.make_archive(str(folder / "scan"), "zip", inner)
    return folder / "scan.zip"


SIZES = ReadOptions(pixel_mm=0.5, slice_mm=5.0)
FORMATS = {
    "nifti": Format("nifti", "nifti", nifti),
    "nifti pair": Format("nifti", "nifti", nifti_pair),
    "analyze": Format("nifti", "nifti", analyze),
    "nrrd": Format("nrrd", "nrrd", partial(itk, name="head.nrrd")),
    "nrrd, detached": Format("nrrd", "nrrd", partial(itk, name="head.nhdr")),
    "metaimage": Format("metaimage", "metaimage", partial(itk, name="head.mha")),
    "metaimage, detached": Format("metaimage", "metaimage", partial(itk, name="head.mhd")),
    "images": Format("images", "images", images, has_air=False),
    "images with sizes": Format("images", "images", images, options=SIZES, has_air=False),
    "ct-ich-nifti": Format("ct_ich_nifti", "ct-ich-nifti", ct_ich_nifti),
    "ct-ich 049": Format("ct_ich_jpg", "ct-ich", ct_ich, is_phantom=False),
    "video": Format("video", "video", video, is_phantom=False),
    "video with sizes": Format("video", "video", video, options=SIZES, is_phantom=False),
    "dicom ge-head": Format("dicom", "dicom", dicom, is_phantom=False),
    "zip of ge-head": Format("archive", "dicom", archive, is_phantom=False),
    "tar.gz of ge-head": Format("archive", "dicom", tar, is_phantom=False),
    "tar of nifti in a zip": Format("archive", "nifti", nested),
}


@dataclass(frozen=True)
class Made:
    format: Format
    path: Path
    scan: Scan


@pytest.fixture(scope="module", params=FORMATS, ids=lambda name: name.replace(" ", "-"))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    chosen = FORMATS[request.param]
    path = chosen.make(tmp_path_factory.mktemp("input"))
    return Made(chosen, path, open_scan(path, chosen.options))


def test_every_reader_has_a_format_here() -> None:
    assert {one.reader for one in FORMATS.values()} == set(READERS)


def test_its_own_reader_is_the_first_to_accept_it(made: Made) -> None:
    accepting = [name for name in READERS if import_module(f"ichor.read.{name}").accepts(made.path)]
    assert accepting[0] == made.format.reader


def test_it_is_the_one_scan_at_its_path(made: Made) -> None:
    assert find_scans(made.path) == [ScanPath(made.path)]


def test_next_to_another_scan_each_is_found_and_read_independently(made: Made, tmp_path: Path) -> None:
    if made.format.reader == "archive":
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / made.path.name).symlink_to(made.path)
    else:
        (tmp_path / "a").symlink_to(made.path.parent if made.path.is_file() else made.path, target_is_directory=True)
    (tmp_path / "b").mkdir()
    nifti(tmp_path / "b")
    found = find_scans(tmp_path)
    assert len({str(one) for one in found}) == len(found) == 2
    scan, other = (open_scan(one, made.format.options) for one in found)
    assert (scan.source.kind, other.source.kind) == (made.format.kind, "nifti")
    np.testing.assert_array_equal(scan.voxels, made.scan.voxels)
    assert [one.chosen for one in inspect(found[0], made.format.options).series].count(True) == 1


def test_the_source_says_what_it_was(made: Made) -> None:
    source, n = made.scan.source, made.scan.n_slices
    assert source.kind == made.format.kind
    assert source.path == made.path
    for per_slice in (source.instance_uids, source.frame_numbers):
        assert len(per_slice) == (n if source.kind == "dicom" else 0)
    assert (source.nifti is not None) == (source.kind in ("nifti", "ct-ich-nifti", "nrrd", "metaimage"))


def test_every_array_fits_the_slices(made: Made) -> None:
    scan = made.scan
    n = scan.n_slices
    assert scan.voxels.ndim == 3 and scan.voxels.flags.c_contiguous
    assert scan.voxels.dtype in (np.uint8, np.int16, np.int32, np.float32)
    assert np.isfinite(scan.voxels).all()
    for array, shape in (
        (scan.pixel_mm, (n, 2)),
        (scan.positions_mm, (n, 3)),
        (scan.orientation, (n, 2, 3)),
        (scan.thickness_mm, (n,)),
    ):
        if array is not None:
            assert array.shape == shape
            assert array.dtype == np.float64
            assert np.isfinite(array).all()


def test_slices_rise_from_inferior_to_superior(made: Made) -> None:
    distances = made.scan.slice_distances_mm
    if distances is not None:
        assert distances.shape == (made.scan.n_slices - 1,)
        assert (distances > 0).all() and (distances < 20).all()
    # The vertex is small: the head fills less of the last slice than of the middle one.
    inside = (made.scan.hu > -10).reshape(made.scan.n_slices, -1).mean(axis=1)
    assert inside[-1] < inside[made.scan.n_slices // 2]


def test_directions_are_unit_vectors_towards_left_and_posterior(made: Made) -> None:
    columns, rows = made.scan.orientation[:, 0], made.scan.orientation[:, 1]
    np.testing.assert_allclose(np.linalg.norm(made.scan.orientation, axis=2), 1, atol=1e-5)
    np.testing.assert_allclose((columns * rows).sum(axis=1), 0, atol=1e-3)
    if made.format.kind != "dicom":  # DICOM keeps the direction that it was stored in
        assert (columns[:, 0] > 0.7).all() and (rows[:, 1] > 0.7).all()


def test_lengths_are_known_together_or_said_to_be_unknown(made: Made) -> None:
    scan = made.scan
    if made.format.make in (images, video) and not made.format.options.pixel_mm:
        assert scan.pixel_mm is scan.positions_mm is scan.thickness_mm is scan.spacing_mm is None
        assert any("unknown" in warning for warning in scan.warnings)
        return
    assert scan.spacing_mm is not None and scan.slice_heights_mm is not None
    row, column, height = scan.spacing_mm
    assert 0.2 < row < 1.5 and 0.2 < column < 1.5 and 0.5 < height < 10


def test_air_and_brain_have_their_usual_hu(made: Made) -> None:
    scan = made.scan
    assert (scan.gray_window is None) == (made.format.kind != "images")
    if made.format.has_air:
        # The bone window of ct-ich ends at -900, where its air is clipped.
        assert -1100 <= np.median(scan.hu[:, 0, scan.hu.shape[2] // 2]) <= -880 or scan.hu.min() < -1100
    middle = scan.hu[scan.n_slices // 2]
    rows, columns = (size // 2 for size in middle.shape)
    brain = middle[rows - rows // 4 : rows + rows // 4, columns - columns // 4 : columns + columns // 4]
    assert 10 < np.median(brain) < 60


def test_the_made_head_is_not_flipped(made: Made) -> None:
    if not made.format.is_phantom:
        return
    np.testing.assert_allclose(made.scan.hu, np.clip(head(), *window_ends(made.scan)), atol=0.5)


def window_ends(scan: Scan) -> tuple[float, float]:
    window = scan.gray_window
    return (-np.inf, np.inf) if window is None else (window.lowest_hu, window.highest_hu)


def test_reading_twice_gives_the_same(made: Made) -> None:
    again = open_scan(made.path, made.format.options)
    for name in ("voxels", "pixel_mm", "positions_mm", "orientation", "thickness_mm"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made.scan, name), err_msg=name)
    assert again.warnings == made.scan.warnings
    assert again.gray_window == made.scan.gray_window
    assert again.source.instance_uids == made.scan.source.instance_uids


def test_warnings_are_sentences(made: Made) -> None:
    for warning in made.scan.warnings:
        assert warning[0].isupper() and warning.endswith("."), warning
        assert "\n" not in warning


def test_inspect_agrees_with_what_is_read(made: Made) -> None:
    inspection = inspect(made.path, made.format.options)
    (chosen,) = [one for one in inspection.series if one.chosen]
    scan = made.scan
    assert chosen.n_slices == scan.n_slices
    assert chosen.size == scan.voxels.shape[1:]
    assert chosen.modality == "CT"
    assert chosen.reason
    assert chosen.uid == scan.source.series_uid
    if scan.pixel_mm is None:
        assert chosen.pixel_mm is None
    else:
        assert chosen.pixel_mm == pytest.approx(np.median(scan.pixel_mm, axis=0), abs=1e-3)
    distances = scan.slice_distances_mm
    if distances is None:
        assert chosen.spacing_mm is None
    else:
        assert chosen.spacing_mm == pytest.approx((distances.min(), distances.max()), abs=1e-3)
    assert set(scan.warnings) <= set(inspection.warnings)


def one_line(path: Path) -> str:
    """The one line that reading and inspecting `path` both answer with."""
    said = []
    for ask in (open_scan, inspect):
        with pytest.raises(UnreadableInput) as refusal:
            ask(path)
        said.append(str(refusal.value))
    assert str(path) in said[0]
    assert "expected" in said[0] and "found" in said[0]
    assert all(len(one.splitlines()) == 1 for one in said)
    return said[0]


def test_a_missing_path_is_reported_in_one_line(tmp_path: Path) -> None:
    assert "found nothing at that path" in one_line(tmp_path / "nowhere.nii.gz")


def test_an_empty_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    one_line(tmp_path)


NAMES = ("a.nii", "a.nii.gz", "a.hdr", "a.img", "a.nrrd", "a.nhdr", "a.mha", "a.mhd", "a.zip", "a.tar", "a.tgz")
NAMES += ("a.dcm", "a.png", "a.avi", "brain.avi", "a")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_file_is_reported_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    one_line(tmp_path / name)


@pytest.mark.parametrize("name", NAMES)
def test_other_content_is_reported_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"%PDF-1.7 a letter to the family doctor\n" * 50)
    one_line(tmp_path / name)


def test_a_folder_of_other_files_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "notes.txt").write_text("seen by day\n")
    one_line(tmp_path)


@pytest.mark.parametrize("windows", [("brain", "bone"), ("bone",)])
def test_a_subject_without_slices_is_reported_in_one_line(windows: tuple[str, ...], tmp_path: Path) -> None:
    for window in windows:
        (tmp_path / window).mkdir()
    one_line(tmp_path)
