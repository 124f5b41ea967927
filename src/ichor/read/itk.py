"""The voxels of formats that SimpleITK reads, an optional package: called with headers that were checked before."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.detached import Described, require_content
from ichor.read.volume import by, scan_of
from ichor.scan import Scan


def read(path: Path, describe: Callable[[Path], Described], name: str, kind: str) -> Scan:
    """The scan at `path`, whose header `describe` reads; `name` is that of the format, and of ITK's reader of it.

    Raises UnreadableInput where the file is damaged, no gray volume in HU, or SimpleITK is not installed.
    """
    try:
        described = describe(path)
        require_content(described)
    except (EOFError, ValueError, zlib.error) as error:
        raise UnreadableInput(f"{path}: expected a whole {name} file, found otherwise: {error}") from error
    return scan_of(described.with_voxels(_voxels(described, name)), kind)


def inspect(path: Path, read_scan: Callable[[Path, ReadOptions], Scan], options: ReadOptions) -> Inspection:
    """The one volume of the file."""
    scan = read_scan(path, options)
    return Inspection((summarize(scan, reason="the one volume of the file"),), scan.warnings)


def _voxels(described: Described, name: str) -> NDArray[Any]:
    """(i, j, k) as the header counts them."""
    path = described.path
    try:
        import SimpleITK
    except ModuleNotFoundError as error:
        raise UnreadableInput(
            f"{path}: expected the package SimpleITK to read {name}, found none; install it by "
            "pip install 'ichor-ct[formats]'"
        ) from error
    progress.decoding(path)
    itk: Any = SimpleITK
    reader = itk.ImageFileReader()
    reader.SetImageIO({"NRRD": "NrrdImageIO", "MetaImage": "MetaImageIO"}[name])  # no guess by the file's content
    reader.SetFileName(str(path.absolute()))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise UnreadableInput(f"{path}: expected a whole {name} file, found one that ITK does not read") from error
    voxels: NDArray[Any] = itk.GetArrayFromImage(image).transpose()
    if voxels.shape != described.shape or voxels.dtype != described.dtype:
        expected, found = (f"{by(one.shape)} voxels of {one.dtype}" for one in (described, voxels))
        raise UnreadableInput(f"{path}: expected {expected} as the header says, found {found}")
    return np.asarray(voxels)
