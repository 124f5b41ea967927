"""Who is trained on, who chooses, who is reported on: subject-wise folds as pure functions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

N_FOLDS = 5

# The authors' fixed order (their released code); index + 49 is the subject's number.
# fmt: off
_AUTHORS_ORDER = (
    31, 39, 21, 33, 34, 5, 54, 2, 67, 15, 68, 10, 53, 29, 44, 76,
    59, 73, 77, 71, 61, 69, 50, 32, 6, 37, 57, 75, 80, 41, 27, 16,
    40, 46, 79, 13, 45, 55, 62, 7, 66, 58, 78, 4, 47, 52, 28, 20,
    24, 51, 36, 63, 30, 48, 26, 60, 49, 25, 42, 18, 43, 14, 72, 0,
    35, 81, 70, 22, 64, 1, 3, 17, 74, 23, 38, 12, 8, 65, 19, 56, 9, 11,
)
# fmt: on
_BLOCK = 16
_FIRST_SUBJECT = 49


@dataclass(frozen=True, slots=True)
class Fold:
    """Subjects of one fold; no subject is on two sides. `number` counts from 1."""

    number: int
    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def authors_fold(number: int, available: Collection[str] | None = None) -> Fold:
    """The authors' fold `number` (1 to 5): their test block, validation on the next block, the rest to train.

    Their code validates folds 2 to 5 on fold 1's test block; here validation is the next block (cyclic), which is
    what the paper's text describes. Subjects not in `available` (release 1.3.1 lacks 059 to 065) are left out.
    Raises ValueError for a number outside 1 to 5.
    """
    if not 1 <= number <= N_FOLDS:
        raise ValueError(f"expected a fold from 1 to {N_FOLDS}, found {number}")
    blocks = _blocks()
    test = number - 1
    validation = number % N_FOLDS
    rest = [s for b in range(N_FOLDS) if b not in (test, validation) for s in blocks[b]]

    def there(subjects: list[str]) -> tuple[str, ...]:
        return tuple(s for s in subjects if available is None or s in available)

    return Fold(number, there(rest), there(blocks[validation]), there(blocks[test]))


def _blocks() -> list[list[str]]:
    """The authors' test blocks of 16, 16, 16, 16 and 18 subjects."""
    subjects = [f"{index + _FIRST_SUBJECT:03d}" for index in _AUTHORS_ORDER]
    cuts = [b * _BLOCK for b in range(N_FOLDS)] + [len(subjects)]
    return [subjects[a:b] for a, b in pairwise(cuts)]
