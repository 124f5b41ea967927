"""What small differences of drawing cost on ct-ich: the reference against itself, drawn a little differently.

    python -m studies.label_ceiling --data DATASET --out results/label-ceiling

No second reading of ct-ich was published, so readers are made: the reference smoothed, widened, narrowed, moved,
restricted to what is bright, and with its edge displaced at random as two readers' edges differ. Each is scored as a
method is, by the paper's average. Beside it stands how much brighter the delineated regions are than what
surrounds them: where they are not, their mean gray does not tell them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.base import open_dataset
from studies.command import run
from studies.label_ceiling.ceiling import ceiling, read
from studies.label_ceiling.page import page


def main() -> None:
    """Read, score and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=2019)
    args = parser.parse_args()
    found = ceiling(*read(open_dataset(args.data), args.seed))
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "ceiling.json", json.dumps(found, indent=1) + "\n")
    write_whole(args.out / "README.md", page(found))
    print(page(found))


if __name__ == "__main__":
    run("label_ceiling", main)
