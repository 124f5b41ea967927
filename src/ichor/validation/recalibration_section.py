"""The section of the report on what a recalibration would gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.pages.blocks import Cell, Section, Table
from ichor.validation.sections import CALLS, difference, percent, plain

_ERRORS = (
    ("Brier score (lower is better)", "brier"),
    ("expected calibration error (lower is better)", "calibration_error"),
)


def recalibration_section(found: Mapping[str, Any]) -> Section:
    """Before and after on scans that were not used for it; or why it is not possible."""
    if found["why_not"]:
        return Section("Recalibration", (f"Not possible: {found['why_not']}.",))
    gains = found["gains"]
    rows: list[tuple[str | Cell, ...]] = []
    for call, words in CALLS.items():
        for rate in ("sensitivity", "specificity"):
            one = gains[call][rate]
            rows.append(
                (
                    f"{rate}, {words}",
                    percent(one["before"]),
                    percent(one["after"]),
                    *difference(one["difference"], share=True),
                )
            )
    for words, name in _ERRORS:
        one = gains[name]
        rows.append((words, plain(one["before"]), plain(one["after"]), *difference(one["difference"])))
    columns = ("", f"{found['model']} as it is", "recalibrated", "difference", "p")
    thresholds = found["thresholds"]
    what = (
        f"With thresholds and a calibration fitted on these {found['scans']} scans, hemorrhage is possible from a "
        f"probability of {thresholds['possible']:.3f} (for a sensitivity of 97 %) and suspected from "
        f"{thresholds['suspected']:.3f} (for a specificity of 90 %). The figures are from scans that were not used to "
        "fit them: for each of ten folds, thresholds and calibration are fitted on the other nine. No patient is in "
        "two folds. `ichor recalibrate` writes the package."
    )
    return Section("Recalibration", (Table(columns, tuple(rows)), what))
