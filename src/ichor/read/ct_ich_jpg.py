"""A subject of ct-ich 1.0.0: brain-window and bone-window JPG slices.

Hssayeni M. (2019), Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation (version
1.0.0), PhysioNet, doi:10.13026/w8q8-ky94. Layout: `Patients_CT/NNN/{brain,bone}/k.jpg`, k starting at 1 for the
lowest slice; `brain/k_HGE_Seg.jpg` if the radiologists delineated hemorrhage. A copy may hold only the upper slices.

The release's known defects are handled here, and each is reported as a warning of the scan.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ichor.errors import UnreadableInput
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.bounds import require
from ichor.read.ct_ich_bone import Skulls
from ichor.read.ct_ich_geometry import stated_sizes
from ichor.scan import Scan, Source
from ichor.windows import BONE, BRAIN

SIZE = (650, 650)
PIXEL_MM = 0.33  # paper, section 3
SLICE_MM = 5.0
MASK_ABOVE = 128  # the delineations are JPEG; pixels above this gray are hemorrhage


NOMINAL_SIZE = (
    "Pixel size 0.33 mm and slice distance 5 mm are nominal for ct-ich and unverified: "
    "lengths may be short and volumes 20 to 40 % low."
)

# How far JPEG moves a clipped pixel, in gray values, and a difference that the bone window resolves, in HU.
_NOISE = 8
_FAR_HU = 60

_SLICE = re.compile(r"^(\d+)\.jpg$")
_MASK = re.compile(r"^(\d+)_HGE_Seg\.jpg$")


def accepts(path: Path) -> bool:
    """Whether the path is a subject's folder of the 1.0.0 layout."""
    return (path / "brain").is_dir() and (path / "bone").is_dir()


def read(path: Path, options: ReadOptions) -> Scan:  # noqa: ARG001 (the format states everything itself)
    """The scan in HU, float32 (n, 650, 650).

    HU come from the brain window if its gray is not clipped, otherwise from the bone window, unless the bone-window
    images show other slices. Raises UnreadableInput if a slice is missing, damaged or of another size.
    """
    numbers = slice_numbers(path)
    warnings = []
    if numbers[0] > 1:
        warnings.append(f"Slices 1 to {numbers[0] - 1} are missing: the lowest slice is number {numbers[0]}.")
    brain, bone, skulls = {}, {}, Skulls()
    for k in numbers:
        brain[k] = _gray(path / "brain" / f"{k}.jpg")
        skulls.add_brain(k, brain[k])
        bone_file = path / "bone" / f"{k}.jpg"
        if bone_file.exists():
            bone[k] = _gray(bone_file)
            skulls.add_bone(k, bone[k])
    without_bone = [k for k in numbers if k not in bone]
    if skulls.offset():
        bone, without_bone = {}, []
        warnings.append("The bone-window images show other slices than the brain-window images: they are ignored.")
    voxels = np.empty((len(numbers), *SIZE), np.float32)
    for index, k in enumerate(numbers):
        voxels[index] = combine(brain[k], bone[k]) if k in bone else BRAIN.hu(brain[k])
    if without_bone:
        warnings.append(f"No bone-window image of slice {', '.join(map(str, without_bone))}.")
    if len(bone) < len(numbers):
        warnings.append("Where only the brain window is available, HU are limited to -20 to 100.")
    return require(_on_grid(voxels, path, warnings))


def read_grid(path: Path) -> Scan:
    """The scan of `read` without its images: the grid, with voxels that are all 0 and take no memory."""
    n = len(slice_numbers(path))
    return _on_grid(np.broadcast_to(np.float32(0), (n, *SIZE)), path, [])


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The subject as one chosen series."""
    scan = read(path, options)
    return Inspection((summarize(scan, reason="axial head CT (ct-ich 1.0.0 subject)"),), scan.warnings)


def read_mask(path: Path) -> NDArray[np.bool_]:
    """The radiologists' delineation of the subject at `path`: bool (n, 650, 650), on the grid of `read`."""
    numbers = slice_numbers(path)
    mask = np.zeros((len(numbers), *SIZE), bool)
    for index, k in enumerate(numbers):
        file = path / "brain" / f"{k}_HGE_Seg.jpg"
        if file.exists():
            mask[index] = _gray(file) > MASK_ABOVE
    return mask


def slice_numbers(path: Path) -> list[int]:
    """The consecutive slice numbers of the subject at `path`; they start at 1 unless the lowest slices are missing.

    Raises UnreadableInput if there are no slices, or one is missing between two others.
    """
    folder = path / "brain"
    numbers = sorted(int(found[1]) for file in folder.iterdir() if (found := _SLICE.match(file.name)))
    if not numbers:
        raise UnreadableInput(f"{folder}: expected slices 1.jpg, 2.jpg, ..., found none")
    if numbers != list(range(numbers[0], numbers[-1] + 1)):
        missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        raise UnreadableInput(
            f"{folder}: expected slices {numbers[0]} to {numbers[-1]}, found none with the numbers {missing}"
        )
    return numbers


def mask_numbers(path: Path) -> list[int]:
    """The numbers of the slices of the subject at `path` that have a delineation."""
    return sorted(int(found[1]) for file in (path / "brain").iterdir() if (found := _MASK.match(file.name)))


def combine(brain: NDArray[np.uint8], bone: NDArray[np.uint8]) -> NDArray[np.float32]:
    """HU of one slice from its two 8-bit windows (same shape).

    The brain window is exact to half a HU between -20 and 100; outside, the bone window gives HU in steps of 12.5,
    limited to the side on which the brain window is clipped. Compression moves clipped pixels a few gray values away
    from the end of the range: there, the bone window is used if it is far outside.
    """
    hu = BRAIN.hu(brain)
    coarse = BONE.hu(bone)
    low = (brain == 0) | ((brain <= _NOISE) & (coarse < BRAIN.lowest_hu - _FAR_HU))
    high = (brain == 255) | ((brain >= 255 - _NOISE) & (coarse > BRAIN.highest_hu + _FAR_HU))
    hu[low] = np.minimum(coarse[low], BRAIN.lowest_hu)
    hu[high] = np.maximum(coarse[high], BRAIN.highest_hu)
    return hu


def _on_grid(voxels: NDArray[np.float32], path: Path, warnings: list[str]) -> Scan:
    n = len(voxels)
    sizes = stated_sizes(path, n)
    pixel_mm, along_mm = sizes or (np.full(n, PIXEL_MM), np.arange(n) * SLICE_MM)
    # An export of ct-ich repeats the nominal sizes, which does not verify them.
    nominal = sizes is None or bool(np.allclose(pixel_mm, PIXEL_MM))
    return Scan(
        voxels=voxels,
        source=Source(kind="ct-ich", path=path),
        pixel_mm=np.stack([pixel_mm, pixel_mm], axis=1),
        positions_mm=np.stack([np.zeros(n), np.zeros(n), along_mm], axis=1),
        thickness_mm=np.full(n, SLICE_MM) if nominal else None,
        warnings=(*([NOMINAL_SIZE] if nominal else []), *warnings),
    )


def _gray(file: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(file, formats=("JPEG",)) as image:
            _require_size(file, image.height, image.width)
            progress.decoding(file)
            gray = np.asarray(image.convert("L"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnreadableInput(f"{file}: expected a JPEG image, found {error}") from error
    return gray


def _require_size(file: Path, rows: int, columns: int) -> None:
    if (rows, columns) != SIZE:
        raise UnreadableInput(f"{file}: expected {SIZE[0]} x {SIZE[1]} pixels, found {rows} x {columns}")
