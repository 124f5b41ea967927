"""The `Output` protocol: one kind of file that is written from a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ichor.scan import Scan

if TYPE_CHECKING:
    from ichor.write.result import Result


@runtime_checkable
class Output(Protocol):
    """What every output must provide; tests/write/test_contract.py checks every registered one.

    It is constructed without arguments. The constructor raises IchorError, naming what to install, if a package that it
    needs is missing.

    Attributes:
        name: the name by which it is requested.
        files: the names of the files that it writes for every scan; it may write others for some scans.
        needs_mask: whether it shows an outline, and so cannot be made from a detector's result.
    """

    name: str
    files: tuple[str, ...]
    needs_mask: bool

    def check(self, scan: Scan) -> None:
        """Raise IchorError, in one line, if it cannot be made for this scan; called before the method is run."""
        ...

    def write(self, result: Result, folder: Path) -> None:
        """Write all its files into `folder`, which appears only when all outputs have been written.

        Raises IchorError, in one line, if it cannot be made from this result, and OSError if writing fails.
        """
        ...
