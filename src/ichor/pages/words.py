"""Figures as text. A figure of metrics.json is {"value", "ci95", "n"}, or null if it is not defined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.dataset.naming import named
from ichor.pages.blocks import Cell

Metrics = Mapping[str, Any]
Figure = Mapping[str, Any]

UNDEFINED = "not defined"


def figure_at(metrics: Metrics, *keys: str) -> Figure | None:
    """The figure under these keys; None if a key is absent or the figure has no value."""
    found: Any = metrics
    for key in keys:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    if isinstance(found, (int, float)):
        return {"value": found, "ci95": None}
    return found if isinstance(found, Mapping) and found.get("value") is not None else None


def segments(metrics: Metrics) -> bool:
    """Whether the method segments; in a detector's run, the figures that need masks are null."""
    return metrics.get("dice") is not None


def excluded_in(metrics: Metrics) -> Mapping[str, str]:
    """The subjects that the run's overlap figures leave out, each with the dataset's reason."""
    found: Mapping[str, str] = metrics.get("excluded_from_overlap") or {}
    return found


def excluded_sentence(metrics: Metrics) -> str:
    """Which subjects Dice and all other overlap figures leave out, and why; empty if there are none."""
    if not segments(metrics):
        return ""
    by_reason: dict[str, list[str]] = {}
    for subject, reason in excluded_in(metrics).items():
        by_reason.setdefault(reason, []).append(subject)
    who = "; ".join(f"{named(subjects)} ({reason})" for reason, subjects in by_reason.items())
    return f"Dice, Jaccard and all other figures of overlap leave out {who}. Detection counts all." if who else ""


def number(value: float, *, percent: bool = False) -> str:
    """A figure with a sensible number of decimals: three for shares, one for percentages and large values."""
    if isinstance(value, int):
        return str(value)
    if percent:
        return f"{100 * value:.1f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def printed(value: float, *, percent: bool = False) -> str:
    """A figure of the paper with the decimals that the paper prints."""
    return f"{100 * value:.4g}" if percent else f"{value:g}"


def value_of(figure: Figure | None, *, percent: bool = False) -> str:
    """The value without its interval."""
    return UNDEFINED if figure is None else number(figure["value"], percent=percent)


def interval_of(figure: Figure | None, *, percent: bool = False) -> str:
    """The 95 % interval; empty if there is none."""
    if figure is None or figure.get("ci95") is None:
        return ""
    low, high = (number(bound, percent=percent) for bound in figure["ci95"])
    return f"{low} to {high}"


def cell(figure: Figure | None, *, percent: bool = False, verdict: str = "") -> Cell:
    """The value with its interval."""
    return Cell(value_of(figure, percent=percent), interval_of(figure, percent=percent), verdict)


def listed(words: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def fold_words(folds: list[int]) -> str:
    """`folds 1 to 5`, `fold 2`, `folds 1 and 3`."""
    if len(folds) > 2 and folds == list(range(folds[0], folds[-1] + 1)):
        return f"folds {folds[0]} to {folds[-1]}"
    return ("fold " if len(folds) == 1 else "folds ") + listed([str(fold) for fold in folds])
