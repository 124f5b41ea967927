"""Measure how a cross-validated model depends on the acquisition of a scan, on simulated acquisitions.

    python -m studies.robustness RUN --data DATASET --out results/robustness [--fold K ...] [--before FILE]

RUN is a run of `ichor crossval`. Each test subject is evaluated with the model of its fold, without recalibration. If a
fold's model was quantized by `ichor quantize`, its int8 network is used. RUN/robustness/fold-K/SUBJECT.json stores the
results of each subject under each condition: an interrupted study continues when the command is repeated, and folds may
be evaluated by separate processes. With --before, the page also has the figures of an earlier model, from its
robustness.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS
from ichor.dataset.registry import open_dataset
from ichor.experiments.making import commit, hardware
from ichor.models.package import read_config
from studies.command import run
from studies.robustness.before import read_before
from studies.robustness.conditions import CONDITIONS
from studies.robustness.figures import by_age, by_condition
from studies.robustness.page import page
from studies.robustness.predictions import models_in, rows_of_folds, trained_on_simulations, training_of


def main() -> None:
    """Evaluate what has not been evaluated yet, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, action="append", choices=range(1, N_FOLDS + 1), default=[])
    parser.add_argument("--before", metavar="FILE", type=Path)
    args = parser.parse_args()
    dataset = open_dataset(args.data)
    before = None if args.before is None else read_before(args.before, dataset.fingerprint)
    found = robustness(args.run, dataset, sorted(set(args.fold)))
    if before is not None:
        found["before"] = before
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "robustness.json", json.dumps(found, indent=1) + "\n")
    write_whole(args.out / "README.md", page(found))
    print(page(found))


def robustness(run: Path, dataset: Dataset, folds: Sequence[int]) -> dict[str, Any]:
    """The content of robustness.json."""
    models = models_in(run, folds)
    trained = {k: training_of(model, dataset) for k, model in models.items()}
    rows = rows_of_folds(run, models, trained, dataset)
    ages = {subject: dataset.age_years(subject) for subject in rows}
    excluded = dataset.excluded_from_overlap
    command = [
        "python -m studies.robustness RUN --data ct-ich --out results/robustness",
        *(f"--fold {k}" for k in folds),
    ]
    return {
        "experiment": ", ".join(dict.fromkeys(one.experiment for one in trained.values())),
        "data": {"fingerprint": dataset.fingerprint, "n_subjects": len(rows)},
        "folds": list(models),
        "networks": sorted({read_config(model).network for model in models.values()}),
        "trained_on_such": any(trained_on_simulations(model) for model in models.values()),
        "conditions": by_condition(rows, excluded),
        "by_age": by_age({subject: of[CONDITIONS[0].key] for subject, of in rows.items()}, ages, excluded),
        "made_by": {"command": " ".join(command), "commit": commit(), "hardware": hardware()},
    }


if __name__ == "__main__":
    run("robustness", main)
