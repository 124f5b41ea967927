"""Read thousands of damaged inputs, and report the outcomes.

    python scripts/fuzz.py --out results/fuzz [--count 10000] [--commands 100] [--seed 16] [--jobs 2]

The same seed makes the same inputs, which `tests/fuzzing` makes and damages. The exit code is 1 where anything was
amiss.
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

AT_A_TIME = 140  # inputs that one process takes


def main() -> int:
    """Run the campaign and write its page; returns 1 if there was a failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="where README.md and fuzz.json go")
    parser.add_argument("--count", type=int, default=10_000, help="inputs that are read")
    parser.add_argument("--commands", type=int, default=100, help="whole commands")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this input alone, to look into it")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    given = parser.parse_args()
    if given.only is not None:
        (outcome,) = inputs(range(given.only, given.only + 1), given.seed)
        print(outcome, outcome.trace)
        return bool(outcome.faults)
    from made_package import write_package  # which takes torch to make one

    found: list[Outcome] = []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        parts = [range(k, min(k + AT_A_TIME, given.count)) for k in range(0, given.count, AT_A_TIME)]
        for done in as_completed([pool.submit(inputs, part, given.seed) for part in parts]):
            found += done.result()
            tell(found[-len(done.result()) :], len(found), given.count)
        with tempfile.TemporaryDirectory(prefix="ichor-fuzz-") as temporary:
            package = write_package(Path(temporary, "package"))
            numbers = [range(k, given.commands, given.jobs) for k in range(given.jobs)]
            screened = [one for part in pool.map(partial(commands, given.seed, package), numbers) for one in part]
    for one in screened:
        if one["faults"]:
            print(one, file=sys.stderr)
    found.sort(key=lambda one: one.number)
    return write_page(given.out, found, screened, given.seed)


def tell(outcomes: list[Outcome], done: int, count: int) -> None:
    """Print the progress, and which inputs are worth a look."""
    for one in outcomes:
        if one.faults or one.trace or one.result in ("crash contained", "limit exceeded"):
            print(f"{one}\n{one.trace}", file=sys.stderr)
    print(f"{done} of {count} inputs", file=sys.stderr, flush=True)


def inputs(numbers: range, seed: int) -> list[Outcome]:
    """The outcomes of these inputs."""
    with tempfile.TemporaryDirectory(prefix="ichor-fuzz-") as temporary:
        return list(run(Path(temporary), numbers, seed))


def commands(seed: int, package: Path, numbers: range) -> list[dict[str, Any]]:
    """The outcomes of whole commands on the inputs with these numbers."""
    with tempfile.TemporaryDirectory(prefix="ichor-fuzz-") as temporary:
        return list(screen_commands(Path(temporary), numbers, seed, package))


if __name__ == "__main__":
    sys.exit(main())
