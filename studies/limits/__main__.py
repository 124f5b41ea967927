"""Analyze what limits a model's Dice: its out-of-fold masks by size, contrast and subtype of the hemorrhage.

    python -m studies.limits RESULT --data DATASET --out results/limits

RESULT is a folder with masks and scores, as written by `ichor publish`. For each slice with delineated hemorrhage, the
study determines whether it was missed, how well it was outlined, and what false-positive regions cost.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.registry import open_dataset
from ichor.runs.plain_files import read_object
from studies.command import run
from studies.label_ceiling.readers import edge_displaced
from studies.limits.page import page
from studies.limits.slices import slices_in


def main() -> None:
    """Analyze the slices and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    ceiling = read_object(args.out.parent / "label-ceiling/ceiling.json", "the label ceiling")
    slices = slices_in(args.result, open_dataset(args.data))
    ceilings = [f"{ceiling['readers'][edge_displaced(sd)]['dice']['value']:.3f}" for sd in (1, 2)]
    args.out.mkdir(parents=True, exist_ok=True)
    rows = [
        {name: None if value != value else value for name, value in asdict(one).items()}  # noqa: PLR0124 (nan)
        for one in slices
    ]
    write_whole(args.out / "slices.json", json.dumps(rows, indent=0) + "\n")
    write_whole(args.out / "README.md", page(args.result.resolve().name, slices, ceilings))


if __name__ == "__main__":
    run("limits", main)
