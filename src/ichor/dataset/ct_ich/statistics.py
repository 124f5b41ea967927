"""Counts from the two tables: subjects and slices, by subtype, sex and age."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass

from ichor.dataset.ct_ich.tables import SliceRow, Subject
from ichor.subtypes import Subtype

ADULT_YEARS = 18  # the paper's two age groups
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of subjects and their slices; properties of subjects come from the demographics."""

    subjects: tuple[Subject, ...]
    slices: tuple[SliceRow, ...]

    @property
    def with_hemorrhage(self) -> list[Subject]:
        """The subjects with any subtype."""
        return [one for one in self.subjects if one.subtypes]

    @property
    def slices_with_hemorrhage(self) -> list[SliceRow]:
        """The slices with any subtype."""
        return [row for row in self.slices if row.subtypes]

    @property
    def slices_with_several(self) -> Counter[tuple[Subtype, ...]]:
        """How many slices have each combination of more than one subtype."""
        combinations = (tuple(s for s in Subtype if s in row.subtypes) for row in self.slices)
        return Counter(combination for combination in combinations if len(combination) > 1)

    @property
    def slices_of(self) -> Counter[str]:
        """The number of slices of each subject."""
        return Counter(row.subject for row in self.slices)

    def subjects_with(self, subtype: Subtype) -> list[str]:
        """The numbers of the subjects with that subtype, according to the demographics."""
        return [one.number for one in self.subjects if subtype in one.subtypes]

    def slices_with(self, subtype: Subtype) -> list[SliceRow]:
        """The slices with that subtype."""
        return [row for row in self.slices if subtype in row.subtypes]

    def sexes(self) -> str:
        """The numbers of male and female subjects: '46, 36'."""
        return ", ".join(str(sum(one.sex == sex for one in self.subjects)) for sex in ("Male", "Female"))

    def age(self) -> str:
        """Mean and sample standard deviation in years: '27.8 ± 19.5'."""
        ages = [one.age_years for one in self.subjects]
        deviation = f"{statistics.stdev(ages):.1f}" if len(ages) > 1 else "undefined"
        return f"{statistics.mean(ages):.1f} ± {deviation}" if ages else "undefined"

    def age_range(self) -> str:
        """The lowest and highest age: '1 day to 72 years'."""
        ages = [one.age_years for one in self.subjects]
        return f"{_age(min(ages))} to {_age(max(ages))}" if ages else "undefined"

    def age_groups(self) -> str:
        """The numbers of subjects under 18 and older: '27, 55'."""
        young = sum(one.age_years < ADULT_YEARS for one in self.subjects)
        return f"{young}, {len(self.subjects) - young}"


def _age(years: float) -> str:
    if years < 1:
        days = round(years * _DAYS_A_YEAR)
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{years:g} year{'' if years == 1 else 's'}"
