"""The page of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from studies.label_ceiling.ceiling import FAINT_HU
from studies.label_ceiling.readers import EDGE_SDS_MM, RING_MM, edge_displaced

AIM = 0.65  # the Dice to explain: about twice the paper's 0.315
PAGE = """# What a Dice means on this dataset

The radiologists' delineation compared with slightly altered copies of itself. No second reading of this dataset was
published, so this shows what small differences in drawing cost. The paper's average over {n} subjects (without 070), with
95 % intervals from resampling subjects; lengths in mm are nominal.

| altered copy | Dice | Jaccard | lowest subjects |
|---|---|---|---|
{table}

A simulated reader knows where each lesion is and errs at its edge only; a real reader also misses lesions and marks
others. How far the edges of two readers lie apart on this dataset is unknown: the rows show what a few millimetres cost.

**What a Dice of {aim:g} means**, about twice the paper's 0.315: the score of a reader who finds the hemorrhage on every
slice that has any, marks nothing else there, and whose edges are off by {edge}. A missed slice counts as 0.

Contrast: on {gray[slices]} delineated slices, the region is {gray[median]:.1f} HU brighter (median) than the tissue within
{ring:g} mm around it. On {gray[faint_slices]} slices the difference is below {faint:g} HU, on {gray[darker_slices]} of these
the region is darker: there the mean gray value does not distinguish it. Subjects with a mean difference below
{faint:g} HU: {subjects}.

Reproduce with `python -m studies.label_ceiling --data DATASET --out results/label-ceiling`. Derived from ct-ich:
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
    """The displacement of edges (SD) that leads to a Dice, interpolated between the measured rows."""
    measured = [1.0, *(rows[edge_displaced(sd)]["dice"]["value"] for sd in EDGE_SDS_MM)]
    if dice < measured[-1]:
        return f"more than {EDGE_SDS_MM[-1]} mm (SD)"
    # np.interp expects increasing values.
    return f"{np.interp(-dice, [-value for value in measured], [0, *EDGE_SDS_MM]):.1f} mm (SD)"
