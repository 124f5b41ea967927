"""How many scans a validation needs for intervals of a given width."""

from __future__ import annotations

from math import ceil
from typing import Any

from ichor.evaluate.sample_size import scans_needed

SHARES = (0.8, 0.9, 0.95, 0.98)
WIDTHS = (0.2, 0.1, 0.05)


def power_table(prevalence: float | None) -> list[dict[str, Any]]:
    """For each share and width, the scans of a class that are needed, and at the prevalence the scans in all.

    `for_sensitivity` is how many consecutive scans contain this many scans with hemorrhage on average, and
    `for_specificity` how many contain this many without it; both are null without a prevalence.
    """
    return [_row(share, width, prevalence) for share in SHARES for width in WIDTHS]


def _row(share: float, width: float, prevalence: float | None) -> dict[str, Any]:
    needed = scans_needed(share, width)
    return {
        "share": share,
        "width": width,
        "of_class": needed,
        "for_sensitivity": None if prevalence is None else ceil(needed / prevalence),
        "for_specificity": None if prevalence is None else ceil(needed / (1 - prevalence)),
    }
