"""What small differences of drawing cost on ct-ich: the reference against itself, drawn a little differently.

    python scripts/label_ceiling.py --data DATASET --out results/label-ceiling

No second reading of ct-ich was published, so readers are made: the reference smoothed, widened, narrowed, moved,
restricted to what is bright, and with its edge displaced at random as two readers' edges differ. Each is scored as a
method is, by the paper's average. Beside it stands how much brighter the delineated regions are than what
surrounds them: where they are not, their mean gray does not tell them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.atomic import write_whole
from ichor.dataset.case import CHRONIC_SUBJECT
from ichor.dataset.ct_ich import CtIch
from ichor.evaluate.intervals import Sampling
from ichor.evaluate.overlap import Overlaps, subject_averages
from ichor.read.ct_ich_jpg import PIXEL_MM

Mask = NDArray[np.bool_]
Reader = Callable[[Mask, NDArray[np.floating], np.random.Generator], Mask]
# Over how many mm the displacement of a reader's edge stays alike.
CORRELATION_MM = 5.0
RING_MM = 5.0
BRAIN_HU = (0.0, 100.0)
# Blood on CT, as far as the smoothed image shows it; the field's usual bounds are 50 to 100 HU.
BLOOD_HU = (45.0, 100.0)
# Difference in HU below which gray and white matter differ as much.
FAINT_HU = 5.0
EDGE_SDS_MM = (1, 2, 3)
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

Made again by `python scripts/label_ceiling.py --data DATASET --out results/label-ceiling`. Derived from ct-ich:
Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


def px(mm: float) -> float:
    """Pixels of the JPG release in so many of its nominal mm."""
    return mm / PIXEL_MM


def signed_distance(mask: Mask) -> NDArray[np.float64]:
    """(rows, columns) pixels to the region's edge, positive inside."""
    return np.asarray(ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask) + 0.5 - mask)


def smoothed(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region cut at half of its Gaussian blur."""
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), px(mm)) > 0.5)


def moved_edge(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region widened by so many mm, narrowed where negative."""
    return signed_distance(mask) > -px(mm)


def shifted(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region moved sideways."""
    return np.asarray(np.roll(mask, round(px(mm)), axis=1))


def without_bone(mask: Mask, hu: NDArray[np.floating], *_: Any) -> Mask:
    """The region without what is bone."""
    return mask & (hu < 150)


def what_is_bright(mask: Mask, hu: NDArray[np.floating], *_: Any) -> Mask:
    """What is as bright as blood in the region and up to 2 mm around it."""
    even = ndimage.gaussian_filter(hu.astype(np.float32), px(0.7))
    return (signed_distance(mask) > -px(2)) & (even >= BLOOD_HU[0]) & (even <= BLOOD_HU[1])


def another_hand(mm: float, mask: Mask, _: NDArray[np.floating], rng: np.random.Generator) -> Mask:
    """The region with its edge displaced by a smooth random field with so many mm of standard deviation."""
    field = ndimage.gaussian_filter(rng.standard_normal(mask.shape).astype(np.float32), px(CORRELATION_MM))
    return signed_distance(mask) > px(mm) * field / field.std()


def edge_displaced(sd_mm: int) -> str:
    """The name of the reader whose edges are so far displaced."""
    return f"edge displaced, SD {sd_mm} mm"


READERS: Mapping[str, Reader] = {
    "smoothed by 1 mm": partial(smoothed, 1.0),
    "smoothed by 2 mm": partial(smoothed, 2.0),
    "widened by 1 mm": partial(moved_edge, 1.0),
    "widened by 2 mm": partial(moved_edge, 2.0),
    "narrowed by 1 mm": partial(moved_edge, -1.0),
    "narrowed by 2 mm": partial(moved_edge, -2.0),
    "moved by 1 mm": partial(shifted, 1.0),
    "moved by 2 mm": partial(shifted, 2.0),
    "without bone": without_bone,
    "what is 45 to 100 HU within 2 mm of it": what_is_bright,
    **{edge_displaced(sd): partial(another_hand, float(sd)) for sd in EDGE_SDS_MM},
}


def contrast_hu(mask: Mask, hu: NDArray[np.floating]) -> float:
    """How much brighter the region is than the brain within 5 mm around it, HU; NaN where there is none to compare."""
    distance = signed_distance(mask)
    tissue = (hu > BRAIN_HU[0]) & (hu < BRAIN_HU[1])
    inside, around = mask & tissue, (distance < -px(1)) & (distance > -px(RING_MM)) & tissue
    if not inside.any() or not around.any():
        return float("nan")
    return float(hu[inside].mean() - hu[around].mean())


def read(dataset: CtIch, seed: int) -> tuple[dict[str, dict[str, Overlaps]], dict[str, list[float]]]:
    """For each made reader the overlaps of each subject, and for each subject the contrast of each of its regions."""
    overlaps: dict[str, dict[str, Overlaps]] = {name: {} for name in READERS}
    contrasts = {}
    for case in dataset.cases([s for s in dataset.subjects if s != CHRONIC_SUBJECT]):
        drawn = np.flatnonzero(case.mask.any(axis=(1, 2)))
        if not drawn.size:
            continue
        reference, hu = case.mask[drawn], case.scan.hu[drawn]
        rng = np.random.default_rng([seed, int(case.subject)])
        for name, reader in READERS.items():
            second = np.stack([reader(one, gray, rng) for one, gray in zip(reference, hu, strict=True)])
            overlaps[name][case.subject] = Overlaps.of(second, reference)
        contrasts[case.subject] = [contrast_hu(*pair) for pair in zip(reference, hu, strict=True)]
    return overlaps, contrasts


def ceiling(overlaps: dict[str, dict[str, Overlaps]], contrasts: dict[str, list[float]]) -> dict[str, Any]:
    """The figures: each reader's Dice and Jaccard with intervals, its worst subjects, and the contrasts."""
    subjects = sorted(contrasts)
    sampling = Sampling(len(subjects))
    rows = {}
    for name, of in overlaps.items():
        averages = subject_averages(of)
        dice, jaccard = (sampling.mean([averages[s][i] for s in subjects]) for i in (0, 1))
        worst = sorted(subjects, key=lambda s: averages[s][0])[:3]
        rows[name] = {
            "dice": {**dice.as_json(), "n": len(subjects)},
            "jaccard": {**jaccard.as_json(), "n": len(subjects)},
            "worst": {s: round(averages[s][0], 3) for s in worst},
        }
    every = np.array([one for of in contrasts.values() for one in of])
    known = every[np.isfinite(every)]
    by_subject = {s: float(np.nanmean(of)) for s, of in contrasts.items()}
    return {
        "readers": rows,
        "contrast_hu": {
            "slices": int(known.size),
            "median": round(float(np.median(known)), 2),
            "faint_slices": int((known < FAINT_HU).sum()),
            "darker_slices": int((known < 0).sum()),
            "faint_subjects": {s: round(v, 1) for s, v in sorted(by_subject.items()) if v < FAINT_HU},
        },
    }


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


def main() -> None:
    """Read, score and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=2019)
    asked = parser.parse_args()
    found = ceiling(*read(CtIch(asked.data), asked.seed))
    asked.out.mkdir(parents=True, exist_ok=True)
    write_whole(asked.out / "ceiling.json", json.dumps(found, indent=1) + "\n")
    write_whole(asked.out / "README.md", page(found))
    print(page(found))


if __name__ == "__main__":
    main()
