"""Measure the cost of small differences in drawing on ct-ich: the Dice of slightly altered reference delineations.

    python -m studies.label_ceiling --data DATASET --out results/label-ceiling

No second reading of ct-ich was published, so second readers are simulated: the reference is smoothed, widened,
narrowed, shifted, restricted to bright voxels, and given a randomly displaced edge. Each is evaluated like a method, by
the paper's average. The study also measures how much brighter the delineated regions are than the surrounding brain;
where they are not brighter, the mean gray value does not distinguish them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.registry import open_dataset
from studies.command import run
from studies.label_ceiling.ceiling import ceiling, read
from studies.label_ceiling.page import page


def main() -> None:
    """Simulate the readers, evaluate them and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=2019)
    args = parser.parse_args()
    result = ceiling(*read(open_dataset(args.data), args.seed))
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "ceiling.json", json.dumps(result, indent=1) + "\n")
    write_whole(args.out / "README.md", page(result))
    print(page(result))


if __name__ == "__main__":
    run("label_ceiling", main)
