"""How much a few clicks improve an outline: the annotation tool's refinement under simulated clicks on ct-ich.

    python -m studies.click_refinement --data DATASET --out results/click-refinement

The out-of-fold masks of a run are corrected slice by slice, and regions are begun from nothing; both on HU alone, since
out-of-fold probabilities are not kept. The settings of the refinement are chosen from a few candidates for each fold by
the subjects of the other folds.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ichor.atomic import write_whole
from ichor.models.package import DEFAULT_MODEL
from studies.click_refinement.page import page
from studies.click_refinement.subjects import subjects_of
from studies.click_refinement.trials import figures, trial
from studies.command import ROOT, run


def main() -> None:
    """Click, score and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--run", type=Path, default=ROOT / "results" / DEFAULT_MODEL, help="whose masks are corrected")
    asked = parser.parse_args()
    trials = []
    for slices in subjects_of(asked.data, asked.run):
        trials.append(trial(slices))
        sys.stderr.write(f"{slices.subject}\n")
    found = {"run": asked.run.resolve().name, **figures(trials)}
    asked.out.mkdir(parents=True, exist_ok=True)
    write_whole(asked.out / "clicks.json", json.dumps(found, indent=1) + "\n")
    write_whole(asked.out / "README.md", page(found))


if __name__ == "__main__":
    run("click_refinement", main)
