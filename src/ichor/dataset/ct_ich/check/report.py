"""What a check found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing amiss: `where` is a file of the dataset, maybe with a place in it; `said` is 'expected x, found y'."""

    where: str
    said: str


@dataclass(frozen=True, slots=True)
class Known:
    """A problem that the release is known to have, and what comes of it."""

    problem: Problem
    why: str


@dataclass(slots=True)
class SubjectReport:
    """What was found in one subject's images.

    Attributes:
        problems: what is amiss.
        images: the SHA-256 of each slice's image by its file.
        n_delineated: how many slices have a delineation.
        gray_pixels, mask_pixels: how many pixels of the delineations are neither black nor white, and how many
            there are.
    """

    problems: list[Problem] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    n_delineated: int = 0
    gray_pixels: int = 0
    mask_pixels: int = 0

    def add(self, where: str, said: str) -> None:
        """One problem more."""
        self.problems.append(Problem(where, said))


@dataclass(frozen=True, slots=True)
class Report:
    """A copy of the dataset, checked.

    Attributes:
        release: 1.0.0 or 1.3.1.
        fingerprint: as runs record it; None where a file cannot be read.
        n_subjects, n_slices, n_delineated: with images, by the slice table, by the delineations.
        errors: what has to be mended.
        known: what this release is known for.
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
        """The same, for a machine."""
        return {"dataset": "ct-ich", **asdict(self)}


def sort_problems(problems: Iterable[Problem], known: dict[Problem, str]) -> tuple[list[Problem], list[Known]]:
    """The problems to mend and those that are known, each by place."""
    ordered = sorted(problems)
    return (
        [one for one in ordered if one not in known],
        [Known(one, known[one]) for one in ordered if one in known],
    )


def missing(numbers: Collection[int]) -> str:
    """Which numbers from 1 to the largest are not there, the first few by number; '' where none is missing."""
    n = max(numbers, default=0) - len({*numbers})
    first = ", ".join(map(str, islice((k for k in count(1) if k not in numbers), min(n, 5))))
    return first + (f" and {n - 5} others" if n > 5 else "")
