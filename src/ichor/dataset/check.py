"""The check of a dataset of any kind: each subject is read, and its labels are compared with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.dataset.check_report import CheckReport, Problem
from ichor.dataset.facts import Label
from ichor.dataset.images.overlaps import copies_within
from ichor.dataset.images.prints import Prints, prints_of
from ichor.errors import IchorError, UnreadableInput

_FEW = 5


class Checker:
    """A check: iterate over `subjects()` to the end, then call `report()`."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._problems: list[Problem] = []
        self._prints: dict[str, Prints] = {}
        self._warnings: defaultdict[str, list[str]] = defaultdict(list)
        self._n_slices = self._n_delineated = self._n_read = 0

    def subjects(self) -> Iterator[str]:
        """Read each subject; yields each finished one."""
        for subject in self._dataset.subjects:
            try:
                self._check(self._dataset.case(subject))
            except (IchorError, ValueError) as error:
                self._add(subject, str(error))
            yield subject

    def report(self) -> CheckReport:
        """All findings."""
        dataset = self._dataset
        problems = [
            *self._problems,
            *(
                Problem(self._where(copy.second), f"expected no duplicate scan, found that of {copy.first}")
                for copy in copies_within(self._prints)
            ),
        ]
        fingerprint: str | None
        try:
            fingerprint = dataset.fingerprint
        except UnreadableInput:  # the file was reported when it was read
            fingerprint = None
        return CheckReport(
            dataset=dataset.facts.title,
            release="",
            fingerprint=fingerprint,
            n_subjects=len(dataset.subjects),
            n_slices=self._n_slices,
            n_delineated=self._n_delineated,
            errors=tuple(sorted(problems)),
            known=(),
            notes=(*self._notes(), *dataset.facts.traps),
        )

    def _check(self, case: Case) -> None:
        self._n_read += 1
        self._n_slices += case.scan.n_slices
        self._prints[case.subject] = prints_of(case.scan)
        for warning in case.scan.warnings:
            self._warnings[warning].append(case.subject)
        missing = self._dataset.facts.labels - case.known
        if missing:
            named = ", ".join(label.value for label in Label if label in missing)
            self._add(case.subject, f"expected labels of {named}, found none")
        if case.delineation is not None:
            drawn = np.asarray(case.delineation.any(axis=(1, 2)))
            self._n_delineated += int(drawn.sum())
            self._compare(case, drawn)
        said = case.of_scan.hemorrhage
        if said is not None and case.has_hemorrhage != said:
            self._add(case.subject, f"expected a scan {_with(said)} hemorrhage by its label, found slices otherwise")

    def _compare(self, case: Case, drawn: NDArray[np.bool_]) -> None:
        """Slices with a delineation are those with hemorrhage by their labels."""
        if Label.SLICES not in case.known:
            return
        for index in np.flatnonzero((drawn != case.positive) & case.known_slices)[:_FEW]:
            said = bool(case.positive[index])
            self._add(
                case.subject,
                f"expected a delineation {_with(said)} hemorrhage on slice {index + 1} by its label, found otherwise",
            )

    def _notes(self) -> Iterator[str]:
        scans: defaultdict[str, int] = defaultdict(int)
        for subject in self._dataset.subjects:
            scans[self._dataset.person(subject)] += 1
        several = sum(n > 1 for n in scans.values())
        if several:
            yield f"{several} of {len(scans)} people have several scans; folds keep these together."
        for warning, subjects in sorted(self._warnings.items(), key=lambda item: -len(item[1])):
            more = f" and {len(subjects) - 1} others" if len(subjects) > 1 else ""
            yield f"{subjects[0]}{more}: {warning}"
        if self._dataset.facts.unverified:
            yield f"Unverified: {self._dataset.facts.unverified}"

    def _add(self, subject: str, said: str) -> None:
        self._problems.append(Problem(self._where(subject), said.removeprefix(f"{self._dataset.root}/")))

    def _where(self, subject: str) -> str:
        path = self._dataset.scan_path(subject)
        place = path.relative_to(self._dataset.root) if path.is_relative_to(self._dataset.root) else path
        return f"{place.as_posix()} ({subject})"


def _with(hemorrhage: bool) -> str:
    return "with" if hemorrhage else "without"
