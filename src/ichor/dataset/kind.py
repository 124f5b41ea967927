"""What Ichor knows about one kind of dataset: its facts, how its layout is recognized, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ichor.dataset.base import Dataset
from ichor.dataset.check_report import CheckReport
from ichor.dataset.facts import Facts


class Checking(Protocol):
    """A check that goes subject by subject: iterate over `subjects()` to the end, then call `report()`."""

    def subjects(self) -> Iterator[str]:
        """Check each subject; yields it when it is finished."""
        ...

    def report(self) -> CheckReport:
        """All findings."""
        ...


class Described(Protocol):
    """The counts of one copy of a dataset."""

    def as_text(self) -> str:
        """For a terminal."""
        ...

    def as_markdown(self) -> str:
        """As a page."""
        ...

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dataset.

    Attributes:
        facts: what is known of it; several where it has editions under different terms.
        recognizes: whether a folder has its layout. Fast; raises nothing.
        open: the dataset in a folder that has its layout. Raises UnreadableInput.
        check: a check of its own, in place of the one for every dataset.
        describe: a description of its own, in place of the one for every dataset. Raises UnreadableInput.
    """

    facts: tuple[Facts, ...]
    recognizes: Callable[[Path], bool]
    open: Callable[[Path], Dataset]
    check: Callable[[Any], Checking] | None = None
    describe: Callable[[Any], Described] | None = None

    @property
    def name(self) -> str:
        """The name under which it is known."""
        return self.facts[0].kind
