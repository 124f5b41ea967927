"""The files below a folder, as all readers see them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MACOS_FOLDER = "__MACOSX"  # in zip files of macOS, metadata next to the files themselves


class Walk:
    """One pass through the folders below `root`, entering each once.

    Hidden files and folders are skipped (their names begin with a dot): indices, thumbnails, and the `._NAME` files of
    macOS. A link is followed if its target is not visited otherwise; a link to a folder that contains `root` never is.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._seen = {self._root}

    def entries(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The files and the subfolders of a folder, each sorted by name; none if the folder is not readable."""
        files, folders = [], []
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda one: one.name)
        except OSError:
            return [], []
        for one in found:
            if one.name.startswith(".") or one.name == MACOS_FOLDER or (one.is_symlink() and not self._is_new(one)):
                continue
            if one.is_dir():
                if not one.is_symlink() and not self._is_first_visit(one.path):
                    continue
                folders.append(folder / one.name)
            elif one.is_file():
                files.append(folder / one.name)
        return files, folders

    def _is_new(self, link: os.DirEntry[str]) -> bool:
        """Whether the target of a link has not been and will not be visited by another way."""
        target = os.path.realpath(link.path)
        if _holds(target, self._root):
            return False
        if _holds(self._root, target):  # visited without the link, unless it is hidden
            below = Path(target).relative_to(self._root).parts
            if not any(part.startswith(".") for part in below):
                return False
        if target in self._seen:
            return False
        self._seen.add(target)
        return True

    def _is_first_visit(self, folder: str) -> bool:
        """Whether a folder, reached through a link, has not been visited through another."""
        real = os.path.realpath(folder)
        if real in self._seen:
            return False
        self._seen.add(real)
        return True


def files_in(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in a fixed order; see `Walk`."""
    walk = Walk(folder)
    waiting = [folder]
    while waiting:
        files, folders = walk.entries(waiting.pop())
        yield from files
        waiting += reversed(folders)


def _holds(folder: str, path: str) -> bool:
    """Whether `path` is the folder or lies below it; both are real paths."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
