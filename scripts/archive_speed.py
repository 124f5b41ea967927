"""How well `ichor screen --cluster` uses two workers, beside `--workers` and a plain loop, in one run.

    python scripts/archive_speed.py --data ct-ich --out results/archive-speed [--scans 200] [--rounds 1]

The same scans are screened in each way into a new folder, with one thread for each worker. The times of the scans and
of the command are what scripts/archive_simulation.py starts from.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from archive_scans import subjects, write
from found import conclude, write_found
from ichor.experiments.making import commit, hardware

LOOP = "loop"
# The words of each way to screen; the plain loop is none of the command.
WAYS = {
    LOOP: (),
    "--workers 2": ("--workers", "2", "--threads", "2"),
    "--cluster local:1": ("--cluster", "local:1", "--threads", "1"),
    "--cluster local:2": ("--cluster", "local:2", "--threads", "2"),
}
TARGET = 0.9
Row = dict[str, Any]

PAGE = """# Screening an archive on two workers

{scans} scans, made from those of ct-ich by resampling ({size}), are screened with the model that ships into
a new folder in each way, one thread for each worker, {rounds}. *Plain loop* is a Python program that calls `Screener`
for one scan after the other.

| way | seconds in all | scans a second | processor time of the command itself, s a scan |
|---|---|---|---|
{lines}

Seconds in all include starting processes, loading the model and writing the tables. The processor time is that between
the first and the last scan; the plain loop is itself at work, the other commands only hand out scans.

| | |
|---|---|
| efficiency of two workers of Dask, against one | {efficiency_cluster:.2f} |
| efficiency of two workers of Dask, against the plain loop | {efficiency_loop:.2f} |
| time of two workers of Dask, against `--workers 2` | {against_workers:.2f} |
| a scan on a worker, median and 95th percentile | {median:.2f} s, {p95:.2f} s |
| a worker's start, until its first scan is done | {start:.1f} s |

Efficiency is the time of one divided by twice the time of two; the target is {target}. {verdict}

## Reproduce

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s.
"""


def page(found: Row) -> str:
    """The page of what was found."""
    times = {way: _mean(found, way) for way in WAYS}
    lines = [
        f"| {'plain loop' if way == LOOP else f'`{way}`'} | {times[way]:.0f} | {found['scans'] / times[way]:.2f} | "
        f"{statistics.mean(row['command_cpu_s'] for row in found['runs'] if row['way'] == way):.3f} |"
        for way in WAYS
    ]
    one, two = times["--cluster local:1"], times["--cluster local:2"]
    efficiency, scan_s = one / (2 * two), found["scan_s"]
    return PAGE.format(
        scans=found["scans"],
        size=found["size"],
        rounds="once" if found["rounds"] == 1 else f"{found['rounds']} times in turn",
        lines="\n".join(lines),
        efficiency_cluster=efficiency,
        efficiency_loop=times[LOOP] / (2 * two),
        against_workers=two / times["--workers 2"],
        median=statistics.median(scan_s),
        p95=statistics.quantiles(scan_s, n=20)[-1],
        start=found["start_s"],
        target=TARGET,
        verdict="It is reached." if efficiency >= TARGET else "It is missed.",
        **found["made_by"],
    )


def _mean(found: Row, way: str) -> float:
    return statistics.mean(row["seconds"] for row in found["runs"] if row["way"] == way)


def run(way: str, inputs: Path, out: Path) -> Row:
    """Screen all scans in one way; the seconds in all, and the processor time of the command without its workers."""
    words = [str(inputs), "--out", str(out), *WAYS[way]]
    module = ["-m", "ichor", "screen"] if way != LOOP else [__file__, "--loop"]
    begun = time.monotonic()
    said: list[tuple[float, float]] = []  # seconds and processor time at each scan
    with subprocess.Popen([sys.executable, *module, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as one:
        assert one.stderr is not None
        for line in one.stderr:
            if line.startswith(b"["):
                said.append((time.monotonic() - begun, _cpu_s(one.pid) or 0.0))
    if one.returncode or len(said) < 2:
        raise RuntimeError(f"{way}: exit code {one.returncode} after {len(said)} scans")
    (first_s, first_cpu), (_, last_cpu) = said[0], said[-1]
    each = (last_cpu - first_cpu) / (len(said) - 1)
    return {"way": way, "seconds": time.monotonic() - begun, "first_s": first_s, "command_cpu_s": each}


def _cpu_s(pid: int) -> float | None:
    """The processor time of a process so far, without its children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loop(inputs: Path, out: Path) -> None:
    """The plain loop."""
    from ichor import Screener

    screener = Screener(threads=1)
    for number, path in enumerate(sorted(inputs.iterdir()), 1):
        screener.screen(path).save(out / path.stem)
        print(f"[{number}/", file=sys.stderr, flush=True)


def measured(data: Path, scans: int, rounds: int) -> Row:
    """Everything that is measured."""
    runs: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ichor-archive-speed-") as temporary:
        inputs, out = Path(temporary) / "in", Path(temporary) / "out"
        write(subjects(data), inputs, scans)
        for _ in range(rounds):
            for way in WAYS:
                shutil.rmtree(out, ignore_errors=True)
                runs.append(run(way, inputs, out))
        seconds = duckdb.sql(f"SELECT seconds FROM '{out / 'manifest.parquet'}' WHERE status = 'done'").fetchall()
    if len(seconds) != scans:
        raise RuntimeError(f"expected {scans} scans done, found {len(seconds)}")
    scan_s = sorted(one for (one,) in seconds)
    first = statistics.mean(row["first_s"] for row in runs if row["way"] == "--cluster local:2")
    return {"scans": scans, "rounds": rounds, "runs": runs, "scan_s": scan_s, "start_s": first, "size": _size()}


def _size() -> str:
    from archive_scans import PIXEL_MM, SIZE, SLICE_MM

    return f"{SIZE} x {SIZE} pixels of {PIXEL_MM} mm, slices {SLICE_MM:g} mm apart"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the page; exit status 1 if the target is missed."""
    if sys.argv[1:2] == ["--loop"]:
        loop(Path(sys.argv[2]), Path(sys.argv[4]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of ct-ich")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scans", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args(arguments)
    begun = time.monotonic()
    found = measured(asked.data, asked.scans, asked.rounds)
    command = f"python scripts/archive_speed.py --data ct-ich --out results/archive-speed --scans {asked.scans}"
    command += f" --rounds {asked.rounds}"
    seconds = round(time.monotonic() - begun)
    found["made_by"] = {"command": command, "hardware": hardware(), "commit": commit(), "seconds": seconds}
    asked.out.mkdir(parents=True, exist_ok=True)
    write_found(asked.out, found, page(found))
    efficiency = _mean(found, "--cluster local:1") / (2 * _mean(found, "--cluster local:2"))
    return conclude(page(found), [] if efficiency >= TARGET else [f"efficiency {efficiency:.2f}, target {TARGET}"])


if __name__ == "__main__":
    sys.exit(main())
