"""The page of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.pages.blocks import Table
from ichor.pages.markdown import table
from studies.figure_text import figure_text
from studies.robustness.conditions import CONDITIONS
from studies.single_slices.predictions import OWN, SCANS

_COLUMNS = (
    ("slice AUC", "auc", ".3f"),
    ("Brier score", "brier", ".4f"),
    ("calibration error", "ece", ".3f"),
    ("sensitivity of marks", "sensitivity", ".3f"),
    ("specificity of marks", "specificity", ".3f"),
)
_NAMES = {SCANS: "whole scans", OWN: "single slices"}
_PAGE = """# Calibrating single slices on their own

A picture of one slice lacks the slices above and below, its pixel size and its window. Parameters that were calibrated on
whole scans do not fit it: a slice in a scan may be marked because its neighbours are. Here, every slice of ct-ich is
predicted as a picture by itself, with the networks of `{variant}`, once with the parameters for whole scans and once
with parameters that were calibrated on such pictures (`single_slices`). Each block of subjects is predicted by a
network that was trained without it. The parameters come from another block, about 16 subjects, and a network that was
trained without that one; a model that ships is calibrated on all subjects. No network is one of a test fold's own.

{table}

Marks are those of the operating point `balanced`. The Brier score is the mean square of the probability's error, the
calibration error is the expected one over ten bins. 95 % intervals are from resampling subjects.

{less}

Reproduce with the command below, after `python -m studies.recipe` has trained the networks.

    {command}

Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical
device.
"""


def page(found: Mapping[str, Any]) -> str:
    """The README of the result."""
    titles = {c.key: c.title for c in CONDITIONS}
    rows, less = [], []
    for style, of in found["styles"].items():
        for calibration, name in _NAMES.items():
            cells = [figure_text(of[calibration][key], form, interval=True) for _, key, form in _COLUMNS]
            rows.append((titles[style], name, str(of["subjects"]), str(of[calibration]["auc"]["n"]), *cells))
        less.append(f"by {figure_text(of['brier_less'], '+.4f', interval=True)} for {titles[style]}")
    names = ("", "calibrated on", "subjects", "slices", *(name for name, _, _ in _COLUMNS))
    return _PAGE.format(
        variant=found["variant"],
        table=table(Table(names, tuple(rows))),
        less=f"With their own parameters, the Brier score changes {' and '.join(less)}.",
        command=found["made_by"]["command"],
    )
