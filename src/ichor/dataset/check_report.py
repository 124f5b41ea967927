"""The result of a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem: `where` is a file of the dataset, possibly with a location in it; `said` is 'expected x, found y'."""

    where: str
    said: str


@dataclass(frozen=True, slots=True)
class Known:
    """A known problem of the release, and its consequence."""

    problem: Problem
    why: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result for a copy of a dataset.

    Attributes:
        dataset: its name.
        release: the release; empty if there is only one.
        fingerprint: as recorded by runs; None if a file cannot be read.
        n_subjects, n_slices, n_delineated: with images, by the tables or files, by the delineations.
        errors: problems that must be repaired.
        known: known defects of this release.
        notes: what to keep in mind.
    """

    dataset: str
    release: str
    fingerprint: str | None
    n_subjects: int
    n_slices: int
    n_delineated: int
    errors: tuple[Problem, ...]
    known: tuple[Known, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self)

    @property
    def summary(self) -> str:
        """The counts, in one line."""
        return (
            f"{self.name}: {self.n_subjects} subjects, {self.n_slices} slices, {self.n_delineated} delineated; "
            f"{len(self.errors)} errors, {len(self.known)} known defects"
        )

    @property
    def name(self) -> str:
        """Name and release."""
        return " ".join(part for part in (self.dataset, self.release) if part)


def sort_problems(problems: Iterable[Problem], known: dict[Problem, str]) -> tuple[list[Problem], list[Known]]:
    """The errors and the known problems, each sorted by location."""
    ordered = sorted(problems)
    return (
        [one for one in ordered if one not in known],
        [Known(one, known[one]) for one in ordered if one in known],
    )
