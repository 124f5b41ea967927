"""Zips: what they hold is read, and what is not safe to unpack is refused in one line."""

from __future__ import annotations

import stat
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dicom_made import hu_of_head, made_series
from ichor.errors import UnreadableInput
from ichor.read import archive
from ichor.read.base import ReadOptions

HU = hu_of_head()


def zipped(folder: Path, target: Path, *, prefix: str = "", compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", compression) as packed:
        for file in sorted(folder.rglob("*")):
            packed.write(file, prefix + file.relative_to(folder).as_posix())
    return target


@pytest.fixture
def scan_zip(tmp_path: Path) -> Path:
    return zipped(made_series(tmp_path / "series"), tmp_path / "scan.zip")


@pytest.fixture(autouse=True)
def room(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder of the test's own: other tests unpack at the same time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("room")))


def refusal(path: Path) -> str:
    """The one line it is refused with; nothing may be left behind."""
    with pytest.raises(UnreadableInput) as caught:
        archive.read(path, ReadOptions())
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert "\n" not in message
    assert not list(Path(tempfile.gettempdir()).iterdir())
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("prefix", ["", "patient/study/series/"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_dicom_series(tmp_path: Path, prefix: str, compression: int) -> None:
    path = zipped(made_series(tmp_path / "s"), tmp_path / "scan.zip", prefix=prefix, compression=compression)
    assert archive.accepts(path)
    scan = archive.read(path, ReadOptions())
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.source.path == path
    assert scan.source.kind == "dicom"
    assert archive.inspect(path, ReadOptions()).series[0].chosen


def test_junk_beside_the_series(tmp_path: Path, scan_zip: Path) -> None:
    with zipfile.ZipFile(scan_zip, "a") as packed:
        packed.writestr("__MACOSX/._I0000", b"\0" * 200)
        packed.writestr(".DS_Store", b"junk")
        packed.writestr("more.zip", scan_zip.read_bytes())
    scan = archive.read(scan_zip, ReadOptions())
    assert scan.n_slices == 8
    assert scan.warnings == ()


def test_a_nifti_file(tmp_path: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(np.transpose(HU, (2, 1, 0)), np.diag([0.5, 0.5, 5, 1]))
    nibabel.save(image, tmp_path / "head.nii.gz")
    path = tmp_path / "scan.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(tmp_path / "head.nii.gz", "export/head.nii.gz")
        packed.writestr("export/readme.txt", "text")
    scan = archive.read(path, ReadOptions())
    assert scan.n_slices == 8
    assert scan.source.path == path
    assert scan.source.kind == "nifti"


def test_accepts(tmp_path: Path, scan_zip: Path) -> None:
    assert archive.accepts(scan_zip)
    assert archive.accepts(scan_zip.rename(tmp_path / "SCAN"))
    assert archive.accepts(scan_zip.parent / "SCAN")
    (tmp_path / "folder.zip").mkdir()
    assert not archive.accepts(tmp_path / "folder.zip")
    assert not archive.accepts(tmp_path)
    assert not archive.accepts(Path(__file__))
    assert not archive.accepts(tmp_path / "absent.zip")


@pytest.mark.parametrize(
    "name",
    ["../out.dcm", "a/../../out.dcm", "/tmp/out.dcm", "..\\out.dcm", "\\out.dcm", "C:\\out.dcm", "C:out"],
)
def test_no_path_escapes(scan_zip: Path, name: str) -> None:
    with zipfile.ZipFile(scan_zip, "a") as packed:
        packed.writestr(zipfile.ZipInfo(name), b"x")
    assert refusal(scan_zip) == "expected files inside the zip's own folder, entry 9 points out of it"


def test_no_symbolic_links(scan_zip: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(scan_zip, "a") as packed:
        packed.writestr(link, "/etc")
    assert refusal(scan_zip) == "expected files and folders, entry 9 is a symbolic link"


def test_no_passwords(scan_zip: Path) -> None:
    packed = bytearray(scan_zip.read_bytes())
    packed[6] |= 1  # the flag of the first local header and of the first central one
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    scan_zip.write_bytes(packed)
    assert refusal(scan_zip) == "expected a zip without a password, entry 1 is encrypted"


def test_too_many_files(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAXIMUM_FILES", 7)
    assert refusal(scan_zip) == "expected at most 7 files in a zip, found 8"


def test_too_many_bytes(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAXIMUM_BYTES", 9000)
    with zipfile.ZipFile(scan_zip) as packed:  # UIDs made anew are not always of one length
        found = sum(entry.file_size for entry in packed.infolist())
    assert refusal(scan_zip) == f"expected at most 9,000 bytes unpacked, found {found:,}"


def test_a_zip_that_lies_about_its_size(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both headers say 10 bytes; far more come out, and writing ends there."""
    monkeypatch.setattr(archive, "MAXIMUM_BYTES", 100_000)
    path = scan_zip.with_name("bomb.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.dcm", b"\0" * 5_000_000)
    raw = bytearray(path.read_bytes())
    raw[22:26] = (10).to_bytes(4, "little")
    central = raw.index(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (10).to_bytes(4, "little")
    path.write_bytes(raw)
    assert "expected" in refusal(path)


@pytest.mark.parametrize("damage", ["no zip", "cut short", "bad content"])
def test_damaged_zips(scan_zip: Path, damage: str) -> None:
    raw = bytearray(scan_zip.read_bytes())
    if damage == "no zip":
        raw = bytearray(b"not a zip at all")
    elif damage == "cut short":
        raw = raw[: len(raw) // 2]
    else:
        raw[300:400] = bytes(100)
    scan_zip.write_bytes(raw)
    assert refusal(scan_zip).startswith("expected a zip, found a damaged one")


def test_a_zip_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.zip"
    zipfile.ZipFile(path, "w").close()
    assert refusal(path) == "expected a head CT in the zip, found no file"


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "letters.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", "text")
        packed.writestr("b.txt", "text")
    assert "found none of these" in refusal(path)


def test_files_and_folders_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "scan.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a", "text")
        packed.writestr("a/b", "text")
    assert refusal(path).startswith("could not be unpacked")


def test_errors_name_the_zip_and_not_the_temporary_folder(tmp_path: Path) -> None:
    path = zipped(made_series(tmp_path / "s", HU[:3]), tmp_path / "short.zip", prefix="deep/")
    with pytest.raises(UnreadableInput) as caught:
        archive.read(path, ReadOptions())
    assert str(caught.value).startswith(f"{path}/deep: expected an axial head CT, found 1 series: too few slices")
    found = archive.inspect(path, ReadOptions())
    assert found.warnings[0].startswith(f"{path}/deep: expected an axial head CT")


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_damaged_content_of_any_compression_is_refused(tmp_path: Path, compression: int) -> None:
    path = zipped(made_series(tmp_path / "series"), tmp_path / "damaged.zip", compression=compression)
    content = bytearray(path.read_bytes())
    content[200:400] = b"\xff" * 200
    path.write_bytes(content)
    assert refusal(path)


def test_a_name_that_is_not_the_utf8_it_claims_to_be_is_refused(tmp_path: Path) -> None:
    path = zipped(made_series(tmp_path / "series"), tmp_path / "name.zip", prefix="ä/")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xfe"))
    assert "damaged" in refusal(path)
