"""Compare the systems that the paper reviews, each run by five-fold cross-validation on the same folds.

    python -m studies.reviewed_systems add RUN... --data ct-ich    copy scores and metrics of finished runs
    python -m studies.reviewed_systems page                        write the table and the figure

`ichor crossval literature/NAME --data ct-ich --out RUN` makes a run. What each paper claims is in
docs/explanation/literature.yaml.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.runs.evaluate import check_data
from ichor.runs.files import METRICS, read_metrics
from studies.command import ROOT, run
from studies.reviewed_systems.comparison import write_comparison

OUT = ROOT / "results" / "literature"
KEPT = (METRICS, "scores.csv", "scan_scores.csv")


def main() -> None:
    """Add runs to the result or write its page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    adding = commands.add_parser("add")
    adding.add_argument("runs", nargs="+", type=Path)
    adding.set_defaults(call=lambda args: add(args.runs, CtIch(args.data), args.out))
    paging = commands.add_parser("page")
    paging.set_defaults(call=lambda args: write_comparison(args.out))
    adding.add_argument("--data", type=Path, required=True)
    for one in (adding, paging):
        one.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    args.call(args)


def add(runs: list[Path], dataset: CtIch, out: Path) -> None:
    """Copy the metrics and scores of complete runs on this dataset into folders named after their experiments."""
    for folder in runs:
        metrics = read_metrics(folder)
        check_data(folder, metrics, dataset)
        if metrics["folds"] != [1, 2, 3, 4, 5]:
            raise BadConfig(f"{folder}: expected a run of all five folds, found folds {metrics['folds']}")
        to = out / metrics["experiment"]
        to.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            shutil.copyfile(folder / name, to / name)
        sys.stderr.write(f"{to}\n")


if __name__ == "__main__":
    run("reviewed_systems", main)
