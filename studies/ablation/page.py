"""The page of the study, made of what its runs found.

    python -m studies.ablation.page results/ablation

Reads variants.json, rows as `python -m studies.ablation --blocks` prints them, the first being the baseline that the
others are compared with: `variant` is its name in the table, `patch` the file that made it, where it took one,
`parameters` the number of weights, `time` the time for a slice in units of the baseline's (measured for one network,
counted for several), and `core_minutes` the training time where it is known. Reads first-round.json, rows as `--fold`
prints them, of configs that ship. Intervals of a Dice, and of the difference of two, come from resampling subjects.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ichor.atomic import write_whole
from ichor.experiments.config import load_config
from ichor.pages.blocks import Table
from ichor.pages.markdown import table as markdown
from studies.command import run

_RESAMPLES = 10_000
Row = Mapping[str, Any]

COLUMNS = (
    "variant",
    "Dice at 0.5",
    "difference (95 %)",
    "calibrated",
    "difference (95 %)",
    "slice AUC",
    "training, core-min",
    "time",
)
PAGE = """# Ablation of the shipped recipe

What each change of the recipe is worth. Each row is a network that was trained once, with one seed, without the test
blocks of folds {blocks}, and evaluated on their {subjects} subjects that have a Dice (paper's average, without 070).
**Dice at 0.5**: every voxel with a probability of at least 0.5 is marked, without postprocessing. **Calibrated**: with
the postprocessing of the shipped model, each subject by parameters that were calibrated on all the others. Differences
are from the baseline, paired by subject. **Time** is the inference time, relative to the baseline.

{table}

## How far to trust it

- **These figures are optimistic.** The blocks are test blocks of two folds, and the recipe was chosen by them.
- **One seed each.** Subject 072 is either found or missed once calibrated, which alone moves the mean by up to 0.04.
  Differences of a few hundredths are hints; intervals that include 0 show nothing.
- The calibrated columns used the threshold of the best Dice, before the rule for the operating point `balanced` changed
  (commit 5b54471).
- variants.json has the figures of each subject, the specificity at 97 % sensitivity, scan and subtype AUCs, and volumes
  of false positives.

## What was adopted

- **Longer training**: at 0.5, 200 epochs gain {long}. 400 epochs came after the recipe
  was frozen, and gain {longer}.
- **The overlap loss of each slice** beside that of the batch, in which one large hematoma outweighs everything:
  calibrated, it gains {each}.
- **Scanner augmentation** (kernels, CT noise, slices in between, narrow windows). It costs a little on unchanged scans
  and makes the model usable on others: [robustness](../robustness/README.md).
- From a first round with coarser networks (first-round.json; the validation blocks of folds 1 and 5, {n_first} subjects
  with a Dice each): **fine pixels** (Dice {coarse} at 1.3 mm, {medium} at 0.8 mm, {fine} at 0.6 mm),
  **crops around hemorrhage** instead of whole slices, **lesions pasted into other heads** (slice AUC
  {unpasted} to {pasted} on fold 1), and a **recurrent network over the slices of a scan**, for the subtypes.
- From a second round, which changed the postprocessing alone: a **false-positive classifier** on four features of each
  candidate lesion, **cross-fitted calibration**, and later **outlines that maximise the expected Dice**.

## What was not

Compared with the variant that they build on, none of the others gave a gain that could be told from chance. Ensembles
miss the same subjects as their best network, at several times the cost, and distilling one gained nothing.
Self-supervised pretraining, synthetic lesions and extra input channels did not help on 50 training subjects.
Hard-negative mining removes false positives but misses faint lesions. Training with simulated bone glow halves the
false rims on the one real DICOM head at hand, for no gain in Dice. Weighting the edges of lesions came after the recipe
was frozen, and is what to try next.

## Reproduce

    python -m studies.ablation CONFIG --data ct-ich --blocks 4 5 --out RUN
    python -m studies.ablation.page results/ablation

CONFIG is `model/short` for the baseline. A variant that has a `patch` in variants.json is not a setting: apply
`git show a88735a:results/ablation/patches/NAME.patch` at commit 04be99d. The notes on all experiments, of which only
the conclusions stand here, are `git show a88735a:results/ablation/README.md`. Rows without a training time were trained
on a GPU, or not timed. Research use only; not a medical device.
"""


def main() -> None:
    """Write README.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    variants, first = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("variants", "first-round")
    )
    write_whole(folder / "README.md", page(variants, first))


def page(variants: Sequence[Row], first: Sequence[Row]) -> str:
    """The README of the result."""
    by_name = {row["variant"]: row for row in variants}
    baseline = variants[0]

    def of(word: str) -> Row:
        return next(row for name, row in by_name.items() if word in name)

    pixel_mm = {config: load_config(config).settings["pixel_mm"] for config in {row["config"]: 0 for row in first}}

    def dice_at(mm: float) -> str:
        found = [row["dice"] for row in first if pixel_mm[row["config"]] == mm]
        return " to ".join(dict.fromkeys(f"{one:.2f}" for one in (min(found), max(found))))

    def auc_of(config: str) -> str:
        return next(f"{row['slice_auc']:.2f}" for row in first if (row["config"], row["fold"]) == (config, 1))

    return PAGE.format(
        blocks=" and ".join(map(str, baseline["blocks"])),
        subjects=baseline["n"],
        table=markdown(table(variants)),
        long=difference(of("(`model/long`)"), baseline),
        longer=difference(of("recipe, 400 epochs"), baseline),
        each=difference(of("(`model/each`)")["calibrated"], baseline["calibrated"]),
        n_first=" or ".join(map(str, sorted({row["n"] for row in first}))),
        coarse=dice_at(1.3),
        medium=dice_at(0.8),
        fine=dice_at(0.6),
        unpasted=auc_of("model/base"),
        pasted=auc_of("model/paste"),
    )


def table(variants: Sequence[Row]) -> Table:
    """The variants, each compared with the first."""
    first, rows = variants[0], []
    for row in variants:
        rows.append(
            (
                row["variant"],
                *_figures(row, first),
                *_figures(row["calibrated"], first["calibrated"]),
                f"{row['slice_auc']:.3f}",
                f"{row['core_minutes']:.0f}" if "core_minutes" in row else "",
                f"{row['time']:g}" if "time" in row else "",
            )
        )
    return Table(COLUMNS, tuple(rows))


def _figures(row: Row, first: Row) -> tuple[str, str]:
    return f"{row['dice']:.3f}", "" if row is first else difference(row, first)


def difference(row: Row, first: Row) -> str:
    """The mean difference of the Dice with its interval, of the same subjects."""
    each = [row["dice_of"][subject] - dice for subject, dice in first["dice_of"].items()]
    low, high = interval(each)
    return f"{np.mean(each):+.3f} ({low:+.3f} to {high:+.3f})"


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean over resampled subjects."""
    drawn = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    run("ablation", main)
