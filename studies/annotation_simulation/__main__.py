"""Simulate how Dice on held-out subjects increases with the time spent on labeling other subjects.

    python -m studies.annotation_simulation ct-ich --out DIR [--config FILE]

Three strategies for choosing the next scans to label start from the same subjects: cost-sensitive active learning,
uncertainty alone, and a random order. Labeling times are modeled, not recorded. Every round is stored in DIR: an
interrupted simulation continues when the command is repeated.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ichor.cli.memory import restart_keeping_memory
from ichor.cli.progress import progress
from ichor.dataset.registry import open_dataset
from ichor.errors import BadConfig
from studies.annotation_simulation.config import DEFAULT, load_simulation
from studies.command import run


def main() -> None:
    """Run the rounds that are not done yet, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=DEFAULT)
    args = parser.parse_args()
    config, dataset = load_simulation(args.config), open_dataset(args.data)
    try:
        from studies.annotation_simulation.result import write_result
        from studies.annotation_simulation.run import n_states, simulate
    except ModuleNotFoundError as error:
        raise BadConfig(
            f"expected the training packages, found no {error.name}; install them with pip install 'ichor-ct[train]'"
        ) from error
    with progress(n_states(config)) as done:
        repetitions = simulate(config, dataset, args.out, done)
    says = write_result(config, dataset, repetitions, args.out, args.config)
    print(f"{says}\n{args.out}: simulation.json, README.md, learning-curves.png")


if __name__ == "__main__":
    restart_keeping_memory()
    run("annotation_simulation", main)
