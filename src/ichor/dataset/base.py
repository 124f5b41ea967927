"""What a dataset is: cases, which of them overlap excludes and why, folds, and a fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case, Cases
from ichor.dataset.folds import Fold


class Dataset(Protocol):
    """Subjects with one scan each, its delineation and the subtypes of its slices.

    Methods raise UnreadableInput for a subject that is not in the dataset, and for files that do not fit together.
    """

    @property
    def root(self) -> Path:
        """Where it lies; messages name it."""
        ...

    @property
    def fingerprint(self) -> str:
        """A digest of all that a result depends on: two equal datasets have the same."""
        ...

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects, in order."""
        ...

    @property
    def labels(self) -> Mapping[str, NDArray[np.bool_]]:
        """For each subject, (n, 5) bool: the subtypes of each slice in the order of `Subtype`."""
        ...

    @property
    def excluded_from_overlap(self) -> Mapping[str, str]:
        """The reason for each subject that no figure of overlap includes."""
        ...

    @property
    def fixed_folds(self) -> Mapping[str, tuple[Fold, ...]]:
        """The folds that were fixed for this dataset, by name; empty where none were."""
        ...

    def age_years(self, subject: str) -> float | None:
        """The subject's age at the scan; None where it is not known."""
        ...

    def scan_path(self, subject: str) -> Path:
        """Where `ichor.read.open_scan` finds the subject's scan."""
        ...

    def case(self, subject: str) -> Case:
        """The subject's scan, mask and labels."""
        ...

    def truth(self, subject: str) -> Case:
        """The same for who needs no images: all voxels may be 0."""
        ...

    def cases(self, subjects: Iterable[str]) -> Cases:
        """The cases of these subjects, read when they are asked for."""
        ...


def open_dataset(path: Path) -> Dataset:
    """The dataset in a folder. Raises UnreadableInput where it is in no layout that Ichor reads."""
    from ichor.dataset.ct_ich import CtIch

    return CtIch(path)
