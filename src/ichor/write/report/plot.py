"""The plot of the probability along the head: the coordinates of its elements in an SVG of the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichor.findings.schema import Findings

WIDTH, HEIGHT = 760, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 14, 52
TICKS = 9  # approximate number of ticks on the axis


@dataclass(frozen=True, slots=True)
class Bar:
    """One slice's probability."""

    x: float
    y: float
    width: float
    height: float
    flagged: bool
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A slice number below the axis, and the position of that slice, if known."""

    x: float
    number: int
    position: str | None


@dataclass(frozen=True, slots=True)
class Plot:
    """The whole plot; lengths are units of the SVG's view box."""

    width: int
    height: int
    left: float
    right: float
    base: float
    levels: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    in_mm: bool


def plot_of(found: Findings) -> Plot:
    """The plot, with slices at their positions on the axis or, if positions are unknown, evenly spaced."""
    n = found.scan.n_slices
    positions = [one.position_mm for one in found.slices]
    known = all(one is not None for one in positions)
    along = np.array(positions if known else range(n), np.float64)
    gap = float(np.median(np.diff(along))) if n > 1 else 1.0
    inner = WIDTH - LEFT - RIGHT
    scale = inner / (along[-1] + gap)
    x = LEFT + (along + gap / 2) * scale
    gaps = np.r_[gap, np.diff(along), gap]
    widths = np.maximum(1.0, 0.7 * np.minimum(gaps[:-1], gaps[1:]) * scale)
    bars = tuple(
        Bar(
            x=round(float(x[one.index] - widths[one.index] / 2), 2),
            y=round(_height(one.probability), 2),
            width=round(float(widths[one.index]), 2),
            height=round(_height(0) - _height(one.probability), 2),
            flagged=one.flagged,
            title=f"Slice {one.index + 1}: probability {one.probability:.2f}",
        )
        for one in found.slices
    )
    return Plot(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        base=_height(0),
        levels=tuple((_height(level), f"{level:g}") for level in (0, 0.25, 0.5, 0.75, 1)),
        bars=bars,
        ticks=tuple(Tick(round(float(x[k]), 2), k + 1, f"{along[k]:.0f}" if known else None) for k in _ticked(n)),
        in_mm=known,
    )


def _height(probability: float) -> float:
    return TOP + (1 - probability) * (HEIGHT - TOP - BOTTOM)


def _ticked(n: int) -> list[int]:
    """The indices of the first slice and of those whose numbers are multiples of a suitable step."""
    step = next((step for step in (1, 2, 5, 10, 20, 50, 100) if n / step <= TICKS), 200)
    return sorted({0, *range(step - 1, n, step)} - ({1} if step == 2 else set()))
