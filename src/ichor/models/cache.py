"""What can be made again, kept in the user's cache folder so that the next start is faster.

Whoever reads from it gets what was written, whole, or nothing; where it cannot be written nothing is kept. The folder
is the platform's own (XDG_CACHE_HOME on Linux) and, as what is in it is run, readable and writable by its owner alone.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ichor.atomic import write_whole

_DIGEST_BYTES = 32
_MOST_KEPT = 20  # of a few MB at most: what older versions and other packages left goes first


def read_cached(name: str) -> bytes | None:
    """What was written under `name`; None where there is nothing, or not what was written, or another user's."""
    folder = _folder()
    try:
        if not _is_ours_alone(folder):
            return None
        whole = (folder / name).read_bytes()
    except OSError:
        return None
    digest, content = whole[:_DIGEST_BYTES], whole[_DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None


def write_cached(name: str, content: bytes) -> None:
    """Keep `content` under `name`, a plain file name, if the system lets us."""
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / name, hashlib.sha256(content).digest() + content)
        newest_first = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in newest_first[_MOST_KEPT:]:
            file.unlink()


def _is_ours_alone(folder: Path) -> bool:
    """Whether nobody else may write to the folder, as far as the system tells (POSIX)."""
    found = folder.stat()
    return os.name != "posix" or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("ichor", appauthor=False)
