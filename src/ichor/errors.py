"""What can go wrong with what a user gives us, each with one clear line as its message."""

from __future__ import annotations

import errno
from pathlib import Path

_FOR_GOOD = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENODEV", "ENXIO", "ESTALE")
    if hasattr(errno, name)
}


class IchorError(Exception):
    """Something the user can mend; the command line shows the message without a traceback."""


class UnreadableInput(IchorError):
    """A file, folder or archive that is not a head CT we can read.

    The message is one line that names the file and both the expected and the found value.
    """


class BadConfig(IchorError):
    """A configuration, a run or a model package that does not hold what it should."""


class OutputFailed(IchorError):
    """What should have been written could not be; the message names it.

    Attributes:
        for_good: whether nothing else can be written there either: the disk is full, read-only or gone.
    """

    for_good = False

    @classmethod
    def of(cls, out: Path, error: OSError) -> OutputFailed:
        """What the system said while `out` was written, in one line."""
        failed = cls(f"{out}: could not be written ({error.strerror or 'output error'})")
        failed.for_good = error.errno in _FOR_GOOD
        return failed
