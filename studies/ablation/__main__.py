"""One row of the ablation: an experiment evaluated on subjects that it was not trained on.

    python -m studies.ablation CONFIG --data DATASET --fold K --out RUN
    python -m studies.ablation CONFIG --data DATASET --blocks A B --out RUN

With --fold it is fitted on the training block of the fold and evaluated on its validation block, on which it is
calibrated; the fold's test subjects are not read. With --blocks the network of a cross-fitted experiment is trained
without these two blocks and evaluated on both: first uncalibrated, with every voxel marked that has a probability of at
least one half; then, under `calibrated`, each subject with parameters calibrated on all others of the two blocks.
RUN/fold-K/ or RUN/networks/A-B/ receives ablation.json, the figures, and what the fit leaves; an interrupted fit
continues. A run of `ichor crossval` of the same config goes on from the networks in RUN.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.base import open_dataset
from ichor.dataset.folds import N_FOLDS
from ichor.experiments.config import load_config
from ichor.experiments.crossed import MODEL, network_folder, require_no_validation, train_network
from ichor.experiments.fold import fold_folder, fold_of
from ichor.experiments.run import claim
from ichor.methods.unet_slices.method import UNetSlices
from studies.ablation.evaluate import figures_of, uncalibrated_and_calibrated
from studies.command import run


def main() -> None:
    """Fit and evaluate one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--data", type=Path, required=True)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--fold", type=int)
    which.add_argument("--blocks", type=int, nargs=2)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    config, dataset = load_config(args.config), open_dataset(args.data)
    claim(args.out, config, dataset)  # what it leaves may serve a run of the same config, and of no other
    started = time.perf_counter()
    if args.fold is not None:
        fold = fold_of(config, dataset, args.fold)
        folder = fold_folder(args.out, args.fold)
        cases, method = dataset.cases(fold.validation), UNetSlices(**config.settings)
        method.fit(dataset.cases(fold.training), cases, folder)
        seconds = round(time.perf_counter() - started)
        figures = {
            "fold": args.fold,
            **figures_of((method, case) for case in cases),
            "chosen": method.parameters.model_dump(),
        }
    else:
        require_no_validation(config)
        blocks = [fold_of(config, dataset, number) for number in range(1, N_FOLDS + 1)]
        folder = network_folder(args.out, *args.blocks)
        train_network(
            config,
            dataset,
            args.out,
            blocks,
            args.blocks,
            shlex.join(["python", "-m", "studies.ablation", *sys.argv[1:]]),
            None,
        )
        seconds = round(time.perf_counter() - started)
        cases = dataset.cases([s for number in args.blocks for s in blocks[number - 1].test])
        figures = {
            "blocks": sorted(args.blocks),
            **uncalibrated_and_calibrated(UNetSlices.load(folder / MODEL), cases),
        }
    row = {"config": config.name, "seconds": seconds, **figures}
    write_whole(folder / "ablation.json", json.dumps(row, indent=1) + "\n")
    print(json.dumps(row))


if __name__ == "__main__":
    run("ablation", main)
