"""The folds that the authors of ct-ich fixed."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from ichor.dataset.folds import N_FOLDS, Fold, ring_fold

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


def authors_fold(number: int, available: Collection[str] | None = None) -> Fold:
    """The authors' fold `number` (1 to 5): their test block, validation on the next block, the rest to train.

    Their code validates folds 2 to 5 on fold 1's test block; here validation is the next block (cyclic), which is
    what the paper's text describes. Subjects not in `available` (release 1.3.1 lacks 059 to 065) are left out.
    Raises ValueError for a number outside 1 to 5.
    """
    if not 1 <= number <= N_FOLDS:
        raise ValueError(f"expected a fold from 1 to {N_FOLDS}, found {number}")
    there = [[s for s in block if available is None or s in available] for block in _authors_blocks()]
    return ring_fold(number, there)


def authors_folds(available: Collection[str]) -> tuple[Fold, ...]:
    """All five."""
    return tuple(authors_fold(number, available) for number in range(1, N_FOLDS + 1))


def _authors_blocks() -> list[list[str]]:
    """The authors' test blocks of 16, 16, 16, 16 and 18 subjects."""
    subjects = [f"{index + _FIRST_SUBJECT:03d}" for index in _AUTHORS_ORDER]
    cuts = [b * _BLOCK for b in range(N_FOLDS)] + [len(subjects)]
    return [subjects[a:b] for a, b in pairwise(cuts)]
