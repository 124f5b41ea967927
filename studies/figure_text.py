"""Figures of a study's JSON, {"value", "ci95", "n"}, as the text of a table cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.pages.words import UNDEFINED


def figure_text(one: Mapping[str, Any], form: str, *, interval: bool = False) -> str:
    """The value in this format, with its 95 % interval if asked for."""
    if one["value"] is None:
        return UNDEFINED
    value = f"{one['value']:{form}}"
    if not interval:
        return value
    low, high = one["ci95"]
    return f"{value} ({low:{form}} to {high:{form}})"
