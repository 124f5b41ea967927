"""The figures of an earlier model under the same conditions, beside those of the one that was evaluated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.errors import BadConfig
from ichor.pages.blocks import Table
from ichor.pages.markdown import table
from studies.figure_text import figure_text

_FIGURES = (
    ("Dice", "dice", ".3f"),
    ("slice AUC", "slice_auc", ".3f"),
    ("scan AUC", "scan_auc", ".3f"),
    ("false-positive mL, 95th percentile", "false_positive_ml_p95", ".2f"),
)
_PAGE = """
## Before and after

The same subjects and conditions with the models of `{experiment}`, which shipped before. It has no figures for
conditions that were added since then.

{table}
"""


def read_before(file: Path, fingerprint: str) -> dict[str, Any]:
    """The experiment and the figures by condition in an earlier robustness.json.

    Raises BadConfig if it is none, or if its data are not those with this fingerprint.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        data, before = found["data"]["fingerprint"], {key: found[key] for key in ("experiment", "conditions")}
    except (OSError, ValueError, KeyError, TypeError):
        raise BadConfig(f"{file}: expected the robustness.json of an earlier model, found none") from None
    if data != fingerprint:
        raise BadConfig(f"{file}: expected a result on data {fingerprint[:12]}, found one on {data[:12]}")
    return before


def before_and_after(found: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """A section of the page; empty if nothing was compared. `titles` are those of the conditions, by key."""
    if "before" not in found:
        return ""
    before, rows = found["before"], []
    for key, now in found["conditions"].items():
        cells = [titles[key]]
        for _, name, form in _FIGURES:
            cells += [_cell(before["conditions"].get(key, {}), name, form), _cell(now, name, form)]
        rows.append(tuple(cells))
    names = ("", *(word for name, _, _ in _FIGURES for word in (f"{name}, before", "after")))
    return _PAGE.format(experiment=before["experiment"], table=table(Table(names, tuple(rows))))


def _cell(row: Mapping[str, Any], name: str, form: str) -> str:
    return figure_text(row[name], form) if name in row else ""
