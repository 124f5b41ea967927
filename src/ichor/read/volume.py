"""A volume stored as one array, in any file format: from voxels and affine to a scan in HU."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read.affine import axes_to_scan, bend_deg, geometry, reorient
from ichor.read.bounds import MAX_VOXELS, why_not
from ichor.read.hounsfield import lost_offset, why_not_hu, wrapped
from ichor.scan import FloatArray, NiftiGrid, Scan, Source

AIR = -1024
# NIfTI's codes for units of length (nifti1.h), in mm; a file that names none is in mm.
METRE, MILLIMETRE, MICRON = 1, 2, 3
UNIT_MM = {METRE: 1000.0, MILLIMETRE: 1.0, MICRON: 0.001}
UNIT_NAMES = {METRE: "metres", MICRON: "microns"}
# In-plane axes of a CT are perpendicular; rounding in the header skews them slightly, a registration more.
BENT_DEG, TOO_BENT_DEG = 0.5, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A volume as its file stores it.

    Attributes:
        path: the file.
        voxels: on the file's own three axes, before scaling.
        affine: (4, 4), from these axes to RAS, in the file's unit of length.
        has_sizes: whether the file states voxel sizes.
        slope, inter: value = slope * voxel + inter.
        unused_inter: an intercept in the header that the format's rules do not add.
        unit_code: NIfTI's code for the file's unit of length.
        warnings: about how it was read.
    """

    path: Path
    voxels: NDArray[Any]
    affine: FloatArray
    has_sizes: bool = True
    slope: float = 1.0
    inter: float = 0.0
    unused_inter: float = 0.0
    unit_code: int = MILLIMETRE
    warnings: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The lengths of the three axes."""
        first, second, third = self.voxels.shape
        return first, second, third


def scan_of(volume: Volume, kind: str) -> Scan:
    """The scan; `kind` is that of its source. Raises UnreadableInput if it cannot be a head CT in HU."""
    hu, corrections = _hu(volume)
    warnings = [*corrections, *volume.warnings]
    transform = axes_to_scan(volume.affine)
    voxels = reorient(hu, transform)
    n = len(voxels)
    source = Source(kind, volume.path, nifti=NiftiGrid(transform, volume.affine, volume.shape, volume.unit_code))
    if not volume.has_sizes:
        warnings.append("The file states no voxel sizes: lengths and volumes are unknown.")
        return _plausible(Scan(voxels=voxels, source=source, warnings=tuple(warnings)), volume)
    affine_mm = volume.affine.copy()
    affine_mm[:3] *= UNIT_MM.get(volume.unit_code, 1.0)
    pixel_mm, positions, orientation = geometry(affine_mm, volume.shape)
    bent = bend_deg(orientation)
    if bent > TOO_BENT_DEG:
        raise UnreadableInput(
            f"{volume.path}: expected rows perpendicular to columns, found {bent:.1f} degrees of deviation"
        )
    if bent > BENT_DEG:
        warnings.append(
            f"Rows and columns deviate from perpendicular by {bent:.1f} degrees: in-plane lengths are approximate."
        )
    try:
        scan = Scan(
            voxels=voxels,
            source=source,
            pixel_mm=np.tile(pixel_mm, (n, 1)),
            positions_mm=positions,
            orientation=np.tile(orientation, (n, 1, 1)),
            warnings=tuple(warnings),
        )
    except ValueError as error:
        raise UnreadableInput(f"{volume.path}: {error}") from error
    return _plausible(scan, volume)


def require_voxels(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises UnreadableInput, by the header alone, unless it is a gray volume of a plausible size."""
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise UnreadableInput(f"{path}: expected a volume of 3 dimensions, found {len(shape)}: {shape_text(shape)}")
    if min(shape) < 1 or np.prod(shape, dtype=float) > MAX_VOXELS:
        raise UnreadableInput(f"{path}: expected 1 to {MAX_VOXELS} voxels, found {shape_text(shape)}")
    if dtype.names or dtype.kind not in "iuf":
        what = "color" if dtype.names else str(dtype)
        raise UnreadableInput(f"{path}: expected gray voxels, integer or floating point, found {what}")


def assumed(why: str) -> str:
    """The warning for a file that does not state its orientation in the patient."""
    return (
        f"The file does not state its orientation in the patient ({why}): left and right, front and back, top and "
        "bottom are assumed."
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape for people to read: 512 x 512 x 35."""
    return " x ".join(map(str, shape))


def _plausible(scan: Scan, volume: Volume) -> Scan:
    """The scan itself. Raises UnreadableInput if its sizes are implausible, perhaps because of the unit of length."""
    reason = why_not(scan)
    if reason is None:
        return scan
    unit = UNIT_NAMES.get(volume.unit_code)
    remedy = "" if unit is None else f"; the header states lengths in {unit}: if they are in mm, correct it"
    raise UnreadableInput(f"{volume.path}: {reason}{remedy}")


def _hu(volume: Volume) -> tuple[NDArray[Any], list[str]]:
    """The voxels in HU on the file's axes (int16 if only an integer offset is applied), and warnings."""
    values, warnings = _scaled(volume)
    in_bytes = volume.voxels.dtype.itemsize == 1
    reason = why_not_hu(values, in_bytes=in_bytes)
    if reason is not None:
        repaired = _repaired(volume, values)
        if repaired is None:
            raise UnreadableInput(f"{volume.path}: {reason}")
        values, correction = repaired
        warnings.append(correction)
    return (values.astype(np.int16) if values.dtype.kind in "iu" else values), warnings


def _scaled(volume: Volume) -> tuple[NDArray[Any], list[str]]:
    """The voxels with slope and intercept applied, with air in place of values that are not finite, and warnings."""
    voxels, slope, inter = volume.voxels, volume.slope, volume.inter
    if voxels.dtype.kind in "iu" and slope == 1 and inter.is_integer() and abs(inter) <= 2**16:
        return (voxels.astype(np.int64) + int(inter) if inter else voxels), []
    with np.errstate(over="ignore", invalid="ignore"):  # handled below, with all other values that are not finite
        values: NDArray[Any] = voxels.astype(np.float32) * np.float32(slope) + np.float32(inter)
    finite = np.isfinite(values)
    if finite.all():
        return values, []
    warning = f"{np.count_nonzero(~finite)} voxels are not finite numbers: replaced by air, {AIR} HU."
    return np.where(finite, values, np.float32(AIR)), [warning]


def _repaired(volume: Volume, values: NDArray[Any]) -> tuple[NDArray[Any], str] | None:
    """Values corrected to HU, and a warning; None if the correction is not certain."""
    signed = wrapped(values)
    if signed is not None:
        return signed, "Negative values were stored as unsigned (64536 for -1000): they are read as signed."
    offset = lost_offset(values)
    if offset is not None:
        warning = f"{offset} had been added to the HU, as the values of air and brain show: it is subtracted."
        return (values.astype(np.int32) if values.dtype.kind in "iu" else values) - np.int32(offset), warning
    if volume.unused_inter:
        moved = values.astype(np.float32) + np.float32(volume.unused_inter)
        if why_not_hu(moved) is None:
            warning = (
                f"The header has an intercept of {volume.unused_inter:g} and no slope: it is added, since otherwise "
                "the values are not HU."
            )
            return moved, warning
    return None
