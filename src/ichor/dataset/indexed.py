"""A dataset as a record for each subject: what all layouts except that of ct-ich have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ichor.dataset.case import Case, Cases
from ichor.dataset.facts import Facts
from ichor.dataset.folds import Fold
from ichor.errors import UnreadableInput
from ichor.scan import Scan


class Record(Protocol):
    """One subject's files, and how its scan and labels are read from them."""

    @property
    def person(self) -> str:
        """Whose scan it is, as in `Dataset.person`."""
        ...

    @property
    def age_years(self) -> float | None:
        """The age at the scan; None where it is not known."""
        ...

    @property
    def place(self) -> Path:
        """Where the scan lies."""
        ...

    def scan(self) -> Scan:
        """The scan, read in a separate process as a stranger's."""
        ...

    def case(self, subject: str) -> Case:
        """The scan, read in this process, with its labels."""
        ...

    def n_slices(self) -> int:
        """The number of slices."""
        ...

    def strata(self) -> frozenset[int]:
        """As `Dataset.strata`."""
        ...


class IndexedDataset:
    """The subjects of an index, in order.

    `files` are those on which a result depends. The fingerprint is of their names and contents, or with
    `large` of the contents of those up to a megabyte and the sizes of the others: half a terabyte is not read again
    for every command.
    """

    parts: Mapping[str, IndexedDataset] = {}

    def __init__(
        self, root: Path, facts: Facts, records: Mapping[str, Record], files: Iterable[Path], *, large: bool = False
    ) -> None:
        self.root, self.facts = root, facts
        self._records = dict(sorted(records.items()))
        self._files, self._large = tuple(files), large
        self._strata: dict[str, frozenset[int]] = {}
        if not self._records:
            raise UnreadableInput(f"{root}: expected subjects of {facts.kind}, found none")

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects, in order."""
        return tuple(self._records)

    @property
    def excluded_from_overlap(self) -> Mapping[str, str]:
        """Nobody: none of these datasets says so."""
        return {}

    @property
    def fixed_folds(self) -> Mapping[str, tuple[Fold, ...]]:
        """None: none of these datasets fixed folds."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names and contents (or sizes, see above) of all files."""
        return digest_of(self.root, self._files, large=self._large)

    def person(self, subject: str) -> str:
        """Whose scan it is."""
        return self._record(subject).person

    def strata(self, subject: str) -> frozenset[int]:
        """What stratified folds distribute evenly; read once."""
        if subject not in self._strata:
            self._strata[subject] = self._record(subject).strata()
        return self._strata[subject]

    def n_slices(self, subject: str) -> int:
        """How many slices the subject's scan has."""
        return self._record(subject).n_slices()

    def age_years(self, subject: str) -> float | None:
        """The subject's age at the scan; None where it is not known."""
        return self._record(subject).age_years

    def scan_path(self, subject: str) -> Path:
        """Where the subject's scan lies."""
        return self._record(subject).place

    def scan(self, subject: str) -> Scan:
        """The subject's scan."""
        return self._record(subject).scan()

    def case(self, subject: str) -> Case:
        """The subject's scan, and its labels as far as they are known."""
        return self._record(subject).case(subject)

    truth = case

    def cases(self, subjects: Iterable[str]) -> Cases:
        """The cases of these subjects, read when they are asked for."""
        return Cases(tuple(subjects), self.case)

    def _record(self, subject: str) -> Record:
        if subject not in self._records:
            raise UnreadableInput(f"{self.root}: expected a subject of the dataset, found {subject!r}")
        return self._records[subject]


_SMALL_BYTES = 2**20


def digest_of(root: Path, files: Iterable[Path], *, large: bool = False) -> str:
    """SHA-256 over the names of files relative to `root` and their contents; if `large`, over the sizes of large ones.

    Raises UnreadableInput if a file cannot be read.
    """
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(root).as_posix().encode())
        try:
            size = file.stat().st_size
            content = str(size).encode() if large and size > _SMALL_BYTES else file.read_bytes()
        except OSError as error:
            raise UnreadableInput(f"{file}: could not be read ({error.strerror or 'input error'})") from error
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()
