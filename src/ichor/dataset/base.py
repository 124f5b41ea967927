"""What a dataset is: cases, which of them overlap excludes and why, folds, and a fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from ichor.dataset.case import Case, Cases
from ichor.dataset.facts import Facts
from ichor.dataset.folds import Fold, Strata
from ichor.scan import Scan


class Dataset(Protocol):
    """Subjects with one scan each, and what its dataset says of it: a delineation, labels of slices, or of the scan.

    Methods raise UnreadableInput for a subject that is not in the dataset, and for files that do not fit together.
    """

    @property
    def root(self) -> Path:
        """Where it lies; messages name it."""
        ...

    @property
    def facts(self) -> Facts:
        """Its labels, licence, source and traps."""
        ...

    @property
    def parts(self) -> Mapping[str, Dataset]:
        """Of several datasets taken together, each by its name; empty for a single one.

        A subject of the part NAME is called NAME.SUBJECT.
        """
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
    def excluded_from_overlap(self) -> Mapping[str, str]:
        """The reason for each subject that no figure of overlap includes."""
        ...

    @property
    def fixed_folds(self) -> Mapping[str, tuple[Fold, ...]]:
        """The folds that were fixed for this dataset, by name; empty where none were."""
        ...

    def person(self, subject: str) -> str:
        """Whose scan it is: two subjects of one person are never on two sides of a fold.

        Datasets that share a source give the same person the same name.
        """
        ...

    def strata(self, subject: str) -> Strata:
        """What stratified folds distribute evenly: `ichor.dataset.folds.strata_of` of the subject's labels."""
        ...

    def n_slices(self, subject: str) -> int:
        """How many slices the subject's scan has."""
        ...

    def age_years(self, subject: str) -> float | None:
        """The subject's age at the scan; None where it is not known."""
        ...

    def scan_path(self, subject: str) -> Path:
        """Where the subject's scan lies, a file or a folder."""
        ...

    def scan(self, subject: str) -> Scan:
        """The subject's scan as `ichor.read.open_scan` reads it."""
        ...

    def case(self, subject: str) -> Case:
        """The subject's scan, and its labels as far as they are known."""
        ...

    def truth(self, subject: str) -> Case:
        """The same for who needs no images: all voxels may be 0."""
        ...

    def cases(self, subjects: Iterable[str]) -> Cases:
        """The cases of these subjects, read when they are asked for."""
        ...
