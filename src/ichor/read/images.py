"""A folder of axial slices as JPG or PNG, gray in one known gray window.

Images have no geometry: the file name contains the slice number, the lowest number is assumed to be the lowest
slice, and the orientation the radiological convention; pixel size and slice distance are as stated by the user, or
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.bounds import MAX_PIXELS, MAX_SLICES, MAX_VOXELS, require, require_options
from ichor.read.dicom.parsing import looks_like_dicom
from ichor.read.walk import files_in
from ichor.scan import Scan, Source

SUFFIXES = {".jpg", ".jpeg", ".png"}
MASK = "_hge_seg"  # ct-ich stores its delineations in the folder of the slices
HASH = re.compile(r"(?<![0-9a-z])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![0-9a-z])")  # in lower case
GRAY_TOLERANCE = 4  # JPEG separates the color channels of a gray image by a few steps
DARKEST_16_BIT = 8192  # a brightest value below this means that the range is not 0 to 65535


def accepts(path: Path) -> bool:
    """Whether this is a folder of JPG or PNG slices: not a ct-ich subject, and without DICOM in or below it.

    Discs with DICOM contain logos and previews.
    """
    if not path.is_dir() or ((path / "brain").is_dir() and (path / "bone").is_dir()):
        return False
    names = [one.name.lower() for one in path.iterdir()]
    if not _slices(path) or any(name.endswith(".dcm") or name == "dicomdir" for name in names):
        return False
    return not any(looks_like_dicom(file) for file in files_in(path) if file.suffix.lower() not in SUFFIXES)


def read(path: Path, options: ReadOptions) -> Scan:
    """The slices as uint8 gray of `options.gray_window`.

    Raises UnreadableInput if an image is damaged, in color, too large or of another size than the first, if a name
    contains no number or two contain the same, and if a stated size in mm is implausible.
    """
    require_options(path, options)
    files = _in_order(path)
    voxels = _stack(path, files)
    n = len(files)
    window = options.gray_window
    warnings = [
        f"Images have no slice positions: {files[0].name} is taken as the lowest slice and {files[-1].name} as the "
        f"highest, in the radiological convention; gray is level {window.level:g}, width {window.width:g} HU."
    ]
    if _has_gaps(files):
        warnings.append("The numbers in the file names are not evenly spaced: slices may be missing.")
    if options.pixel_mm is None or options.slice_mm is None:
        warnings.append("Pixel size or slice distance is unknown: no volume in mL.")
    return require(
        Scan(
            voxels=voxels,
            source=Source("images", path),
            pixel_mm=None if options.pixel_mm is None else np.full((n, 2), options.pixel_mm, np.float64),
            positions_mm=None if options.slice_mm is None else np.outer(np.arange(n), [0, 0, options.slice_mm]),
            gray_window=options.gray_window,
            warnings=tuple(warnings),
        )
    )


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The one series that the folder's images make. Raises UnreadableInput as `read` does."""
    scan = read(path, options)
    return Inspection((summarize(scan, reason="the images of the folder"),), scan.warnings)


def _slices(path: Path) -> list[Path]:
    """The folder's images, without masks and hidden files."""
    return [
        one
        for one in path.iterdir()
        if one.suffix.lower() in SUFFIXES and not one.name.startswith(".") and not one.stem.lower().endswith(MASK)
    ]


def _require_no_hashes(folder: Path, files: Sequence[Path]) -> None:
    """Raises UnreadableInput if names differ only by hashes, whose digits are not slice numbers."""
    hashed = [file for file in files if HASH.search(file.stem.lower())]
    apart = {HASH.sub("", file.stem.lower()) for file in hashed}
    if 2 * len(hashed) > len(files) > len(apart):
        raise UnreadableInput(
            f"{folder}: expected slice numbers in the file names, found hashes ({hashed[0].name}): the slice order is "
            "unknown; name them 1, 2, 3, ... starting at the lowest slice"
        )


def _numbers(file: Path) -> tuple[int, ...]:
    """All numbers in a file's name, so that 2 comes before 10 and series1-2 before series1-10."""
    return tuple(int(digits) for digits in re.findall(r"[0-9]+", file.stem))


def _in_order(path: Path) -> list[Path]:
    """The folder's slices by their numbers, from the lowest."""
    files = _slices(path)
    if not 0 < len(files) <= MAX_SLICES:
        raise UnreadableInput(f"{path}: expected 1 to {MAX_SLICES} JPG or PNG slices, found {len(files)}")
    _require_no_hashes(path, files)
    seen: dict[tuple[int, ...], str] = {}
    for file in sorted(files):
        numbers = _numbers(file)
        if not numbers:
            raise UnreadableInput(f"{file}: expected the slice's number in the file name, found none")
        if numbers in seen:
            raise UnreadableInput(f"{file}: expected one file per slice, found {seen[numbers]} with the same number")
        seen[numbers] = file.name
    return sorted(files, key=_numbers)


def _has_gaps(files: list[Path]) -> bool:
    """Whether some steps between the numbers are larger than others."""
    numbers = [_numbers(file) for file in files]
    if len({len(one) for one in numbers}) > 1:
        return False
    steps = {tuple(np.subtract(above, below).tolist()) for below, above in pairwise(numbers)}
    return len(steps) > 1


def _stack(path: Path, files: list[Path]) -> NDArray[np.uint8]:
    """All slices (n, rows, columns); 16-bit slices are converted to 8 bits together."""
    slices: list[NDArray[Any]] = []
    for file in files:
        gray = _gray(file)
        if slices and gray.shape != slices[0].shape:
            expected, found = (f"{one.shape[1]} x {one.shape[0]}" for one in (slices[0], gray))
            raise UnreadableInput(f"{file}: expected {expected} pixels as in {files[0].name}, found {found}")
        if slices and gray.dtype != slices[0].dtype:
            expected, found = (f"{8 * one.itemsize} bits" for one in (slices[0], gray))
            raise UnreadableInput(f"{file}: expected {expected} as in {files[0].name}, found {found}")
        if gray.size * len(files) > MAX_VOXELS:
            raise UnreadableInput(
                f"{path}: expected at most {MAX_VOXELS} pixels in all, found {gray.size * len(files)}"
            )
        slices.append(gray)
    voxels = np.stack(slices)
    if voxels.dtype == np.uint8:
        return voxels
    if voxels.max() < DARKEST_16_BIT:
        raise UnreadableInput(
            f"{path}: expected 16-bit gray from 0 to 65535, found at most {voxels.max()}: not gray of a known window"
        )
    return np.rint(voxels / np.float32(257)).astype(np.uint8)


def _gray(file: Path) -> NDArray[Any]:
    """One image (rows, columns), uint8 or uint16. Raises UnreadableInput if it is damaged, too large or in color."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file, formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableInput(
                    f"{file}: expected at most {MAX_PIXELS} pixels, found {image.width} x {image.height}"
                )
            progress.decoding(file)
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):
                return np.asarray(upright).astype(np.uint16)
            if upright.mode in ("L", "1"):
                return np.asarray(upright.convert("L"))
            colors = np.asarray(upright.convert("RGB")).astype(np.int16)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableInput(f"{file}: expected a JPG or PNG image, found a damaged or different file") from error
    spread = int(np.ptp(colors, axis=2).max())
    if spread > GRAY_TOLERANCE:
        raise UnreadableInput(f"{file}: expected gray, found color: channels differ by up to {spread} of 255")
    gray: NDArray[np.uint8] = np.rint(colors.mean(axis=2)).astype(np.uint8)
    return gray
