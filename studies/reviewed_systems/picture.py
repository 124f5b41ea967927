"""The picture: what each paper claims, and what its system reaches here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ichor.pages.words import Figure as Measured
from studies.reviewed_systems.system import System

PANELS = (
    ("Dice", "dice", ("dice", "paper_average")),
    ("AUC of detection (here: of scans)", "auc", ("scan", "auc")),
    ("Sensitivity (here: of scans)", "sensitivity", ("scan", "sensitivity")),
    ("Specificity (here: of scans)", "specificity", ("scan", "specificity")),
)
CLAIMED, FOUND = "#b35900", "#1d5664"


def write_claims(file: Path, systems: Sequence[System]) -> None:
    """Write the picture: in each panel the systems whose papers claim that figure."""
    panels = [(title, _rows(systems, claim, keys)) for title, claim, keys in PANELS]
    shown = [(title, rows) for title, rows in panels if rows]
    if not shown:
        return
    heights = [1.2 + len(rows) for _, rows in shown]
    figure = Figure(figsize=(8, 0.32 * sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (title, rows) in zip(axes, shown, strict=True):
        _panel(axis, title, rows)
    axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.15), ncols=2, frameon=False)
    figure.savefig(file, dpi=120, metadata={"Software": None})


def _rows(systems: Sequence[System], claim: str, keys: tuple[str, str]) -> list[tuple[str, float, Measured]]:
    found = [(one, one.figure(*keys)) for one in systems if claim in one.claimed]
    return [(one.name, one.claimed[claim], figure) for one, figure in found if figure is not None]


def _panel(axis: Axes, title: str, rows: Sequence[tuple[str, float, Measured]]) -> None:
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_xlim(0, 1.02)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.grid(axis="x", alpha=0.3)
    for y, (_, claimed, found) in enumerate(rows):
        low, high = found["ci95"]
        axis.plot([claimed, found["value"]], [y, y], color="#bbbbbb", lw=1, zorder=1)
        axis.plot([low, high], [y, y], color=FOUND, lw=3, alpha=0.35, zorder=2)
        axis.plot(claimed, y, "D", color=CLAIMED, ms=6, label="claimed, on its own data" if y == 0 else None)
        axis.plot(found["value"], y, "o", color=FOUND, ms=6, label="found here, with 95 % interval" if y == 0 else None)
