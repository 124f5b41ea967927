"""`open_scan(path)`: one call reads every format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from ichor.errors import UnreadableInput
from ichor.read.base import Inspection, Reader, ReadOptions, printable
from ichor.scan import Scan

# Asked in this order; the first that accepts the path reads it. DICOM is last: any folder may hold some.
READERS = ("ct_ich", "archive", "ct_ich_nifti", "nifti", "images", "video", "dicom")


def open_scan(path: str | Path, options: ReadOptions | None = None) -> Scan:
    """The head CT at `path`: a ct-ich subject, a NIfTI file, a folder of images, two videos,
    DICOM, or a zip of these.

    Raises UnreadableInput, with one line that names the path and says why, where there is none.
    """
    with _in_one_line(Path(path)):
        scan = _reader(Path(path)).read(Path(path), options or ReadOptions())
    return replace(scan, warnings=tuple(map(printable, scan.warnings)))


def inspect(path: str | Path, options: ReadOptions | None = None) -> Inspection:
    """What is at `path`: every series, which one `open_scan` would read, and why not the others.

    Raises UnreadableInput where nothing there can be read.
    """
    with _in_one_line(Path(path)):
        found = _reader(Path(path)).inspect(Path(path), options or ReadOptions())
    return replace(found, warnings=tuple(map(printable, found.warnings)))


@contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    """What the machine refuses, a folder that may not be entered or a disk that fails, told as any bad input."""
    try:
        yield
    except OSError as error:
        raise UnreadableInput(f"{path}: could not be read ({error.strerror or 'input error'})") from error


def _reader(path: Path) -> Reader:
    if not path.exists():
        raise UnreadableInput(f"{path}: expected a file or folder, found nothing of that name")
    for name in READERS:
        module = cast(Reader, import_module(f"ichor.read.{name}"))
        if module.accepts(path):
            return module
    raise UnreadableInput(
        f"{path}: expected a head CT (DICOM, NIfTI, a ct-ich subject, a folder of JPG or PNG slices, two AVI videos, "
        "or a zip), found none of these"
    )
