"""Who is trained on, who chooses, who is reported on: subject-wise folds as pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """Subjects of one fold; no subject is on two sides. `number` counts from 1."""

    number: int
    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def stratified_folds(labels: Mapping[str, NDArray[np.bool_]], seed: int, n_folds: int = N_FOLDS) -> tuple[Fold, ...]:
    """Folds that share out the subjects of each subtype, and those without hemorrhage, as evenly as they can.

    Subject-wise: `labels` gives each subject's slices, (n, 5) bool as `Dataset.labels` has them, and a subject has
    the subtypes that any of its slices has. The rarest subtype is dealt first, each subject to the test block that
    has fewest of it (Sechidis et al. 2011, On the Stratification of Multi-label Data, ECML PKDD). Blocks differ by
    one subject at most; validation is the next block (cyclic).

    A pure function of subjects, labels and seed, whatever the order of the mapping. Raises ValueError for fewer than
    3 folds (test, validation and training) or fewer subjects than folds.
    """
    if n_folds < 3:
        raise ValueError(f"expected at least 3 folds, found {n_folds}")
    if len(labels) < n_folds:
        raise ValueError(f"expected at least {n_folds} subjects, one a fold, found {len(labels)}")
    blocks = _stratified_blocks(labels, seed, n_folds)
    return tuple(ring_fold(number, blocks) for number in range(1, n_folds + 1))


def ring_fold(number: int, blocks: Sequence[Sequence[str]]) -> Fold:
    """The fold that tests on block `number`, validates on the next (cyclic) and trains on the rest."""
    test, validation = number - 1, number % len(blocks)
    rest = [s for b, block in enumerate(blocks) if b not in (test, validation) for s in block]
    return Fold(number, tuple(rest), tuple(blocks[validation]), tuple(blocks[test]))


def _stratified_blocks(labels: Mapping[str, NDArray[np.bool_]], seed: int, n_blocks: int) -> list[list[str]]:
    # The order of hashes is a shuffle that no version of a random generator can change.
    left = sorted(labels, key=lambda subject: hashlib.sha256(f"{seed} {subject}".encode()).digest())
    strata = {subject: _strata(labels[subject]) for subject in left}
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


def _strata(labels: NDArray[np.bool_]) -> frozenset[int]:
    """The columns of the subtypes a subject has; -1 for none, which is a stratum of its own."""
    return frozenset(np.flatnonzero(labels.any(axis=0)).tolist()) or frozenset({-1})
