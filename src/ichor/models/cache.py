"""Files in the user's cache folder that can be regenerated, kept for faster starts.

Reading returns exactly what was written, or nothing; if the folder is not writable, nothing is kept. The folder is the
platform's own (XDG_CACHE_HOME on Linux) and, since its content is executed, only its owner may write to it.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ichor.atomic import write_whole

_DIGEST_BYTES = 32
_MAX_FILES = 20  # of a few MB at most; the oldest are removed first


def read_cached(name: str) -> bytes | None:
    """What was written under `name`; None if there is nothing, it is damaged, or others may write to the folder."""
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
    """Keep `content` under `name`, a simple file name, if possible."""
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / name, hashlib.sha256(content).digest() + content)
        newest_first = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in newest_first[_MAX_FILES:]:
            file.unlink()


def _is_ours_alone(folder: Path) -> bool:
    """Whether only this user may write to the folder, according to its permissions (POSIX)."""
    found = folder.stat()
    return os.name != "posix" or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("ichor", appauthor=False)
