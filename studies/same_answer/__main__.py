"""Compare the results of all engines and instruction sets on the same scans with those of the network in fp32.

    python -m studies.same_answer --data ct-ich --dicom dicom --out results/same-answer

Each variant (network, engine and instruction set) runs in its own process, which screens all subjects of ct-ich, the
DICOM series and the demonstration scan. `ONEDNN_MAX_CPU_ISA` restricts the instruction set of OpenVINO; that of ONNX
Runtime cannot be restricted. Variants that the machine does not support are left out. WORK/VARIANT/ stores the output
for each scan: an interrupted study continues when the command is repeated, and `--page-only` writes the page from the
stored output.
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
    """Screen all scans with every variant and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="ct-ich")
    parser.add_argument("--dicom", type=Path, required=True, help="the folder of " + " and ".join(DICOM))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs/same-answer"), help="stores the output for each scan")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variant", help="only run this variant, in this process")
    parser.add_argument("--page-only", action="store_true", help="do not screen any scan")
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
    results = []
    for variant in named.values():
        used = variant.instruction_set or instruction_set(variant.engine)
        attributes = {"network": variant.network, "engine": variant.engine, "instruction_set": used}
        if by_scan := rows(variant, list(paths), args.work):
            results.append({**attributes, "scans": by_scan})
    args.out.mkdir(parents=True, exist_ok=True)
    sums = {name: sha256(network_of(Variant(name, "openvino"), args.work)) for name in (NETWORK, INT8)}
    made_by = {"hardware": hardware(), "commit": commit(), "runs": read_config(find_package(DEFAULT_MODEL)).network}
    result = {"made_by": made_by, "networks": sums, "scans": len(paths), "variants": results}
    write_whole(args.out / "answers.json", as_json(result))
    write_whole(args.out / "README.md", page(result))


if __name__ == "__main__":
    run("same_answer", main)
