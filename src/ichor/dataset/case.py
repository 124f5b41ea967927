"""A scan with its labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.facts import Label
from ichor.errors import BadConfig
from ichor.scan import Scan
from ichor.subtypes import Subtype


@dataclass(frozen=True, slots=True)
class ScanLabels:
    """What is said of a scan as a whole.

    Attributes:
        hemorrhage: whether it has any; None if nobody said.
        subtypes: whether it has each of these subtypes; those that nobody spoke of are absent.
    """

    hemorrhage: bool | None = None
    subtypes: Mapping[Subtype, bool] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Case:
    """One subject's scan, with the labels that its dataset has: of voxels, of slices, or of the scan.

    What is unknown is None, and is never taken for "no hemorrhage": `mask`, `labels` and `positive` raise BadConfig
    where the dataset does not say.

    Attributes:
        subject: the subject's name in the dataset.
        scan: n slices.
        delineation: (n, rows, columns) bool, hemorrhage as delineated; None if nobody delineated it.
        subtypes: (n, 5) bool, the subtypes of each slice in the order of `Subtype`; None if unknown.
        excluded_from_overlap: why the dataset leaves this case out of Dice, Jaccard and every figure of overlap, and
            out of what thresholds and epochs are chosen by; empty where it counts. Detection counts every case.
        hemorrhage: (n,) bool, whether each slice has hemorrhage, for slices whose subtypes are unknown; None if
            unknown, and where `subtypes` say it.
        of_scan: what is said of the scan as a whole, in addition to what follows from its slices.
        unknown_slices: (n,) bool, slices of which nothing is known, and which are False in all arrays above; None if
            there are none.
    """

    subject: str
    scan: Scan
    delineation: NDArray[np.bool_] | None
    subtypes: NDArray[np.bool_] | None
    excluded_from_overlap: str = ""
    hemorrhage: NDArray[np.bool_] | None = None
    of_scan: ScanLabels = ScanLabels()
    unknown_slices: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        n = self.scan.n_slices
        for what, array, shape in (
            ("a mask", self.delineation, self.scan.voxels.shape),
            ("labels", self.subtypes, (n, len(Subtype))),
            ("hemorrhage", self.hemorrhage, (n,)),
            ("unknown slices", self.unknown_slices, (n,)),
        ):
            if array is not None and array.shape != shape:
                raise ValueError(f"subject {self.subject}: expected {what} of shape {shape}, found {array.shape}")

    @property
    def known(self) -> frozenset[Label]:
        """The kinds of labels that the case has."""
        found = {
            Label.VOXELS: self.delineation is not None,
            Label.SLICES: self._has_slices,
            Label.SLICE_SUBTYPES: self.subtypes is not None,
            Label.SCANS: self.has_hemorrhage is not None,
            Label.SCAN_SUBTYPES: self.subtypes is not None or bool(self.of_scan.subtypes),
        }
        return frozenset(label for label, known in found.items() if known)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(n, rows, columns) bool, hemorrhage as delineated. Raises BadConfig if nobody delineated it."""
        if self.delineation is None:
            raise self._unknown("a delineation")
        return self.delineation

    @property
    def labels(self) -> NDArray[np.bool_]:
        """(n, 5) bool, the subtypes of each slice in the order of `Subtype`. Raises BadConfig if unknown."""
        if self.subtypes is None:
            raise self._unknown("the subtypes of its slices")
        return self.subtypes

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) whether each slice has hemorrhage by its labels. Raises BadConfig if unknown."""
        if self.subtypes is not None:
            return np.asarray(self.subtypes.any(axis=1))
        if self.hemorrhage is None:
            raise self._unknown("labels of its slices")
        return self.hemorrhage

    @property
    def has_hemorrhage(self) -> bool | None:
        """Whether the scan has hemorrhage, by its slices, else by what is said of it; None if unknown."""
        if self._has_slices:
            if self.positive.any():
                return True
            if self.unknown_slices is None or not self.unknown_slices.any():
                return False
        return self.of_scan.hemorrhage

    @property
    def known_slices(self) -> NDArray[np.bool_]:
        """(n,) the slices of which it is known whether they have hemorrhage."""
        known = np.full(self.scan.n_slices, self._has_slices)
        return known if self.unknown_slices is None else known & ~self.unknown_slices

    @property
    def mask_or_empty(self) -> NDArray[np.bool_]:
        """(n, rows, columns) the delineation, empty where there is none: to count the pixels of predictions."""
        return np.zeros(self.scan.voxels.shape, bool) if self.delineation is None else self.delineation

    @property
    def _has_slices(self) -> bool:
        return self.subtypes is not None or self.hemorrhage is not None

    def _unknown(self, what: str) -> BadConfig:
        has = ", ".join(label.value for label in Label if label in self.known) or "no labels"
        return BadConfig(f"expected {what} of {self.subject}, found a case that has only {has}")


class Cases(Sequence[Case]):
    """Cases that are read when they are asked for, so that a dataset need not fit into memory."""

    def __init__(self, subjects: Sequence[str], load: Callable[[str], Case]) -> None:
        self.subjects = tuple(subjects)
        self._load = load

    def __len__(self) -> int:
        return len(self.subjects)

    @overload
    def __getitem__(self, index: int) -> Case: ...

    @overload
    def __getitem__(self, index: slice) -> Cases: ...

    def __getitem__(self, index: int | slice) -> Case | Cases:
        if isinstance(index, slice):
            return Cases(self.subjects[index], self._load)
        return self._load(self.subjects[index])

    def __iter__(self) -> Iterator[Case]:
        return (self._load(subject) for subject in self.subjects)
