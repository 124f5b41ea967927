"""A node whose processes are killed while it receives, analyzes, writes and delivers: is anything lost or doubled?

    python scripts/node_kill_campaign.py --out results/node-kill [--kills 500] [--seed 0]

Each kill is a `kill -9` at a random moment of one phase: of the node, of its worker, or of the process that reads
images. A killed node is started again at once; its sender then sends what was not acknowledged, and now and then an
earlier study again, or an image that it had held back. After every 25 kills the node may finish, and what was
acknowledged is compared with what its destination got. Interrupted, the same command goes on. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from disturbed_node import GONE_WITHIN_S, PHASES, Battle
from found import conclude, write_found
from ichor.cli.progress import progress
from ichor.experiments.making import commit, hardware

BETWEEN_CHECKS = 25
Row = dict[str, Any]

PAGE = """# A node that is killed

`ichor node run` with a small, fast model receives small studies from a sender and delivers its results to a destination
by C-STORE. {kills} times, one of its processes was ended by `kill -9` at a random moment of a phase.

| killed | times | {phases} |
|---|---|{lines}|
{killed}

{studies} studies with {images} images were acknowledged in total. The content of the destination was compared
with them, {checks} times, after all had been delivered.

| found | times |
|---|---|
| a study with an acknowledged image that is in no result (lost) | {lost} |
| a study with two results from the same images (duplicated) | {doubled} |
{alerts}| a process left, {within:.0f} s after the kill of the node or at its end | {processes_left} |

## Reproduce

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s, seed {seed}.
"""


# Rows of a campaign in which studies alerted, too.
ALERTS = """| a study that did not alert | {lost} |
| a study that alerted under two keys | {doubled} |
| an alert that was repeated under its key | {repeated} |
"""


def page(found: Row) -> str:
    """The page with the findings."""
    kills, checks = found["kills"], found["checks"]
    kinds = Counter((row["killed"], row["phase"]) for row in kills)
    names = {"node": "the node", "worker": "a worker", "reader": "a process that reads"}
    killed = [
        f"| {name} | {sum(kinds[kind, phase] for phase in PHASES)} | "
        + " | ".join(str(kinds[kind, phase]) for phase in PHASES)
        + " |"
        for kind, name in names.items()
    ]
    alerts = ""
    if checks and "alerts_lost" in checks[0]:
        alerts = ALERTS.format(
            lost=sum(len(row["alerts_lost"]) for row in checks),
            doubled=sum(len(row["alerts_doubled"]) for row in checks),
            repeated=sum(row["alerts_repeated"] for row in checks),
        )
    return PAGE.format(
        alerts=alerts,
        kills=len(kills),
        phases=" | ".join(f"during {phase}" for phase in PHASES),
        lines="|".join("---" for _ in PHASES),
        killed="\n".join(killed),
        studies=sum(row["studies"] for row in checks),
        images=sum(row["images"] for row in checks),
        checks=len(checks),
        lost=sum(len(row["lost"]) for row in checks),
        doubled=sum(len(row["doubled"]) for row in checks),
        processes_left=sum(len(row["processes_left"]) for row in [*kills, *checks]),
        within=GONE_WITHIN_S,
        **found["made_by"],
    )


def begun(path: Path, made_by: Row) -> Row:
    """What an earlier call found that was interrupted; nothing where it was one of other code or chance."""
    if path.is_file():
        found: Row = json.loads(path.read_text())
        if all(found["made_by"][key] == made_by[key] for key in ("commit", "seed", "hardware")):
            return found
    return {"kills": [], "checks": [], "tries": 0, "made_by": {"seconds": 0, **made_by}}


def battle(found: Row, kills: int, done: Callable[[str], object]) -> None:
    """So many kills of one node, and then the check; they are added to what was found only together."""
    with tempfile.TemporaryDirectory(prefix="ichor-node-kill-") as folder:
        one = Battle(Path(folder), f"{os.getpid()}-{found['tries']}")
        one.start()
        rows: list[Row] = []
        try:
            while len(rows) < kills:
                found["tries"] += 1
                row = one.kill_once(random.Random(f"{found['made_by']['seed']}, {found['tries']}"))
                if row is not None:
                    rows.append(row)
                    done(f"kill of the {row['killed']} during {row['phase']}")
            ended = one.end()
        finally:
            one.give_up()
    found["kills"] += rows
    images = sum(len(study.acknowledged) for study in one.studies)
    found["checks"].append({"studies": len(one.studies), "images": images, **asdict(ended)})


def faults(found: Row) -> list[Row]:
    """What should not be."""
    return [row for row in [*found["kills"], *found["checks"]] if any(row.get(key) for key in FAULTS)]


FAULTS = ("lost", "doubled", "alerts_lost", "alerts_doubled", "processes_left")


def main() -> int:
    """Run or continue the campaign; exit status 1 if anything was lost, doubled or left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    command = f"python scripts/node_kill_campaign.py --out results/node-kill --kills {asked.kills} --seed {asked.seed}"
    asked.out.mkdir(parents=True, exist_ok=True)
    made_by = {"command": command, "hardware": hardware(), "commit": commit(), "seed": asked.seed}
    found = begun(asked.out / "found.json", made_by)
    found["made_by"]["command"] = command
    since = time.monotonic() - found["made_by"]["seconds"]
    with progress(asked.kills) as done:
        for row in found["kills"]:
            done(f"kill of the {row['killed']} during {row['phase']}")
        while len(found["kills"]) < asked.kills:
            battle(found, min(BETWEEN_CHECKS, asked.kills - len(found["kills"])), done)
            found["made_by"]["seconds"] = round(time.monotonic() - since)
            write_found(asked.out, found, page(found))
    return conclude(page(found), faults(found))


if __name__ == "__main__":
    sys.exit(main())
