"""The page of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from studies.label_ceiling.ceiling import FAINT_HU
from studies.label_ceiling.readers import EDGE_SDS_MM, RING_MM, edge_displaced

AIM = 0.65  # about twice the paper's 0.315
PAGE = """# What a Dice means on this dataset

The radiologists' delineation against itself, drawn a little differently: what small differences of drawing cost, for
nobody has published a second reading. The paper's average over {n} subjects (070 left out), 95 % intervals by
resampling subjects; mm are the release's nominal ones.

| the reference | Dice | Jaccard | lowest subjects |
|---|---|---|---|
{table}

A made reader knows where the lesion is and errs at its edge only; a real one misses lesions and finds others. How far
readers' edges lie apart on this dataset nobody has measured: the rows are what a few millimetres cost.

**What a Dice of {aim:g} means**, about twice the paper's 0.315: that of somebody who finds the hemorrhage on every
slice that has some, marks nothing else there, and whose edges err by {edge}. A missed slice counts as 0.

Of {gray[slices]} delineated slices the region is {gray[median]:.1f} HU brighter than the tissue within {ring:g} mm
around it in the median. On {gray[faint_slices]} it is less than {faint:g} HU brighter, on {gray[darker_slices]} of
these darker: there the mean gray does not tell it from what is around. Subjects whose regions are less than
{faint:g} HU brighter in the mean over their slices (HU): {subjects}.

Made again by `python -m studies.label_ceiling --data DATASET --out results/label-ceiling`. Derived from ct-ich:
Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


def page(found: dict[str, Any]) -> str:
    """The README of the result."""
    rows, gray = found["readers"], found["contrast_hu"]

    def cell(figure: dict[str, Any]) -> str:
        return f"{figure['value']:.3f} ({figure['ci95'][0]:.3f} to {figure['ci95'][1]:.3f})"

    def named(subjects: Mapping[str, float], form: str) -> str:
        return ", ".join(f"{s} ({v:{form}})" for s, v in subjects.items()) or "none"

    table = (
        f"| {name} | {cell(row['dice'])} | {cell(row['jaccard'])} | {named(row['worst'], '.2f')} |"
        for name, row in rows.items()
    )
    return PAGE.format(
        n=next(iter(rows.values()))["dice"]["n"],
        table="\n".join(table),
        ring=RING_MM,
        faint=FAINT_HU,
        gray=gray,
        subjects=named(gray["faint_subjects"], ".1f"),
        aim=AIM,
        edge=edge_error(rows, AIM),
    )


def edge_error(rows: Mapping[str, Mapping[str, Any]], dice: float) -> str:
    """How far edges are displaced (SD) at a Dice, between the rows that were measured; nothing displaced has 1."""
    measured = [1.0, *(rows[edge_displaced(sd)]["dice"]["value"] for sd in EDGE_SDS_MM)]
    if dice < measured[-1]:
        return f"more than {EDGE_SDS_MM[-1]} mm (SD)"
    # np.interp wants what rises.
    return f"{np.interp(-dice, [-value for value in measured], [0, *EDGE_SDS_MM]):.1f} mm (SD)"
