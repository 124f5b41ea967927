"""A long run of `ichor screen --cluster` whose workers and scheduler are killed: is anything lost, doubled, or growing?

    python scripts/archive_kill.py --data ct-ich --out results/archive-kill [--scans 2000] [--kills 20] [--schedulers 2]

The scans are made by scripts/archive_scans.py when they are asked for, and served by HTTP. A Dask scheduler and two
workers run as processes of their own. At random moments of the run a worker, or the scheduler, is ended by `kill -9`;
after the loss of the scheduler, the same command is run again. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil

from dask_processes import DaskProcesses
from found import conclude, write_found
from ichor.cli.progress import progress
from ichor.experiments.making import commit, hardware

COMPARED = 20  # scans that are screened again without a cluster
SAMPLE_S = 5.0
MOST_GROWTH = 1.15
Row = dict[str, Any]
LINE = re.compile(r"\[\d+/\d+\] (?P<scan>[^:]+): (?P<rest>.*)")

PAGE = """# A long run on Dask whose workers and schedulers are killed

{scans} scans, each different, made from those of ct-ich by resampling when they are asked for, are screened from a
list of addresses by `ichor screen --cluster` on a Dask scheduler and two workers of one thread. A worker was ended by
`kill -9` at a random moment {workers} times, and the scheduler {schedulers} times. Dask replaced the workers; after
the loss of the scheduler, the same command was run again, {commands} commands in all.

| | scans |
|---|---|
| without a result at the end (lost) | {lost} |
| with more than one row in the manifest or the results (doubled) | {doubled} |
| screened again although their result was there (done twice) | {twice} |
| refused | {refused} |
| of {compared} screened again without a cluster: with other findings | {different} |

Peak memory of each kind of process (MiB, the highest resident size of any at a time) by quarters of the run:

| process | first | second | third | last |
|---|---|---|---|---|
{memory}

## Reproduce

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s, seed {seed}.
"""


def page(found: Row) -> str:
    """The page of what was found."""
    kills = Counter(row["killed"] for row in found["kills"])
    names = {"command": "the command", "scheduler": "the scheduler", "worker": "a worker"}
    memory = [f"| {names[kind]} | {' | '.join(f'{one:.0f}' for one in found['memory'][kind])} |" for kind in names]
    checked = {key: len(found[key]) for key in ("lost", "doubled", "twice", "refused", "different", "compared")}
    return PAGE.format(
        scans=found["scans"],
        workers=kills["worker"],
        schedulers=kills["scheduler"],
        commands=found["commands"],
        memory="\n".join(memory),
        **checked,
        **found["made_by"],
    )


def faults(found: Row) -> list[str]:
    """What should not be."""
    wrong = [f"{key}: {found[key]}" for key in ("lost", "doubled", "twice", "refused", "different") if found[key]]
    for kind, (_, second, _, last) in found["memory"].items():
        if last > MOST_GROWTH * second:
            wrong.append(f"memory of the {kind} grew from {second:.0f} to {last:.0f} MiB")
    return wrong


class Memory(threading.Thread):
    """Samples the resident memory of the command, the scheduler and the workers, with the scans done by then."""

    def __init__(self, cluster: DaskProcesses) -> None:
        super().__init__(daemon=True)
        self.cluster, self.command, self.done = cluster, 0, 0
        self.samples: list[tuple[int, str, float]] = []
        self._ended = threading.Event()

    def run(self) -> None:
        """Until `end`."""
        while not self._ended.wait(SAMPLE_S):
            for kind, process in self._processes():
                try:
                    self.samples.append((self.done, kind, process().memory_info().rss / 2**20))
                except (psutil.Error, AttributeError, IndexError):
                    continue  # it has just ended

    def _processes(self) -> list[tuple[str, Callable[[], Any]]]:
        workers = [("worker", lambda k=k: self.cluster.worker(k)) for k in range(self.cluster.workers)]
        return [("command", lambda: psutil.Process(self.command)), ("scheduler", self.cluster.scheduler), *workers]

    def end(self) -> None:
        """Stop sampling."""
        self._ended.set()
        self.join()

    def by_quarter(self, scans: int) -> dict[str, list[float]]:
        """The highest value of each kind of process in each quarter of the run, MiB."""
        found: dict[str, list[float]] = {}
        for kind in ("command", "scheduler", "worker"):
            of_kind = [(min(4 * done // scans, 3), mib) for done, each, mib in self.samples if each == kind]
            found[kind] = [max((mib for quarter, mib in of_kind if quarter == k), default=0.0) for k in range(4)]
        return found


def moments(rng: random.Random, scans: int, kills: int, schedulers: int) -> list[tuple[int, str]]:
    """After how many scans what is killed, in order."""
    after = sorted(rng.sample(range(1, max(scans - 2, kills + schedulers + 1)), kills + schedulers))
    kinds = ["worker"] * kills + ["scheduler"] * schedulers
    rng.shuffle(kinds)
    return list(zip(after, kinds, strict=True))


def run(place: Path, address: str, scans: int, cluster: DaskProcesses, plan: list[tuple[int, str]], seed: int) -> Row:
    """The whole run, with its kills; what the commands said and how much memory they took."""
    rng, memory = random.Random(f"{seed}, kills"), Memory(cluster)
    (place / "list.csv").write_text("path,number\n" + "".join(f"{address}/scan-{k:05}.nii,{k}\n" for k in range(scans)))
    waiting, fresh, done, kills, commands = list(plan), Counter[str](), set[str](), [], 0
    memory.start()
    words = ("screen", str(place / "list.csv"), "--out", str(place / "out"), "--cluster", cluster.address)
    with progress(scans) as say:
        while True:
            commands += 1
            command = [sys.executable, "-m", "ichor", *words]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
                memory.command = process.pid
                assert process.stderr is not None
                for line in process.stderr:
                    if not (match := LINE.fullmatch(line.strip())):
                        continue
                    if "(done before)" not in match["rest"]:
                        fresh[match["scan"]] += 1
                    if match["scan"] not in done:
                        done.add(match["scan"])
                        say(match["scan"])
                    memory.done = len(done)
                    if waiting and len(done) >= waiting[0][0]:
                        _, kind = waiting.pop(0)
                        time.sleep(rng.uniform(0, 2))
                        kills.append({"killed": kind, "after": len(done), "pid": _kill(cluster, kind, rng)})
            if process.returncode in (0, 1) or commands > len(plan) + 3:
                break
    memory.end()
    twice = sorted(name for name, times in fresh.items() if times > 1)
    return {"kills": kills, "commands": commands, "twice": twice, "memory": memory.by_quarter(scans)}


def _kill(cluster: DaskProcesses, kind: str, rng: random.Random) -> int | None:
    if kind == "scheduler":
        cluster.lose_scheduler()
        return None
    for which in rng.sample(range(cluster.workers), cluster.workers):
        if (pid := cluster.kill_worker(which)) is not None:
            return pid
    return None


def checked(place: Path, address: str, scans: int, rng: random.Random) -> Row:
    """What is in the folder of results at the end."""
    names = {f"scan-{k:05}" for k in range(scans)}
    out = place / "out"
    there = {one.name for one in out.iterdir() if (one / "findings.json").is_file()}
    manifest = duckdb.sql(f"SELECT scan, status FROM '{out / 'manifest.parquet'}'").fetchall()
    results = duckdb.sql(f"SELECT scan, number FROM '{out / 'results.parquet'}'").fetchall()
    counts = Counter([scan for scan, _ in manifest]), Counter([scan for scan, _ in results])
    refused = sorted(scan for scan, status in manifest if status == "refused")
    in_all = there & {scan for scan, status in manifest if status == "done"} & {scan for scan, _ in results}
    sample = sorted(rng.sample(sorted(there), min(COMPARED, len(there))))
    return {
        "lost": sorted(names - in_all - set(refused)),
        "doubled": sorted({name for count in counts for name, n in count.items() if n > 1} | (there - names)),
        "refused": refused,
        "compared": sample,
        "different": _different(place, address, sample),
    }


def _different(place: Path, address: str, sample: list[str]) -> list[str]:
    """Those of the scans whose findings are others if they are screened by one worker that nothing disturbs."""
    (place / "again.csv").write_text("path\n" + "".join(f"{address}/{name}.nii\n" for name in sample))
    words = (
        "screen",
        str(place / "again.csv"),
        "--out",
        str(place / "again"),
        "--cluster",
        "local:1",
        "--threads",
        "1",
    )
    subprocess.run([sys.executable, "-m", "ichor", *words], check=True, capture_output=True)
    return [name for name in sample if _findings(place / "out" / name) != _findings(place / "again" / name)]


def _findings(folder: Path) -> Row:
    found: Row = json.loads((folder / "findings.json").read_text())
    del found["timing_s"]
    return found | {"mask": (folder / "mask.nii.gz").read_bytes().hex()}


def campaign(data: Path, scans: int, kills: int, schedulers: int, seed: int) -> Row:
    """Serve scans, start a cluster, run, and check."""
    rng, port = random.Random(seed), _free_port()
    address, plan = f"http://127.0.0.1:{port}", moments(rng, scans, kills, schedulers)
    server_words = [str(Path(__file__).with_name("archive_scans.py")), "--data", str(data), "--port", str(port)]
    with (
        tempfile.TemporaryDirectory(prefix="ichor-archive-kill-") as folder,
        subprocess.Popen([sys.executable, *server_words], stdout=subprocess.PIPE) as server,
    ):
        try:
            assert server.stdout is not None and server.stdout.readline()
            place = Path(folder)
            with DaskProcesses(place / "dask", _free_port(), workers=2) as cluster:
                found = run(place, address, scans, cluster, plan, seed)
            return {"scans": scans, **found, **checked(place, address, scans, rng)}
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> int:
    """Run the campaign; exit status 1 if anything was lost, doubled, refused, different or growing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of ct-ich")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scans", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20, help="of workers")
    parser.add_argument("--schedulers", type=int, default=2, help="kills of the scheduler")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    begun = time.monotonic()
    found = campaign(asked.data, asked.scans, asked.kills, asked.schedulers, asked.seed)
    numbers = f"--scans {asked.scans} --kills {asked.kills} --schedulers {asked.schedulers} --seed {asked.seed}"
    command = f"python scripts/archive_kill.py --data ct-ich --out results/archive-kill {numbers}"
    seconds = round(time.monotonic() - begun)
    found["made_by"] = {"command": command, "hardware": hardware(), "commit": commit(), "seconds": seconds}
    found["made_by"]["seed"] = asked.seed
    asked.out.mkdir(parents=True, exist_ok=True)
    write_found(asked.out, found, page(found))
    return conclude(page(found), faults(found))


if __name__ == "__main__":
    sys.exit(main())
