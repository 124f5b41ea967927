"""A text header that names the file with its voxels: NRRD and MetaImage.

Headers are parsed here before SimpleITK sees them: for their sizes, since nothing is allocated that no CT has, and for
the name of that file, since a stranger's header must not have any other file of this machine read. Whatever a header
says that could be understood in two ways is refused.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read.packed import STEP_BYTES, require_room
from ichor.read.volume import Volume, by, require_voxels
from ichor.scan import FloatArray

LONGEST_HEADER = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What a text header says of a volume.

    Attributes:
        path: the header's file.
        voxels: the file with the voxels, perhaps the same.
        shape, dtype: of the array; what order bytes come in is for SimpleITK to heed.
        offset: where the voxels begin in their file; -1 where they are its end.
        is_packed: whether they are packed by zlib or gzip.
        affine, has_sizes, unused_inter, warnings: as Volume has them; lengths are in mm.
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
        """The volume, once its voxels are there, (i, j, k) as the header counts."""
        return Volume(
            self.path,
            voxels,
            self.affine,
            has_sizes=self.has_sizes,
            unused_inter=self.unused_inter,
            warnings=self.warnings,
        )


def lines_of(path: Path) -> tuple[bytes, list[tuple[str, int]]]:
    """The beginning of a file, and its lines as text, each with the place where the next one begins.

    They end before the first that is no text, where the voxels of an attached header begin.
    """
    with path.open("rb") as file:
        content = file.read(LONGEST_HEADER)
    lines, at = [], 0
    while at < len(content):
        end = content.find(b"\n", at)
        if end < 0 and len(content) == LONGEST_HEADER:
            break
        line = content[at : end if end >= 0 else None].removesuffix(b"\r")
        at = end + 1 if end >= 0 else len(content)
        if any(byte < 32 and byte != 9 for byte in line):
            break
        lines.append((line.decode("utf-8", "surrogateescape"), at))
    return content, lines


def inside(path: Path, name: str) -> Path:
    """The file of that name, in or below the folder of the header at `path`.

    Raises UnreadableInput where the name leads out of the folder, stands for several files, or for none.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or any(part[1:2] == ":" for part in parts.parts):
        raise UnreadableInput(f"{path}: expected voxels in a file beside it, found that the header leads elsewhere")
    if not name or name.startswith("-") or "%" in name or name.split(maxsplit=1)[0].upper() == "LIST":
        raise UnreadableInput(f"{path}: expected all voxels in one file, found that the header names several or none")
    file = path.parent / parts
    if not file.is_file():
        raise UnreadableInput(f"{path}: expected its voxels in {parts.name} beside it, found no such file")
    return file


def voxels_file(path: Path) -> Path | None:
    """The other file that is read where this header is given; None where there is none, or it is no such header."""
    from ichor.read import metaimage, nrrd

    for module in (metaimage, nrrd):
        if path.name.lower().endswith(module.SUFFIXES):
            with suppress(UnreadableInput, OSError, ValueError):
                voxels = module.describe(path).voxels
                return None if voxels == path else voxels
    return None


def require_content(described: Described) -> None:
    """Refuse by header and file length what is no gray volume, or not whole; packed voxels are unpacked for that.

    ITK takes packed voxels whose checksum fails. Raises UnreadableInput, EOFError, ValueError or zlib.error.
    """
    require_voxels(described.path, described.shape, described.dtype)
    size = int(np.prod(described.shape, dtype=np.int64)) * described.dtype.itemsize
    n_bytes = described.voxels.stat().st_size - max(described.offset, 0)
    if not described.is_packed:
        if n_bytes < size:
            raise EOFError(f"{size} bytes of voxels are needed, {max(n_bytes, 0)} are there")
        return
    with described.voxels.open("rb") as file:
        file.seek(max(described.offset, 0))
        _require_whole(file, n_bytes, size)


def _require_whole(file: Any, n_bytes: int, size: int) -> None:
    require_room(n_bytes, size)
    unpacker = zlib.decompressobj(wbits=47)  # zlib or gzip, as its head says
    count = 0
    while not unpacker.eof:
        chunk = unpacker.unconsumed_tail or file.read(STEP_BYTES)
        if not chunk:
            raise EOFError("its packed voxels end early")
        count += len(unpacker.decompress(chunk, STEP_BYTES))
        if count > size:
            raise ValueError(f"{size} bytes of voxels are needed, more are there")
    if count < size:
        raise EOFError(f"{size} bytes of voxels are needed, {count} are there")


def shape_of(path: Path, dimensions: str | None, sizes: str) -> tuple[int, ...]:
    """The three axes' lengths, of a header that says how many axes there are: ITK crashes where it says otherwise.

    Raises UnreadableInput where they are not three.
    """
    shape = tuple(int(one) for one in sizes.split())
    if len(shape) != 3 or dimensions != "3":
        stated = len(shape) if len(shape) != 3 else dimensions or "none stated"
        raise UnreadableInput(f"{path}: expected a volume of 3 dimensions, found {stated}: {by(shape)}")
    return shape


def numbers(text: str, count: int) -> FloatArray:
    """So many finite numbers, separated by blanks. Raises ValueError where it is anything else."""
    values = np.array([float(one) for one in text.split()], np.float64)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(f"expected {count} numbers")
    return values


def positive(text: str) -> FloatArray:
    """Three sizes of a voxel. Raises ValueError where it is anything else."""
    sizes = numbers(text, 3)
    if (sizes <= 0).any():
        raise ValueError("a voxel has a size of 0 or less")
    return sizes
