"""The content of a NIfTI or Analyze file: its header, corrected by nibabel, and its voxels, once the header is
       plausible.

A single file (.nii), or a pair of a header (.hdr) and voxels (.img). Either may be compressed by gzip, whatever its
name. Analyze 7.5 is a pair whose header does not state the patient's left and right.
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
from ichor.read.packed import is_packed, opened, require_room, unpacked
from ichor.read.paired_files import header_of, voxels_of
from ichor.read.volume import require_voxels

MAX_HEADER_BYTES = 540
_ORIENT_AT = 252  # in Analyze 7.5: slice orientation, 0 for axial and not flipped


class Content(NamedTuple):
    """A file's header and voxels, and its voxel sizes as stored: nibabel replaces a size of 0 by 1."""

    header: Any
    sizes: NDArray[Any]
    voxels: NDArray[Any]

    @property
    def is_analyze(self) -> bool:
        """Whether the format is Analyze."""
        return "magic" not in self.header.template_dtype.names


def looks_like_header(path: Path) -> bool:
    """Whether the file begins like the header of a pair: other programs use the suffix .hdr, too."""
    try:
        with opened(path) as file:
            start = file.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return start in {length.to_bytes(4, order) for length in (348, 540) for order in ("little", "big")}


@contextmanager
def reporting_damage(path: Path) -> Iterator[None]:
    """Report errors of nibabel and the file system in one line, and suppress nibabel's log."""
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
        raise UnreadableInput(f"{path}: expected a complete NIfTI file, found a problem: {reason}") from error


def content_of(path: Path) -> Content:
    """Header and voxels of a file, or of a pair given either file. Raises errors for `reporting_damage` to report."""
    first = header_of(path) or path
    header, sizes = stated_header(path)
    single = "magic" in header.template_dtype.names and bytes(header["magic"]).startswith(b"n+")
    second = first if single else voxels_of(first)
    if second is None:
        raise ValueError("the header refers to an .img file with the voxels, which is missing")
    return Content(header, sizes, _voxels(path, second, header))


def stated_header(path: Path) -> tuple[Any, NDArray[Any]]:
    """The header of a file or pair and its voxel sizes as stored. Raises errors for `reporting_damage` to report."""
    nib = nibabel()
    path = header_of(path) or path
    if is_packed(path):
        progress.decoding(path)
    with opened(path) as file:
        start = file.read(MAX_HEADER_BYTES)
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
        raise ValueError(f"it is Analyze with slice orientation {start[_ORIENT_AT]}; only 0 is supported")
    header = kind(content)
    if kind is not nib.Spm2AnalyzeHeader and not bytes(header["magic"]).startswith((b"n+", b"ni")):
        raise ValueError("its header is not marked as NIfTI")
    return header, kind(content, check=False)["pixdim"][1:4]


def _voxels(path: Path, file: Path, header: Any) -> NDArray[Any]:
    """The voxels on the file's axes, if the header and the length of the file are plausible."""
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
            raise EOFError(f"{offset + size} bytes expected, {n_bytes} found")
        return np.memmap(file, kind, "r", offset, shape, "F")
    require_room(n_bytes, offset + size)
    with opened(file) as stream:
        content = unpacked(stream, offset + size)
    return np.frombuffer(content, kind, offset=offset).reshape(shape, order="F")


@contextmanager
def _without_log() -> Iterator[None]:
    """Suppress nibabel's messages about headers: this reader reports what matters."""
    logger = nibabel().imageglobals.logger
    logger.addFilter(_nothing)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: object) -> bool:  # noqa: ARG001 (the signature of a logging filter)
    return False
