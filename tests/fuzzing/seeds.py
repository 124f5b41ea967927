"""Small inputs of every kind that is read, made by code: what the mutations begin with."""

from __future__ import annotations

import gzip
import io
import itertools
import shutil
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np
import pydicom
import SimpleITK
from PIL import Image
from pydicom.uid import ExplicitVRBigEndian

from ichor.read import ReadOptions
from ichor.windows import BRAIN
from phantom import head
from synthetic_dicom import ct_slices, enhanced_ct, save, store, transcoded
from synthetic_video import write_pair

HU = head(6, 48, 44)  # one slice more than the fewest that are read


@dataclass(frozen=True)
class Seed:
    """A sound input: the file or folder `path` lies in a folder of its own, with nothing else."""

    reader: str
    syntax: str
    path: Path
    options: ReadOptions = field(default_factory=ReadOptions)


def _native(folder: Path, syntax: str) -> Path:
    slices = ct_slices(HU)
    for one in slices:
        one.file_meta.TransferSyntaxUID = syntax
    return save(slices, folder)


def _big_endian(folder: Path) -> Path:
    folder.mkdir()
    for k, one in enumerate(ct_slices(HU)):
        one.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        one["PixelData"].value = np.frombuffer(one.PixelData, "<u2").astype(">u2").tobytes()
        pydicom.dcmwrite(folder / f"I{k}", one, implicit_vr=False, little_endian=False)
    return folder


def _transcoded(folder: Path, name: str) -> Path:
    made = transcoded(ct_slices(HU), folder, name)
    shutil.rmtree(folder.with_name(folder.name + "-plain"))
    return made


def _compressed(folder: Path, syntax: str, **options: object) -> Path:
    slices = ct_slices(HU)
    for one in slices:
        one.compress(syntax, **options)
    return save(slices, folder)


def _jpeg_baseline(folder: Path) -> Path:
    slices = ct_slices(HU)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, (np.clip(pixels, -1024, 1000).astype(np.int64) + 1024) // 8, bits=8, allocated=8)
        one.RescaleSlope = 8
    made = transcoded(slices, folder, "JPEGBaselineProcess1")
    shutil.rmtree(folder.with_name(folder.name + "-plain"))
    return made


def _enhanced(folder: Path, syntax: str | None) -> Path:
    one = enhanced_ct(HU)
    if syntax:
        one.compress(syntax)
    folder.mkdir()
    one.save_as(folder / "enhanced.dcm", enforce_file_format=True)
    return folder / "enhanced.dcm"


def _nifti(folder: Path, name: str, kind: type = nib.Nifti1Image, dtype: type = np.int16) -> Path:
    folder.mkdir()
    voxels = np.ascontiguousarray(HU.transpose(2, 1, 0)).astype(dtype)
    nib.save(kind(voxels, np.diag([-0.5, -0.5, 5.0, 1.0])), folder / name)
    return folder / name


def _itk(folder: Path, name: str, *, packed: bool) -> Path:
    folder.mkdir()
    image = SimpleITK.GetImageFromArray(HU)
    image.SetSpacing((0.5, 0.5, 5.0))
    SimpleITK.WriteImage(image, str(folder / name), useCompression=packed)
    return folder / name


def _images(folder: Path, suffix: str) -> Path:
    folder.mkdir()
    for k, slice_hu in enumerate(HU, 1):
        Image.fromarray(np.rint(BRAIN.gray(slice_hu)).astype(np.uint8)).save(folder / f"{k}{suffix}")
    return folder


def _zip(folder: Path, make: Callable[[Path], Path]) -> Path:
    folder.mkdir()
    inside = make(folder / "inside")
    root = inside if inside.is_dir() else inside.parent
    with zipfile.ZipFile(folder / "scan.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(root.iterdir()):
            packed.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED)
    shutil.rmtree(folder / "inside")
    return folder / "scan.zip"


def _tar(folder: Path, make: Callable[[Path], Path], pack: Callable[[bytes], bytes]) -> Path:
    folder.mkdir()
    inside = make(folder / "inside")
    root = inside if inside.is_dir() else inside.parent
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for file in sorted(root.iterdir()):
            entry = tarfile.TarInfo(file.name)
            entry.size = file.stat().st_size
            packed.addfile(entry, io.BytesIO(file.read_bytes()))
    (folder / "scan.tar").write_bytes(pack(buffer.getvalue()))
    shutil.rmtree(folder / "inside")
    return folder / "scan.tar"


IMPLICIT, EXPLICIT, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
RLE, J2K = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"
SIZES = ReadOptions(pixel_mm=0.5, slice_mm=5.0)
# HTJPEG 2000 is read too, but nothing that is installed writes it.
MAKERS: dict[tuple[str, str], Callable[[Path], Path]] = {
    ("dicom", "implicit little endian"): partial(_native, syntax=IMPLICIT),
    ("dicom", "explicit little endian"): partial(_native, syntax=EXPLICIT),
    ("dicom", "explicit big endian"): _big_endian,
    ("dicom", "deflated"): partial(_native, syntax=DEFLATED),
    ("dicom", "RLE"): partial(_compressed, syntax=RLE),
    ("dicom", "JPEG baseline"): _jpeg_baseline,
    ("dicom", "JPEG extended"): partial(_transcoded, name="JPEGExtendedProcess2_4"),
    ("dicom", "JPEG lossless"): partial(_transcoded, name="JPEGLosslessProcess14"),
    ("dicom", "JPEG lossless SV1"): partial(_transcoded, name="JPEGLosslessProcess14_1"),
    ("dicom", "JPEG-LS"): partial(_transcoded, name="JPEGLSLossless"),
    ("dicom", "JPEG-LS near"): partial(_compressed, syntax="1.2.840.10008.1.2.4.81", jls_error=3),
    ("dicom", "JPEG 2000 lossless"): partial(_compressed, syntax=J2K),
    ("dicom", "JPEG 2000"): partial(_compressed, syntax="1.2.840.10008.1.2.4.91", j2k_cr=[6]),
    ("dicom", "enhanced, explicit"): partial(_enhanced, syntax=None),
    ("dicom", "enhanced, JPEG 2000"): partial(_enhanced, syntax=J2K),
    ("dicom", "enhanced, RLE"): partial(_enhanced, syntax=RLE),
    ("nifti", ".nii"): partial(_nifti, name="head.nii"),
    ("nifti", ".nii.gz"): partial(_nifti, name="head.nii.gz"),
    ("nifti", ".nii, NIfTI 2, float"): partial(_nifti, name="head.nii", kind=nib.Nifti2Image, dtype=np.float32),
    ("nifti", "pair"): partial(_nifti, name="head.hdr", kind=nib.Nifti1Pair),
    ("nifti", "Analyze"): partial(_nifti, name="head.hdr", kind=nib.AnalyzeImage),
    ("nrrd", ".nrrd, raw"): partial(_itk, name="head.nrrd", packed=False),
    ("nrrd", ".nrrd, gzip"): partial(_itk, name="head.nrrd", packed=True),
    ("nrrd", ".nhdr"): partial(_itk, name="head.nhdr", packed=False),
    ("metaimage", ".mha, raw"): partial(_itk, name="head.mha", packed=False),
    ("metaimage", ".mha, zlib"): partial(_itk, name="head.mha", packed=True),
    ("metaimage", ".mhd"): partial(_itk, name="head.mhd", packed=False),
    ("archive", "zip of DICOM"): partial(_zip, make=partial(_native, syntax=EXPLICIT)),
    ("archive", "zip of JPEG 2000"): partial(_zip, make=partial(_compressed, syntax=J2K)),
    ("archive", "zip of .nii.gz"): partial(_zip, make=partial(_nifti, name="head.nii.gz")),
    ("archive", "tar of DICOM"): partial(_tar, make=partial(_native, syntax=EXPLICIT), pack=bytes),
    ("archive", "tar.gz of .nii"): partial(
        _tar, make=partial(_nifti, name="head.nii"), pack=partial(gzip.compress, mtime=0)
    ),
    ("archive", "zip of a zip"): partial(_zip, make=partial(_zip, make=partial(_nifti, name="head.nii"))),
    ("images", "PNG"): partial(_images, suffix=".png"),
    ("images", "JPG"): partial(_images, suffix=".jpg"),
    ("video", "uncompressed"): partial(write_pair, hu=HU, codec="rawvideo gray"),
    ("video", "MJPEG"): partial(write_pair, hu=HU, codec="mjpeg"),
    ("video", "Microsoft Video 1"): partial(write_pair, hu=HU, codec="msvideo1"),
}


def make_seeds(folder: Path) -> list[Seed]:
    """Every seed, each in a folder of its own, the same to the byte whenever they are made."""
    seeds = []
    numbers = itertools.count(1)
    for k, ((reader, syntax), make) in enumerate(MAKERS.items()):
        place = folder / f"{k:02d}"
        place.mkdir(parents=True)
        with (
            warnings.catch_warnings(),
            mock.patch("synthetic_dicom.generate_uid", lambda: f"1.2.826.0.{next(numbers):06d}"),
        ):
            warnings.simplefilter("ignore")
            made = make(place / "scan")
        seeds.append(Seed(reader, syntax, made, SIZES if reader in ("images", "video") else ReadOptions()))
    return seeds
