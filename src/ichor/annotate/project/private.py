"""Restricts a project to its owner: folders 0700, files 0600, whatever the umask was.

Windows has no such permissions; there, the folder's own permissions apply.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ichor.atomic import PRIVATE_FILE, PRIVATE_FOLDER

OTHERS = 0o077


def keep_private(folder: Path) -> None:
    """Remove the permissions of others from a project's folder and its contents, as far as the user owns them.

    Earlier versions of Ichor and copying leave wider permissions. Another user's project is left unchanged.
    """
    if not hasattr(os, "getuid"):
        return
    for path in _inside(folder):
        found = path.lstat()
        if found.st_uid == os.getuid() and found.st_mode & OTHERS and not path.is_symlink():
            with suppress(PermissionError):  # on a file system without permissions
                path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def _inside(folder: Path) -> Iterator[Path]:
    """The folder and the project's files in it, but no other files that somebody may keep there."""
    yield folder
    yield from folder.glob("project.*")
    yield from folder.glob("access.*")
    for name in ("scans", "backups", "tls", "exports"):
        if (folder / name).is_dir():
            yield folder / name
            yield from (folder / name).glob("*")
