"""A node under load: many studies at once, its memory, and its throughput beside that of other listeners.

    python scripts/node_load.py --out results/node-load [--studies 200] [--associations 8]

The studies are copies of the demonstration scan, sent by dcmtk's storescu over so many associations at the same time to
`ichor node run` with the model that ships. Afterwards the same sender pushes studies to the node without analysis, to
pynetdicom's storescp and to Orthanc in turn. Linux only; takes half an hour on 2 cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from found import conclude, write_found
from ichor.experiments.making import commit, hardware
from loaded_node import throughput, under_load, write_studies

TARGET = 0.8  # of storescp's throughput
KINDS = {
    "node": "the node",
    "worker": "a worker, with its model",
    "reader": "a process that reads images",
    "tracker": "Python's tracker of shared resources",
}

PAGE = """# A node under load

{studies} studies with {images} images ({mib:.0f} MiB), uncompressed copies of the demonstration scan, are sent to
`ichor node run` over {associations} associations at the same time, as fast as it takes them. It screens them with the
model that ships, one worker, and writes Segmentations, report and key slices.

| what | |
|---|---|
| all images received | {push_s:.0f} s |
| queue empty, after the first image | {drained_s:.0f} s |
| studies with a result | {done} of {studies} |
| analysis of a study, median | {analysis:.1f} s |
| last slice to result, median | {median:.0f} s |
| last slice to result, 95th percentile | {p95:.0f} s |
| last slice to result, first study | {first:.1f} s |

The first study waits for nobody; its time includes {quiet_s:.0f} s in which the node waits for more slices of it
(`completion.quiet_s`). The others wait for the worker, since studies arrive faster than they are screened.

| process | peak memory |
|---|---|
{memory}

## Throughput of C-STORE

The same sender, {associations} associations, {rounds} rounds in turn, no analysis meanwhile. The node syncs each image
to disk and enters it in its queue before it acknowledges it; storescp and Orthanc, as configured here, do not sync.

| listener | images/s, median | lowest to highest |
|---|---|---|
{throughput}

The node takes {ratio:.2f} times as many images as storescp (target: {target} or more).

## How it was made

    {command}

{hardware}. Commit {commit}, {seconds:.0f} s.
"""


def page(found: dict[str, Any]) -> str:
    """The page with the findings."""
    load, speed = found["load"], found["throughput"]
    waits = sorted(load["waits_s"])
    names = {"node": "ichor node", "storescp": "pynetdicom storescp", "orthanc": "Orthanc"}
    memory = [f"| {KINDS.get(kind, kind)} | {n / 2**20:.0f} MiB |" for kind, n in load["peak_bytes"].items()]
    lines = [
        f"| {names[name]} | {statistics.median(rates):.0f} | {min(rates):.0f} to {max(rates):.0f} |"
        for name, rates in speed.items()
    ]
    return PAGE.format(
        **{key: load[key] for key in ("studies", "images", "associations", "push_s", "drained_s", "quiet_s")},
        mib=found["bytes"] / 2**20,
        done=len(waits),
        analysis=statistics.median(load["analysis_s"]),
        median=statistics.median(waits),
        p95=percentile(waits, 0.95),
        first=waits[0],
        memory="\n".join(memory),
        rounds=len(speed["node"]),
        throughput="\n".join(lines),
        ratio=ratio(found),
        target=TARGET,
        **found["made_by"],
    )


def percentile(values: list[float], share: float) -> float:
    """The value that this share of sorted values does not exceed (nearest rank)."""
    return values[max(0, -(-int(share * 100) * len(values) // 100) - 1)]


def ratio(found: dict[str, Any]) -> float:
    """The node's throughput as a multiple of storescp's."""
    speed = found["throughput"]
    return float(statistics.median(speed["node"]) / statistics.median(speed["storescp"]))


def faults(found: dict[str, Any]) -> list[str]:
    """What should not be."""
    load = found["load"]
    lines = []
    if load["counts"] != {"delivered": load["studies"]}:
        lines.append(f"expected {load['studies']} studies with results, found {load['counts']}")
    if ratio(found) < TARGET:
        lines.append(f"expected {TARGET} of the throughput of storescp, found {ratio(found):.2f}")
    return lines


def main() -> int:
    """Measure; exit status 1 if the queue did not drain or the listener is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--associations", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5, help="of the comparison of throughput")
    parser.add_argument("--speed-studies", type=int, default=32, help="studies in each of its rounds")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    since = time.monotonic()
    command = f"python scripts/node_load.py --out results/node-load --studies {asked.studies}"
    command += f" --associations {asked.associations} --rounds {asked.rounds} --speed-studies {asked.speed_studies}"
    with tempfile.TemporaryDirectory(prefix="ichor-node-load-") as temporary:
        folder = Path(temporary)
        studies = write_studies(folder / "studies", max(asked.studies, asked.speed_studies))
        sent = studies[: asked.studies]
        n_bytes = sum(file.stat().st_size for study in sent for file in study.iterdir())
        load = under_load(folder, sent, asked.associations, lambda said: print(said, file=sys.stderr))
        speed = throughput(folder, studies[: asked.speed_studies], asked.associations, asked.rounds)
    made_by = {"command": command, "hardware": hardware(), "commit": commit(), "seconds": time.monotonic() - since}
    found = {"load": load, "bytes": n_bytes, "throughput": speed, "made_by": made_by}
    write_found(asked.out, found, page(found))
    return conclude(page(found), faults(found))


if __name__ == "__main__":
    sys.exit(main())
