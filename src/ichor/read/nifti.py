"""NIfTI: one CT volume in HU, .nii or .nii.gz, in whichever orientation it is stored.

NIfTI counts in RAS mm and stores its axes in any order; a scan here is (slices, rows, columns) in LPS with
columns to the left, rows to posterior and slices to superior. nibabel matches the axes, the closest one of
each; an oblique, tilted or sheared grid keeps its true directions. NIfTI knows no slice thickness.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.imports import nibabel
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.bounds import MOST_VOXELS, require
from ichor.read.hounsfield import why_not_hu
from ichor.scan import FloatArray, NiftiGrid, Scan, Source

LONGEST_HEADER = 540
MOST_INFLATION = 1032  # deflate cannot do more (RFC 1951: 258 bytes in 2 bits)
STEP_BYTES = 1 << 20
MOST_TRAILING_BYTES = 1 << 20  # some writers pad the end of the file; more than this is no padding
AIR = -1024
# NIfTI's codes for units of length (nifti1.h), in mm; a file that names none is in mm.
UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
# In-plane axes of a CT are perpendicular. Rounding in the header bends them a little, a registration more.
BENT_DEG, TOO_BENT_DEG = 0.5, 10.0


def accepts(path: Path) -> bool:
    """Whether this is a file named .nii or .nii.gz."""
    return path.is_file() and path.name.lower().endswith((".nii", ".nii.gz"))


def read(path: Path, options: ReadOptions) -> Scan:  # noqa: ARG001 (the file says it all itself)
    """The volume at `path`. Raises UnreadableInput where it is damaged, not 3-D, in colour, or not in HU."""
    return read_volume(path, kind="nifti")


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The one volume of the file. Raises UnreadableInput as `read` does."""
    scan = read(path, options)
    return Inspection((summarize(scan, reason="the one volume of the file"),), scan.warnings)


def read_volume(path: Path, kind: str) -> Scan:
    """The volume at `path`, as a scan whose source is of that kind. Raises UnreadableInput as `read` does."""
    stored = load(path)
    hu, warnings = _hu(stored)
    voxels = reorient(hu, stored.axes_to_scan())
    n = len(voxels)
    grid = NiftiGrid(stored.axes_to_scan(), stored.affine, stored.shape, stored.unit_code)
    source = Source(kind, path, nifti=grid)
    if not stored.in_space:
        warnings.append(
            "The file does not say how it lies in the patient (sform and qform are both 0): left and right, "
            "front and back, top and bottom are assumed."
        )
    if not stored.has_sizes:
        warnings.append("The file gives no voxel sizes: no lengths or volumes in mm.")
        return require(Scan(voxels=voxels, source=source, warnings=tuple(warnings)))
    pixel_mm, positions, orientation = _geometry(stored)
    bent = _bend_deg(orientation)
    if bent > TOO_BENT_DEG:
        raise UnreadableInput(f"{path}: expected rows perpendicular to columns, found them {bent:.1f} degrees off")
    if bent > BENT_DEG:
        warnings.append(f"rows and columns are {bent:.1f} degrees off perpendicular: lengths in plane are approximate")
    try:
        return require(
            Scan(
                voxels=voxels,
                source=source,
                pixel_mm=np.tile(pixel_mm, (n, 1)),
                positions_mm=positions,
                orientation=np.tile(orientation, (n, 1, 1)),
                warnings=tuple(warnings),
            )
        )
    except ValueError as error:
        raise UnreadableInput(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A NIfTI file as it is stored.

    Attributes:
        path: the file.
        voxels: on the file's own axes, before scaling.
        slope, inter: value = slope * voxel + inter.
        affine: (4, 4), from the file's axes to RAS, in its unit of length: sform, else qform, else pixdim.
        in_space: whether an sform or a qform says how the file lies in the patient.
        has_sizes: whether the file says how large its voxels are.
        unit_code: the header's code for the file's unit of length.
    """

    path: Path
    voxels: NDArray[Any]
    slope: float
    inter: float
    affine: FloatArray
    in_space: bool
    has_sizes: bool
    unit_code: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """The three axes' lengths."""
        first, second, third = self.voxels.shape
        return first, second, third

    def axes_to_scan(self) -> FloatArray:
        """nibabel's orientation that takes the file's axes to the scan's, as NiftiGrid has it."""
        nib = nibabel()
        stored, wanted = nib.io_orientation(self.affine), nib.orientations.axcodes2ornt(("L", "P", "S"))
        return np.asarray(nib.orientations.ornt_transform(stored, wanted), np.float64)


def load(path: Path) -> Stored:
    """What a whole, undamaged, gray 3-D file holds. Raises UnreadableInput where it is not that.

    Trailing dimensions of 1 are dropped. Extensions of the header are passed over.
    """
    nib = nibabel()
    failures = (
        nib.spatialimages.HeaderDataError,
        nib.spatialimages.HeaderTypeError,
        OSError,
        EOFError,
        OverflowError,
        ValueError,
        zlib.error,
    )
    try:
        with _without_log():
            header, sizes = _header(path)
            voxels = _voxels(path, header)
            slope, inter = header.get_slope_inter()
            has_pixdim = _is_grid(np.diag(sizes)) and bool((sizes > 0).all())
            affine, in_space = _affine(header, has_pixdim)
    except failures as error:
        reason = " ".join(str(error).replace(f"File {path}", "it").replace(str(path), "it").split())
        reason = reason or type(error).__name__
        raise UnreadableInput(f"{path}: expected a whole NIfTI file, found otherwise: {reason}") from error
    return Stored(
        path=path,
        voxels=voxels.reshape(voxels.shape[:3]),
        slope=1.0 if slope is None else float(slope),
        inter=0.0 if inter is None else float(inter),
        affine=affine,
        in_space=in_space,
        has_sizes=in_space or has_pixdim,
        unit_code=int(header["xyzt_units"]) & 7,
    )


def _header(path: Path) -> tuple[Any, NDArray[Any]]:
    """The header as nibabel mends it, and the voxel sizes as the file has them: nibabel makes 1 of a size of 0."""
    nib = nibabel()
    if _is_packed(path):
        progress.decoding(path)
    with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
        start = file.read(LONGEST_HEADER)
    lengths = {start[:4][::step] for step in (1, -1)}
    first, second = ((348).to_bytes(4, "little") in lengths), ((540).to_bytes(4, "little") in lengths)
    if not first and not second:
        raise ValueError("it does not begin with the length of a NIfTI header")
    kind = nib.Nifti1Header if first else nib.Nifti2Header
    content = start[: kind.template_dtype.itemsize]
    if len(content) < kind.template_dtype.itemsize:
        raise EOFError("it ends within its header")
    header = kind(content)
    if not bytes(header["magic"]).startswith(b"n+"):
        raise ValueError("it is no single file: its header says that the voxels lie in another")
    return header, kind(content, check=False)["pixdim"][1:4]


def _voxels(path: Path, header: Any) -> NDArray[Any]:
    """The voxels on the file's axes, once the header and the length of the file allow for them."""
    shape, kind = tuple(int(n) for n in header.get_data_shape()), header.get_data_dtype()
    _check_header(path, shape, kind)
    offset = int(header.get_data_offset())
    size = int(np.prod(shape, dtype=np.int64)) * int(kind.itemsize)
    if offset < 0:
        raise ValueError(f"its voxels begin at byte {offset}")
    n_bytes = path.stat().st_size
    if not _is_packed(path):
        if n_bytes < offset + size:
            raise EOFError(f"{offset + size} bytes are needed, {n_bytes} are there")
        progress.decoding(path)
        return np.memmap(path, kind, "r", offset, shape, "F")
    if offset + size > n_bytes * MOST_INFLATION:
        raise EOFError(f"{offset + size} bytes are needed, at most {n_bytes * MOST_INFLATION} are there")
    voxels = np.frombuffer(_unpack(path, offset + size), kind, offset=offset)
    return voxels.reshape(shape, order="F")


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def reorient(values: NDArray[Any], transform: FloatArray) -> NDArray[Any]:
    """An array on the file's axes as (slices, rows, columns); `transform` is NiftiGrid's `orientation`."""
    return np.ascontiguousarray(nibabel().apply_orientation(values, transform).transpose(2, 1, 0))


def _check_header(path: Path, shape: tuple[int, ...], kind: Any) -> None:
    """Refuse by the header alone, before any voxel is read."""
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise UnreadableInput(f"{path}: expected a volume of 3 dimensions, found {len(shape)}: {by(shape)}")
    if 0 in shape or np.prod(shape, dtype=float) > MOST_VOXELS:
        raise UnreadableInput(f"{path}: expected 1 to {MOST_VOXELS} voxels, found {by(shape)}")
    if kind.names or kind.kind not in "iuf":
        what = "colour" if kind.names else str(kind)
        raise UnreadableInput(f"{path}: expected gray voxels, integer or floating point, found {what}")


def by(shape: tuple[int, ...]) -> str:
    """A shape as people write it: 512 x 512 x 35."""
    return " x ".join(map(str, shape))


def _unpack(path: Path, expected: int) -> bytearray:
    """The content of a .gz as long as its header says, read to the end so that its checksum is verified.

    It grows as it comes: a file that does not hold what it says costs no more memory than what it holds.
    """
    content = bytearray()
    trailing = 0
    with gzip.open(path) as stream:
        while chunk := stream.read(min(STEP_BYTES, expected - len(content)) or STEP_BYTES):
            if len(content) < expected:
                content += chunk
            else:
                trailing += len(chunk)
            if trailing >= MOST_TRAILING_BYTES:
                raise ValueError(f"{expected} bytes are needed, more than {MOST_TRAILING_BYTES} others follow")
    if len(content) < expected:
        raise EOFError(f"{expected} bytes are needed, {len(content)} are there")
    return content


def _hu(stored: Stored) -> tuple[NDArray[Any], list[str]]:
    """The voxels in HU on the file's axes (int16 where nothing but a whole number is added), and warnings."""
    warnings = []
    voxels = stored.voxels
    values: NDArray[Any]
    whole = stored.slope == 1 and stored.inter.is_integer() and abs(stored.inter) <= 2**16
    if whole and voxels.dtype.kind in "iu":
        values = voxels.astype(np.int64) + int(stored.inter) if stored.inter else voxels
    else:
        with np.errstate(over="ignore", invalid="ignore"):  # told below, with all that is not finite
            values = voxels.astype(np.float32) * np.float32(stored.slope) + np.float32(stored.inter)
        finite = np.isfinite(values)
        if not finite.all():
            warnings.append(f"{np.count_nonzero(~finite)} voxels are not numbers: taken as air, {AIR} HU.")
            values = np.where(finite, values, np.float32(AIR))
    reason = why_not_hu(values)
    if reason:
        raise UnreadableInput(f"{stored.path}: {reason}")
    return (values.astype(np.int16) if values.dtype.kind in "iu" else values), warnings


def _affine(header: Any, has_pixdim: bool) -> tuple[FloatArray, bool]:
    """The affine to RAS in the file's unit, and whether the file states one; a qform needs pixdim's sizes."""
    stated = [header.get_sform(coded=True)]
    if has_pixdim:
        stated.append(header.get_qform(coded=True))
    for affine, code in stated:
        if code > 0 and np.isfinite(affine).all() and _is_grid(affine[:3, :3]):
            return np.asarray(affine, np.float64), True
    affine = header.get_base_affine() if has_pixdim else np.diag([-1.0, 1.0, 1.0, 1.0])
    return np.asarray(affine, np.float64), False


def _is_grid(axes: FloatArray) -> bool:
    """Whether three axes (columns of a 3x3) span a space, none thousands of times as long as another."""
    return bool(np.isfinite(axes).all()) and float(np.linalg.cond(axes)) < 1e4


def _geometry(stored: Stored) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(2,) pixel size, (n, 3) positions and (2, 3) orientation as Scan has them."""
    transform = stored.axes_to_scan()
    to_ras = stored.affine @ nibabel().orientations.inv_ornt_aff(transform, stored.shape)
    columns, rows, slices, origin = (to_ras[:3] * RAS_TO_LPS[:, None] * UNIT_MM.get(stored.unit_code, 1.0)).T
    pixel_mm = np.array([np.linalg.norm(rows), np.linalg.norm(columns)])
    orientation = np.stack([columns / pixel_mm[1], rows / pixel_mm[0]])
    n = stored.shape[int(np.flatnonzero(transform[:, 0] == 2)[0])]
    return pixel_mm, origin + np.arange(n)[:, None] * slices, orientation


def _bend_deg(orientation: FloatArray) -> float:
    """How far the angle between the (2, 3) directions is from a right one."""
    return float(np.degrees(np.abs(np.arcsin(np.clip(orientation[0] @ orientation[1], -1, 1)))))


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep nibabel from printing what it finds odd in a header: what matters is said by this reader."""
    logger = nibabel().imageglobals.logger
    logger.addFilter(_nothing)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: object) -> bool:  # noqa: ARG001 (what logging asks of a filter)
    return False
