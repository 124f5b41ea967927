"""`open_scan(path)` reads a scan in any supported format."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ichor.errors import Code, IchorError, UnreadableInput
from ichor.read.ahead import take_read_ahead
from ichor.read.base import FormatReader, Inspection, ReadOptions, ScanPath, printable
from ichor.scan import Scan

if TYPE_CHECKING:
    from ichor.read.reading import Reading

# Tried in this order; the first that accepts the path reads it. DICOM is last, since any folder may contain it.
READERS = ("ct_ich_jpg", "archive", "ct_ich_nifti", "nifti", "nrrd", "metaimage", "images", "video", "dicom")

APPLE_DOUBLE = bytes.fromhex("00051607")  # RFC 1740


def open_scan(path: str | Path | ScanPath, options: ReadOptions | None = None) -> Scan:
    """The head CT at `path`: a ct-ich subject, a NIfTI, NRRD or MetaImage file, a folder of images, two videos,
    DICOM, or an archive of these.

    If a folder or archive holds several scans, `find_scans` lists them.

    The scan is read in a separate process (`ichor.read.reading`), so that no file can crash this one or exhaust its
    memory. Raises UnreadableInput, with a one-line message that names the path and the reason, if there is no scan.
    """
    path, options = _place(path, options)
    begun = take_read_ahead(path, options)
    return begin_scan(path, options).scan() if begun is None else begun.result()


def begin_scan(path: str | Path | ScanPath, options: ReadOptions | None = None) -> Reading:
    """Start reading as `open_scan` does, and return at once: `scan()` of the returned object waits for the scan."""
    from ichor.read.reading import begin

    return begin(*_place(path, options))


def find_scans(path: str | Path, *, out: str | Path | None = None, series_uid: str | None = None) -> list[ScanPath]:
    """Every scan at `path`, by the rules of `ichor.read.find`, sorted by path.

    If nothing is found, the path itself is returned, so that reading it reports why. The folder `out` is skipped. If a
    series is given, only the scans that contain it are returned, provided that any does.
    """
    from ichor.read import reading

    try:
        return reading.scans(Path(path), None if out is None else Path(out), series_uid)
    except UnreadableInput:  # reading the path will report it
        return [ScanPath(Path(path))]


def _place(path: str | Path | ScanPath, options: ReadOptions | None) -> tuple[Path, ReadOptions]:
    options = options or ReadOptions()
    return (path.path, path.options(options)) if isinstance(path, ScanPath) else (Path(path), options)


def start_reading_process() -> None:
    """Start the reading process now, so that it is ready when the first scan is opened."""
    from ichor.read.pool import SHARED

    SHARED.prepare()


def inspect(path: str | Path | ScanPath, options: ReadOptions | None = None) -> Inspection:
    """What is at `path`: every series, which one `open_scan` would read, and why not the others.

    Raises UnreadableInput if nothing there can be read.
    """
    from ichor.read import reading

    return reading.inspect(*_place(path, options))


def read_here(path: Path, options: ReadOptions) -> Scan:
    """`open_scan` in this process, which a decoder may crash: for the reading process itself, and for tests."""
    with _as_one_line(path):
        scan = _reader(path).read(path, options)
    return replace(scan, warnings=tuple(map(printable, scan.warnings)))


def inspect_here(path: Path, options: ReadOptions) -> Inspection:
    """`inspect` in this process; see `read_here`."""
    with _as_one_line(path):
        found = _reader(path).inspect(path, options)
    return replace(found, warnings=tuple(map(printable, found.warnings)))


@contextmanager
def _as_one_line(path: Path) -> Iterator[None]:
    """Report errors of the operating system, and those that no reader expects, as any other bad input.

    The message quotes nothing from the file; the original error is the cause of the one raised.
    """
    try:
        yield
    except (IchorError, MemoryError):
        raise
    except OSError as error:
        message = f"{path}: could not be read ({error.strerror or 'input error'})"
        raise UnreadableInput(message, Code.NO_ACCESS) from error
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise UnreadableInput(
            f"{path}: expected a head CT, found content that its reader does not expect "
            f"({type(error).__name__} in {Path(where.filename).name}, line {where.lineno})"
        ) from error


def _reader(path: Path) -> FormatReader:
    if not path.exists():
        raise UnreadableInput(f"{path}: expected a file or folder, found nothing at that path", Code.NOT_FOUND)
    if _is_apple_double(path):
        raise UnreadableInput(f"{path}: expected a scan, found a metadata file of macOS: give {path.name[2:]}")
    for name in READERS:
        module = cast(FormatReader, import_module(f"ichor.read.{name}"))
        if module.accepts(path):
            return module
    raise UnreadableInput(
        f"{path}: expected a head CT (DICOM, NIfTI, NRRD, MetaImage, a ct-ich subject, a folder of JPG or PNG slices, "
        "two AVI videos, or an archive of these), found none of these",
        Code.UNKNOWN_FORMAT,
    )


def _is_apple_double(path: Path) -> bool:
    """Whether this is the hidden `._` file that macOS adds to each file on foreign disks and in zip files."""
    if not path.name.startswith("._") or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(APPLE_DOUBLE)) == APPLE_DOUBLE
