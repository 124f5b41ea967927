"""Volumes in folders and archives: each is a scan, with the files that belong to it, wherever it lies."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from ichor.errors import UnreadableInput
from ichor.read import find_scans, open_scan
from ichor.screening.inputs import input_sha256
from phantom import head

AFFINE = np.diag([-0.5, -0.6, 5.0, 1.0])


def volumes(folder: Path) -> dict[str, np.ndarray]:
    """One of each format, each with another voxel marked, and what belongs to none of them; by their names."""
    folder.mkdir(parents=True)
    (folder / "sub").mkdir()
    made = {}
    for k, name in enumerate(("a.nii.gz", "b.nii", "c.hdr", "d.nrrd", "e.nhdr", "sub/f.mha", "sub/g.mhd")):
        hu = head()
        hu[3, 20, 10 + k] = 1234
        made[name] = hu
        if name.endswith(("nii", "nii.gz", ".hdr")):
            kind = nib.Nifti1Pair if name.endswith(".hdr") else nib.Nifti1Image
            nib.save(kind(np.ascontiguousarray(hu.transpose(2, 1, 0)), AFFINE), folder / name)
        else:
            image = SimpleITK.GetImageFromArray(hu)
            image.SetSpacing((0.5, 0.6, 5.0))
            SimpleITK.WriteImage(image, str(folder / name), useCompression=k % 2 == 0)
    (folder / "readme.txt").write_text("seen by day\n")
    (folder / "._a.nii.gz").write_bytes(bytes.fromhex("0005160700020000") + bytes(200))
    return made


def packed(folder: Path, target: Path) -> Path:
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder).as_posix())
    else:
        with tarfile.open(target, "w:gz" if target.name.endswith("gz") else "w") as archive:
            archive.add(folder, ".")
    return target


def in_another(path: Path, target: Path) -> Path:
    """An archive, and a NIfTI beside it, in an archive."""
    folder = target.parent / "outer"
    folder.mkdir()
    shutil.move(path, folder / path.name)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), AFFINE), folder / "z.nii")
    return packed(folder, target)


@pytest.mark.parametrize("form", ["folder", "scans.zip", "scans.tar", "scans.tgz"])
def test_each_volume_is_a_scan(tmp_path: Path, form: str) -> None:
    made = volumes(tmp_path / "folder")
    path = tmp_path / "folder" if form == "folder" else packed(tmp_path / "folder", tmp_path / form)
    found = find_scans(path)
    assert len(found) == len(made)
    for scan, (name, hu) in zip(found, sorted(made.items()), strict=True):
        if form == "folder":
            assert scan.path == path / name and not scan.label
        else:
            assert scan.path == path and scan.label == name
        read = open_scan(scan)
        np.testing.assert_array_equal(read.voxels, hu)
        assert not read.warnings


@pytest.mark.parametrize("names", [("in.zip", "out.tar.gz"), ("in.tgz", "out.zip"), ("in.tar", "out.tar")])
def test_each_volume_of_an_archive_in_another_is_a_scan(tmp_path: Path, names: tuple[str, str]) -> None:
    made = volumes(tmp_path / "folder")
    inner, outer = names
    path = in_another(packed(tmp_path / "folder", tmp_path / inner), tmp_path / outer)
    found = {scan.label: scan for scan in find_scans(path)}
    assert set(found) == {f"{inner}/{name}" for name in made} | {"z.nii"}
    np.testing.assert_array_equal(open_scan(found["z.nii"]).voxels, head())
    for name, hu in made.items():
        np.testing.assert_array_equal(open_scan(found[f"{inner}/{name}"]).voxels, hu)


def test_a_damaged_archive_in_an_archive_is_a_scan_with_a_reason(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        buffer = io.BytesIO()
        nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), AFFINE).to_stream(buffer)
        archive.writestr("good.nii", buffer.getvalue())
        archive.writestr("bad.zip", b"PK\x03\x04 and then nothing of the kind")
    good, bad = sorted(find_scans(tmp_path / "a.zip"), key=lambda one: one.label, reverse=True)
    assert (good.label, bad.label) == ("good.nii", "bad.zip")
    assert open_scan(good).n_slices == 8
    with pytest.raises(UnreadableInput, match="found a damaged one"):
        open_scan(bad)


@pytest.mark.parametrize("name", ["c.hdr", "c.img", "e.nhdr", "sub/g.mhd"])
def test_another_content_of_the_file_with_the_voxels_is_another_input(tmp_path: Path, name: str) -> None:
    volumes(tmp_path / "folder")
    path = tmp_path / "folder" / name
    before = input_sha256(path)
    assert input_sha256(path) == before
    for file in path.parent.glob(f"{path.stem}.*"):
        file.write_bytes(file.read_bytes() + b"\0")
        after = input_sha256(path)
        assert after != before
        before = after


def test_metadata_files_of_macos_are_identified(tmp_path: Path) -> None:
    volumes(tmp_path / "folder")
    with pytest.raises(UnreadableInput) as refusal:
        open_scan(tmp_path / "folder" / "._a.nii.gz")
    assert str(refusal.value).endswith("found a metadata file of macOS: give a.nii.gz")
