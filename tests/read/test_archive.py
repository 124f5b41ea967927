"""Archives: what they hold is read, and what is not safe to unpack is refused in one line."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.read import archive, archive_bounds, unpack
from ichor.read.base import ReadOptions
from synthetic_dicom import hu_of_head, synthetic_series

HU = hu_of_head()


def zipped(folder: Path, target: Path, *, prefix: str = "", compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", compression) as packed:
        for file in sorted(folder.rglob("*")):
            packed.write(file, prefix + file.relative_to(folder).as_posix())
    return target


@pytest.fixture
def scan_zip(tmp_path: Path) -> Path:
    return zipped(synthetic_series(tmp_path / "series"), tmp_path / "scan.zip")


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
    path = zipped(synthetic_series(tmp_path / "s"), tmp_path / "scan.zip", prefix=prefix, compression=compression)
    assert archive.accepts(path)
    scan = archive.read(path, ReadOptions())
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.source.path == path
    assert scan.source.kind == "dicom"
    assert archive.inspect(path, ReadOptions()).series[0].chosen


def test_unrelated_files_next_to_the_series(tmp_path: Path, scan_zip: Path) -> None:
    with zipfile.ZipFile(scan_zip, "a") as packed:
        packed.writestr("__MACOSX/._I0000", b"\0" * 200)
        packed.writestr(".DS_Store", b"junk")
        packed.writestr("more.zip", b"junk")
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
    assert refusal(scan_zip) == "expected files inside the archive's own folder, found that entry 9 points outside"


def test_no_symbolic_links(scan_zip: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(scan_zip, "a") as packed:
        packed.writestr(link, "/etc")
    assert refusal(scan_zip) == "expected files and folders, found that entry 9 is a symbolic link"


def test_no_passwords(scan_zip: Path) -> None:
    packed = bytearray(scan_zip.read_bytes())
    packed[6] |= 1  # the flag of the first local header and of the first central one
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    scan_zip.write_bytes(packed)
    assert refusal(scan_zip) == "expected a zip without a password, found that entry 1 is encrypted"


def test_too_many_files(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_bounds, "MAXIMUM_FILES", 7)
    assert refusal(scan_zip) == "expected at most 7 files in a zip, found 8"


def test_too_many_bytes(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_bounds, "MAXIMUM_BYTES", 9000)
    with zipfile.ZipFile(scan_zip) as packed:  # UIDs made anew are not always of one length
        found = sum(entry.file_size for entry in packed.infolist())
    assert refusal(scan_zip) == f"expected at most 9,000 bytes unpacked, found {found:,}"


def test_a_zip_with_a_false_size(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both headers say 10 bytes; far more come out, and writing ends there."""
    monkeypatch.setattr(archive_bounds, "MAXIMUM_BYTES", 100_000)
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
    assert refusal(path) == "expected a head CT in the archive, found no file"


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
    path = zipped(synthetic_series(tmp_path / "s", HU[:3]), tmp_path / "short.zip", prefix="deep/")
    with pytest.raises(UnreadableInput) as caught:
        archive.read(path, ReadOptions())
    assert str(caught.value).startswith(f"{path}/deep: expected an axial head CT, found 1 series: too few slices")
    found = archive.inspect(path, ReadOptions())
    assert found.warnings[0].startswith(f"{path}/deep: expected an axial head CT")


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_damaged_content_of_any_compression_is_refused(tmp_path: Path, compression: int) -> None:
    path = zipped(synthetic_series(tmp_path / "series"), tmp_path / "damaged.zip", compression=compression)
    content = bytearray(path.read_bytes())
    content[200:400] = b"\xff" * 200
    path.write_bytes(content)
    assert refusal(path)


def test_a_name_that_is_not_valid_utf8_is_refused(tmp_path: Path) -> None:
    path = zipped(synthetic_series(tmp_path / "series"), tmp_path / "name.zip", prefix="ä/")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xfe"))
    assert "damaged" in refusal(path)


PACKED = {
    "scan.tar": lambda content: content,
    "scan.tar.gz": gzip.compress,
    "scan.tgz": gzip.compress,
    "scan.tar.bz2": bz2.compress,
    "scan.tar.xz": lzma.compress,
    "SCAN.TGZ": gzip.compress,
    "scan": lambda content: content,
}


def tar_of(folder: Path, change: Callable[[tarfile.TarInfo], tarfile.TarInfo | None] = lambda entry: entry) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        packed.add(folder, "study", filter=change)
    return buffer.getvalue()


@pytest.fixture
def scan_tar(tmp_path: Path) -> bytes:
    return tar_of(synthetic_series(tmp_path / "series"))


@pytest.mark.parametrize("name", PACKED)
def test_a_tar_of_any_packing(tmp_path: Path, scan_tar: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACKED[name](scan_tar))
    assert archive.accepts(path)
    scan = archive.read(path, ReadOptions())
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.source.path == path


@pytest.mark.parametrize("name", ["scan.tar", "scan.tgz", "scan.tar.bz2", "scan.tar.xz"])
@pytest.mark.parametrize("damage", ["cut in a file", "cut between files", "no end", "bad header", "other content"])
def test_a_damaged_tar_is_never_read_in_part(tmp_path: Path, scan_tar: bytes, name: str, damage: str) -> None:
    second = scan_tar.index(b"study/", 3000)  # the header of a later file
    content = {
        "cut in a file": scan_tar[: second + 700],
        "cut between files": scan_tar[:second],
        "no end": scan_tar.rstrip(b"\0") + bytes(-len(scan_tar.rstrip(b"\0")) % 512),
        "bad header": scan_tar[:second] + b"x" * 512 + scan_tar[second + 512 :],
        "other content": b"%PDF-1.7 a letter" * 100,
    }[damage]
    path = tmp_path / name
    path.write_bytes(PACKED[name](content))
    assert refusal(path) == "expected a tar archive, found a damaged one (it cannot be unpacked completely)"


@pytest.mark.parametrize("name", ["scan.tgz", "scan.tar.bz2", "scan.tar.xz"])
def test_a_packed_tar_whose_checksum_fails_is_refused(tmp_path: Path, scan_tar: bytes, name: str) -> None:
    content = bytearray(PACKED[name](scan_tar))
    content[-6 if name == "scan.tgz" else len(content) // 2] ^= 255
    path = tmp_path / name
    path.write_bytes(content)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_tar_may_contain_only_files_and_folders(tmp_path: Path, kind: bytes) -> None:
    def change(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        if entry.name.endswith("I0003"):
            entry.type, entry.linkname, entry.size = kind, "/etc/passwd", 0
        return entry

    path = tmp_path / "scan.tar"
    path.write_bytes(tar_of(synthetic_series(tmp_path / "series"), change))
    assert refusal(path).startswith("expected files and folders, found that entry ")


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "C:out"])
def test_no_path_leaves_a_tar(tmp_path: Path, name: str) -> None:
    def change(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.name = name if entry.name.endswith("I0003") else entry.name
        return entry

    path = tmp_path / "scan.tar"
    path.write_bytes(tar_of(synthetic_series(tmp_path / "series"), change))
    assert "points outside" in refusal(path)


def test_the_limits_apply_to_a_tar(tmp_path: Path, scan_tar: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scan.tgz"
    path.write_bytes(gzip.compress(scan_tar))
    monkeypatch.setattr(archive_bounds, "MAXIMUM_FILES", 7)
    assert refusal(path) == "expected at most 7 files in an archive, found more"


def test_a_tar_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_bounds, "ALWAYS_BYTES", 1000)
    folder = tmp_path / "zeros"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(bytes(10**7))
    path = tmp_path / "bomb.tgz"
    path.write_bytes(gzip.compress(tar_of(folder)))
    assert "bytes unpacked, found more" in refusal(path)


def unpacked_bytes(path: Path) -> int:
    with zipfile.ZipFile(path) as packed:
        return sum(entry.file_size for entry in packed.infolist())


def nested(content: bytes, depth: int) -> bytes:
    for _ in range(depth):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("inner.zip", content)
        content = buffer.getvalue()
    return content


def test_archives_in_archives(tmp_path: Path, scan_zip: Path, scan_tar: bytes) -> None:
    inner = {"zip": scan_zip.read_bytes(), "tar": scan_tar, "tgz": gzip.compress(scan_tar)}
    for kind, content in inner.items():
        path = tmp_path / f"of-{kind}.zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr(f"export/disc.{kind}", content)
        np.testing.assert_array_equal(archive.read(path, ReadOptions()).voxels, HU)
    path = tmp_path / "outer.tar.gz"
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(scan_zip, folder / "disc.zip")
    path.write_bytes(gzip.compress(tar_of(folder)))
    np.testing.assert_array_equal(archive.read(path, ReadOptions()).voxels, HU)


def test_the_limits_are_of_all_archives_together(
    tmp_path: Path, scan_zip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(nested(scan_zip.read_bytes(), unpack.MAX_DEPTH - 1))
    assert archive.read(path, ReadOptions()).n_slices == 8
    path.write_bytes(nested(scan_zip.read_bytes(), unpack.MAX_DEPTH))
    assert refusal(path).endswith(f"expected archives nested at most {unpack.MAX_DEPTH} deep, found deeper ones")
    path.write_bytes(nested(scan_zip.read_bytes(), 1))
    monkeypatch.setattr(archive_bounds, "MAXIMUM_FILES", 8)
    assert refusal(path).endswith("expected at most 7 files in a zip, found 8")
    monkeypatch.setattr(archive_bounds, "MAXIMUM_FILES", 9)
    monkeypatch.setattr(archive_bounds, "MAXIMUM_BYTES", len(scan_zip.read_bytes()) + 30_000)  # 8 slices have more
    assert f"bytes unpacked, found {unpacked_bytes(scan_zip):,}" in refusal(path)


@pytest.mark.parametrize("name", ["inner.zip", "inner.tar"])
def test_an_unsafe_archive_inside_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    if name == "inner.zip":
        with zipfile.ZipFile(buffer, "w") as packed:
            packed.writestr(zipfile.ZipInfo("../out"), b"x")
    else:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("../out"))
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(name, buffer.getvalue())
    assert refusal(path).endswith(
        f"/{name}: expected files inside the archive's own folder, found that entry 1 points outside"
    )


def test_metadata_files_of_macos_in_archives_are_ignored(tmp_path: Path) -> None:
    series = synthetic_series(tmp_path / "series")
    for file in list(series.iterdir()):
        (series / f"._{file.name}").write_bytes(bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(200))
    (tmp_path / "scan.tar").write_bytes(tar_of(series))
    for path in (zipped(series, tmp_path / "scan.zip"), tmp_path / "scan.tar"):
        scan = archive.read(path, ReadOptions())
        assert scan.n_slices == 8
        assert scan.warnings == ()


def test_a_full_disk_is_reported_as_such(scan_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack, "write_out", full)
    room = tempfile.gettempdir()
    assert refusal(scan_zip) == (
        f"expected space in {room} to unpack it, found the disk full: free some space, or set TMPDIR to a "
        "folder with more space"
    )
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", room)
    monkeypatch.setattr(tempfile, "mkdtemp", full)
    assert "found the disk full" in refusal(scan_zip)


def test_a_disk_without_space_is_reported_before_anything_is_written(
    scan_zip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 0))
    n_bytes, room = unpacked_bytes(scan_zip), tempfile.gettempdir()
    assert refusal(scan_zip) == (
        f"expected {n_bytes:,} bytes free to unpack it, found 0 in {room}: free some space there, or set TMPDIR to a "
        "folder with more"
    )
