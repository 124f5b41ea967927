"""How often `ichor screen` warns of a scan that is unlike what the models were made for: ct-ich, and changes of it.

    python -m studies.input_checks --data ct-ich --dicom dicom --out results/input-checks

The changes are made by code: gray of another window than the one stated, HU on another scale, slices left out or in
another order, padding, heads cut off by the field of view, and vessels drawn in as with contrast agent. Where the rules
see every few pixels of a scan, so does this script. Two DICOM series and the demonstration scan are tried as they are.
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
    """Try all scans and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="ct-ich")
    parser.add_argument("--dicom", type=Path, required=True, help="the folder of " + " and ".join(DICOM))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    kept = input_check_rates(args.data, args.dicom)
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "input-checks.json", json.dumps(kept, indent=1) + "\n")
    write_whole(args.out / "README.md", page(kept))


if __name__ == "__main__":
    run("input_checks", main)
