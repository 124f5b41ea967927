"""What limits a model's Dice: its out-of-fold masks by the size, contrast and subtype of what was to be found.

    python scripts/limits.py RESULT --data DATASET --out results/limits

RESULT is a folder with masks and scores, as `ichor publish` leaves it. Slices with delineated hemorrhage are taken one
by one: what was missed altogether, what was drawn badly, and what was marked beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import ndimage

from ichor.atomic import write_whole
from ichor.dataset.case import CHRONIC_SUBJECT
from ichor.dataset.ct_ich import CtIch
from ichor.errors import IchorError
from ichor.evaluate.overlap import Overlaps
from ichor.read.ct_ich_jpg import PIXEL_MM
from ichor.runs.files import read_predictions
from ichor.runs.plain_files import read_object
from ichor.subtypes import Subtype
from label_ceiling import contrast_hu, edge_displaced

AREAS_MM2 = (0, 30, 100, 300, 1000, np.inf)
CONTRASTS_HU = (-np.inf, 5, 10, 20, np.inf)
_WITHIN_SLICE = np.pad(np.ones((1, 3, 3)), ((1, 1), (0, 0), (0, 0)))  # regions of neighbouring slices stay apart

PAGE = """# What limits the Dice

The masks of [`{name}`](../{name}/README.md), out of fold, on the {n} slices with delineated hemorrhage of {subjects}
subjects (070 left out). A slice is missed where the mask and the delineation have no pixel in common.

| area, mm² (nominal) | slices | missed | Dice | Dice where not missed |
|---|---|---|---|---|
{by_area}

| brighter than what is within 5 mm around, HU | slices | missed | Dice | Dice where not missed |
|---|---|---|---|---|
{by_contrast}

| subtype on the slice | slices | missed | Dice | Dice where not missed |
|---|---|---|---|---|
{by_subtype}

What would be won, by the paper's average over these subjects (means over a subject's slices, then over subjects):

| | Dice |
|---|---|
| as it is | {as_it_is:.3f} |
| if no region were marked on these slices that touches no hemorrhage | {without_false:.3f} |
| if, beside this, missed slices did not count | {not_missed:.3f} |

The last is over the {left} subjects of whom a slice is left; what it lacks are edges, and lesions missed beside one
that was found. The reference against itself has {ceiling_1} with its edge displaced by 1 mm (SD) and {ceiling_2} by 2
mm ([what a Dice means here](../label-ceiling/README.md)).

Made again by `python scripts/limits.py results/{name} --data ct-ich --out results/limits`. Derived from ct-ich:
Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice with hemorrhage, and what of it was found.

    Attributes:
        subject: whose.
        area_mm2: of the delineation.
        contrast_hu: how much brighter it is than the brain around it; nan where there is none to compare.
        subtypes: those on the slice.
        dice: of the mask.
        dice_without_false: the same without regions of the mask that touch no hemorrhage.
    """

    subject: str
    area_mm2: float
    contrast_hu: float
    subtypes: tuple[str, ...]
    dice: float
    dice_without_false: float

    @property
    def missed(self) -> bool:
        """Whether the mask and the delineation have no pixel in common."""
        return self.dice == 0


def slices_in(result: Path, dataset: CtIch) -> list[Slice]:
    """The slices with delineated hemorrhage. Raises BadConfig where the folder does not hold predictions."""
    slices = []
    predictions = read_predictions(result, dataset)
    for case in dataset.cases([subject for subject in predictions if subject != CHRONIC_SUBJECT]):
        mask = predictions.of(case).mask
        regions, _ = ndimage.label(mask, _WITHIN_SLICE)
        true = mask & np.isin(regions, np.unique(regions[case.mask & mask]))
        dice, dice_without_false = (Overlaps.of(one, case.mask).dice for one in (mask, true))
        for k in np.flatnonzero(case.mask.any(axis=(1, 2))):
            slices.append(
                Slice(
                    case.subject,
                    float(case.mask[k].sum() * PIXEL_MM**2),
                    contrast_hu(case.mask[k], case.scan.hu[k]),
                    tuple(s.value for s, there in zip(Subtype, case.labels[k], strict=True) if there),
                    float(dice[k]),
                    float(dice_without_false[k]),
                )
            )
    return slices


def average(slices: Sequence[Slice], of: str) -> float:
    """The mean over subjects of the mean over a subject's slices."""
    values: dict[str, list[float]] = {}
    for one in slices:
        values.setdefault(one.subject, []).append(getattr(one, of))
    return float(np.mean([np.mean(each) for each in values.values()]))


def row(name: str, slices: Sequence[Slice]) -> str:
    """A row of a table; without slices there is nothing to say."""
    if not slices:
        return f"| {name} | 0 |  |  |  |"
    found = [one.dice for one in slices if not one.missed]
    missed = 100 * (1 - len(found) / len(slices))
    drawn = f"{np.mean(found):.3f}" if found else ""
    return f"| {name} | {len(slices)} | {missed:.0f} % | {np.mean([one.dice for one in slices]):.3f} | {drawn} |"


def between(slices: Sequence[Slice], of: str, edges: Sequence[float]) -> str:
    """Rows for the slices between neighbouring edges."""
    rows = []
    for low, high in pairwise(edges):
        name = f"{low:g} to {high:g}"
        if low in (0, -np.inf):
            name = f"below {high:g}"
        elif high == np.inf:
            name = f"{low:g} and above"
        rows.append(row(name, [one for one in slices if low <= getattr(one, of) < high]))
    return "\n".join(rows)


def page(name: str, slices: Sequence[Slice], ceilings: Sequence[str]) -> str:
    """The README of the result; `ceilings` are the Dice with edges displaced by 1 and by 2 mm."""
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


def main() -> None:
    """Read, count and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    try:
        ceiling = read_object(asked.out.parent / "label-ceiling/ceiling.json", "the label ceiling")
        slices = slices_in(asked.result, CtIch(asked.data))
    except IchorError as error:
        print(f"limits: {error}", file=sys.stderr)
        sys.exit(2)
    ceilings = [f"{ceiling['readers'][edge_displaced(sd)]['dice']['value']:.3f}" for sd in (1, 2)]
    asked.out.mkdir(parents=True, exist_ok=True)
    rows = [
        {name: None if value != value else value for name, value in asdict(one).items()}  # noqa: PLR0124 (nan)
        for one in slices
    ]
    write_whole(asked.out / "slices.json", json.dumps(rows, indent=0) + "\n")
    write_whole(asked.out / "README.md", page(asked.result.resolve().name, slices, ceilings))


if __name__ == "__main__":
    main()
