"""Figures of metrics.json as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def figure_at(metrics: Mapping[str, Any], *keys: str) -> Mapping[str, Any] | None:
    """The figure {"value", "ci95", "n"} at a path of metrics.json; None if there is none or it is not defined."""
    found: Any = metrics
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) and found.get("value") is not None else None


def with_interval(figure: Mapping[str, Any] | None, digits: int = 2) -> str:
    """ "0.94 (0.89 to 0.98)"; "not known" for no figure."""
    if figure is None:
        return "not known"
    value = f"{figure['value']:.{digits}f}"
    if figure.get("ci95") is None:
        return value
    low, high = figure["ci95"]
    return f"{value} ({low:.{digits}f} to {high:.{digits}f})"
