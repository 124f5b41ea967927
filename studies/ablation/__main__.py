"""Compute one row of the ablation: an experiment evaluated on subjects that it was not trained on.

    python -m studies.ablation CONFIG --data DATASET --fold K --out RUN
    python -m studies.ablation CONFIG --data DATASET --blocks A B --out RUN

With --fold, the method is fitted on the training block of the fold, and calibrated and evaluated on its validation
block; the fold's test subjects are not used. With --blocks, the network of a cross-fitted experiment is trained without
these two test blocks and evaluated on both: first uncalibrated, marking every voxel with a probability of at least 0.5;
then, under `calibrated`, each subject with parameters calibrated on all other subjects of the two blocks. The figures
are written to ablation.json in RUN/fold-K/ or RUN/networks/A-B/, next to the files of the fit. An interrupted fit
continues when the command is repeated, and a run of `ichor crossval` with the same config reuses the networks in RUN.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.folds import N_FOLDS
from ichor.dataset.registry import open_dataset
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
    claim(args.out, config, dataset)  # only a run with the same config may reuse the networks
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
