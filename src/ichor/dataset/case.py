"""A scan with what the radiologists said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ichor.scan import Scan
from ichor.subtypes import Subtype


@dataclass(frozen=True, eq=False)
class Case:
    """One subject's scan, delineation and slice labels.

    Attributes:
        subject: the dataset's number, three digits.
        scan: n slices.
        mask: (n, rows, columns) bool, hemorrhage as delineated.
        labels: (n, 5) bool, the subtypes of each slice in the order of `Subtype`.
        excluded_from_overlap: why the dataset leaves this case out of Dice, Jaccard and every figure of overlap, and
            out of what thresholds and epochs are chosen by; empty where it counts. Detection counts every case.
    """

    subject: str
    scan: Scan
    mask: NDArray[np.bool_]
    labels: NDArray[np.bool_]
    excluded_from_overlap: str = ""

    def __post_init__(self) -> None:
        if self.mask.shape != self.scan.voxels.shape:
            raise ValueError(
                f"subject {self.subject}: expected a mask of shape {self.scan.voxels.shape}, found {self.mask.shape}"
            )
        if self.labels.shape != (self.scan.n_slices, len(Subtype)):
            raise ValueError(
                f"subject {self.subject}: expected labels of shape {(self.scan.n_slices, len(Subtype))}, "
                f"found {self.labels.shape}"
            )

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) whether each slice has hemorrhage by its labels."""
        return np.asarray(self.labels.any(axis=1))


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
