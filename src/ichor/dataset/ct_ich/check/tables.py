"""The two tables: each by itself, compared with each other, and with the subjects that have images."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ichor.dataset.check_report import Problem
from ichor.dataset.ct_ich.check.known import NO_FILE, labelled_normal
from ichor.dataset.ct_ich.check.report import missing
from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.tables import SliceRow, Subject, read_demographics, read_slice_table
from ichor.subtypes import Subtype

Slices = dict[str, dict[int, SliceRow]]


class Tables:
    """The valid rows of the tables, and the problems of the others.

    Raises UnreadableInput if a file is not such a table.
    """

    def __init__(self, dataset: CtIch) -> None:
        slice_table, demographics = read_slice_table(dataset.slice_table), read_demographics(dataset.demographics_table)
        self.slices: Slices = {}
        for row in slice_table.rows:
            self.slices.setdefault(row.subject, {})[row.number] = row
        self.demographics = {row.number: row for row in demographics.rows}
        self.name, self.demographics_name = dataset.slice_table.name, dataset.demographics_table.name
        self._lines = [
            Problem(file.name, line.removeprefix(f"{file}: "))
            for file, table in ((dataset.slice_table, slice_table), (dataset.demographics_table, demographics))
            for line in table.problems
        ]

    def problems(self, subjects: tuple[str, ...], image_of: Callable[[str], str]) -> Iterator[Problem]:
        """All problems; `subjects` have images, and `image_of` returns where a subject's are expected."""
        yield from self._lines
        for subject, rows in self.slices.items():
            yield from self._slice_problems(subject, rows)
        for subject, row in self.demographics.items():
            yield from self._subject_problems(row, self.slices.get(subject, {}))
        for subject in subjects:
            for name, table in ((self.name, self.slices), (self.demographics_name, self.demographics)):
                if subject not in table:
                    yield Problem(name, f"expected rows of subject {subject}, which has images, found none")
        for subject in {*self.slices, *self.demographics} - {*subjects}:
            yield Problem(image_of(subject), NO_FILE)

    def _slice_problems(self, subject: str, rows: dict[int, SliceRow]) -> Iterator[Problem]:
        where = f"{self.name}: subject {subject}"
        if gaps := missing(rows):
            yield Problem(where, f"expected slices 1 to {max(rows)}, found no row of {gaps}")
        for k, row in sorted(rows.items()):
            if row.no_hemorrhage == bool(row.subtypes):
                expected = f"{int(not row.subtypes)} under No_Hemorrhage, since the subtypes are {names(row.subtypes)}"
                yield Problem(f"{where}, slice {k}", f"expected {expected}; found {int(row.no_hemorrhage)}")

    def _subject_problems(self, row: Subject, slices: dict[int, SliceRow]) -> Iterator[Problem]:
        where = f"{self.demographics_name}: subject {row.number}"
        if row.sex not in ("Male", "Female"):
            yield Problem(where, f"expected Male or Female, found {row.sex!r}")
        if row.condition.lower().startswith("normal") and row.subtypes:
            yield Problem(where, labelled_normal(row.condition))
        if slices:
            subtypes = frozenset[Subtype]().union(*(one.subtypes for one in slices.values()))
            if row.subtypes != subtypes:
                message = f"expected the subtypes of its slices, {names(subtypes)}; found {names(row.subtypes)}"
                yield Problem(where, message)
            fracture = any(one.fracture for one in slices.values())
            if row.fracture != fracture:
                yield Problem(where, f"expected fracture {int(fracture)} as on its slices, found {int(row.fracture)}")


def names(subtypes: frozenset[Subtype]) -> str:
    """Subtypes in the order of the tables: 'IPH + EDH'."""
    return " + ".join(s for s in Subtype if s in subtypes) or "none"
