"""Masks, probabilities and HU as NIfTI-1 on the scan's grid.

For a scan from NIfTI, NRRD or MetaImage, the file's own axis order and affine are used, so that arrays match voxel by
voxel. Any other is written as (columns, rows, slices) with an affine from the slice positions. The sform represents the
shear of a tilted gantry exactly; the qform, which cannot, keeps the lowest slice's position and the slices'
orientation. Apart from that the two agree, even if those of the source did not. NIfTI has a single slice spacing; for
uneven scans it is the median.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.formats.hu_scale import WHOLE_HU, HuScale
from ichor.read.affine import slice_axis, without_shear
from ichor.scan import FloatArray, Scan, sideways_mm

# NIfTI uses RAS: x towards the right, y towards anterior; DICOM uses LPS.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
SCANNER, MILLIMETRES, UNKNOWN = 1, 2, 0
SHEARED_FROM_DEG = 0.5
# Slice distances that differ by more than this are uneven; DICOM positions have three decimals or fewer.
EVEN_WITHIN_MM = 0.01
# Masks are mostly zeros: the fastest compression level is sufficient.
FAST = 1
HEADER_BYTES = 352


def write_mask(mask: NDArray[np.bool_], scan: Scan, path: Path) -> None:
    """Write a mask (n, rows, columns) on the grid of `scan` to a .nii.gz, as bytes, 1 for hemorrhage."""
    _write(mask.astype(np.uint8), scan, path, slope=1.0)


def write_labels(labels: NDArray[np.uint8], scan: Scan, path: Path) -> None:
    """Write a label map (n, rows, columns) on the grid of `scan` to a .nii.gz, as bytes."""
    _write(labels.astype(np.uint8), scan, path, slope=1.0)


def write_probability(probability: NDArray[np.float32], scan: Scan, path: Path) -> None:
    """Write probabilities (n, rows, columns) to a .nii.gz: 16-bit steps of 1/65535, scaled to 0 to 1."""
    steps = np.rint(np.clip(probability, 0, 1) * np.float32(65535)).astype(np.uint16)
    _write(steps, scan, path, slope=1 / 65535)


def write_hu(scan: Scan, path: Path, scale: HuScale = WHOLE_HU) -> None:
    """Write the scan's HU to a .nii.gz: 16 bits, rounded to the nearest step of `scale`.

    Raises ValueError for HU beyond the range of 16 bits.
    """
    _write(scale.stored(scan.hu), scan, path, slope=scale.slope, intercept=scale.intercept)


def grid_warnings(scan: Scan) -> tuple[str, ...]:
    """Properties of the scan's grid that NIfTI cannot represent, one sentence each."""
    tilted = [
        f"The gantry was tilted by {tilt:g} degrees; programs that read only the qform of the NIfTI files (ITK, "
        "SimpleITK) ignore the shift between slices."
        for tilt in [scan.tilt_deg or 0.0]
        if abs(tilt) > SHEARED_FROM_DEG
    ]
    if scan.source.nifti is not None:
        return tuple(tilted)
    if scan.pixel_mm is None or scan.positions_mm is None:
        return ("The NIfTI files use voxels of 1 x 1 x 1: the scan's spacing is unknown.",)
    found = []
    distances = scan.slice_distances_mm
    if distances is not None and distances.size and np.ptp(distances) > EVEN_WITHIN_MM:
        found.append(
            f"Slices are {distances.min():.4g} to {distances.max():.4g} mm apart; the NIfTI files use the "
            f"median, {np.median(distances):.4g} mm. Volumes use each slice's own height, and findings.json "
            "has each slice's position."
        )
    shifted = sideways_mm(scan.positions_mm, scan.normal)
    if shifted.any():
        found.append(
            f"Slices are shifted up to {shifted.max():.0f} mm sideways from those below; NIfTI cannot represent this, "
            "so its files deviate by as much there."
        )
    if np.ptp(scan.pixel_mm, axis=0).max() > 1e-4:
        found.append("Pixel sizes differ between slices; the NIfTI files use the median.")
    return (*found, *tilted)


def affine(scan: Scan) -> FloatArray:
    """(4, 4) from (column, row, slice) indices to RAS mm; 1 x 1 x 1 voxels if any spacing is unknown."""
    along_columns, along_rows = scan.orientation[0]
    result = np.eye(4)
    if scan.pixel_mm is None or scan.positions_mm is None:
        result[:3, :3] = LPS_TO_RAS @ np.column_stack([along_columns, along_rows, scan.normal])
        return result
    row_mm, column_mm = np.median(scan.pixel_mm, axis=0)
    if scan.n_slices > 1:
        step = np.median(np.diff(scan.positions_mm, axis=0), axis=0)
    else:
        step = scan.normal * (1.0 if scan.thickness_mm is None else scan.thickness_mm[0])
    result[:3, :3] = LPS_TO_RAS @ np.column_stack([along_columns * column_mm, along_rows * row_mm, step])
    result[:3, 3] = LPS_TO_RAS @ scan.positions_mm[0]
    return result


def in_file_order(array: NDArray[np.generic], scan: Scan) -> NDArray[np.generic]:
    """A view of (n, rows, columns) in NIfTI's order: the source file's axes, otherwise the reverse order."""
    reordered = array.transpose(2, 1, 0)
    grid = scan.source.nifti
    if grid is None:
        return reordered
    reordered = reordered.transpose(grid.orientation[:, 0].astype(int))
    reordered = reordered[tuple(slice(None, None, int(flip)) for flip in grid.orientation[:, 1])]
    if reordered.shape != tuple(grid.shape):
        raise ValueError(f"expected the source file's shape {tuple(grid.shape)}, found {reordered.shape}")
    return reordered


def _write(array: NDArray[np.generic], scan: Scan, path: Path, *, slope: float, intercept: float = 0.0) -> None:
    """Write nibabel's header followed by the voxels; the same input gives the same bytes."""
    from ichor.imports import nibabel

    stored = in_file_order(array, scan)
    grid = scan.source.nifti
    known = scan.pixel_mm is not None and scan.positions_mm is not None
    header: Any = nibabel().Nifti1Header()
    header.set_data_dtype(stored.dtype)
    header.set_data_shape(stored.shape)
    header.set_slope_inter(slope, intercept)
    header["vox_offset"] = HEADER_BYTES
    unit = MILLIMETRES if grid is None else grid.unit_code
    header["xyzt_units"] = unit if known else UNKNOWN
    header["descrip"] = b"Ichor; research use only"
    to_ras, axis = (affine(scan), 2) if grid is None else (grid.affine, slice_axis(grid.orientation))
    header.set_qform(without_shear(to_ras, axis), code=SCANNER)
    header.set_sform(to_ras, code=SCANNER)
    voxels = np.asfortranarray(stored).tobytes(order="F")
    content = header.binaryblock.ljust(HEADER_BYTES, b"\0") + voxels
    write_whole(path, gzip.compress(content, compresslevel=FAST, mtime=0))
