"""The scans of a validation as arrays: those whose truth is known and that were screened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.intervals import Sampling
from ichor.findings.verdict import Tier
from ichor.scan import FloatArray
from ichor.validation.cases import Found, ScanCase

# The two calls that a verdict in three tiers allows: from which tier on a scan counts as called positive.
CALLS = (Tier.POSSIBLE, Tier.SUSPECTED)
_REACHED = {Tier.POSSIBLE: (Tier.POSSIBLE, Tier.SUSPECTED), Tier.SUSPECTED: (Tier.SUSPECTED,)}


def is_called(found: Found, call: Tier) -> bool:
    """Whether the verdict is that tier or a higher one."""
    return found.tier in _REACHED[call]


@dataclass(frozen=True, eq=False)
class ScoredScans:
    """n scans with what one model found.

    Attributes:
        cases: the scans.
        truth: (n,) whether each has hemorrhage.
        probability: (n,).
        called: for each of CALLS, (n,) whether the scan is called positive.
        patient: (n,) the number of its patient, from 0 without gaps.
        of: what of a scan these are the findings of.
    """

    cases: tuple[ScanCase, ...]
    truth: NDArray[np.bool_]
    probability: FloatArray
    called: dict[Tier, NDArray[np.bool_]]
    patient: NDArray[np.int64]
    of: Callable[[ScanCase], Found | None]

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def n_patients(self) -> int:
        """The number of patients."""
        return int(self.patient.max()) + 1 if len(self) else 0

    @property
    def independent(self) -> bool:
        """Whether each patient has one scan."""
        return self.n_patients == len(self)

    @property
    def both_classes(self) -> bool:
        """Whether there are scans with and without hemorrhage."""
        return bool(self.truth.any() and not self.truth.all())

    def sampling(self) -> Sampling:
        """Resamples of the patients. Raises ValueError if there is no scan."""
        return Sampling(self.n_patients)

    def where(self, kept: Callable[[ScanCase], bool]) -> ScoredScans:
        """Those scans only."""
        return scored([one for one in self.cases if kept(one)], self.of)


def scored(cases: Sequence[ScanCase], of: Callable[[ScanCase], Found | None] = lambda case: case.found) -> ScoredScans:
    """The scans whose truth is known and in which `of` finds what a model said."""
    kept = [(one, found) for one in cases if one.truth.hemorrhage is not None and (found := of(one)) is not None]
    patients = {number: k for k, number in enumerate(dict.fromkeys(one.patient for one, _ in kept))}
    return ScoredScans(
        cases=tuple(one for one, _ in kept),
        truth=np.array([one.truth.hemorrhage for one, _ in kept], bool),
        probability=np.array([found.probability for _, found in kept], np.float64),
        called={call: np.array([is_called(found, call) for _, found in kept], bool) for call in CALLS},
        patient=np.array([patients[one.patient] for one, _ in kept], np.int64),
        of=of,
    )
