"""NIfTI: one CT volume in HU, in any orientation; and Analyze, its predecessor.

One file (.nii, .nii.gz), or a pair of .hdr and .img. NIfTI has no slice thickness. `nifti_space` chooses among its
statements of position and size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.imports import nibabel
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.nifti_file import Content, content_of, looks_like_header, reporting_damage, stated_header
from ichor.read.nifti_space import Space, space_of
from ichor.read.paired_files import PAIR_HEADERS, header_of
from ichor.read.volume import MILLIMETRE, Volume, assumed, scan_of
from ichor.scan import FloatArray, Scan

SUFFIXES = (".nii", ".nii.gz")


def accepts(path: Path) -> bool:
    """Whether this is a file named .nii or .nii.gz, or one of a pair of .hdr and .img."""
    if not path.is_file():
        return False
    name = path.name.lower()
    header = path if name.endswith(PAIR_HEADERS) else header_of(path)
    return name.endswith(SUFFIXES) or (header is not None and looks_like_header(header))


def read(path: Path, options: ReadOptions) -> Scan:  # noqa: ARG001 (the file states everything itself)
    """The volume at `path`. Raises UnreadableInput if it is damaged, not 3-D, in color, or not in HU."""
    return read_volume(path, kind="nifti")


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The only volume of the file. Raises UnreadableInput as `read` does."""
    scan = read(path, options)
    return Inspection((summarize(scan, reason="the only volume of the file"),), scan.warnings)


def read_volume(path: Path, kind: str) -> Scan:
    """The volume at `path` as a scan; `kind` is that of its source. Raises UnreadableInput as `read` does."""
    return scan_of(load(path), kind)


def load(path: Path) -> Volume:
    """The content of an undamaged gray 3-D file. Raises UnreadableInput for any other.

    Trailing dimensions of 1 are dropped. Header extensions are ignored.
    """
    with reporting_damage(path):
        content = content_of(path)
        slope, inter = content.header.get_slope_inter()
        space = _analyze_space(content) if content.is_analyze else space_of(path, content.header, content.sizes)
    header, voxels = content.header, content.voxels
    has_rules = not content.is_analyze
    return Volume(
        path=path,
        voxels=voxels.reshape(voxels.shape[:3]),
        affine=space.affine,
        has_sizes=space.has_sizes,
        slope=1.0 if slope is None else float(slope),
        inter=0.0 if inter is None else float(inter),
        unused_inter=float(np.nan_to_num(header["scl_inter"])) if has_rules and slope is None else 0.0,
        unit_code=int(header["xyzt_units"]) & 7 if has_rules else MILLIMETRE,
        warnings=space.warnings,
    )


def load_voxels(path: Path) -> NDArray[Any]:
    """Only the voxels, on the file's own three axes: for a mask, which lies on the grid of its scan.

    Raises UnreadableInput as `load` does, except for the position and size that the file states.
    """
    with reporting_damage(path):
        voxels = content_of(path).voxels
    return voxels.reshape(voxels.shape[:3])


def grid_of(path: Path) -> tuple[FloatArray, tuple[int, int, int]]:
    """The (4, 4) affine to RAS, in the file's unit of length, and the shape of a NIfTI file, by its header alone.

    Raises UnreadableInput as `load` does, except for voxels that are missing.
    """
    with reporting_damage(path):
        header, sizes = stated_header(path)
        space = space_of(path, header, sizes)
    first, second, third = (int(n) for n in (*header.get_data_shape(), 1, 1, 1)[:3])
    return space.affine, (first, second, third)


def _analyze_space(content: Content) -> Space:
    """Columns towards the left and slices upwards, as nibabel and most programs assume; SPM's .mat is not read."""
    sizes = np.abs(np.asarray(content.sizes, np.float64))
    has_sizes = bool((np.isfinite(sizes) & (sizes > 0)).all())
    affine = np.diag([-1.0, 1.0, 1.0, 1.0])
    if has_sizes:
        shape = content.header.get_data_shape()[:3]
        affine = nibabel().volumeutils.shape_zoom_affine(shape, sizes, x_flip=True)
    return Space(np.asarray(affine, np.float64), has_sizes, [assumed("the format is Analyze")])
