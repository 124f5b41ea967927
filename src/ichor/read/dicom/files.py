"""Finding DICOM files and reading each of them once."""

from __future__ import annotations

import logging
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.dicom import identity
from ichor.read.dicom.header import ImplausibleHeader, Slice, slices_of
from ichor.read.dicom.keywords import KEYWORDS, PIXEL_KEYWORDS
from ichor.read.walk import files_in

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
DEFLATED, EXPLICIT_LITTLE_ENDIAN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1"
# How much file content is kept in memory while a series is chosen; beyond that, only headers.
KEPT_BYTES = 512 * 2**20
FEW = 3  # files with a warning each; more are combined
# Headers deflate well and CT pixels badly; more than this is an attack.
INFLATED_BYTES, INFLATED_TIMES = 64 * 2**20, 100


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


def _not_deflated(content: bytes) -> bytes:
    """The same file with its dataset inflated, within limits; pydicom has no limits."""
    uid = content.find(DEFLATED, 0, 4096)
    if uid < 0:
        return content
    end = _end_of_meta_information(content)
    if not uid < end:
        return content
    most = INFLATED_BYTES + INFLATED_TIMES * len(content)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    dataset = inflater.decompress(content[end:], most)
    if inflater.unconsumed_tail:
        raise ImplausibleHeader(f"expected at most {most} bytes when inflated, found more")
    return (
        content[:uid]
        + EXPLICIT_LITTLE_ENDIAN.ljust(len(DEFLATED), b"\0")
        + content[uid + len(DEFLATED) : end]
        + dataset
    )


def _end_of_meta_information(content: bytes) -> int:
    """The offset of the dataset: after the elements of group 2, in explicit VR little endian (PS3.10 7.1)."""
    at = 132 if content[128:132] == b"DICM" else 0
    while content[at : at + 2] == b"\x02\0":
        if content[at + 4 : at + 6] in identity.LONG_VR:
            at += 12 + int.from_bytes(content[at + 8 : at + 12], "little")
        else:
            at += 8 + int.from_bytes(content[at + 6 : at + 8], "little")
    return at


def read_headers(path: Path, files: Sequence[str] = ()) -> tuple[list[Slice], list[str]]:
    """Every slice of every DICOM file at the path, or of the given files, and warnings. Each file is opened once.

    A DICOMDIR represents its folder. Raises UnreadableInput if there is no DICOM object at all.
    """
    if path.is_file() and path.name.upper() == "DICOMDIR":
        path = path.parent
    slices: list[Slice] = []
    notes: list[str] = []
    not_dicom: list[str] = []
    left = KEPT_BYTES
    with quietly():
        for file in [path] if path.is_file() else map(path.joinpath, files) if files else files_in(path):
            name = file.name if file == path else file.relative_to(path).as_posix()
            try:
                found, kept = _slices_in(file, left)
                slices += found
                left -= kept
            except NoDicomError:
                if file.suffix.lower() in (".dcm", ".dicom", ".ima"):
                    not_dicom.append(name)
            except ImplausibleHeader as error:
                notes.append(f"{name}: {error}; ignored.")
            except _DamagedError:
                notes.append(f"{name}: the file is truncated or damaged; ignored.")
            except OSError as error:
                notes.append(f"{name}: could not be read ({error.strerror or 'input error'}); ignored.")
    notes = [*_notes_on_other_content(not_dicom), *notes]
    if not slices:
        why = "; ".join(note.rstrip(".") for note in notes[:1])
        raise UnreadableInput(f"{path}: expected DICOM images, found none" + (f" ({why})" if why else ""))
    return slices, notes


def _notes_on_other_content(names: list[str]) -> list[str]:
    """Files with a DICOM suffix that are not DICOM; several are combined into one warning."""
    if len(names) > FEW:
        return [f"{len(names)} files: expected a DICOM file, found other content; ignored ({names[0]} and others)."]
    return [f"{name}: expected a DICOM file, found other content; ignored." for name in names]


class NoDicomError(Exception):
    """A file that does not begin like DICOM."""


class _DamagedError(Exception):
    """A file that begins like DICOM but is damaged."""


def _slices_in(file: Path, left: int) -> tuple[list[Slice], int]:
    """The slices of a file, and how many bytes of it are kept, at most `left`."""
    with file.open("rb") as opened:
        head = opened.read(132)
        if not begins_like_dicom(head):
            raise NoDicomError
        n_bytes = file.stat().st_size
        content = head + opened.read() if n_bytes <= left else None
    try:
        dataset: Any
        if content is None:
            dataset = _only_header(file)
        else:
            dataset = parse(content, [*KEYWORDS, *PIXEL_KEYWORDS], with_pixels=True)
        if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) == MEDIA_STORAGE_DIRECTORY:
            return [], 0  # a DICOMDIR, whatever its name
        slices = slices_of(dataset, file, n_bytes, dataset if content is not None else None)
    except (OSError, MemoryError, ImplausibleHeader):
        raise
    except Exception as error:  # pydicom raises errors of many types, some only on access
        raise _DamagedError from error
    if any(one.sop_class is None and one.series_uid is None and not any(one.size) for one in slices):
        raise _DamagedError
    if any(one.modality == "CT" and not any(one.size) for one in slices):
        raise _DamagedError
    return slices, 0 if content is None else n_bytes


def _only_header(file: Path) -> Any:
    import pydicom

    return pydicom.dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(KEYWORDS))
