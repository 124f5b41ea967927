"""Masks, probabilities and HU as NIfTI-1 on the scan's grid.

A scan that came from NIfTI, NRRD or MetaImage is written back in the file's own axis order and affine, so that arrays
line up voxel by voxel. Any other is written as (columns, rows, slices) with an affine from the slices' positions. The
sform carries a tilted gantry's shear exactly; the qform, which cannot, keeps the lowest slice's place and the slices'
directions. But for that the two say the same, whatever those of a source did. NIfTI knows one distance between slices;
an uneven scan takes the median.
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

# NIfTI counts x to the right and y to the front: RAS, where DICOM counts LPS.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
SCANNER, MILLIMETRES, UNKNOWN = 1, 2, 0
SHEARED_FROM_DEG = 0.5
# Slices whose distances differ by more than this are uneven; positions in DICOM have three decimals or fewer.
EVEN_WITHIN_MM = 0.01
# A mask is mostly zeros: the fastest level makes it small enough.
FAST = 1
HEADER_BYTES = 352


def write_mask(mask: NDArray[np.bool_], scan: Scan, path: Path) -> None:
    """Write a mask (n, rows, columns) on the grid of `scan` to a .nii.gz: bytes, 1 for hemorrhage."""
    _write(mask.astype(np.uint8), scan, path, slope=1.0)


def write_labels(labels: NDArray[np.uint8], scan: Scan, path: Path) -> None:
    """Write a label map (n, rows, columns) on the grid of `scan` to a .nii.gz, bytes as they are."""
    _write(labels.astype(np.uint8), scan, path, slope=1.0)


def write_probability(probability: NDArray[np.float32], scan: Scan, path: Path) -> None:
    """Write probabilities (n, rows, columns) to a .nii.gz: 16-bit steps of 1/65535, scaled to 0..1."""
    steps = np.rint(np.clip(probability, 0, 1) * np.float32(65535)).astype(np.uint16)
    _write(steps, scan, path, slope=1 / 65535)


def write_hu(scan: Scan, path: Path, scale: HuScale = WHOLE_HU) -> None:
    """Write the scan's own HU to a .nii.gz: 16 bits, to the nearest step of `scale`.

    Raises ValueError for HU that 16 bits cannot hold.
    """
    _write(scale.stored(scan.hu), scan, path, slope=scale.slope, intercept=scale.intercept)


def grid_warnings(scan: Scan) -> tuple[str, ...]:
    """What NIfTI cannot say of the scan's grid, one sentence each, for a person to read."""
    tilted = [
        f"The gantry was tilted by {tilt:g} degrees; programs that read only the qform of the NIfTI files (ITK, "
        "SimpleITK) leave out the shift between slices."
        for tilt in [scan.tilt_deg or 0.0]
        if abs(tilt) > SHEARED_FROM_DEG
    ]
    if scan.source.nifti is not None:
        return tuple(tilted)
    if scan.pixel_mm is None or scan.positions_mm is None:
        return ("The NIfTI files count in voxels of 1 x 1 x 1: the scan's spacing is not known.",)
    said = []
    distances = scan.slice_distances_mm
    if distances is not None and distances.size and np.ptp(distances) > EVEN_WITHIN_MM:
        said.append(
            f"Slices lie {distances.min():.4g} to {distances.max():.4g} mm apart; the NIfTI files take the "
            f"median, {np.median(distances):.4g} mm. Volumes use each slice's own height, and findings.json "
            "has each slice's position."
        )
    shifted = sideways_mm(scan.positions_mm, scan.normal)
    if shifted.any():
        said.append(
            f"Slices lie up to {shifted.max():.0f} mm to the side of those below; NIfTI knows only one straight way "
            "from slice to slice, so that its files are off by as much there."
        )
    if np.ptp(scan.pixel_mm, axis=0).max() > 1e-4:
        said.append("Pixel sizes differ between slices; the NIfTI files take the median.")
    return (*said, *tilted)


def affine(scan: Scan) -> FloatArray:
    """(4, 4) from (column, row, slice) indices to RAS mm; 1 x 1 x 1 voxels where any spacing is unknown."""
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
    """A view of (n, rows, columns) as NIfTI stores it: by the source file's axes, else the reverse order."""
    turned = array.transpose(2, 1, 0)
    grid = scan.source.nifti
    if grid is None:
        return turned
    turned = turned.transpose(grid.orientation[:, 0].astype(int))
    turned = turned[tuple(slice(None, None, int(flip)) for flip in grid.orientation[:, 1])]
    if turned.shape != tuple(grid.shape):
        raise ValueError(f"expected the source file's shape {tuple(grid.shape)}, found {turned.shape}")
    return turned


def _write(array: NDArray[np.generic], scan: Scan, path: Path, *, slope: float, intercept: float = 0.0) -> None:
    """Write the header by nibabel and the voxels after it; the same input gives the same bytes."""
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
