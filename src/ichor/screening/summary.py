"""summary.csv: one row for each scan of a batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ichor.atomic import write_whole
from ichor.subtypes import Subtype

if TYPE_CHECKING:
    from ichor.findings.schema import Findings

COLUMNS = (
    "scan",
    "status",
    "verdict",
    "present",
    "probability",
    "volume_ml",
    "volume_px",
    "largest_diameter_mm",
    "abc2_ml",
    "slices_flagged",
    "n_slices",
    *(f"probability_{subtype}" for subtype in Subtype),
    *(f"volume_ml_{subtype}" for subtype in Subtype),
    "input_checks",
    "report",
    "reason",
    "path",
)


def write_summary(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Write the rows, each with the columns above; unknown values are empty cells."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows({name: _as_text(cell) for name, cell in row.items()} for row in rows)
    write_whole(path, text.getvalue(), private=True)


def read_summary(path: Path) -> dict[str, dict[str, str]]:
    """The rows of an earlier summary by the scan's name, without unknown columns; empty if it is not a summary."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("scan") and row.get("status")]
    except (OSError, csv.Error):
        return {}
    return {row["scan"]: {name: row.get(name) or "" for name in COLUMNS} for row in rows}


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet interprets as a formula, since file names come from others."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def row_of(
    name: str,
    status: str,
    findings: Findings | None,
    *,
    report: str = "",
    reason: str = "",
    path: str | None = None,
) -> dict[str, str]:
    """One scan's row, with the path of its report, if it has one.

    `findings` is None if it failed: then `reason` says why, and `path` is the scan's path, if it is to be shown.
    """
    row = {"scan": name, "status": status, "reason": reason, "path": path or ""}
    if findings is None:
        return row
    values = values_of(findings)
    values |= {"present": "yes" if values["present"] else "no", "input_checks": ", ".join(values["input_checks"])}
    return row | {"report": report} | {key: "" if value is None else str(value) for key, value in values.items()}


def values_of(findings: Findings) -> dict[str, Any]:
    """What tables say of a scan that was screened, by the columns above; None where unknown."""
    found = findings.hemorrhage
    values: dict[str, Any] = {
        "verdict": findings.tier.value,
        "present": found.present,
        "probability": found.probability,
        "volume_ml": found.volume_ml,
        "volume_px": found.volume_px,
        "largest_diameter_mm": found.largest_diameter_mm,
        "abc2_ml": found.abc2_ml,
        "slices_flagged": found.n_slices,
        "n_slices": findings.scan.n_slices,
        "input_checks": list(dict.fromkeys(one.kind.value for one in findings.scan.input_checks)),
        "path": findings.scan.path,
    }
    for one in found.subtypes or ():
        values |= {f"probability_{one.subtype}": one.probability, f"volume_ml_{one.subtype}": one.volume_ml}
    return values
