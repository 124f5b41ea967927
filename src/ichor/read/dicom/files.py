"""Finding DICOM files and reading their headers."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.dicom.header import KEYWORDS, Slice, slices_of

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"


@contextmanager
def quietly() -> Iterator[None]:
    """Reads tolerantly, and keeps what the libraries warn of, quoting values, off the screen and out of logs."""
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
    """Whether the file begins like DICOM: by its preamble (PS3.10 7.1), or else by its first tag."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError:
        return False
    if head[128:132] == b"DICM":
        return True
    if len(head) < 8:
        return False
    group = head[:2]
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if group == b"\x00\x08":
        return explicit  # big endian is explicit always
    # The first element of a data set is a short one: in implicit VR its length has two zero bytes on top.
    return group in (b"\x02\x00", b"\x08\x00") and (explicit or head[6:8] == b"\0\0")


def files_in(path: Path) -> Iterator[Path]:
    """The regular files under a folder, in a fixed order; links that lead out of it are not followed."""
    root = path.resolve()
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.is_symlink() and not file.resolve().is_relative_to(root):
                continue
            if file.is_file():
                yield file


def read_headers(path: Path) -> tuple[list[Slice], list[str]]:
    """Every slice of every DICOM file at the path, and warnings.

    A DICOMDIR stands for the folder it lies in. Raises UnreadableInput where there is no DICOM object at all.
    """
    if path.is_file() and path.name.upper() == "DICOMDIR":
        path = path.parent
    slices: list[Slice] = []
    notes: list[str] = []
    with quietly():
        for file in [path] if path.is_file() else files_in(path):
            name = file.name if file == path else file.relative_to(path).as_posix()
            if not looks_like_dicom(file):
                if file.suffix.lower() in (".dcm", ".dicom", ".ima"):
                    notes.append(f"{name}: expected a DICOM file, found other content; left out.")
                continue
            try:
                slices += _slices_in(file)
            except _DamagedError:
                notes.append(f"{name}: the file is cut short or damaged; left out.")
            except OSError as error:
                notes.append(f"{name}: could not be read ({error.strerror or 'input error'}); left out.")
    if not slices:
        why = "; ".join(note.rstrip(".") for note in notes[:1])
        raise UnreadableInput(f"{path}: expected DICOM images, found none" + (f" ({why})" if why else ""))
    return slices, notes


class _DamagedError(Exception):
    """A file that begins as DICOM and does not go on as such."""


def _slices_in(file: Path) -> list[Slice]:
    try:
        slices = _read_slices(file)
    except OSError:
        raise
    except Exception as error:  # pydicom raises whatever its parser stumbles over, some of it only on access
        raise _DamagedError from error
    if any(one.sop_class is None and one.series_uid is None for one in slices):
        raise _DamagedError
    if any(one.modality == "CT" and not any(one.size) for one in slices):
        raise _DamagedError
    return slices


def _read_slices(file: Path) -> list[Slice]:
    import pydicom

    header: Any = pydicom.dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(KEYWORDS))
    if str(header.file_meta.get("MediaStorageSOPClassUID", "")) == MEDIA_STORAGE_DIRECTORY:
        return []  # DICOMDIR by whatever name
    return slices_of(header, file)
