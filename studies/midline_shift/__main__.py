"""Evaluate the measurement of the midline shift on scans without hemorrhage whose midline is shifted by simulation.

    python -m studies.midline_shift --data DATASET --out results/midline-shift

The settings of ichor.anatomy.midline were chosen on every second subject without hemorrhage; this study uses the
others.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ichor.anatomy.midline import midline_shift
from ichor.atomic import write_whole
from ichor.dataset.ct_ich import CtIch
from studies.command import run
from studies.midline_shift.page import page
from studies.midline_shift.simulate import with_shift

SHIFTS_MM = (0, 3, -3, 6, -6, 10, -10, 15, -15)


def main() -> None:
    """Simulate shifts, measure them and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    dataset = CtIch(args.data)
    without_hemorrhage = [subject for subject in dataset.subjects if not dataset.labels[subject].any()]
    rows = []
    for subject in without_hemorrhage[1::2]:
        scan = dataset.case(subject).scan
        for mm in SHIFTS_MM:
            found = midline_shift(with_shift(scan, mm) if mm else scan)
            rows.append({"subject": subject, "made_mm": mm, "found_mm": None if found is None else round(found.mm, 2)})
        sys.stderr.write(f"{subject}\n")
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "shifts.json", json.dumps(rows, indent=0) + "\n")
    write_whole(args.out / "README.md", page(rows))


if __name__ == "__main__":
    run("midline_shift", main)
