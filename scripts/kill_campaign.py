"""Batches that are killed and run again, and batches that share one folder: is anything lost, mixed or left behind?

    python scripts/kill_campaign.py --out results/kill [--kills 60] [--rounds 3] [--seed 0]

Each kill is a `kill -9` at a random moment of a batch of four small scans with 1 or 2 workers: of the command, or of
one of its processes. Then the same command runs to its end. Each round has two or four commands write into one folder
at once. Everything is compared with an undisturbed batch. Interrupted, the same command goes on. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from disturbed_batches import HANG_S, Place, left_over, processes, write_inputs
from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.experiments.making import commit, hardware

GONE_WITHIN_S = 30.0
OTHER = ("--operating-point", "specific")

Row = dict[str, Any]

PAGE = """# Batches that are killed, and batches that share a folder

`ichor screen` on four small scans (two NIfTI files, a zip with one, a zip of DICOM slices), with the model that ships.
Every folder of results, and summary.csv but for its column `status`, is compared with those of an undisturbed batch;
only times may differ.

## Killed

{kills} `kill -9` at random moments, each followed by the same command to its end.

| killed | times | before the first result | between two results | while a result was written |
|---|---|---|---|---|
{killed}

| found | times |
|---|---|
| a folder of results that was not whole, right after the kill | {half_written} |
| a result that was lost or is another one, at the end | {lost} |
| a summary that is another one, at the end | {other_summary} |
| a process left, {within:.0f} s after the kill of the command | {processes_left} |
| a temporary file or folder left, at the end | {rubbish} |

Of the {commands_killed} kills of the command, the slowest of its other processes ended {slowest:.1f} s after it.

## Sharing

| commands at once | rounds | with | folders mixed | results lost | summaries wrong | files left | scans made twice |
|---|---|---|---|---|---|---|---|
{shared}

With another operating point a scan is made again by the command that comes second, and either result may be the last.

## How it was made

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s, seed {seed}.
"""


def kill_once(place: Place, usual: Place, rng: random.Random, most_s: float, number: int) -> Row | None:
    """Kill one batch, run it again, and return the findings. None if it had ended before it could be killed."""
    place.clear()
    mark, workers = f"{os.getpid()}-{number}", rng.choice((1, 2, 2))
    process = place.start("--workers", str(workers), mark=mark)
    wait_for_a_moment(place, process, rng, most_s)
    running = processes(mark)
    wanted = rng.choice(("command", "command", "worker", "worker", "reader"))
    kind = wanted if wanted in running.values() else "command"
    writing, done = place.under_way()
    victims = sorted(one for one, what in running.items() if what == kind)
    if not victims or process.poll() is not None:
        process.communicate(timeout=HANG_S)
        return None
    with suppress(ProcessLookupError):  # a worker that has done its part
        os.kill(rng.choice(victims), signal.SIGKILL)
    killed_at = time.monotonic()
    left: dict[int, str] = {}
    if kind == "command":
        process.wait(HANG_S)
        left = left_over(mark, within_s=GONE_WITHIN_S)
    gone_s = time.monotonic() - killed_at
    process.communicate(timeout=HANG_S)
    expected = usual.results()
    half_written = [name for name, files in place.results().items() if files != expected.get(name)]
    place.run("--workers", str(workers))
    at_last = place.results()
    return {
        "killed": kind,
        "workers": workers,
        "when": "writing" if writing else "between" if done else "before",
        "half_written": half_written,
        "lost": sorted(name for name in expected | at_last if expected.get(name) != at_last.get(name)),
        "other_summary": place.summary() != usual.summary(),
        "processes_left": sorted(left.values()),
        "gone_s": round(gone_s, 2) if kind == "command" else None,
        "rubbish": place.rubbish(),
    }


def wait_for_a_moment(place: Place, process: subprocess.Popen[str], rng: random.Random, most_s: float) -> None:
    """Any moment of the batch, one after a result is there, or one at which a result is being written."""
    kind = rng.choice(WHEN)
    if kind == "before":
        time.sleep(rng.uniform(0.05, 1) * most_s)
        return
    after = rng.randrange(3)  # results that are to be there first
    while process.poll() is None:
        writing, done = place.under_way()
        if done >= after and (writing or kind == "between"):
            break
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.01 if kind == "writing" else most_s / 4))


def share_once(place: Place, usual: list[Place], count: int, others: bool, number: int) -> Row:
    """Commands into one folder at once, every other one with another operating point where there are `others`."""
    place.clear()
    mark = f"{os.getpid()}-shared-{number}"
    words = [OTHER if others and k % 2 else () for k in range(count)]
    started = [place.start(*more, "--workers", str(1 + k // 2), mark=mark) for k, more in enumerate(words)]
    said = [process.communicate(timeout=HANG_S) for process in started]
    expected = [one.results() for one in usual]
    found = place.results()
    rows = {row["scan"]: row for row in place.summary()}
    by_result = [{row["scan"]: row for row in one.summary()} for one in usual]
    which = {
        name: next((k for k, of in enumerate(expected) if of.get(name) == files), None) for name, files in found.items()
    }
    made = sum(
        line.startswith("[") and "(done before)" not in line for _, errors in said for line in errors.splitlines()
    )
    return {
        "commands": count,
        "others": others,
        "codes": [process.returncode for process in started],
        "mixed": sorted(name for name, k in which.items() if k is None),
        "lost": sorted(expected[0].keys() ^ found.keys()),
        "wrong_summary": sorted(
            name for name, k in which.items() if k is not None and rows.get(name) != by_result[k][name]
        ),
        "twice": 0 if others else made - len(expected[0]),
        "processes_left": sorted(left_over(mark, within_s=GONE_WITHIN_S).values()),
        "rubbish": place.rubbish(),
    }


def page(found: Row) -> str:
    """The page with the findings."""
    kills, rounds = found["kills"], found["rounds"]
    kinds = Counter((row["killed"], row["when"]) for row in kills)
    names = {"command": "the command", "worker": "a worker", "reader": "a process that reads"}
    killed = [
        f"| {name} | {sum(kinds[kind, when] for when in WHEN)} | "
        + " | ".join(str(kinds[kind, when]) for when in WHEN)
        + " |"
        for kind, name in names.items()
    ]
    shared = []
    for count, others in sorted({(row["commands"], row["others"]) for row in rounds}):
        these = [row for row in rounds if (row["commands"], row["others"]) == (count, others)]
        cells = [sum(len(row[key]) for row in these) for key in ("mixed", "lost", "wrong_summary", "rubbish")]
        twice = "" if others else sum(row["twice"] for row in these)
        what = "two operating points" if others else "the same options"
        shared.append(f"| {count} | {len(these)} | {what} | " + " | ".join(map(str, cells)) + f" | {twice} |")
    commands = [row for row in kills if row["killed"] == "command"]
    return PAGE.format(
        kills=len(kills),
        killed="\n".join(killed),
        **{key: sum(bool(row[key]) for row in kills) for key in FAULTS},
        within=GONE_WITHIN_S,
        commands_killed=len(commands),
        slowest=max((row["gone_s"] for row in commands), default=0),
        shared="\n".join(shared),
        **found["made_by"],
    )


WHEN = ("before", "between", "writing")
SHARED_FAULTS = ("mixed", "lost", "wrong_summary", "rubbish", "processes_left")
FAULTS = ("half_written", "lost", "other_summary", "processes_left", "rubbish")


def begun(path: Path, made_by: Row) -> Row:
    """What an earlier call found that was interrupted; nothing where it was one of other code or chance."""
    if path.is_file():
        found: Row = json.loads(path.read_text())
        if all(found["made_by"][key] == made_by[key] for key in ("commit", "seed", "hardware")):
            return found
    return {"kills": [], "rounds": [], "tries": 0, "made_by": {"seconds": 0, **made_by}}


def go_on(found: Row, kills: int, kinds: Sequence[tuple[int, bool]], keep: Callable[[], None]) -> None:
    """Add what is left to do to what was found; `keep` is called after each step."""
    with tempfile.TemporaryDirectory(prefix="ichor-kill-campaign-") as folder, progress(kills + len(kinds)) as done:
        root = Path(folder)
        inputs = write_inputs(root / "in")
        usual = [Place(inputs, root / name, root / f"{name}-temporary") for name in ("usual", "other")]
        usual[0].run()
        usual[1].run(*OTHER)
        place = Place(inputs, root / "out", root / "temporary")
        before = time.monotonic()
        place.run()
        most_s = time.monotonic() - before
        for number, (count, others) in enumerate(kinds):
            if number >= len(found["rounds"]):
                found["rounds"].append(share_once(place, usual if others else usual[:1], count, others, number))
                keep()
            done(f"{count} commands at once")
        for row in found["kills"]:
            done(f"kill of {row['killed']}")
        while len(found["kills"]) < kills:
            found["tries"] += 1
            chance = random.Random(f"{found['made_by']['seed']}, {found['tries']}")
            if row := kill_once(place, usual[0], chance, most_s, found["tries"]):
                found["kills"].append(row)
                keep()
                done(f"kill of {row['killed']}")


def main() -> int:
    """Run or continue the campaign; exit status 1 if anything was lost, mixed or left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each kind of sharing, of which there are four")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    options = [f"--kills {args.kills}", f"--rounds {args.rounds}", f"--seed {args.seed}"]
    command = " ".join(["python scripts/kill_campaign.py --out results/kill", *options])
    args.out.mkdir(parents=True, exist_ok=True)
    made_by = {"command": command, "hardware": hardware(), "commit": commit(), "seed": args.seed}
    found = begun(args.out / "found.json", made_by)
    found["made_by"]["command"] = command
    since = time.monotonic() - found["made_by"]["seconds"]

    def keep() -> None:
        found["made_by"]["seconds"] = round(time.monotonic() - since)
        write_whole(args.out / "found.json", json.dumps(found, indent=1) + "\n")
        write_whole(args.out / "README.md", page(found))

    kinds = [(count, others) for count in (2, 4) for others in (False, True)] * args.rounds
    go_on(found, args.kills, kinds, keep)
    print(page(found))
    faults = [row for row in found["kills"] if any(row[key] for key in FAULTS)]
    faults += [row for row in found["rounds"] if any(row["codes"]) or any(row[key] for key in SHARED_FAULTS)]
    for row in faults:
        print(json.dumps(row), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
