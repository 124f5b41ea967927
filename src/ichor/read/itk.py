"""Voxels of formats that SimpleITK, an optional package, reads; the headers are checked beforehand."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.imports import require_extra
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.detached import VolumeHeader, require_content
from ichor.read.volume import scan_of, shape_text
from ichor.scan import Scan


def read(path: Path, describe: Callable[[Path], VolumeHeader], name: str, kind: str) -> Scan:
    """The scan at `path`, whose header is read by `describe`; `name` is that of the format and of ITK's reader.

    Raises UnreadableInput if the file is damaged or not a gray volume in HU, or if SimpleITK is not installed.
    """
    try:
        described = describe(path)
        require_content(described)
    except (EOFError, ValueError, zlib.error) as error:
        raise UnreadableInput(f"{path}: expected a complete {name} file, found a problem: {error}") from error
    return scan_of(described.with_voxels(_voxels(described, name)), kind)


def inspect(path: Path, read_scan: Callable[[Path, ReadOptions], Scan], options: ReadOptions) -> Inspection:
    """The only volume of the file."""
    scan = read_scan(path, options)
    return Inspection((summarize(scan, reason="the only volume of the file"),), scan.warnings)


def _voxels(described: VolumeHeader, name: str) -> NDArray[Any]:
    """The voxels (i, j, k) in the order of the header's axes."""
    path = described.path
    require_extra("formats", "SimpleITK", used_by=f"{path}: {name}", error=UnreadableInput)
    import SimpleITK

    progress.decoding(path)
    itk: Any = SimpleITK
    reader = itk.ImageFileReader()
    reader.SetImageIO({"NRRD": "NrrdImageIO", "MetaImage": "MetaImageIO"}[name])  # do not guess from the content
    reader.SetFileName(str(path.absolute()))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise UnreadableInput(f"{path}: expected a complete {name} file, found one that ITK cannot read") from error
    voxels: NDArray[Any] = itk.GetArrayFromImage(image).transpose()
    if voxels.shape != described.shape or voxels.dtype != described.dtype:
        expected, found = (f"{shape_text(one.shape)} voxels of {one.dtype}" for one in (described, voxels))
        raise UnreadableInput(f"{path}: expected {expected} as stated in the header, found {found}")
    return np.asarray(voxels)
