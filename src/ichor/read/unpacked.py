"""What an archive holds, unpacked into a temporary folder, and the scans in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ichor.errors import UnreadableInput
from ichor.read.base import ScanPath
from ichor.read.paired_files import files_of
from ichor.read.temporary import private_folder
from ichor.read.unpack import Selection, begins_like_one, is_archive, reporting_full_disk, unpack
from ichor.read.walk import files_in

BEGINNING_BYTES = 2**15  # of each file, enough to recognize its format and identity

Find = Callable[..., list[ScanPath]]  # `ichor.read.find.scans_here`, which searches archives with this module


def scans_in(path: Path, find: Find, series_uid: str | None = None) -> list[ScanPath]:
    """Every scan in the archive, found by the beginnings of its files, each labeled by its path in the archive.

    Raises UnreadableInput if the archive is unsafe to unpack.
    """
    with unpacked(path, Selection(most_bytes=BEGINNING_BYTES)) as root:
        if len(_without_false_archives(find(root))) == 1:
            return [ScanPath(path)]
        found = _without_false_archives(find(root, series_uid=series_uid))
        top = _content(root)
        return [ScanPath(path, tuple(_files_of(one, root)), _label(one, top)) for one in found]


def _without_false_archives(scans: list[ScanPath]) -> list[ScanPath]:
    """The scans without files that have an archive's suffix but are not archives."""
    return [one for one in scans if not is_archive(one.path) or begins_like_one(one.path, packed=True)] or scans


def _label(scan: ScanPath, top: Path) -> str:
    """What distinguishes a scan from the others below `top`: its path, a number, or its format."""
    place = (scan.path.relative_to(top) / scan.label).as_posix()
    return "DICOM" if place == "." else place


def _files_of(scan: ScanPath, root: Path) -> Iterator[str]:
    """The names in the archive of a scan's files."""
    files: Iterable[Path]
    if scan.files:
        files = (scan.path / name for name in scan.files)
    else:
        files = files_in(scan.path) if scan.path.is_dir() else files_of(scan.path)
    return (file.relative_to(root).as_posix() for file in files)


def only_scan(path: Path, root: Path, find: Find) -> ScanPath:
    """The only scan in what was unpacked; if there is none, the folder, so that reading it reports why."""
    found = _without_false_archives(find(root))
    if len(found) > 1:
        raise UnreadableInput(f"{path}: expected one scan, found {len(found)}: unpack it and specify one")
    return ScanPath(_content(root)) if found[0].path == root else found[0]


@contextmanager
def unpacked(path: Path, wanted: Selection | None = None) -> Iterator[Path]:
    """The folder with the unpacked archive, or with what is selected of it, until the block ends.

    Errors name the archive. Raises UnreadableInput if it is damaged, unsafe to unpack or empty.
    """
    with reporting_full_disk(path, Path(tempfile.gettempdir())), private_folder() as temporary:
        root = temporary / "content"
        try:
            root.mkdir()
            unpack(path, root, wanted or Selection())
            if next(files_in(root), None) is None:
                raise UnreadableInput(f"{path}: expected a head CT in the archive, found no file")
            yield root
        except UnreadableInput as error:
            (message,) = naming_archive(path, root, (str(error),))
            raise UnreadableInput(message) from error


def naming_archive(path: Path, root: Path, messages: tuple[str, ...]) -> tuple[str, ...]:
    """Messages with the path of the archive in place of the temporary folder."""
    return tuple(message.replace(str(root), str(path)) for message in messages)


def _content(root: Path) -> Path:
    """The only file, or the only folder in nested folders."""
    inside = root
    while inside.is_dir() and len(within := list(inside.iterdir())) == 1:
        inside = within[0]
    return inside
