"""Errors caused by a user's input or environment, each with a clear one-line message."""

from __future__ import annotations

import errno
from pathlib import Path

_FOR_GOOD = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENODEV", "ENXIO", "ESTALE")
    if hasattr(errno, name)
}


class IchorError(Exception):
    """An error that the user can fix; the command line shows the message without a traceback."""


class UnreadableInput(IchorError):
    """A file, folder or archive that cannot be read as a head CT.

    The one-line message names the file and both the expected and the found value.
    """


class BadConfig(IchorError):
    """An invalid configuration, run or model package."""


class OutputFailed(IchorError):
    """Output could not be written; the message names it.

    Attributes:
        for_good: whether nothing else can be written there either: the disk is full, read-only or gone.
    """

    for_good = False

    @classmethod
    def of(cls, out: Path, error: OSError) -> OutputFailed:
        """The system's error while writing `out`, in one line."""
        failed = cls(f"{out}: could not be written ({error.strerror or 'output error'})")
        failed.for_good = error.errno in _FOR_GOOD
        return failed
