"""Text headers that may name a separate file with the voxels: NRRD and MetaImage.

Headers are parsed here before SimpleITK sees them: to check their sizes before anything is allocated, and the name
of the voxel file, since an untrusted header must not cause other files of this machine to be read. Ambiguous headers
are rejected.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read.packed import STEP_BYTES, require_room
from ichor.read.volume import Volume, require_voxels, shape_text
from ichor.scan import FloatArray

MAX_HEADER_BYTES = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class VolumeHeader:
    """A volume as described by its text header.

    Attributes:
        path: the header's file.
        voxels: the file with the voxels, which may be the same.
        shape, dtype: of the array; SimpleITK handles the byte order.
        offset: where the voxels begin in their file; -1 if they are at its end.
        is_packed: whether they are compressed by zlib or gzip.
        affine, has_sizes, unused_inter, warnings: as in Volume; lengths are in mm.
    """

    path: Path
    voxels: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    is_packed: bool
    affine: FloatArray
    has_sizes: bool
    warnings: list[str]
    unused_inter: float = 0.0

    def with_voxels(self, voxels: NDArray[Any]) -> Volume:
        """The volume with its voxels (i, j, k), in the order of the header's axes."""
        return Volume(
            self.path,
            voxels,
            self.affine,
            has_sizes=self.has_sizes,
            unused_inter=self.unused_inter,
            warnings=self.warnings,
        )


def lines_of(path: Path) -> tuple[bytes, list[tuple[str, int]]]:
    """The beginning of a file, and its lines as text, each with the offset of the next line.

    They end before the first line that is not text, where the voxels of an attached header begin.
    """
    with path.open("rb") as file:
        content = file.read(MAX_HEADER_BYTES)
    lines, at = [], 0
    while at < len(content):
        end = content.find(b"\n", at)
        if end < 0 and len(content) == MAX_HEADER_BYTES:
            break
        line = content[at : end if end >= 0 else None].removesuffix(b"\r")
        at = end + 1 if end >= 0 else len(content)
        if any(byte < 32 and byte != 9 for byte in line):
            break
        lines.append((line.decode("utf-8", "surrogateescape"), at))
    return content, lines


def inside(path: Path, name: str) -> Path:
    """The file of that name, in or below the folder of the header at `path`.

    Raises UnreadableInput if the name leads out of the folder, or refers to several files or to none.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or any(part[1:2] == ":" for part in parts.parts):
        raise UnreadableInput(
            f"{path}: expected a voxel file in the same folder, found that the header leads elsewhere"
        )
    if not name or name.startswith("-") or "%" in name or name.split(maxsplit=1)[0].upper() == "LIST":
        raise UnreadableInput(
            f"{path}: expected all voxels in one file, found that the header names several files or none"
        )
    file = path.parent / parts
    if not file.is_file():
        raise UnreadableInput(f"{path}: expected its voxels in {parts.name} in the same folder, found no such file")
    return file


def require_content(described: VolumeHeader) -> None:
    """Check by the header and the file's length that it is a complete gray volume; compressed voxels are decompressed
    once.

    ITK accepts compressed voxels with a wrong checksum. Raises UnreadableInput, EOFError, ValueError or zlib.error.
    """
    require_voxels(described.path, described.shape, described.dtype)
    size = int(np.prod(described.shape, dtype=np.int64)) * described.dtype.itemsize
    n_bytes = described.voxels.stat().st_size - max(described.offset, 0)
    if not described.is_packed:
        if n_bytes < size:
            raise EOFError(f"{size} bytes of voxels expected, {max(n_bytes, 0)} found")
        return
    with described.voxels.open("rb") as file:
        file.seek(max(described.offset, 0))
        _require_whole(file, n_bytes, size)


def _require_whole(file: Any, n_bytes: int, size: int) -> None:
    require_room(n_bytes, size)
    decompressor = zlib.decompressobj(wbits=47)  # zlib or gzip, detected from the header
    count = 0
    while not decompressor.eof:
        chunk = decompressor.unconsumed_tail or file.read(STEP_BYTES)
        if not chunk:
            raise EOFError("its compressed voxels are truncated")
        count += len(decompressor.decompress(chunk, STEP_BYTES))
        if count > size:
            raise ValueError(f"{size} bytes of voxels expected, more found")
    if count < size:
        raise EOFError(f"{size} bytes of voxels expected, {count} found")


def shape_of(path: Path, dimensions: str | None, sizes: str) -> tuple[int, ...]:
    """The lengths of the three axes. The header must also state the number of axes: ITK crashes if the two disagree.

    Raises UnreadableInput if there are not three.
    """
    shape = tuple(int(one) for one in sizes.split())
    if len(shape) != 3 or dimensions != "3":
        stated = len(shape) if len(shape) != 3 else dimensions or "none stated"
        raise UnreadableInput(f"{path}: expected a volume of 3 dimensions, found {stated}: {shape_text(shape)}")
    return shape


def numbers(text: str, count: int) -> FloatArray:
    """That many finite numbers, separated by spaces. Raises ValueError for anything else."""
    values = np.array([float(one) for one in text.split()], np.float64)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(f"expected {count} numbers")
    return values


def positive(text: str) -> FloatArray:
    """Three voxel sizes. Raises ValueError for anything else."""
    sizes = numbers(text, 3)
    if (sizes <= 0).any():
        raise ValueError("a voxel has a size of 0 or less")
    return sizes
