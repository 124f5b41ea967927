"""Errors caused by a user's input or environment, each with a clear one-line message."""

from __future__ import annotations

import errno
from enum import StrEnum
from pathlib import Path

_FOR_GOOD = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENODEV", "ENXIO", "ESTALE")
    if hasattr(errno, name)
}


class Code(StrEnum):
    """Why a scan was refused, in a word or two, for tables and programs; the message of the error says it in full."""

    NOT_FOUND = "not found"
    NO_ACCESS = "no access"
    UNKNOWN_FORMAT = "unknown format"
    UNREADABLE = "unreadable"
    NOT_CT = "no head CT"
    IMPLAUSIBLE = "implausible"
    SEVERAL_SCANS = "several scans"
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"
    CRASHES_DECODER = "crashes decoder"
    OUTPUT = "output not possible"
    NOT_WRITTEN = "not written"
    WORKER_DIED = "worker died"
    INTERNAL = "internal error"
    OTHER = "other"


class IchorError(Exception):
    """An error that the user can fix; the command line shows the message without a traceback.

    Attributes:
        code: the kind of error.
    """

    code = Code.OTHER

    def __init__(self, message: str = "", code: Code | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class UnreadableInput(IchorError):
    """A file, folder or archive that cannot be read as a head CT.

    The one-line message names the file and both the expected and the found value.
    """

    code = Code.UNREADABLE


class BadConfig(IchorError):
    """An invalid configuration, run or model package."""


class OutputFailed(IchorError):
    """Output could not be written; the message names it.

    Attributes:
        for_good: whether nothing else can be written there either: the disk is full, read-only or gone.
    """

    for_good = False
    code = Code.NOT_WRITTEN

    @classmethod
    def of(cls, out: Path, error: OSError) -> OutputFailed:
        """The system's error while writing `out`, in one line."""
        failed = cls(f"{out}: could not be written ({error.strerror or 'output error'})")
        failed.for_good = error.errno in _FOR_GOOD
        return failed
