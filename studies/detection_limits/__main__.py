"""Analyze what limits the detection: the most influential subjects, and the cost of missing fewer.

    python -m studies.detection_limits RUN --data DATASET --out results/detection-limits

RUN is a run of `ichor crossval` on all five folds, with scores, masks and the stored raw output for each subject.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ichor.dataset.registry import open_dataset
from studies.command import run
from studies.detection_limits.analysis import analyze


def main() -> None:
    """Analyze the run and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    analyze(args.run, open_dataset(args.data), args.out)


if __name__ == "__main__":
    run("detection_limits", main)
