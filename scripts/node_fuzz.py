"""Hostile input to a running node: does it crash, answer with 500, write elsewhere, or use memory without bound?

    python scripts/node_fuzz.py --out results/node-fuzz [--inputs 2000] [--seed 0]

`tests/fuzzing` draws the inputs from the seed: malformed PDUs, damaged and oversized datasets, deflate and zip bombs,
paths in place of UIDs and AE titles, malformed multiparts, wrong tokens, truncated streams. Linux only.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import httpx

from disturbed_batches import MARK, left_over
from found import conclude, write_found
from fuzzing.node_attacks import Target
from fuzzing.node_web_attacks import attack
from ichor.experiments.making import commit, hardware
from loaded_node import Peaks
from node_parts import EXPLICIT, RunningNode, associated
from ports import free_port
from synthetic_dicom import PATIENT

BETWEEN_CHECKS = 25
IMAGE_MIB, ASSOCIATIONS = 16, 16
MOST_MIB = 768  # of the node's process: what it needs itself, and what its limits allow each association
ECHO = "1.2.840.10008.1.1"
KEPT = re.compile(r"(\.spool|[0-9a-f]{64})(/[0-9a-f]{24}-[0-9a-f]{16}\.dcm)?")

PAGE = """# Hostile input to a node

{inputs} inputs were sent to one running node (`ichor node run` with a web server), by DICOM and by HTTP. They are drawn
from a seed by `tests/fuzzing/node_attacks.py` and `node_web_attacks.py`. After every {between}, the node had to answer
C-ECHO and a query.

| input | number | what came of it |
|---|---|---|
{rows}

| found | |
|---|---|
| crashes, and checks without an answer | {crashes} |
| responses with a status of 500 | {errors} |
| files outside the folder of the node, or with other names in it | {escaped} |
| lines of the log with a traceback or something of a patient | {lines} |
| peak memory of the node | {peak:.0f} MiB (bound: {most} MiB) |
| studies left undone at the end | {undone} |

## How it was made

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s, seed {seed}.
"""
Row = dict[str, Any]


def page(found: Row) -> str:
    """The page with the findings."""
    kinds: dict[str, Counter[str]] = {}
    for kind, outcome in found["outcomes"]:
        kinds.setdefault(kind, Counter())[outcome] += 1
    rows = [
        f"| {kind} | {sum(counts.values())} | {', '.join(f'{outcome}: {n}' for outcome, n in sorted(counts.items()))} |"
        for kind, counts in sorted(kinds.items())
    ]
    return PAGE.format(
        inputs=len(found["outcomes"]),
        between=BETWEEN_CHECKS,
        rows="\n".join(rows),
        errors=len(errors(found)),
        peak=found["peak_bytes"] / 2**20,
        most=MOST_MIB,
        **{key: len(found[key]) for key in ("crashes", "escaped", "lines", "undone")},
        **found["made_by"],
    )


def errors(found: Row) -> list[Any]:
    """The responses that no input may cause."""
    return [one for one in found["outcomes"] if re.fullmatch(r"HTTP 5(?!03)\d\d", one[1])]


def faults(found: Row) -> list[str]:
    """What should not be."""
    lines = [f"{key}: {found[key]}" for key in ("crashes", "escaped", "lines", "undone") if found[key]]
    lines += [f"a server error: {one}" for one in errors(found)]
    if found["peak_bytes"] > MOST_MIB * 2**20:
        lines.append(f"expected at most {MOST_MIB} MiB of memory, found {found['peak_bytes'] / 2**20:.0f}")
    return lines


def campaign(folder: Path, numbers: range, seed: int, done: Callable[[int], None]) -> Row:
    """Attack a node that runs in `folder`, and look at what it did."""
    mark, port = f"fuzz-{time.time_ns()}", free_port()
    limits = {"keep_free_gib": 0, "image_mib": IMAGE_MIB, "associations": ASSOCIATIONS, "idle_s": 2}
    config = {"listener": {"port": 0, "limits": limits}, "web": {"port": port}, "retention": {"keep_images_h": None}}
    node = RunningNode(folder / "node", environment={MARK: mark}, **config)
    words = ("token", "add", str(node.folder), "fuzz", "--role", "operator")
    said = subprocess.run([*RunningNode.COMMAND, *words], capture_output=True, text=True, check=True).stdout
    scratch = folder / "sent"
    scratch.mkdir()
    peaks, outcomes, crashes = Peaks(mark), [], []
    with node:
        assert node.process is not None
        target = Target(node.port, port, said.split()[-1], scratch)
        for number in numbers:
            outcomes.append(attack(number, seed, target))
            done(number)
            if number % BETWEEN_CHECKS == 0 or number == numbers[-1]:
                crashes += [f"after input {number}: {line}" for line in unwell(node, target)]
                if node.process.poll() is not None:
                    break
        undone = drained(node)
        if node.process.poll() is None and node.stop():
            crashes.append("the node did not end by itself")
    peaks.stop()
    crashes += [f"left: {kind}" for kind in left_over(mark, within_s=30).values()]
    bad = ("Traceback", *PATIENT.values())
    return {
        "outcomes": outcomes,
        "crashes": crashes,
        "escaped": escaped(folder, node),
        "lines": [line for line in node.log.read_text().splitlines() if any(one in line for one in bad)],
        "undone": undone,
        "peak_bytes": peaks.bytes.get("node", 0),
    }


def unwell(node: RunningNode, target: Target) -> list[str]:
    """What a node that is well would do, and this one does not."""
    assert node.process is not None
    if node.process.poll() is not None:
        return [f"the node ended with {node.process.returncode}"]
    found = []
    end = time.monotonic() + 60  # associations that attacks left open end by then
    while True:
        with associated(target.dicom_port, (ECHO, EXPLICIT)) as association:
            if association.is_established and association.send_c_echo().get("Status") == 0:
                break
        if time.monotonic() > end:
            found.append("no answer to C-ECHO")
            break
        time.sleep(0.5)
    try:
        headers = {"authorization": f"Bearer {target.token}"}
        answer = httpx.get(f"http://127.0.0.1:{target.web_port}/dicom-web/studies", headers=headers, timeout=60)
        if answer.status_code != 200:
            found.append(f"a query was answered with {answer.status_code}")
    except httpx.HTTPError as error:
        found.append(f"no answer to a query: {type(error).__name__}")
    return found


def drained(node: RunningNode) -> list[str]:
    """The states of studies that are left undone, when the node has had time for all that was accepted."""
    end = time.monotonic() + 1200
    while time.monotonic() < end:
        left = sorted(set(node.counts()) - {"delivered", "unusable", "failed"})
        if not left:
            return []
        time.sleep(0.5)
    return left


def escaped(folder: Path, node: RunningNode) -> list[str]:
    """Files that the node has no reason to write."""
    beside = [one.name for one in folder.iterdir() if one.name not in ("node", "node.log", "package", "sent")]
    images = node.folder / "images"
    names = [one.relative_to(images).as_posix() for one in images.rglob("*")] if images.is_dir() else []
    return beside + [one for one in names if not KEPT.fullmatch(one)]


def main() -> int:
    """Run the campaign; exit status 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    command = f"python scripts/node_fuzz.py --out results/node-fuzz --inputs {asked.inputs} --seed {asked.seed}"
    asked.out.mkdir(parents=True, exist_ok=True)
    since = time.monotonic()

    def told(number: int) -> None:
        if number % 100 == 0:
            print(f"{number} of {asked.inputs} inputs", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="ichor-node-fuzz-") as folder:
        found = campaign(Path(folder), range(1, asked.inputs + 1), asked.seed, told)
    seconds = time.monotonic() - since
    made_by = {"command": command, "hardware": hardware(), "commit": commit(), "seed": asked.seed, "seconds": seconds}
    found["made_by"] = made_by
    write_found(asked.out, found, page(found))
    return conclude(page(found), faults(found))


if __name__ == "__main__":
    sys.exit(main())
