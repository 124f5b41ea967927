"""Checks a copy of the dataset, subject by subject, without stopping at problems."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ichor.dataset.check_report import CheckReport, Problem, sort_problems
from ichor.dataset.ct_ich import CtIch, published
from ichor.dataset.ct_ich.check.jpg import GRAY, check_jpg
from ichor.dataset.ct_ich.check.known import known_defects
from ichor.dataset.ct_ich.check.nifti import check_folders, check_nifti
from ichor.dataset.ct_ich.check.report import SubjectReport
from ichor.dataset.ct_ich.check.tables import Tables
from ichor.dataset.ct_ich.exclusions import FILE as EXCLUSIONS
from ichor.dataset.ct_ich.exclusions import exclusions
from ichor.dataset.naming import named
from ichor.errors import UnreadableInput
from ichor.read.ct_ich_jpg import MASK_ABOVE


class Checker:
    """A check of one copy: iterate over `subjects()` to the end, then call `report()`.

    Raises UnreadableInput if a table cannot be read.
    """

    def __init__(self, dataset: CtIch) -> None:
        self._dataset = dataset
        self._tables = Tables(dataset)
        self._found: dict[str, SubjectReport] = {}

    def subjects(self) -> Iterator[str]:
        """Check each subject's images, on all cores; yields each finished subject."""
        dataset = self._dataset

        def check(subject: str) -> SubjectReport:
            rows = self._tables.slices.get(subject, {})
            check_images = check_jpg if dataset.release == "1.0.0" else check_nifti
            return check_images(dataset.root, subject, rows)

        executor = ThreadPoolExecutor(os.cpu_count())
        try:
            for subject, report in zip(dataset.subjects, executor.map(check, dataset.subjects), strict=True):
                self._found[subject] = report
                yield subject
        finally:
            executor.shutdown(cancel_futures=True)

    def report(self) -> CheckReport:
        """All findings, divided into errors and known defects of the release."""
        dataset, subjects = self._dataset, self._dataset.subjects
        problems = [*self._tables.problems(subjects, self._image_of), *self._folder_problems(), *self._copies()]
        problems += [one for report in self._found.values() for one in report.problems]
        excluded: dict[str, str] = {}
        try:
            excluded = exclusions(dataset.root, self._tables.demographics)
        except UnreadableInput as error:
            problems.append(Problem(EXCLUSIONS, str(error).removeprefix(f"{dataset.root / EXCLUSIONS}: ")))
        fingerprint: str | None
        try:
            fingerprint = dataset.fingerprint
        except OSError as error:
            fingerprint = None
            where = Path(error.filename).relative_to(dataset.root).as_posix()
            problems.append(Problem(where, f"expected a file that can be read, found {error.strerror}"))
        errors, known = sort_problems(problems, known_defects(dataset.release, self._tables.demographics_name))
        return CheckReport(
            dataset="ct-ich",
            release=dataset.release,
            fingerprint=fingerprint,
            n_subjects=len(subjects),
            n_slices=sum(len(self._tables.slices.get(subject, ())) for subject in subjects),
            n_delineated=sum(report.n_delineated for report in self._found.values()),
            errors=tuple(errors),
            known=tuple(known),
            notes=tuple(self._notes(excluded)),
        )

    def _image_of(self, subject: str) -> str:
        return self._dataset.scan_path(subject).relative_to(self._dataset.root).as_posix()

    def _folder_problems(self) -> list[Problem]:
        """Unexpected entries next to the subjects'."""
        if self._dataset.release != "1.0.0":
            return check_folders(self._dataset.root).problems
        folder = self._dataset.root / "Patients_CT"
        others = sorted(one.name for one in folder.iterdir() if one.name not in self._dataset.subjects)
        return [Problem(f"Patients_CT/{name}", "expected only folders NNN, found another name") for name in others]

    def _copies(self) -> Iterator[Problem]:
        """Slices whose image is identical to another's: they could be in different folds."""
        first: dict[str, str] = {}
        for report in self._found.values():
            for file, content in report.images.items():
                if content in first:
                    yield Problem(file, f"expected a unique image, found a copy of {first[content]}")
                first.setdefault(content, file)

    def _notes(self, excluded: Mapping[str, str]) -> Iterator[str]:
        absent = [subject for subject in published.SUBJECTS if subject not in self._dataset.subjects]
        if absent:
            yield f"{len(absent)} of the paper's {len(published.SUBJECTS)} subjects are absent: {named(absent)}."
        for subject, reason in excluded.items():
            if subject in self._dataset.subjects:
                yield f"Subject {subject} is excluded from Dice and Jaccard: {reason}."
        slices = [row for subject in self._dataset.subjects for row in self._tables.slices.get(subject, {}).values()]
        several = sum(len(row.subtypes) > 1 for row in slices)
        if several:
            yield f"{several} slices have several subtypes but a single delineation, which does not distinguish them."
        gray = sum(report.gray_pixels for report in self._found.values())
        total = sum(report.mask_pixels for report in self._found.values())
        if gray:
            lowest, highest = GRAY
            yield (
                f"{100 * gray / total:.3f} % of the delineations' pixels are gray ({lowest} to {highest}), due to "
                f"JPEG compression; pixels above {MASK_ABOVE} are hemorrhage."
            )
