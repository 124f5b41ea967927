"""Read thousands of damaged inputs, and report the outcomes.

    python scripts/fuzz.py --out results/fuzz [--count 10000] [--commands 100] [--seed 16] [--jobs 2]

`tests/fuzzing` generates and damages the inputs; they depend only on the seed. The exit code is 1 if there was any
fault.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fuzzing.campaign import Outcome, run, screen_commands
from fuzzing.page import write_page

INPUTS_PER_TASK = 140


def main() -> int:
    """Run the campaign and write its page; returns 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder for README.md and fuzz.json")
    parser.add_argument("--count", type=int, default=10_000, help="the number of inputs to read")
    parser.add_argument(
        "--commands", type=int, default=100, help="the number of inputs for which `ichor screen` is run"
    )
    parser.add_argument("--only", type=int, metavar="NUMBER", help="only read this input, to debug it")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=1, help="the number of processes")
    args = parser.parse_args()
    if args.only is not None:
        (outcome,) = inputs(range(args.only, args.only + 1), args.seed)
        print(outcome, outcome.trace)
        return bool(outcome.faults)
    from untrained_package import write_package  # imports torch

    found: list[Outcome] = []
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        parts = [range(k, min(k + INPUTS_PER_TASK, args.count)) for k in range(0, args.count, INPUTS_PER_TASK)]
        for done in as_completed([pool.submit(inputs, part, args.seed) for part in parts]):
            found += done.result()
            report(found[-len(done.result()) :], len(found), args.count)
        with tempfile.TemporaryDirectory(prefix="ichor-fuzz-") as temporary:
            package = write_package(Path(temporary, "package"))
            numbers = [range(k, args.commands, args.jobs) for k in range(args.jobs)]
            screened = [one for part in pool.map(partial(commands, args.seed, package), numbers) for one in part]
    for one in screened:
        if one["faults"]:
            print(one, file=sys.stderr)
    found.sort(key=lambda one: one.number)
    return write_page(args.out, found, screened, args.seed)


def report(outcomes: list[Outcome], done: int, count: int) -> None:
    """Print the progress, and the outcomes that deserve attention."""
    for one in outcomes:
        if one.faults or one.trace or one.result in ("crash contained", "limit exceeded"):
            print(f"{one}\n{one.trace}", file=sys.stderr)
    print(f"{done} of {count} inputs", file=sys.stderr, flush=True)


def inputs(numbers: range, seed: int) -> list[Outcome]:
    """The outcomes of reading the inputs with these numbers."""
    with tempfile.TemporaryDirectory(prefix="ichor-fuzz-") as temporary:
        return list(run(Path(temporary), numbers, seed))


def commands(seed: int, package: Path, numbers: range) -> list[dict[str, Any]]:
    """The outcomes of `ichor screen` on the inputs with these numbers."""
    with tempfile.TemporaryDirectory(prefix="ichor-fuzz-") as temporary:
        return list(screen_commands(Path(temporary), numbers, seed, package))


if __name__ == "__main__":
    sys.exit(main())
