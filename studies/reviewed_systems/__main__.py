"""Compare the systems that the paper reviews, each run by five-fold cross-validation on the same folds.

    python -m studies.reviewed_systems add RUN... --data ct-ich    copy scores and metrics of finished runs
    python -m studies.reviewed_systems time [RUN...] --data ct-ich seconds per scan of these and of the shipped model
    python -m studies.reviewed_systems pictures --data ct-ich      draw what each marks on the same six slices
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
from ichor.runs.files import METRICS, SCAN_SCORES, SCORES, read_metrics
from ichor.runs.plain_files import read_table
from ichor.runs.score_table import SCAN_COLUMNS
from studies.command import ROOT, run
from studies.reviewed_systems.comparison import SHIPPED, folders_of_rows, row_of, write_comparison
from studies.reviewed_systems.example_pictures import write_pictures
from studies.reviewed_systems.examples import EXAMPLES, Example, read_examples, read_marks, write_examples, write_marks
from studies.reviewed_systems.timing import FOLD, time_run, time_shipped

OUT = ROOT / "results" / "literature"
KEPT = (METRICS, SCORES, SCAN_SCORES)


def main() -> None:
    """Add runs to the result, time them, draw pictures, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, call in (("add", add), ("time", time_runs)):
        one = commands.add_parser(name)
        one.add_argument("runs", nargs="*" if name == "time" else "+", type=Path)
        one.set_defaults(call=lambda args, call=call: call(args.runs, CtIch(args.data), args.out))
    commands.add_parser("pictures").set_defaults(call=lambda args: draw(CtIch(args.data), args.out))
    commands.add_parser("page").set_defaults(call=lambda args: write_comparison(args.out))
    for name, one in commands.choices.items():
        one.add_argument("--out", type=Path, default=OUT)
        if name != "page":
            one.add_argument("--data", type=Path, required=True)
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
        write_marks(folder, to, examples_of(dataset, out), dataset)
        sys.stderr.write(f"{to}\n")


def time_runs(runs: list[Path], dataset: CtIch, out: Path) -> None:
    """Measure, on an idle machine, how long the systems of finished runs and the shipped model take for a scan."""
    for folder in runs:
        name = row_of(read_metrics(folder)["experiment"])
        sys.stderr.write(f"{name}: {time_run(folder, out / name, dataset, _tested(folder)):.2f} s\n")
    name = SHIPPED.name
    sys.stderr.write(f"{name}: {time_shipped(out / name, dataset, _tested(SHIPPED)):.2f} s\n")


def _tested(folder: Path) -> list[str]:
    """The test subjects of the fold whose system is timed."""
    return [row["subject"] for row in read_table(folder / SCAN_SCORES, SCAN_COLUMNS) if row["fold"] == str(FOLD)]


def draw(dataset: CtIch, out: Path) -> None:
    """Draw what each system of the table marks on the example slices."""
    examples = examples_of(dataset, out)
    found = {folder.name: read_marks(folder, examples, dataset) for folder in folders_of_rows(out)}
    write_pictures(out, examples, {name: marks for name, marks in found.items() if marks is not None}, dataset)


def examples_of(dataset: CtIch, out: Path) -> list[Example]:
    """The example slices, chosen now if they were not before."""
    return read_examples(out) if (out / EXAMPLES).is_file() else write_examples(out, dataset)


if __name__ == "__main__":
    run("reviewed_systems", main)
