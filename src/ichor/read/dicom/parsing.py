"""The beginnings of DICOM files and their parsing by pydicom: lenient, quiet, and within limits."""

from __future__ import annotations

import logging
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

LONG_VR = (b"OB", b"OW", b"OD", b"OF", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV")  # PS3.5 7.1.2
DEFLATED, EXPLICIT_LITTLE_ENDIAN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1"
# Headers deflate well and CT pixels badly; more than this is an attack.
INFLATED_BYTES, INFLATED_TIMES = 64 * 2**20, 100
_INFLATE_BYTES = 2**20  # at once


class ImplausibleHeader(Exception):
    """A header with impossible numbers; the message gives the reason, without the file's name."""


@contextmanager
def quietly() -> Iterator[None]:
    """Read leniently, and suppress library warnings, which quote values, on screen and in logs."""
    import pydicom.config

    loggers = [logging.getLogger(name) for name in ("pydicom", "pylibjpeg", "openjpeg", "rle")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), pydicom.config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def looks_like_dicom(path: Path) -> bool:
    """Whether the file begins like DICOM."""
    try:
        with path.open("rb") as file:
            return begins_like_dicom(file.read(132))
    except OSError:
        return False


def begins_like_dicom(head: bytes) -> bool:
    """Whether the first bytes look like DICOM: by the preamble (PS3.10 7.1), or else by the first tag."""
    if head[128:132] == b"DICM":
        return True
    if len(head) < 8:
        return False
    group = head[:2]
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if group == b"\x00\x08":
        return explicit  # big endian is always explicit
    # The first element of a dataset is short: in implicit VR the upper two bytes of its length are zero.
    return group in (b"\x02\x00", b"\x08\x00") and (explicit or head[6:8] == b"\0\0")


def parse(content: bytes, tags: Sequence[str | int] | None = None, *, with_pixels: bool) -> Any:
    """A dataset with those elements (all if None) from the content of a file, which may be truncated.

    Raises ImplausibleHeader, or whatever pydicom raises.
    """
    import pydicom

    specific: Any = None if tags is None else list(tags)
    return pydicom.dcmread(
        BytesIO(_not_deflated(content)), stop_before_pixels=not with_pixels, force=True, specific_tags=specific
    )


def parse_beginning(pieces: Iterable[bytes], keywords: Sequence[str]) -> Any:
    """A dataset with those elements, the last keyword having the highest tag, from the first piece of a file.

    The other pieces are only read to see whether a deflated dataset has a plausible size. Raises as `parse` does.
    """
    from pydicom.filereader import read_partial
    from pydicom.tag import Tag

    tags: list[Any] = [Tag(keyword) for keyword in keywords]
    file = BytesIO(_beginning(iter(pieces)))
    return read_partial(file, stop_when=lambda tag, *_: tag > tags[-1], force=True, specific_tags=tags)


def _beginning(pieces: Iterator[bytes]) -> bytes:
    """The first piece of a file, with its dataset inflated."""
    first = next(pieces, b"")
    uid, end = first.find(DEFLATED, 0, 4096), end_of_meta_information(first)
    if not 0 <= uid < end:
        return first
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    n_deflated, n_inflated, kept = 0, 0, b""
    for piece in chain([first[end:]], pieces):
        n_deflated += len(piece)
        left = piece
        while left and not inflater.eof:
            inflated = inflater.decompress(left, _INFLATE_BYTES)
            left = inflater.unconsumed_tail
            n_inflated += len(inflated)
            kept = kept or inflated
            if n_inflated > INFLATED_BYTES + INFLATED_TIMES * n_deflated:
                raise ImplausibleHeader(
                    f"expected at most {INFLATED_BYTES + INFLATED_TIMES * n_deflated} bytes when inflated, found more"
                )
    return _as_explicit(first[:end], uid) + kept


def _as_explicit(meta_information: bytes, uid: int) -> bytes:
    """The meta information with the transfer syntax of an inflated dataset, at the offset of its UID."""
    syntax = EXPLICIT_LITTLE_ENDIAN.ljust(len(DEFLATED), b"\0")
    return meta_information[:uid] + syntax + meta_information[uid + len(DEFLATED) :]


def _not_deflated(content: bytes) -> bytes:
    """The same file with its dataset inflated, within limits; pydicom has no limits."""
    uid = content.find(DEFLATED, 0, 4096)
    if uid < 0:
        return content
    end = end_of_meta_information(content)
    if not uid < end:
        return content
    most = INFLATED_BYTES + INFLATED_TIMES * len(content)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    dataset = inflater.decompress(content[end:], most)
    if inflater.unconsumed_tail:
        raise ImplausibleHeader(f"expected at most {most} bytes when inflated, found more")
    return _as_explicit(content[:end], uid) + dataset


def end_of_meta_information(content: bytes) -> int:
    """The offset of the dataset: after the elements of group 2, in explicit VR little endian (PS3.10 7.1)."""
    at = 132 if content[128:132] == b"DICM" else 0
    while content[at : at + 2] == b"\x02\0":
        if content[at + 4 : at + 6] in LONG_VR:
            at += 12 + int.from_bytes(content[at + 8 : at + 12], "little")
        else:
            at += 8 + int.from_bytes(content[at + 6 : at + 8], "little")
    return at
