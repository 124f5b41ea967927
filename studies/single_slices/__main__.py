"""Measure what it changes if scans of a single slice have calibrated parameters of their own.

    python -m studies.single_slices VARIANT --data DATASET --run RUN --out results/single-slices

VARIANT and RUN are those of `studies.recipe`, after its networks have been trained. The slices of each block are
predicted as pictures by themselves, by a network that was trained without it, with parameters that were calibrated on
another block. An interrupted study continues when the command is repeated.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.registry import open_dataset
from ichor.experiments.making import commit, hardware
from studies.command import run
from studies.recipe.inner import Variant
from studies.single_slices.figures import figures
from studies.single_slices.page import page
from studies.single_slices.predictions import rows_of


def main() -> None:
    """Predict what has not been predicted yet, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variant", metavar="VARIANT")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    dataset, variant = open_dataset(args.data), Variant.of(args.variant)
    command = f"python -m studies.single_slices {args.variant} --data ct-ich --run RUN --out results/single-slices"
    found = {
        "variant": variant.name,
        "data": {"fingerprint": dataset.fingerprint},
        "styles": figures(rows_of(variant, dataset, args.run)),
        "made_by": {"command": command, "commit": commit(), "hardware": hardware()},
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "single-slices.json", json.dumps(found, indent=1) + "\n")
    write_whole(args.out / "README.md", page(found))
    print(page(found))


if __name__ == "__main__":
    run("single_slices", main)
