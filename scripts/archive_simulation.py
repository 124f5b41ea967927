"""How long ten million scans take on 1 to 1,000 workers that fail, and what they cost, simulated with measured times.

    python scripts/archive_simulation.py --speed results/archive-speed --out results/archive-scaling

What is measured comes from scripts/archive_speed.py: the times of single scans, the processor time that the command and
its scheduler need for each, and the start of a worker. What is assumed is listed on the page: how often workers and
schedulers fail, and what a worker costs. The simulation runs on SimPy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import simpy

from found import conclude, write_found
from ichor.experiments.making import commit, hardware

SCANS = 10_000_000
WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
COMMANDS = (1, 4, 16)
BLOCKS_EACH = 200  # blocks of scans that a worker does on average: one event stands for a block
MOST_BLOCK = 500
MOMENT_S = 1e-3  # times that differ by less are the same
ENOUGH = 0.5  # the efficiency below which further workers are said to be of no use
Row = dict[str, Any]

PAGE = """# How screening scales: ten million scans, simulated

A simulation (SimPy) of {scans:,} scans on up to {most:,} workers. Nothing of this size was run.

Measured on this machine ([speed](../archive-speed/README.md), {measured} scans):

| | |
|---|---|
| a scan on a worker, mean | {scan_s:.2f} s |
| the command and its scheduler, for each scan | {hand_out_s:.4f} s |
| a worker's start | {start_s:.1f} s |

Assumed:

| | |
|---|---|
| a worker is lost | once in {worker_h:g} h; another starts {replace_s:g} s later |
| the scheduler is lost | once in {scheduler_h:g} h; the command goes on {restart_s:g} s later |
| a worker (one processor, 3 GiB) costs | ${price:g} an hour |

Times of scans are drawn from those measured. A scan whose worker or scheduler is lost is begun again. One command with
its scheduler hands out one scan after the other, and a worker waits for its next one (Dask hands out some in advance,
so that this is pessimistic). Several commands share the workers, each with its own scheduler and its part of the list.

![Hours and efficiency against the number of workers](scaling.png)

{tables}
Efficiency is the time on one worker of one command divided by the number of workers and their time. {ends}

## Reproduce

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s, seed {seed}.
"""

HEAD = (
    "| workers | hours | efficiency | $ for 1,000 scans | workers lost | schedulers lost |\n|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Assumed:
    """What is not measured."""

    worker_h: float = 24.0
    replace_s: float = 60.0
    scheduler_h: float = 500.0
    restart_s: float = 600.0
    price: float = 0.05


@dataclass
class Archive:
    """One command with its scheduler, its workers and its part of the scans.

    Attributes:
        scan_s: measured times of scans, from which times are drawn.
        hand_out_s: the time that the command needs for each scan, in which it does nothing else.
        left: scans that are not handed out yet.
    """

    env: simpy.Environment
    scan_s: np.ndarray
    hand_out_s: float
    start_s: float
    left: int
    block: int
    assumed: Assumed
    rng: np.random.Generator
    done: int = 0
    lost_workers: int = 0
    lost_schedulers: int = 0
    begun_again: int = 0
    up: simpy.Event | None = None  # while the scheduler is lost: when it is there again
    command: simpy.Resource = field(init=False)
    at_work: set[simpy.Process] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.command = simpy.Resource(self.env)

    def run(self, workers: int) -> simpy.Event:
        """Start everything; the event is that all scans are done."""
        self.env.process(self._scheduler())
        return self.env.all_of([self.env.process(self._worker()) for _ in range(workers)])

    def _worker(self) -> Generator[simpy.Event]:
        """Take blocks of scans until none are left; it is lost now and then, with the scan that it is at."""
        yield self.env.timeout(self.start_s)
        life = self._life(self.assumed.worker_h)
        while self.left > 0:
            if self.up is not None:
                yield self.up
                yield self.env.timeout(self.start_s)  # workers end with their scheduler
                continue
            n = min(self.block, self.left)
            self.left -= n
            with self.command.request() as turn:
                yield turn
                yield self.env.timeout(n * self.hand_out_s)
            life -= yield from self._screen(n, life)
            if life <= MOMENT_S:
                self.lost_workers += 1
                yield self.env.timeout(self.assumed.replace_s + self.start_s)
                life = self._life(self.assumed.worker_h)

    def _screen(self, n: int, life: float) -> Generator[simpy.Event, Any, float]:
        """Screen n scans, or those that are done before the worker or its scheduler is lost; how long it took, s."""
        ends = np.cumsum(self.rng.choice(self.scan_s, n))
        begun, process = self.env.now, self.env.active_process
        assert process is not None
        self.at_work.add(process)
        with suppress(simpy.Interrupt):
            yield self.env.timeout(min(float(ends[-1]), life))
        self.at_work.discard(process)
        spent = self.env.now - begun
        done = int(np.searchsorted(ends, spent + MOMENT_S))
        self.done += done
        self.left += n - done
        self.begun_again += done < n
        return spent

    def _scheduler(self) -> Generator[simpy.Event]:
        while True:
            yield self.env.timeout(self._life(self.assumed.scheduler_h))
            if self.left <= 0 and not self.at_work:
                return
            self.lost_schedulers += 1
            self.up = self.env.event()
            for one in list(self.at_work):
                one.interrupt()
            yield self.env.timeout(self.assumed.restart_s)
            self.up.succeed()
            self.up = None

    def _life(self, hours: float) -> float:
        return float(self.rng.exponential(3600 * hours))


def simulate(measured: Row, assumed: Assumed, scans: int, workers: int, commands: int, seed: int) -> Row:
    """The time of all scans on so many workers of so many commands."""
    env = simpy.Environment()
    share = np.full(commands, workers // commands)
    share[: workers % commands] += 1
    parts = scans * share // workers
    parts[0] += scans - parts.sum()
    archives, ends = [], []
    for k, (part, n) in enumerate(zip(parts, share, strict=True)):
        block = int(np.clip(part // (n * BLOCKS_EACH), 1, MOST_BLOCK))
        rng = np.random.default_rng([seed, workers, commands, k])
        hand_out_s, start_s = measured["hand_out_s"], measured["start_s"]
        scan_s = np.asarray(measured["scan_s"])
        archives.append(Archive(env, scan_s, hand_out_s, start_s, int(part), block, assumed, rng))
        ends.append(archives[-1].run(int(n)))
    env.run(env.all_of(ends))
    hours = env.now / 3600
    return {
        "workers": workers,
        "commands": commands,
        "hours": hours,
        "cost_per_1000": hours * workers * assumed.price / (scans / 1000),
        "done": sum(one.done for one in archives),
        "lost_workers": sum(one.lost_workers for one in archives),
        "lost_schedulers": sum(one.lost_schedulers for one in archives),
        "begun_again": sum(one.begun_again for one in archives),
    }


def measured_by(speed: Row) -> Row:
    """The times of scripts/archive_speed.py that the simulation starts from."""
    each = [row["command_cpu_s"] for row in speed["runs"] if row["way"] == "--cluster local:2"]
    return {"scan_s": speed["scan_s"], "hand_out_s": statistics.mean(each), "start_s": speed["start_s"]}


def ends_at(rows: Iterable[Row], commands: int) -> int:
    """The largest number of workers at which so many commands use them with an efficiency of one half or more."""
    return max(
        (row["workers"] for row in rows if row["commands"] == commands and row["efficiency"] >= ENOUGH), default=0
    )


def page(found: Row) -> str:
    """The page of what was found."""
    tables, rows = [], found["rows"]
    for commands in sorted({row["commands"] for row in rows}):
        lines = [
            f"| {row['workers']:,} | {row['hours']:,.1f} | {row['efficiency']:.2f} | {row['cost_per_1000']:.3f} | "
            f"{row['lost_workers']:,} | {row['lost_schedulers']:,} |"
            for row in rows
            if row["commands"] == commands
        ]
        tables.append(f"## {commands} command{'s' if commands > 1 else ''}\n\n{HEAD}\n" + "\n".join(lines) + "\n")
    use = {commands: f"{commands} commands use" if commands > 1 else "One command uses" for commands in COMMANDS}
    ends = [
        f"{use[commands]} up to {ends_at(rows, commands):,} workers with an efficiency of {ENOUGH:g} or better."
        for commands in sorted({row["commands"] for row in rows})
    ]
    limit = (
        f"A command hands out at most {1 / found['measured']['hand_out_s']:,.0f} scans a second, however many workers."
    )
    ends.append("These are the numbers of workers that were tried.")
    return PAGE.format(
        scans=found["scans"],
        most=max(row["workers"] for row in rows),
        measured=len(found["measured"]["scan_s"]),
        scan_s=statistics.mean(found["measured"]["scan_s"]),
        hand_out_s=found["measured"]["hand_out_s"],
        start_s=found["measured"]["start_s"],
        tables="\n".join(tables),
        ends=" ".join([limit, *ends]),
        **found["assumed"],
        **found["made_by"],
    )


def plot(found: Row, path: Path) -> None:
    """Hours and efficiency against the number of workers."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for commands in sorted({row["commands"] for row in found["rows"]}):
        rows = [row for row in found["rows"] if row["commands"] == commands]
        label = f"{commands} command{'s' if commands > 1 else ''}"
        workers = [row["workers"] for row in rows]
        left.plot(workers, [row["hours"] for row in rows], "o-", label=label)
        right.plot(workers, [row["efficiency"] for row in rows], "o-", label=label)
    left.set(xscale="log", yscale="log", xlabel="workers", ylabel="hours", title=f"{found['scans']:,} scans")
    right.set(xscale="log", ylim=(0, 1.05), xlabel="workers", ylabel="efficiency", title="Simulated, with failures")
    left.legend()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def simulated(measured: Row, assumed: Assumed, scans: int, seed: int) -> list[Row]:
    """All numbers of workers and of commands, each with its efficiency against one worker."""
    pairs = [(workers, commands) for commands in COMMANDS for workers in WORKERS if workers >= commands]
    rows = [simulate(measured, assumed, scans, workers, commands, seed) for workers, commands in pairs]
    alone = next(row["hours"] for row in rows if row["workers"] == row["commands"] == 1)
    return [row | {"efficiency": alone / (row["workers"] * row["hours"])} for row in rows]


def main() -> int:
    """Simulate, and write the page with its plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=Path, required=True, help="the results of scripts/archive_speed.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scans", type=int, default=SCANS)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun = time.monotonic()
    measured, assumed = measured_by(json.loads((asked.speed / "found.json").read_text())), Assumed()
    found: Row = {"scans": asked.scans, "measured": measured, "assumed": asdict(assumed)}
    found["rows"] = simulated(measured, assumed, asked.scans, asked.seed)
    command = "python scripts/archive_simulation.py --speed results/archive-speed --out results/archive-scaling"
    command += f" --scans {asked.scans} --seed {asked.seed}"
    seconds = round(time.monotonic() - begun)
    found["made_by"] = {"command": command, "hardware": hardware(), "commit": commit(), "seconds": seconds}
    found["made_by"]["seed"] = asked.seed
    asked.out.mkdir(parents=True, exist_ok=True)
    plot(found, asked.out / "scaling.png")
    write_found(asked.out, found, page(found))
    return conclude(page(found), [])


if __name__ == "__main__":
    sys.exit(main())
