from __future__ import annotations

from pathlib import Path

import pytest

from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT, CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.folds import N_FOLDS

ALL = {f"{n:03d}" for n in range(49, 131)}


@pytest.mark.parametrize("number", range(1, N_FOLDS + 1))
def test_no_subject_is_on_two_sides(number: int) -> None:
    fold = authors_fold(number)
    sides = [set(fold.training), set(fold.validation), set(fold.test)]
    assert sum(map(len, sides)) == len(ALL)
    assert set.union(*sides) == ALL


def test_every_subject_is_tested_once_in_blocks_of_the_authors_sizes() -> None:
    tests = [authors_fold(k).test for k in range(1, N_FOLDS + 1)]
    assert [len(t) for t in tests] == [16, 16, 16, 16, 18]
    assert {s for t in tests for s in t} == ALL


def test_test_blocks_hold_as_many_subjects_with_hemorrhage_as_the_authors(ct_ich: Path) -> None:
    labels = CtIch(ct_ich).labels
    counts = [sum(bool(labels[s].any()) for s in authors_fold(k).test) for k in range(1, N_FOLDS + 1)]
    assert counts == [8, 4, 5, 10, 9]


def test_validation_is_the_next_block() -> None:
    for number in range(1, N_FOLDS + 1):
        assert authors_fold(number).validation == authors_fold(number % N_FOLDS + 1).test


def test_absent_subjects_are_excluded() -> None:
    available = ALL - {f"{n:03d}" for n in range(59, 66)}  # as in release 1.3.1
    folds = [authors_fold(k, available) for k in range(1, N_FOLDS + 1)]
    assert {s for f in folds for s in f.test} == available


@pytest.mark.parametrize("number", [0, 6])
def test_a_fold_outside_1_to_5_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 5, found {number}"):
        authors_fold(number)


def test_the_demonstration_subject_is_in_the_first_test_fold() -> None:
    assert DEMONSTRATION_SUBJECT in authors_fold(1).test
