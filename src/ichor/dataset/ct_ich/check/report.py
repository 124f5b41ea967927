"""What is found in one subject's images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count, islice

from ichor.dataset.check_report import Problem


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


def missing(numbers: Collection[int]) -> str:
    """Which numbers from 1 to the largest are missing, the first few of them; '' if none is missing."""
    n = max(numbers, default=0) - len({*numbers})
    first = ", ".join(map(str, islice((k for k in count(1) if k not in numbers), min(n, 5))))
    return first + (f" and {n - 5} others" if n > 5 else "")
