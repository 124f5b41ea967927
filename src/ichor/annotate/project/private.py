"""A project is its owner's alone: folders 0700, files 0600, whatever the umask was and whoever made it.

Windows has no such permissions; there the folder's own rights hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ichor.atomic import PRIVATE_FILE, PRIVATE_FOLDER

OTHERS = 0o077


def keep_private(folder: Path) -> None:
    """Take the rights of others off a project's folder and all in it, as far as it is the user's own.

    Earlier versions of Ichor, and what copies a project, leave wider ones. Of somebody else's project nothing changes.
    """
    if not hasattr(os, "getuid"):
        return
    for path in _inside(folder):
        found = path.lstat()
        if found.st_uid == os.getuid() and found.st_mode & OTHERS and not path.is_symlink():
            with suppress(PermissionError):  # of a file system without permissions
                path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def _inside(folder: Path) -> Iterator[Path]:
    """The folder, what the project has in it, and nothing else that somebody may keep there."""
    yield folder
    yield from folder.glob("project.*")
    for name in ("scans", "backups"):
        if (folder / name).is_dir():
            yield folder / name
            yield from (folder / name).glob("*")
