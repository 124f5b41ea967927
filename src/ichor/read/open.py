"""`open_scan(path)`: one call reads every format."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ichor.errors import IchorError, UnreadableInput
from ichor.read.ahead import taken
from ichor.read.base import Inspection, Reader, ReadOptions, ScanPath, printable
from ichor.scan import Scan

if TYPE_CHECKING:
    from ichor.read.reading import Reading

# Asked in this order; the first that accepts the path reads it. DICOM is last: any folder may hold some.
READERS = ("ct_ich_jpg", "archive", "ct_ich_nifti", "nifti", "nrrd", "metaimage", "images", "video", "dicom")

APPLE_DOUBLE = bytes.fromhex("00051607")  # RFC 1740


def open_scan(path: str | Path | ScanPath, options: ReadOptions | None = None) -> Scan:
    """The head CT at `path`: a ct-ich subject, a NIfTI, NRRD or MetaImage file, a folder of images, two videos,
    DICOM, or an archive of these.

    Of a folder or archive with several scans, `find_scans` tells where each lies.

    It is read in a process of its own (`ichor.read.reading`), so that no file can crash or exhaust this one. Raises
    UnreadableInput, with one line that names the path and says why, where there is none.
    """
    path, options = _place(path, options)
    begun = taken(path, options)
    return begin_scan(path, options).scan() if begun is None else begun.result()


def begin_scan(path: str | Path | ScanPath, options: ReadOptions | None = None) -> Reading:
    """Begin to read as `open_scan` does, and return at once: `scan()` of what is returned waits for the scan."""
    from ichor.read.reading import begin

    return begin(*_place(path, options))


def find_scans(path: str | Path, *, out: str | Path | None = None, series_uid: str | None = None) -> list[ScanPath]:
    """Every scan at `path`, by the rules of `ichor.read.find`, in the order of their places.

    The path itself where nothing fits, so that reading it says why. A folder `out` is no input. Where a series is asked
    for, only the scans that have it, if any has.
    """
    from ichor.read import reading

    try:
        return reading.scans(Path(path), None if out is None else Path(out), series_uid)
    except UnreadableInput:  # reading it will say so
        return [ScanPath(Path(path))]


def _place(path: str | Path | ScanPath, options: ReadOptions | None) -> tuple[Path, ReadOptions]:
    options = options or ReadOptions()
    return (path.path, path.options(options)) if isinstance(path, ScanPath) else (Path(path), options)


def start_reading_process() -> None:
    """Have the process that reads ready for the first scan; it starts while this one does something else."""
    from ichor.read.pool import SHARED

    SHARED.prepare()


def inspect(path: str | Path | ScanPath, options: ReadOptions | None = None) -> Inspection:
    """What is at `path`: every series, which one `open_scan` would read, and why not the others.

    Raises UnreadableInput where nothing there can be read.
    """
    from ichor.read import reading

    return reading.inspect(*_place(path, options))


def read_here(path: Path, options: ReadOptions) -> Scan:
    """`open_scan` in this process, which its decoders may crash: for the reading process itself, and for tests."""
    with _in_one_line(path):
        scan = _reader(path).read(path, options)
    return replace(scan, warnings=tuple(map(printable, scan.warnings)))


def inspect_here(path: Path, options: ReadOptions) -> Inspection:
    """`inspect` in this process, as `read_here` is."""
    with _in_one_line(path):
        found = _reader(path).inspect(path, options)
    return replace(found, warnings=tuple(map(printable, found.warnings)))


@contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    """What the machine refuses, and what no reader foresaw, told as any bad input.

    The one line quotes nothing of the file; the error itself is the cause of the one raised.
    """
    try:
        yield
    except (IchorError, MemoryError):
        raise
    except OSError as error:
        raise UnreadableInput(f"{path}: could not be read ({error.strerror or 'input error'})") from error
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise UnreadableInput(
            f"{path}: expected a head CT, found content that its reader does not foresee "
            f"({type(error).__name__} in {Path(where.filename).name}, line {where.lineno})"
        ) from error


def _reader(path: Path) -> Reader:
    if not path.exists():
        raise UnreadableInput(f"{path}: expected a file or folder, found nothing of that name")
    if _is_apple_double(path):
        raise UnreadableInput(f"{path}: expected a scan, found what macOS keeps beside one: give {path.name[2:]}")
    for name in READERS:
        module = cast(Reader, import_module(f"ichor.read.{name}"))
        if module.accepts(path):
            return module
    raise UnreadableInput(
        f"{path}: expected a head CT (DICOM, NIfTI, NRRD, MetaImage, a ct-ich subject, a folder of JPG or PNG slices, "
        "two AVI videos, or an archive of these), found none of these"
    )


def _is_apple_double(path: Path) -> bool:
    """Whether this is the hidden file that macOS writes beside each file on disks of other systems, and into zips."""
    if not path.name.startswith("._") or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(APPLE_DOUBLE)) == APPLE_DOUBLE
