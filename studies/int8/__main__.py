"""Compare the networks of a cross-validated run in fp32 and in int8, out-of-fold.

    python -m studies.int8 RUN --data DATASET --out results/int8 [--fold K ...]

Each fold's network is quantized on slices of its training subjects, and both variants are evaluated on its test
subjects without recalibration. RUN/int8/fold-K.json stores the results of a fold: an interrupted study continues when
the command is repeated.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.folds import N_FOLDS
from ichor.dataset.registry import open_dataset
from ichor.errors import BadConfig
from ichor.experiments.config import load_config
from ichor.experiments.crossed import MODEL
from ichor.experiments.fold import fold_folder
from ichor.models.package import CONFIG, read_config
from studies.command import run
from studies.int8.compare import stored_rows
from studies.int8.page import page


def main() -> None:
    """Compare both variants on the requested folds, by default on all five."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, action="append", choices=range(1, N_FOLDS + 1))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    packages = {k: fold_folder(args.run, k) / MODEL for k in args.fold or range(1, N_FOLDS + 1)}
    for package in packages.values():
        if not (package / CONFIG).is_file():
            raise BadConfig(f"{args.run}: expected a run with a model in {package.parent.name}, found none")
    dataset, rows = open_dataset(args.data), []
    for fold, package in packages.items():
        rows += stored_rows(args.run / "int8" / f"fold-{fold}.json", package, fold, dataset, args.threads)
    config = args.run / CONFIG  # missing if the run was assembled by hand
    reduced = config.is_file() and load_config(str(config)).reduced
    text = page(rows, read_config(packages[min(packages)]).model, args.threads, args.fold or (), reduced=reduced)
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "rows.json", json.dumps(rows, indent=1) + "\n")
    write_whole(args.out / "README.md", text)
    print(text)


if __name__ == "__main__":
    run("int8", main)
