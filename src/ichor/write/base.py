"""The `Output` protocol: one kind of file that is written of a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ichor.scan import Scan

if TYPE_CHECKING:
    from ichor.write.result import Result


@runtime_checkable
class Output(Protocol):
    """All that an output must be; tests/write/test_contract.py holds every registered one to it.

    It is made without arguments. Making it raises IchorError, with what to install, where a package that it needs is
    missing.

    Attributes:
        name: what it is asked for by.
        files: the names of the files that it writes for every scan; for some it may write further ones.
        needs_mask: whether it shows an outline, so that it cannot be made of a detector's result.
    """

    name: str
    files: tuple[str, ...]
    needs_mask: bool

    def check(self, scan: Scan) -> None:
        """Raise IchorError, in one line, where it cannot be made of this scan; asked before the method is run."""
        ...

    def write(self, result: Result, folder: Path) -> None:
        """Write all its files into `folder`, which nobody sees until all outputs are there.

        Raises IchorError, in one line, where it cannot be made of this result, and OSError where the disk refuses it.
        """
        ...
