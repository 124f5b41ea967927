"""Chooses the cases to show, by rule rather than by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ichor.pages.pictures.findings import Finding, Kind

N_TILES = 5  # of Figure 4
N_ATLAS = 8  # missed lesions


@dataclass(frozen=True, slots=True)
class Figure5:
    """The slices of Figure 5; fewer if a run does not have enough."""

    fits: tuple[Finding, ...]
    false_positives: tuple[Finding, ...]
    missed: tuple[Finding, ...]


def choose_figure_4(findings: Iterable[Finding], dice: Mapping[str, float]) -> list[Finding]:
    """The largest lesion of each of N_TILES subjects, from the best to the worst by `dice` in equal steps.

    `dice` has the Dice of each subject that counts.
    """
    shown = [f for f in findings if f.kind is Kind.DELINEATED and f.crop and f.subject in dice]
    largest = _one_a_subject(shown, lambda f: f.area_px)
    ranked = sorted(largest, key=lambda f: (-dice[f.subject], f.subject))
    steps = np.linspace(0, len(ranked) - 1, min(N_TILES, len(ranked)))
    return [ranked[round(step)] for step in steps]


def choose_figure_5(findings: Iterable[Finding], excluded: Collection[str] = ()) -> Figure5:
    """Slices above the orbits: two with the best Dice, two with the largest false positives, and one with the
    largest missed lesion; both slices of a kind are of different subjects. `excluded` subjects do not count.
    """
    cranial = [f for f in findings if f.cranial and f.subject not in excluded]

    def first(n: int, kind: Kind, by: Callable[[Finding], float]) -> tuple[Finding, ...]:
        return tuple(_one_a_subject([f for f in cranial if f.kind is kind and by(f) > 0], by)[:n])

    return Figure5(
        fits=first(2, Kind.DELINEATED, lambda f: f.dice),
        false_positives=first(2, Kind.FALSE_POSITIVE, lambda f: f.area_px),
        missed=first(1, Kind.MISSED, lambda f: f.area_px),
    )


def choose_missed(findings: Iterable[Finding]) -> list[Finding]:
    """The N_ATLAS largest missed lesions, no more than one per subject."""
    shown = [f for f in findings if f.kind is Kind.MISSED and f.crop]
    return _one_a_subject(shown, lambda f: f.area_px)[:N_ATLAS]


def _one_a_subject(findings: Sequence[Finding], by: Callable[[Finding], float]) -> list[Finding]:
    """Each subject's finding with the highest `by`, sorted from the highest; ties by subject and slice."""
    ordered = sorted(findings, key=lambda f: (-by(f), f.subject, f.index, f.pixel))
    first: dict[str, Finding] = {}
    for finding in ordered:
        first.setdefault(finding.subject, finding)
    return list(first.values())
