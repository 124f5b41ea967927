"""Whether the same scan gets the same answer from every engine and instruction set, against the network in fp32.

    python -m studies.same_answer --data ct-ich --dicom dicom --out results/same-answer

Each variant (a network, an engine, an instruction set) is a process of its own that screens all subjects of ct-ich, the
DICOM series and the demonstration scan. `ONEDNN_MAX_CPU_ISA` lowers the instruction set of OpenVINO; that of ONNX
Runtime cannot be lowered. What the machine lacks is left out. WORK/VARIANT/ keeps what was said of each scan: the same
command continues where the last one stopped, and `--page-only` writes the page of what is there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from ichor.atomic import write_whole
from ichor.experiments.making import commit, hardware
from ichor.models.package import DEFAULT_MODEL, INT8, NETWORK, find_package, read_config, sha256
from ichor.models.processor import LIMIT, instruction_set
from studies.command import run
from studies.same_answer.compare import as_json, rows, screen_scans
from studies.same_answer.page import page
from studies.same_answer.variants import DICOM, Variant, network_of, scans, variants


def main() -> None:
    """Screen all scans with every variant and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="ct-ich")
    parser.add_argument("--dicom", type=Path, required=True, help="the folder of " + " and ".join(DICOM))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs/same-answer"), help="keeps what was said of each scan")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variant", help="let this process be that variant, and nothing more")
    parser.add_argument("--page-only", action="store_true", help="screen nothing more")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    paths = scans(args.data, args.dicom)
    named = {one.name: one for one in variants()}
    if args.variant:
        screen_scans(named[args.variant], paths, args.work, args.threads)
        return
    for variant in named.values() if not args.page_only else ():
        lowered = {} if variant.instruction_set is None else {LIMIT: variant.instruction_set}
        command = [sys.executable, "-m", "studies.same_answer", *sys.argv[1:], "--variant", variant.name]
        subprocess.run(command, env={**os.environ, **lowered}, check=True)
    found = []
    for variant in named.values():
        told = variant.instruction_set or instruction_set(variant.engine)
        of = {"network": variant.network, "engine": variant.engine, "instruction_set": told}
        if said := rows(variant, list(paths), args.work):
            found.append({**of, "scans": said})
    args.out.mkdir(parents=True, exist_ok=True)
    sums = {name: sha256(network_of(Variant(name, "openvino"), args.work)) for name in (NETWORK, INT8)}
    made_by = {"hardware": hardware(), "commit": commit(), "runs": read_config(find_package(DEFAULT_MODEL)).network}
    kept = {"made_by": made_by, "networks": sums, "scans": len(paths), "variants": found}
    write_whole(args.out / "answers.json", as_json(kept))
    write_whole(args.out / "README.md", page(kept))


if __name__ == "__main__":
    run("same_answer", main)
