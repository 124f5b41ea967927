from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.folds import N_FOLDS, Fold, stratified_folds

ALL = [f"{n:03d}" for n in range(49, 131)]
ABSENT_IN_1_3_1 = [f"{n:03d}" for n in range(59, 66)]
WITHOUT_ABSENT = [s for s in ALL if s not in ABSENT_IN_1_3_1]

seeds = st.integers(0, 2**32)


@st.composite
def written_labels(draw: st.DrawFn, subjects: int | None = None) -> dict[str, np.ndarray]:
    """Labels of made subjects, two slices each, with any subtypes: many have none, as in the dataset."""
    n = subjects or draw(st.integers(5, 90))
    of_subject = st.one_of(st.just(0), st.integers(0, 2**10 - 1))
    bits = draw(st.lists(of_subject, min_size=n, max_size=n))
    return {
        f"{49 + i:03d}": (np.array(bit) >> np.arange(10) & 1).astype(bool).reshape(2, 5) for i, bit in enumerate(bits)
    }


def assert_each_is_tested_once_and_none_is_on_two_sides(folds: list[Fold], subjects: list[str]) -> None:
    assert sorted(s for fold in folds for s in fold.test) == sorted(subjects)
    for fold in folds:
        sides = [*fold.training, *fold.validation, *fold.test]
        assert sorted(sides) == sorted(subjects)
        assert len(set(sides)) == len(sides)
        assert fold.validation == folds[fold.number % len(folds)].test


@pytest.mark.parametrize("subjects", [ALL, WITHOUT_ABSENT], ids=["82 subjects", "75 subjects"])
def test_no_subject_is_on_two_sides_of_the_authors_folds(subjects: list[str]) -> None:
    folds = [authors_fold(number, subjects) for number in range(1, N_FOLDS + 1)]
    assert_each_is_tested_once_and_none_is_on_two_sides(folds, subjects)


@settings(deadline=None)
@given(available=st.sets(st.sampled_from(ALL)))
def test_no_subject_is_on_two_sides_whichever_are_there(available: set[str]) -> None:
    folds = [authors_fold(number, available) for number in range(1, N_FOLDS + 1)]
    assert_each_is_tested_once_and_none_is_on_two_sides(folds, sorted(available))


@settings(deadline=None)
@given(labels=written_labels(), seed=seeds, n_folds=st.integers(3, 5))
def test_no_subject_is_on_two_sides_of_stratified_folds(labels: dict[str, np.ndarray], seed: int, n_folds: int) -> None:
    folds = list(stratified_folds(labels, seed, n_folds))
    assert [fold.number for fold in folds] == list(range(1, n_folds + 1))
    assert_each_is_tested_once_and_none_is_on_two_sides(folds, list(labels))
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


@settings(deadline=None)
@given(labels=written_labels(), seed=seeds)
def test_the_rarest_subtype_is_distributed_evenly(labels: dict[str, np.ndarray], seed: int) -> None:
    subjects_with = np.array([one.any(axis=0) for one in labels.values()]).sum(axis=0)
    present = np.flatnonzero(subjects_with)
    if len(present):
        rarest = min(present, key=lambda i: (subjects_with[i], i))
        counts = [sum(labels[s][:, rarest].any() for s in fold.test) for fold in stratified_folds(labels, seed)]
        assert max(counts) - min(counts) <= 1


@settings(deadline=None)
@given(labels=written_labels(subjects=20), seed=seeds)
def test_folds_depend_only_on_labels_and_seed(labels: dict[str, np.ndarray], seed: int) -> None:
    backwards = dict(reversed(labels.items()))
    assert stratified_folds(backwards, seed) == stratified_folds(labels, seed)


def test_the_seed_chooses_the_folds_and_the_same_seed_the_same_ones() -> None:
    labels = {s: np.zeros((1, 5), bool) for s in ALL}
    assert stratified_folds(labels, 0) != stratified_folds(labels, 1)
    # Held for good: a split that is quoted must be the same on every machine and with every version.
    assert stratified_folds(labels, 0)[0].test[:4] == ("058", "095", "065", "057")


@pytest.mark.parametrize("absent", [[], ABSENT_IN_1_3_1], ids=["82 subjects", "75 subjects"])
@pytest.mark.parametrize("seed", range(5))
def test_the_datasets_subtypes_are_distributed_evenly(ct_ich: Path, seed: int, absent: list[str]) -> None:
    """The authors' own folds hold from 1 to 7 of the 21 subjects with EDH."""
    labels = {s: one for s, one in CtIch(ct_ich).labels.items() if s not in absent}
    folds = stratified_folds(labels, seed)
    assert_each_is_tested_once_and_none_is_on_two_sides(list(folds), sorted(labels))
    for subtype in range(5):
        counts = [sum(labels[s][:, subtype].any() for s in fold.test) for fold in folds]
        assert max(counts) - min(counts) <= 1


def test_too_few_folds_or_subjects_are_refused() -> None:
    labels = {s: np.zeros((1, 5), bool) for s in ALL[:4]}
    with pytest.raises(ValueError, match="at least 3 folds, found 2"):
        stratified_folds(labels, 0, 2)
    with pytest.raises(ValueError, match="at least 5 subjects, one per fold, found 4"):
        stratified_folds(labels, 0)
