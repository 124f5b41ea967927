"""The page of the study."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ichor.subtypes import Subtype
from studies.limits.slices import Slice

AREAS_MM2 = (0, 30, 100, 300, 1000, np.inf)
CONTRASTS_HU = (-np.inf, 5, 10, 20, np.inf)
PAGE = """# What limits the Dice

The out-of-fold masks of [`{name}`](../{name}/README.md), on the {n} slices with delineated hemorrhage of {subjects}
subjects (without 070). A slice is missed if the mask and the delineation have no pixel in common.

| area, mm² (nominal) | slices | missed | Dice | Dice where not missed |
|---|---|---|---|---|
{by_area}

| contrast to the tissue within 5 mm, HU | slices | missed | Dice | Dice where not missed |
|---|---|---|---|---|
{by_contrast}

| subtype on the slice | slices | missed | Dice | Dice where not missed |
|---|---|---|---|---|
{by_subtype}

What could be gained, in the paper's average (mean over a subject's slices, then over subjects):

| | Dice |
|---|---|
| as it is | {as_it_is:.3f} |
| without the false-positive regions on these slices | {without_false:.3f} |
| and without the missed slices | {not_missed:.3f} |

The last row is over the {left} subjects with a slice left. What remains is due to edges, and to lesions missed on slices
where another one was found. The reference compared with itself has a Dice of {ceiling_1} with its edge displaced by 1 mm (SD), and
{ceiling_2} by 2 mm ([what a Dice means here](../label-ceiling/README.md)).

Reproduce with `python -m studies.limits results/{name} --data ct-ich --out results/limits`. Derived from ct-ich:
Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


def average(slices: Sequence[Slice], attribute: str) -> float:
    """The mean over subjects of the mean of an attribute over each subject's slices."""
    values: dict[str, list[float]] = {}
    for one in slices:
        values.setdefault(one.subject, []).append(getattr(one, attribute))
    return float(np.mean([np.mean(each) for each in values.values()]))


def row(name: str, slices: Sequence[Slice]) -> str:
    """A row of a table, with empty cells if there are no slices."""
    if not slices:
        return f"| {name} | 0 |  |  |  |"
    found = [one.dice for one in slices if not one.missed]
    missed = 100 * (1 - len(found) / len(slices))
    of_found = f"{np.mean(found):.3f}" if found else ""
    return f"| {name} | {len(slices)} | {missed:.0f} % | {np.mean([one.dice for one in slices]):.3f} | {of_found} |"


def between(slices: Sequence[Slice], attribute: str, edges: Sequence[float]) -> str:
    """Rows for the slices grouped by an attribute, with the given edges of the bins."""
    rows = []
    for low, high in pairwise(edges):
        name = f"{low:g} to {high:g}"
        if low in (0, -np.inf):
            name = f"below {high:g}"
        elif high == np.inf:
            name = f"{low:g} and above"
        rows.append(row(name, [one for one in slices if low <= getattr(one, attribute) < high]))
    return "\n".join(rows)


def page(name: str, slices: Sequence[Slice], ceilings: Sequence[str]) -> str:
    """The README of the result; `ceilings` are the Dice values with edges displaced by 1 and by 2 mm."""
    return PAGE.format(
        name=name,
        n=len(slices),
        subjects=len({one.subject for one in slices}),
        by_area=between(slices, "area_mm2", AREAS_MM2),
        by_contrast=between(slices, "contrast_hu", CONTRASTS_HU),
        by_subtype="\n".join(row(s.value, [one for one in slices if s.value in one.subtypes]) for s in Subtype),
        as_it_is=average(slices, "dice"),
        without_false=average(slices, "dice_without_false"),
        not_missed=average([one for one in slices if not one.missed], "dice_without_false"),
        left=len({one.subject for one in slices if not one.missed}),
        ceiling_1=ceilings[0],
        ceiling_2=ceilings[1],
    )
