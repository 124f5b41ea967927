"""The `Output` protocol: writes one kind of file from a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ichor.scan import Scan

if TYPE_CHECKING:
    from ichor.write.result import Result


@runtime_checkable
class Output(Protocol):
    """The interface of outputs; tests/write/test_contract.py tests every registered output against it.

    An output is constructed without arguments. The constructor raises IchorError, with the package to install, if a
    package that the output needs is missing.

    Attributes:
        name: the name by which users request it.
        files: the names of the files that it writes, the same for every scan.
        needs_mask: whether it needs a mask, so that it is not available for results of detectors.
    """

    name: str
    files: tuple[str, ...]
    needs_mask: bool

    def check(self, scan: Scan) -> None:
        """Raise IchorError, in one line, if the output does not support this scan; called before the method is run."""
        ...

    def write(self, result: Result, folder: Path) -> None:
        """Write all its files into `folder`, which is temporary until all outputs are written.

        Raises IchorError, in one line, if the output does not support this result, and OSError on disk errors.
        """
        ...
