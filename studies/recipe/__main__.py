"""Rank variants of the recipe by cross-validation inside the training folds of each outer fold.

    python -m studies.recipe VARIANT... --data DATASET --run RUN --out results/recipe [--cost]

VARIANT is a config, or CONFIG=OTHER for a variant that uses the networks of another one and differs only in its
calibration. The first one is the baseline. For each variant, five networks are trained, each without two adjacent
blocks of the dataset. Variants are ranked for an outer fold by their predictions for the two blocks next to its test
block; the test block itself is not used.

The cost is printed first; with --cost, the page is written and nothing else is done. An interrupted study continues
when the command is repeated. Several processes may work on different variants; the last one ranks them all.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS
from ichor.dataset.registry import open_dataset
from ichor.experiments.making import commit, hardware
from studies.command import run
from studies.recipe.cost import cost_of, prediction_s
from studies.recipe.inner import RING, Variant, blocks_of, conditions, predict, predict_calibrated, rows_of, train
from studies.recipe.page import page
from studies.recipe.rank import ranking


def main() -> None:
    """Print the cost, then train, predict and rank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", metavar="VARIANT", nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cost", action="store_true", help="only print and write what training would cost")
    args = parser.parse_args()
    dataset, variants = open_dataset(args.data), [Variant.of(words) for words in args.variants]
    command = shlex.join(["python", "-m", "studies.recipe", *sys.argv[1:]])
    found: dict[str, Any] = {"cost": costs(variants, dataset)}
    for name, one in found["cost"]["variants"].items():
        print(f"{name}: {one['core_h']:.2f} core-hours for {one['networks']} networks", file=sys.stderr)
    print(f"total: {found['cost']['core_h']:.1f} core-hours", file=sys.stderr)
    if not args.cost:
        for one in variants:
            train(one, dataset, args.run, command)
            predict(one, dataset, args.run)
            predict_calibrated(one, dataset, args.run)
        rows = {
            one.name: {outer: rows_of(one, dataset, args.run, outer) for outer in range(1, N_FOLDS + 1)}
            for one in variants
        }
        found["ranking"] = ranking(rows, dataset.excluded_from_overlap)
        found["data"] = {"fingerprint": dataset.fingerprint}
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "recipe.json", json.dumps(found, indent=1) + "\n")
    write_whole(args.out / "README.md", page(found))
    print(page(found))


def costs(variants: list[Variant], dataset: Dataset) -> dict[str, Any]:
    """What the networks of the variants cost on this machine, by variant and in all."""
    found = {}
    predicted = [s for pair in RING for k in pair for s in blocks_of(variants[0], dataset)[k - 1].test]
    predicting_h = len(predicted) * prediction_s(dataset, predicted, conditions()) / 3600
    for one in variants:
        blocks = blocks_of(one, dataset)
        subjects = [s for block in blocks if block.number not in RING[0] for s in block.test]
        shared = one.networks != one.name
        cost = cost_of(one.config, dataset, subjects)
        n = 0 if shared else len(RING)
        found[one.name] = {
            **cost.as_json(),
            "networks_of": one.networks,
            "networks": n,
            "core_h": round(n * cost.network_h + predicting_h, 2),
        }
    return {
        "variants": found,
        "predicting_core_h": round(predicting_h, 2),
        "core_h": round(sum(float(one["core_h"]) for one in found.values()), 1),
        "hardware": hardware(),
        "commit": commit(),
    }


if __name__ == "__main__":
    run("recipe", main)
