"""Masks and probabilities that `ichor.formats.nifti` wrote, read back onto the scan's grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.scan import Scan


def read_on_grid(path: Path, scan: Scan) -> NDArray[np.float32]:
    """(n, rows, columns) from a .nii.gz that was written for `scan`. Raises UnreadableInput for other files."""
    from ichor.imports import nibabel

    grid = scan.source.nifti
    expected = scan.voxels.shape[::-1] if grid is None else tuple(grid.shape)
    try:
        image: Any = nibabel().Nifti1Image.from_filename(path)
        if tuple(image.shape) != tuple(expected):
            raise UnreadableInput(f"{path}: expected the scan's size {tuple(expected)}, found {tuple(image.shape)}")
        values = np.asarray(image.dataobj, np.float32)
    except UnreadableInput:
        raise
    except Exception as error:  # nibabel, gzip and zlib raise errors of many types
        raise UnreadableInput(f"{path}: expected NIfTI, found an unreadable file ({type(error).__name__})") from error
    if grid is not None:
        values = values[tuple(slice(None, None, int(flip)) for flip in grid.orientation[:, 1])]
        values = values.transpose(np.argsort(grid.orientation[:, 0].astype(int)))
    return np.asarray(values.transpose(2, 1, 0))
