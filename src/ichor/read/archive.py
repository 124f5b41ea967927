"""An archive of a scan (zip, tar, tar.gz): unpacked into a temporary folder, and read as what it holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ichor.errors import UnreadableInput
from ichor.read.base import Inspection, ReadOptions, ScanPath
from ichor.read.beside import files_of
from ichor.read.temporary import private_folder
from ichor.read.unpack import Wanted, begins_like_one, disk_told, is_archive, unpack
from ichor.read.walk import files_in
from ichor.scan import Scan

BEGINNING_BYTES = 2**15  # of each file, enough to know it by


def accepts(path: Path) -> bool:
    """Whether the path is a file called as an archive is, or begins like one without a suffix."""
    return is_archive(path)


def read(path: Path, options: ReadOptions) -> Scan:
    """The scan in the archive. Raises UnreadableInput where there is none or more than one, or it is not safe."""
    from ichor.read.open import read_here

    with unpacked(path, Wanted(frozenset(options.files))) as root:
        inside = _only(path, root)
        scan = read_here(inside.path, inside.options(options))
        warnings = _in_words_of(path, root, scan.warnings)
    return replace(scan, source=replace(scan.source, path=path), warnings=warnings)


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is in the archive. Raises UnreadableInput as `read` does."""
    from ichor.read.open import inspect_here

    with unpacked(path, Wanted(frozenset(options.files))) as root:
        inside = _only(path, root)
        found = inspect_here(inside.path, inside.options(options))
        return replace(found, warnings=_in_words_of(path, root, found.warnings))


def scans(path: Path, series_uid: str | None = None) -> list[ScanPath]:
    """Every scan in the archive, by the beginnings of its files alone, each called by its place in the archive.

    Raises UnreadableInput where the archive is not safe to unpack.
    """
    from ichor.read.find import scans_here

    with unpacked(path, Wanted(most_bytes=BEGINNING_BYTES)) as root:
        if len(_no_junk(scans_here(root))) == 1:
            return [ScanPath(path)]
        found = _no_junk(scans_here(root, series_uid=series_uid))
        top = _content(root)
        return [ScanPath(path, tuple(_files_of(one, root)), _label(one, top)) for one in found]


def _no_junk(scans: list[ScanPath]) -> list[ScanPath]:
    """The scans but for files that are called archives and are none."""
    return [one for one in scans if not is_archive(one.path) or begins_like_one(one.path, packed=True)] or scans


def _label(scan: ScanPath, top: Path) -> str:
    """What tells a scan from the others below `top`: its place there, else its number, else its kind."""
    place = (scan.path.relative_to(top) / scan.label).as_posix()
    return "DICOM" if place == "." else place


def _files_of(scan: ScanPath, root: Path) -> Iterator[str]:
    """The names in the archive of the files of a scan."""
    files: Iterable[Path]
    if scan.files:
        files = (scan.path / name for name in scan.files)
    else:
        files = files_in(scan.path) if scan.path.is_dir() else files_of(scan.path)
    return (file.relative_to(root).as_posix() for file in files)


def _only(path: Path, root: Path) -> ScanPath:
    """The one scan in what was unpacked; where there is none, what reading says so of."""
    from ichor.read.find import scans_here

    found = _no_junk(scans_here(root))
    if len(found) > 1:
        raise UnreadableInput(f"{path}: expected one scan, found {len(found)}: unpack it, and give one")
    return ScanPath(_content(root)) if found[0].path == root else found[0]


@contextmanager
def unpacked(path: Path, wanted: Wanted | None = None) -> Iterator[Path]:
    """The folder the archive is unpacked in while the block lasts: what is wanted of it, or all.

    What goes wrong with it is said of the archive. Raises UnreadableInput where it is damaged, not safe to unpack, or
    holds nothing.
    """
    with disk_told(path, Path(tempfile.gettempdir())), private_folder() as temporary:
        root = temporary / "content"
        try:
            root.mkdir()
            unpack(path, root, wanted or Wanted())
            if next(files_in(root), None) is None:
                raise UnreadableInput(f"{path}: expected a head CT in the archive, found no file")
            yield root
        except UnreadableInput as error:
            (message,) = _in_words_of(path, root, (str(error),))
            raise UnreadableInput(message) from error


def _in_words_of(path: Path, root: Path, messages: tuple[str, ...]) -> tuple[str, ...]:
    """Messages that name the archive the user gave, where they named the temporary folder."""
    return tuple(message.replace(str(root), str(path)) for message in messages)


def _content(root: Path) -> Path:
    """The only file, or the only folder within folders."""
    inside = root
    while inside.is_dir() and len(within := list(inside.iterdir())) == 1:
        inside = within[0]
    return inside
