"""An archive of a scan (zip, tar, tar.gz): unpacked into a temporary folder, and read as what it holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ichor.errors import UnreadableInput
from ichor.read.base import Inspection, ReadOptions
from ichor.read.temporary import private_folder
from ichor.read.unpack import Wanted, disk_told, is_archive, unpack
from ichor.scan import Scan

NIFTI_SUFFIXES = (".nii", ".nii.gz")


def accepts(path: Path) -> bool:
    """Whether the path is a file called as an archive is, or begins like one without a suffix."""
    return is_archive(path)


def read(path: Path, options: ReadOptions) -> Scan:
    """The scan in the archive. Raises UnreadableInput where there is none, or the archive is not safe to unpack."""
    from ichor.read.open import read_here

    with unpacked(path) as (root, content):
        scan = read_here(content, options)
        warnings = _in_words_of(path, root, scan.warnings)
    return replace(scan, source=replace(scan.source, path=path), warnings=warnings)


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is in the archive. Raises UnreadableInput where nothing can be read, or it is not safe to unpack."""
    from ichor.read.open import inspect_here

    with unpacked(path) as (root, content):
        found = inspect_here(content, options)
        return replace(found, warnings=_in_words_of(path, root, found.warnings))


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, Path]]:
    """The folder the archive is unpacked in while the block lasts, and what to read in it.

    What goes wrong with it is said of the archive.
    """
    with disk_told(path, Path(tempfile.gettempdir())), private_folder() as temporary:
        root = temporary / "content"
        try:
            root.mkdir()
            unpack(path, root, Wanted())
            content = _content(root, path)
            yield root, content
        except UnreadableInput as error:
            (message,) = _in_words_of(path, root, (str(error),))
            raise UnreadableInput(message) from error


def _in_words_of(path: Path, root: Path, messages: tuple[str, ...]) -> tuple[str, ...]:
    """Messages that name the archive the user gave, where they named the temporary folder."""
    return tuple(message.replace(str(root), str(path)) for message in messages)


def _content(root: Path, path: Path) -> Path:
    """What to read: the only folder within folders, the only file, or the only NIfTI file."""
    files = [file for file in root.rglob("*") if file.is_file()]
    if not files:
        raise UnreadableInput(f"{path}: expected a head CT in the archive, found no file")
    nifti = [file for file in files if file.name.lower().endswith(NIFTI_SUFFIXES)]
    if len(nifti) == 1:
        return nifti[0]
    if len(files) == 1:
        return files[0]
    folder = root
    while len(inside := list(folder.iterdir())) == 1:
        folder = inside[0]
    return folder
