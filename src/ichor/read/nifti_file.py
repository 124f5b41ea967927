"""What a NIfTI or Analyze file holds: its header as nibabel mends it, and its voxels, once the header allows for them.

A single file (.nii), or a pair of a header (.hdr) and voxels (.img). Either may be packed by gzip, whatever it is
called. Analyze 7.5 is a pair whose header says nothing of the patient's left and right.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.imports import nibabel
from ichor.read import progress
from ichor.read.beside import header_of, voxels_of
from ichor.read.packed import is_packed, opened, require_room, unpacked
from ichor.read.volume import require_voxels

LONGEST_HEADER = 540
_ORIENT_AT = 252  # of Analyze 7.5: how the slices lie, 0 for axial and not flipped


class Content(NamedTuple):
    """A file's header and voxels, and its voxel sizes as they stand there: nibabel makes 1 of a size of 0."""

    header: Any
    sizes: NDArray[Any]
    voxels: NDArray[Any]

    @property
    def is_analyze(self) -> bool:
        """Whether it is of the format before NIfTI."""
        return "magic" not in self.header.template_dtype.names


def looks_like_header(path: Path) -> bool:
    """Whether the file begins as the header of a pair does: other programs have .hdr files too."""
    try:
        with opened(path) as file:
            start = file.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return start in {length.to_bytes(4, order) for length in (348, 540) for order in ("little", "big")}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What nibabel and the file system say of a damaged file, in one line; what nibabel logs is left out."""
    spatial = nibabel().spatialimages
    failures = (
        spatial.HeaderDataError,
        spatial.HeaderTypeError,
        OSError,
        EOFError,
        OverflowError,
        ValueError,
        zlib.error,
    )
    try:
        with _without_log():
            yield
    except failures as error:
        reason = " ".join(str(error).replace(f"File {path}", "it").replace(str(path), "it").split())
        reason = reason or type(error).__name__
        raise UnreadableInput(f"{path}: expected a whole NIfTI file, found otherwise: {reason}") from error


def content_of(path: Path) -> Content:
    """Header and voxels of a file, or of a pair of which either is given. Raises what `told` tells."""
    first = header_of(path) or path
    header, sizes = _header(first)
    single = "magic" in header.template_dtype.names and bytes(header["magic"]).startswith(b"n+")
    second = first if single else voxels_of(first)
    if second is None:
        raise ValueError("its header says that the voxels lie in an .img file beside it, and there is none")
    return Content(header, sizes, _voxels(path, second, header))


def _header(path: Path) -> tuple[Any, NDArray[Any]]:
    nib = nibabel()
    if is_packed(path):
        progress.decoding(path)
    with opened(path) as file:
        start = file.read(LONGEST_HEADER)
    lengths = {start[:4][::step] for step in (1, -1)}
    first, second = ((348).to_bytes(4, "little") in lengths), ((540).to_bytes(4, "little") in lengths)
    if not first and not second:
        raise ValueError("it does not begin with the length of a NIfTI header")
    kind = nib.Nifti1Header if first else nib.Nifti2Header
    if first and start[344:347] not in (b"n+1", b"ni1") and header_of(path) is not None:
        kind = nib.Spm2AnalyzeHeader
    content = start[: kind.template_dtype.itemsize]
    if len(content) < kind.template_dtype.itemsize:
        raise EOFError("it ends within its header")
    if kind is nib.Spm2AnalyzeHeader and start[_ORIENT_AT] != 0:
        raise ValueError(f"it is Analyze with slices of orientation {start[_ORIENT_AT]}, where only 0 is read")
    header = kind(content)
    if kind is not nib.Spm2AnalyzeHeader and not bytes(header["magic"]).startswith((b"n+", b"ni")):
        raise ValueError("its header does not say that it is NIfTI")
    return header, kind(content, check=False)["pixdim"][1:4]


def _voxels(path: Path, file: Path, header: Any) -> NDArray[Any]:
    """The voxels on the file's axes, once the header and the length of the file allow for them."""
    shape, kind = tuple(int(n) for n in header.get_data_shape()), header.get_data_dtype()
    require_voxels(path, shape, kind)
    offset = int(header.get_data_offset())
    size = int(np.prod(shape, dtype=np.int64)) * int(kind.itemsize)
    if offset < 0:
        raise ValueError(f"its voxels begin at byte {offset}")
    n_bytes = file.stat().st_size
    progress.decoding(path)
    if not is_packed(file):
        if n_bytes < offset + size:
            raise EOFError(f"{offset + size} bytes are needed, {n_bytes} are there")
        return np.memmap(file, kind, "r", offset, shape, "F")
    require_room(n_bytes, offset + size)
    with opened(file) as stream:
        content = unpacked(stream, offset + size)
    return np.frombuffer(content, kind, offset=offset).reshape(shape, order="F")


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
