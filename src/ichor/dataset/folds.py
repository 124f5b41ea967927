"""Who is trained on, who chooses, who is reported on: subject-wise folds as pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_FOLDS = 5
# Strata besides the columns of the subtypes: without hemorrhage, with hemorrhage of unknown subtype, and unknown.
WITHOUT, OF_UNKNOWN_SUBTYPE, UNKNOWN = -1, -2, -3
Strata = frozenset[Any]  # of one kind within a mapping, and in an order


@dataclass(frozen=True, slots=True)
class Fold:
    """Subjects of one fold; no subject is on two sides. `number` counts from 1."""

    number: int
    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def stratified_folds(labels: Mapping[str, NDArray[np.bool_]], seed: int, n_folds: int = N_FOLDS) -> tuple[Fold, ...]:
    """`folds_by_strata` of subjects with labels of all slices, (n, 5) bool as `Case.labels`."""
    return folds_by_strata({subject: strata_of(one) for subject, one in labels.items()}, seed, n_folds)


def folds_by_strata(strata: Mapping[str, Strata], seed: int, n_folds: int = N_FOLDS) -> tuple[Fold, ...]:
    """Folds that share out the subjects of each subtype, and those without hemorrhage, as evenly as they can.

    `strata` gives each subject's. The rarest stratum is dealt first, each subject to the test block that
    has fewest of it (Sechidis et al. 2011, On the Stratification of Multi-label Data, ECML PKDD). Blocks differ by
    one subject at most; validation is the next block (cyclic).

    A pure function of subjects, strata and seed, whatever the order of the mapping. Raises ValueError for fewer than
    3 folds (test, validation and training) or fewer subjects than folds.
    """
    if n_folds < 3:
        raise ValueError(f"expected at least 3 folds, found {n_folds}")
    if len(strata) < n_folds:
        raise ValueError(f"expected at least {n_folds} subjects, one per fold, found {len(strata)}")
    blocks = _stratified_blocks(strata, seed, n_folds)
    return tuple(ring_fold(number, blocks) for number in range(1, n_folds + 1))


def folds_of_persons(
    subjects: Iterable[str],
    person: Callable[[str], str],
    strata: Callable[[str], Strata],
    seed: int,
    n_folds: int = N_FOLDS,
) -> tuple[Fold, ...]:
    """`folds_by_strata` in which all subjects of one person are on the same side.

    Where each subject is a person of its own, these are the folds of the subjects. Raises ValueError as it does.
    """
    scans: dict[str, list[str]] = {}
    for subject in subjects:
        scans.setdefault(person(subject), []).append(subject)
    if all(len(of) == 1 for of in scans.values()):  # so that a person's name changes nothing
        return folds_by_strata({subject: strata(subject) for (subject,) in scans.values()}, seed, n_folds)
    of_persons = {one: frozenset[Any]().union(*map(strata, of)) for one, of in scans.items()}
    folds = folds_by_strata(of_persons, seed, n_folds)

    def subjects_of(persons: Iterable[str]) -> tuple[str, ...]:
        return tuple(subject for one in persons for subject in scans[one])

    return tuple(
        Fold(fold.number, subjects_of(fold.training), subjects_of(fold.validation), subjects_of(fold.test))
        for fold in folds
    )


def strata_of(labels: NDArray[np.bool_]) -> frozenset[int]:
    """The columns of the subtypes that any slice of (n, 5) has; WITHOUT for none, which is a stratum of its own."""
    return frozenset(np.flatnonzero(labels.any(axis=0)).tolist()) or frozenset({WITHOUT})


def ring_fold(number: int, blocks: Sequence[Sequence[str]]) -> Fold:
    """The fold that tests on block `number`, validates on the next (cyclic) and trains on the rest."""
    test, validation = number - 1, number % len(blocks)
    rest = [s for b, block in enumerate(blocks) if b not in (test, validation) for s in block]
    return Fold(number, tuple(rest), tuple(blocks[validation]), tuple(blocks[test]))


def _stratified_blocks(strata: Mapping[str, Strata], seed: int, n_blocks: int) -> list[list[str]]:
    # The order of hashes is a shuffle that no version of a random generator can change.
    left = sorted(strata, key=lambda subject: hashlib.sha256(f"{seed} {subject}".encode()).digest())
    places = [len(left) // n_blocks + (block < len(left) % n_blocks) for block in range(n_blocks)]
    blocks: list[list[str]] = [[] for _ in range(n_blocks)]
    while left:
        sizes = {stratum: sum(stratum in strata[s] for s in left) for s in left for stratum in strata[s]}
        rarest = min(sizes, key=lambda stratum: (sizes[stratum], stratum))
        for subject in [s for s in left if rarest in strata[s]]:
            block = min(
                (b for b in range(n_blocks) if len(blocks[b]) < places[b]),
                key=lambda b: (sum(rarest in strata[s] for s in blocks[b]), len(blocks[b]) - places[b], b),
            )
            blocks[block].append(subject)
            left.remove(subject)
    return blocks
