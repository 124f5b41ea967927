"""Test batches that are killed and repeated, and batches that share a folder, for lost, mixed or left-over files.

    python scripts/kill_campaign.py --out results/kill [--kills 60] [--rounds 3] [--seed 0]

Each kill is a `kill -9` of the command or of one of its processes, at a random moment of a batch of four small scans
with 1 or 2 workers. Then the same command is run again. In each round, two or four commands write into one folder at
the same time. All results are compared with those of an undisturbed batch. An interrupted campaign continues when the
command is repeated. Linux only.
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
from found import conclude, write_found
from ichor.cli.progress import progress
from ichor.experiments.making import commit, hardware

GONE_WITHIN_S = 30.0
OTHER = ("--operating-point", "specific")

Row = dict[str, Any]

PAGE = """# Batches that are killed, and batches that share a folder

`ichor screen` on four small scans (two NIfTI files, a zip with another one, and a zip of DICOM slices), with the
shipped model. All results folders, and summary.csv without its column `status`, are compared with those of an
undisturbed batch; only times may differ.

## Killed batches

{kills} times `kill -9` at a random moment, each followed by a complete run of the same command.

| killed process | times | before the first result | between two results | while a result was written |
|---|---|---|---|---|
{killed}

| fault | times |
|---|---|
| an incomplete results folder, immediately after the kill | {half_written} |
| a lost or different result, at the end | {lost} |
| a different summary, at the end | {other_summary} |
| a process still running {within:.0f} s after the command was killed | {processes_left} |
| a left-over temporary file or folder, at the end | {rubbish} |

After the {commands_killed} kills of the command, its other processes ended within {slowest:.1f} s.

## Shared folders

| commands at once | rounds | with | mixed folders | lost results | wrong summaries | files left | scans done twice |
|---|---|---|---|---|---|---|---|
{shared}

With different operating points, the second command screens a scan again, and either result may be the final one.

## Reproduce

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s, seed {seed}.
"""


def kill_once(place: Place, undisturbed: Place, rng: random.Random, max_s: float, number: int) -> Row | None:
    """Kill one batch and run it again; returns the row of this kill, or None if the batch ended too early.

    `max_s` is the duration of a batch.
    """
    place.clear()
    mark, workers = f"{os.getpid()}-{number}", rng.choice((1, 2, 2))
    process = place.start("--workers", str(workers), mark=mark)
    wait_for_a_moment(place, process, rng, max_s)
    running = processes(mark)
    preferred = rng.choice(("command", "command", "worker", "worker", "reader"))
    kind = preferred if preferred in running.values() else "command"
    writing, done = place.state()
    candidates = sorted(pid for pid, kind_of_pid in running.items() if kind_of_pid == kind)
    if not candidates or process.poll() is not None:
        process.communicate(timeout=HANG_S)
        return None
    with suppress(ProcessLookupError):  # a worker that has just ended
        os.kill(rng.choice(candidates), signal.SIGKILL)
    killed_at = time.monotonic()
    left: dict[int, str] = {}
    if kind == "command":
        process.wait(HANG_S)
        left = left_over(mark, within_s=GONE_WITHIN_S)
    gone_s = time.monotonic() - killed_at
    process.communicate(timeout=HANG_S)
    expected = undisturbed.results()
    half_written = [name for name, files in place.results().items() if files != expected.get(name)]
    place.run("--workers", str(workers))
    final = place.results()
    return {
        "killed": kind,
        "workers": workers,
        "when": "writing" if writing else "between" if done else "before",
        "half_written": half_written,
        "lost": sorted(name for name in expected | final if expected.get(name) != final.get(name)),
        "other_summary": place.summary() != undisturbed.summary(),
        "processes_left": sorted(left.values()),
        "gone_s": round(gone_s, 2) if kind == "command" else None,
        "rubbish": place.leftovers(),
    }


def wait_for_a_moment(place: Place, process: subprocess.Popen[str], rng: random.Random, max_s: float) -> None:
    """Wait for a random moment of the batch, for one after some results, or for one while a result is being written."""
    kind = rng.choice(WHEN)
    if kind == "before":
        time.sleep(rng.uniform(0.05, 1) * max_s)
        return
    min_done = rng.randrange(3)  # finished results
    while process.poll() is None:
        writing, done = place.state()
        if done >= min_done and (writing or kind == "between"):
            break
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.01 if kind == "writing" else max_s / 4))


def share_once(place: Place, undisturbed: list[Place], count: int, others: bool, number: int) -> Row:
    """Run `count` commands into one folder at the same time; returns the row of this round.

    With `others`, every second command uses another operating point. `undisturbed` has the results of each.
    """
    place.clear()
    mark = f"{os.getpid()}-shared-{number}"
    words = [OTHER if others and k % 2 else () for k in range(count)]
    started = [place.start(*more, "--workers", str(1 + k // 2), mark=mark) for k, more in enumerate(words)]
    outputs = [process.communicate(timeout=HANG_S) for process in started]
    expected = [one.results() for one in undisturbed]
    found = place.results()
    rows = {row["scan"]: row for row in place.summary()}
    by_result = [{row["scan"]: row for row in one.summary()} for one in undisturbed]
    which = {
        name: next((k for k, of in enumerate(expected) if of.get(name) == files), None) for name, files in found.items()
    }
    n_screened = sum(
        line.startswith("[") and "(done before)" not in line for _, errors in outputs for line in errors.splitlines()
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
        "twice": 0 if others else n_screened - len(expected[0]),
        "processes_left": sorted(left_over(mark, within_s=GONE_WITHIN_S).values()),
        "rubbish": place.leftovers(),
    }


def page(found: Row) -> str:
    """The page, from the content of found.json."""
    kills, rounds = found["kills"], found["rounds"]
    kinds = Counter((row["killed"], row["when"]) for row in kills)
    names = {"command": "the command", "worker": "a worker", "reader": "a reading process"}
    killed = [
        f"| {name} | {sum(kinds[kind, when] for when in WHEN)} | "
        + " | ".join(str(kinds[kind, when]) for when in WHEN)
        + " |"
        for kind, name in names.items()
    ]
    shared = []
    for count, others in sorted({(row["commands"], row["others"]) for row in rounds}):
        of_kind = [row for row in rounds if (row["commands"], row["others"]) == (count, others)]
        cells = [sum(len(row[key]) for row in of_kind) for key in ("mixed", "lost", "wrong_summary", "rubbish")]
        twice = "" if others else sum(row["twice"] for row in of_kind)
        options = "two operating points" if others else "the same options"
        shared.append(f"| {count} | {len(of_kind)} | {options} | " + " | ".join(map(str, cells)) + f" | {twice} |")
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


def load(path: Path, made_by: Row) -> Row:
    """The content of found.json, if an interrupted campaign with the same code and seed left one; else a new one."""
    if path.is_file():
        found: Row = json.loads(path.read_text())
        if all(found["made_by"][key] == made_by[key] for key in ("commit", "seed", "hardware")):
            return found
    return {"kills": [], "rounds": [], "tries": 0, "made_by": {"seconds": 0, **made_by}}


def run_campaign(found: Row, kills: int, kinds: Sequence[tuple[int, bool]], save: Callable[[], None]) -> None:
    """Do the kills and rounds that `found` does not have yet, and add them to it; `save` is called after each."""
    with tempfile.TemporaryDirectory(prefix="ichor-kill-campaign-") as folder, progress(kills + len(kinds)) as done:
        root = Path(folder)
        inputs = write_inputs(root / "in")
        undisturbed = [Place(inputs, root / name, root / f"{name}-temporary") for name in ("usual", "other")]
        undisturbed[0].run()
        undisturbed[1].run(*OTHER)
        place = Place(inputs, root / "out", root / "temporary")
        before = time.monotonic()
        place.run()
        max_s = time.monotonic() - before
        for number, (count, others) in enumerate(kinds):
            if number >= len(found["rounds"]):
                references = undisturbed if others else undisturbed[:1]
                found["rounds"].append(share_once(place, references, count, others, number))
                save()
            done(f"{count} simultaneous commands")
        for row in found["kills"]:
            done(f"kill of {row['killed']}")
        while len(found["kills"]) < kills:
            found["tries"] += 1
            rng = random.Random(f"{found['made_by']['seed']}, {found['tries']}")
            if row := kill_once(place, undisturbed[0], rng, max_s, found["tries"]):
                found["kills"].append(row)
                save()
                done(f"kill of {row['killed']}")


def main() -> int:
    """Run or continue the campaign; returns 1 if anything was lost, mixed or left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3, help="rounds for each of the four kinds of sharing")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    options = [f"--kills {args.kills}", f"--rounds {args.rounds}", f"--seed {args.seed}"]
    command = " ".join(["python scripts/kill_campaign.py --out results/kill", *options])
    args.out.mkdir(parents=True, exist_ok=True)
    made_by = {"command": command, "hardware": hardware(), "commit": commit(), "seed": args.seed}
    found = load(args.out / "found.json", made_by)
    found["made_by"]["command"] = command
    since = time.monotonic() - found["made_by"]["seconds"]

    def save() -> None:
        found["made_by"]["seconds"] = round(time.monotonic() - since)
        write_found(args.out, found, page(found))

    kinds = [(count, others) for count in (2, 4) for others in (False, True)] * args.rounds
    run_campaign(found, args.kills, kinds, save)
    faults = [row for row in found["kills"] if any(row[key] for key in FAULTS)]
    faults += [row for row in found["rounds"] if any(row["codes"]) or any(row[key] for key in SHARED_FAULTS)]
    return conclude(page(found), faults)


if __name__ == "__main__":
    sys.exit(main())
