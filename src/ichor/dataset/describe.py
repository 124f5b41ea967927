"""What is in a copy of a dataset of any kind: counts, sizes, labels, and its terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.dataset.facts import Facts, Label, consequences
from ichor.subtypes import Subtype
from ichor.version import __version__

_RESEARCH = "Research use only; not a medical device."


@dataclass
class Counts:
    """What is counted over the cases."""

    scans: int = 0
    persons: set[str] = field(default_factory=set)
    slices: int = 0
    with_hemorrhage: int = 0
    without: int = 0
    positive_slices: int = 0
    labeled_slices: int = 0
    delineated: int = 0
    scans_of: dict[Subtype, int] = field(default_factory=lambda: dict.fromkeys(Subtype, 0))
    slices_of: dict[Subtype, int] = field(default_factory=lambda: dict.fromkeys(Subtype, 0))
    volumes_ml: list[float] = field(default_factory=list)
    pixel_mm: list[float] = field(default_factory=list)
    slice_mm: list[float] = field(default_factory=list)
    years: list[float] = field(default_factory=list)
    known: set[Label] = field(default_factory=set)

    def add(self, case: Case, person: str, age_years: float | None) -> None:
        """Count one case."""
        self.scans += 1
        self.persons.add(person)
        self.known |= case.known
        self.slices += case.scan.n_slices
        self.with_hemorrhage += case.has_hemorrhage is True
        self.without += case.has_hemorrhage is False
        if Label.SLICES in case.known:
            self.positive_slices += int(case.positive.sum())
            self.labeled_slices += int(case.known_slices.sum())
        if case.subtypes is not None:
            for k, subtype in enumerate(Subtype):
                self.slices_of[subtype] += int(case.subtypes[:, k].sum())
                self.scans_of[subtype] += bool(case.subtypes[:, k].any())
        else:
            for subtype, has in case.of_scan.subtypes.items():
                self.scans_of[subtype] += has
        if case.delineation is not None:
            self.delineated += 1
            volume = case.scan.volume_ml(case.delineation.sum(axis=(1, 2)))
            if case.delineation.any() and volume is not None:
                self.volumes_ml.append(volume)
        spacing = case.scan.spacing_mm
        if spacing is not None:
            self.pixel_mm.append(spacing[1])
            self.slice_mm.append(spacing[2])
        if age_years is not None:
            self.years.append(age_years)


@dataclass(frozen=True)
class Description:
    """The counts of one copy; `rows` are names and figures."""

    facts: Facts
    fingerprint: str
    rows: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        licence = self.facts.licence
        return {
            "dataset": self.facts.kind,
            "title": self.facts.title,
            "fingerprint": self.fingerprint,
            "counts": dict(self.rows),
            "licence": {"name": licence.name, "url": licence.url, "allows": licence.allows, "note": licence.note},
            "source": self.facts.source,
            "citation": self.facts.citation,
            "traps": list(self.facts.traps),
            "unverified": self.facts.unverified,
            "made_by": {"command": f"ichor dataset describe {self.facts.kind}", "version": __version__},
        }

    def as_markdown(self) -> str:
        """As a page."""
        table = ["| | here |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in self.rows)]
        return "\n".join([f"# {self.facts.title} in figures", "", *table, "", *self._words(), "", _RESEARCH, ""])

    def as_text(self) -> str:
        """For a terminal."""
        width = max(len(name) for name, _ in self.rows)
        rows = [f"{name.ljust(width)}  {figure}" for name, figure in self.rows]
        return "\n".join([self.facts.title, *rows, "", *self._words(), _RESEARCH])

    def _words(self) -> list[str]:
        licence = self.facts.licence
        lines = [
            f"License: {licence.name}; {licence.allows}. {licence.note}".strip(),
            f"For weights trained on it: {consequences([licence])}",
            f"Source: {self.facts.source}",
            f"Cite: {self.facts.citation}",
            *(f"Pitfall: {trap}" for trap in self.facts.traps),
        ]
        lines += [f"Unverified: {self.facts.unverified}"] if self.facts.unverified else []
        return [*lines, f"Fingerprint: {self.fingerprint}"]


def describe(dataset: Dataset, done: Callable[[str], None] = lambda _: None) -> Description:
    """Count a dataset. Raises UnreadableInput if a subject cannot be read."""
    counts = Counts()
    for subject in dataset.subjects:
        counts.add(dataset.case(subject), dataset.person(subject), dataset.age_years(subject))
        done(subject)
    return Description(dataset.facts, dataset.fingerprint, tuple(_rows(counts, dataset.facts)))


def _rows(counts: Counts, facts: Facts) -> Iterable[tuple[str, str]]:
    unknown = counts.scans - counts.with_hemorrhage - counts.without
    yield "Scans (people)", f"{counts.scans} ({len(counts.persons)})"
    yield "Published size", facts.size
    yield "Labels", facts.labels_text
    yield "Scans with hemorrhage, without, unknown", f"{counts.with_hemorrhage}, {counts.without}, {unknown}"
    yield "Slices", str(counts.slices)
    if counts.labeled_slices:
        yield "Labeled slices (with hemorrhage)", f"{counts.labeled_slices} ({counts.positive_slices})"
    if {Label.SLICE_SUBTYPES, Label.SCAN_SUBTYPES} & counts.known:
        yield "Scans by subtype", ", ".join(f"{subtype} {n}" for subtype, n in counts.scans_of.items())
    if Label.SLICE_SUBTYPES in counts.known:
        yield "Slices by subtype", ", ".join(f"{subtype} {n}" for subtype, n in counts.slices_of.items())
    yield "Delineated scans", str(counts.delineated)
    for name, values, unit in (
        ("Hemorrhage volume", counts.volumes_ml, "mL"),
        ("Pixel size", counts.pixel_mm, "mm"),
        ("Slice spacing", counts.slice_mm, "mm"),
        ("Age", counts.years, "years"),
    ):
        if values:
            yield name, _spread(values, unit)


def _spread(values: Sequence[float], unit: str) -> str:
    low, middle, high = np.percentile(values, [0, 50, 100])
    return f"{middle:.3g} {unit} ({low:.3g} to {high:.3g}; {len(values)} scans)"
