"""Measure how often scans fail the input checks: the subjects of ct-ich, unchanged and modified.

    python -m studies.input_checks --data ct-ich --dicom dicom --out results/input-checks

Modifications: gray values of another window than stated, scaled HU, missing or reordered slices, padding, heads cut off
by the field of view, and simulated vessels with contrast agent. The checks subsample the pixels of a scan;
modifications are applied to the subsampled scan. Slices are also checked as pictures of unknown pixel size and window,
one by one and as a folder. Two DICOM series and the demonstration scan are checked without modification.

Each subject is stored in --keep as soon as it is done: an interrupted study continues when the command is repeated.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ichor.atomic import write_whole
from studies.command import run
from studies.input_checks.page import page
from studies.input_checks.rates import input_check_rates
from studies.same_answer.variants import DICOM


def main() -> None:
    """Check all scans and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="ct-ich")
    parser.add_argument("--dicom", type=Path, required=True, help="the folder of " + " and ".join(DICOM))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", type=Path, default=Path("runs/input-checks"), help="default: %(default)s")
    args = parser.parse_args()
    result = input_check_rates(args.data, args.dicom, args.keep)
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "input-checks.json", json.dumps(result, indent=1) + "\n")
    write_whole(args.out / "README.md", page(result))


if __name__ == "__main__":
    run("input_checks", main)
