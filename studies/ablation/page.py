"""Write the page of the study from its rows.

    python -m studies.ablation.page results/ablation

variants.json has rows as printed by `python -m studies.ablation --blocks`. The first is the baseline, with which the
others are compared. Each also has its name in the table, `variant`; the number of weights, `parameters`; the time for a
slice relative to the baseline, `time` (measured for one network, multiplied for several); and, if there is one, the
patch that it needs, `patch`, and its training time, `core_minutes`. first-round.json has rows as printed with `--fold`,
of built-in configs. Intervals of Dice and of differences come from resampling subjects.
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

The effect of each change of the recipe. Each row is a network trained once, with one seed, without the test blocks of
folds {blocks}, and evaluated on their {subjects} subjects that have a Dice (paper's average, without 070).
**Dice at 0.5**: every voxel with a probability of at least 0.5 is marked, without postprocessing. **Calibrated**: with
the postprocessing of the shipped model, for each subject with parameters calibrated on all the others. Differences are
from the baseline, paired by subject. **Time** is the inference time, relative to the baseline.

{table}

## Limitations

- **These figures are optimistic.** The blocks are the test blocks of two folds, and the recipe was chosen on them.
- **One seed each.** Subject 072 is either found or missed once calibrated, which alone moves the mean by up to 0.04.
  Differences of a few hundredths are hints; intervals that include 0 show nothing.
- The calibrated columns used the threshold of the best Dice, before the rule for the operating point `balanced` changed
  (commit 5b54471).
- variants.json has the figures of each subject, the specificity at 97 % sensitivity, scan and subtype AUCs, and volumes
  of false positives.

## What was adopted

- **Longer training**: at 0.5, 200 epochs gain {long}. 400 epochs came after the recipe
  was frozen, and gain {longer}.
- **The overlap loss of each slice** in addition to that of the batch, which a single large hematoma dominates:
  calibrated, it gains {each}.
- **Scanner augmentation** (kernels, CT noise, interpolated slices, narrow windows). It costs a little on unchanged scans
  and makes the model usable on others: [robustness](../robustness/README.md).
- From a first round with coarser networks (first-round.json; the validation blocks of folds 1 and 5, {n_first} subjects
  with a Dice each): **fine pixels** (Dice {coarse} at 1.3 mm, {medium} at 0.8 mm, {fine} at 0.6 mm),
  **crops around hemorrhage** instead of whole slices, **lesions pasted into other heads** (slice AUC
  {unpasted} to {pasted} on fold 1), and a **recurrent network over the slices of a scan**, for the subtypes.
- From a second round, which changed only the postprocessing: a **false-positive classifier** on four features of each
  candidate lesion, **cross-fitted calibration**, and later **outlines that maximise the expected Dice**.

## What was not adopted

Compared with the variants that they build on, none of the others showed a significant gain. Ensembles miss the same
subjects as their best network, at several times the cost, and distilling one gained nothing. Self-supervised
pretraining, synthetic lesions and extra input channels did not help with 50 training subjects. Hard-negative mining
removes false positives but misses faint lesions. Training with simulated brightening next to bone halves the false rims
on the one real DICOM head that was available, without a gain in Dice. Weighting the edges of lesions was tried after the
recipe was frozen; it is the most promising next step.

## Reproduce

    python -m studies.ablation CONFIG --data ct-ich --blocks 4 5 --out RUN
    python -m studies.ablation.page results/ablation

CONFIG is `model/short` for the baseline. A variant with a `patch` in variants.json needs a change of the code: apply
`git show a88735a:results/ablation/patches/NAME.patch` at commit 04be99d. This page has only the conclusions of the
experiments; the full notes are in `git show a88735a:results/ablation/README.md`. Rows without a training time were
trained on a GPU, or not timed. Research use only; not a medical device.
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
    """A table of the variants, each compared with the first."""
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
    """The mean difference of the Dice, paired by subject, with its interval."""
    differences = [row["dice_of"][subject] - dice for subject, dice in first["dice_of"].items()]
    low, high = interval(differences)
    return f"{np.mean(differences):+.3f} ({low:+.3f} to {high:+.3f})"


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean over resampled subjects."""
    drawn = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    run("ablation", main)
