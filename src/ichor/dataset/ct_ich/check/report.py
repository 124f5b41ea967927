"""The result of a check."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from itertools import count, islice
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


@dataclass(slots=True)
class SubjectReport:
    """The findings in one subject's images.

    Attributes:
        problems: what is wrong.
        images: the SHA-256 of each slice's image, by file.
        n_delineated: how many slices have a delineation.
        gray_pixels, mask_pixels: how many pixels of the delineations are neither black nor white, and their total
            number.
    """

    problems: list[Problem] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    n_delineated: int = 0
    gray_pixels: int = 0
    mask_pixels: int = 0

    def add(self, where: str, said: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(where, said))


@dataclass(frozen=True, slots=True)
class Report:
    """The result for a copy of the dataset.

    Attributes:
        release: 1.0.0 or 1.3.1.
        fingerprint: as recorded by runs; None if a file cannot be read.
        n_subjects, n_slices, n_delineated: with images, by the slice table, by the delineations.
        errors: problems that must be repaired.
        known: known defects of this release.
        notes: what to keep in mind.
    """

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
        return {"dataset": "ct-ich", **asdict(self)}


def sort_problems(problems: Iterable[Problem], known: dict[Problem, str]) -> tuple[list[Problem], list[Known]]:
    """The errors and the known problems, each sorted by location."""
    ordered = sorted(problems)
    return (
        [one for one in ordered if one not in known],
        [Known(one, known[one]) for one in ordered if one in known],
    )


def missing(numbers: Collection[int]) -> str:
    """Which numbers from 1 to the largest are missing, the first few of them; '' if none is missing."""
    n = max(numbers, default=0) - len({*numbers})
    first = ", ".join(map(str, islice((k for k in count(1) if k not in numbers), min(n, 5))))
    return first + (f" and {n - 5} others" if n > 5 else "")
