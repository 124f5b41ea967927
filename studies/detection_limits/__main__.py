"""What limits how much a model finds: the subjects that its figures hang on, and what finding more would take.

    python -m studies.detection_limits RUN --data DATASET --out results/detection-limits

RUN is a run of `ichor crossval` on all five folds: its scores, its masks and the answers that it kept of each subject.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ichor.dataset.base import open_dataset
from studies.command import run
from studies.detection_limits.analysis import analyze


def main() -> None:
    """Read, count and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    analyze(args.run, open_dataset(args.data), args.out)


if __name__ == "__main__":
    run("detection_limits", main)
