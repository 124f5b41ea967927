"""Whether the same scan gets the same answer from every engine and instruction set, against the network in fp32.

    python scripts/same_answer.py --data ct-ich --dicom dicom --out results/same-answer

Each variant (a network, an engine, an instruction set) is a process of its own that screens all subjects of ct-ich, the
DICOM series and the demonstration scan. `ONEDNN_MAX_CPU_ISA` lowers the instruction set of OpenVINO; that of ONNX
Runtime cannot be lowered. What the machine lacks is left out. WORK/VARIANT/ keeps what was said of each scan: the same
command continues where the last one stopped, and `--page-only` writes the page of what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.ct_ich import CtIch
from ichor.errors import IchorError
from ichor.experiments.making import commit, hardware
from ichor.methods import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.models.engine import Engine, EngineName
from ichor.models.package import DEFAULT_MODEL, INT8, NETWORK, find_package, read_config, sha256
from ichor.models.processor import LIMIT, has_vnni, instruction_set, instruction_sets
from ichor.read import open_scan
from same_answer_page import page

ROOT = Path(__file__).resolve().parents[1]
DEMONSTRATION = ROOT / "examples" / "demo-scan"
DICOM = ("ge-head", "philips-phantom/S2010")
# Those that differ in int8 arithmetic. An older processor runs the network too, but nobody has been seen with one.
LOWERED = ("AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_AMX")
# The network that shipped up to this commit: its weights use all 8 bits.
EIGHT_BITS, EIGHT_BITS_COMMIT = "model.8-bit.onnx", "06608c8"


@dataclass(frozen=True)
class Variant:
    """A network's file, the engine that runs it, and the instruction set it is held to (the machine's own if None)."""

    network: str
    engine: EngineName
    instruction_set: str | None = None

    @property
    def name(self) -> str:
        """What its folder is called."""
        return "-".join([Path(self.network).stem, self.engine, self.instruction_set or "machine"])


REFERENCE = Variant(NETWORK, "openvino")


def variants() -> list[Variant]:
    """All that this machine can run, the reference first, then the package's own network."""
    has = [one for one in LOWERED if one in instruction_sets()]
    without_vnni = [one for one in has if not has_vnni(one)]
    return [
        REFERENCE,
        *(Variant(NETWORK, "openvino", one) for one in has),
        Variant(NETWORK, "onnxruntime"),
        *(Variant(INT8, "openvino", one) for one in has),
        Variant(INT8, "onnxruntime"),
        Variant(INT8, "reference"),
        *(Variant(EIGHT_BITS, "openvino", one) for one in without_vnni),
    ]


def scans(data: Path, dicom: Path) -> dict[str, Path]:
    """Every scan by a name that can be a file's."""
    dataset = CtIch(data)
    subjects = {f"ct-ich-{subject}": dataset.scan_path(subject) for subject in dataset.subjects}
    return {DEMONSTRATION.name: DEMONSTRATION, **{one.replace("/", "-"): dicom / one for one in DICOM}, **subjects}


def network_of(variant: Variant, work: Path) -> Path:
    """The network's file; that of an earlier commit is taken out of the repository into `work`."""
    if variant.network != EIGHT_BITS:
        return find_package(DEFAULT_MODEL) / variant.network
    file = work / EIGHT_BITS
    if not file.is_file():
        kept = f"{EIGHT_BITS_COMMIT}:src/ichor/models/{DEFAULT_MODEL}/{INT8}"
        write_whole(file, subprocess.run(["git", "show", kept], cwd=ROOT, check=True, capture_output=True).stdout)
    return file


def answer(variant: Variant, paths: dict[str, Path], work: Path, threads: int) -> None:
    """Let this process screen every scan that is not done, into WORK/VARIANT/SCAN.npz."""
    network = network_of(variant, work)
    digest = sha256(network)
    todo = {name: path for name, path in paths.items() if answered(variant, name, work, digest) is None}
    if not todo:
        return
    method = load_model(threads=threads)
    assert isinstance(method, UNetSlices)  # the default package's
    method.forward = Engine(network, engine=variant.engine, threads=threads)
    with progress(len(todo)) as done:
        for name, path in todo.items():
            scan = open_scan(path)
            found = method.predict(scan)
            area_px = found.mask.sum(axis=(1, 2))
            volume = scan.volume_ml(area_px)
            file = work / variant.name / f"{name}.npz"
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".part.npz")
            np.savez_compressed(
                partial,
                network=digest,
                mask=np.packbits(found.mask),
                volume_ml=np.nan if volume is None else volume,
                slices=np.count_nonzero(area_px),
                scan_probability=found.scan_probability,
                slice_probability=found.slice_probability,
            )
            partial.replace(file)
            done(f"{variant.name}: {name}")


def answered(variant: Variant, scan: str, work: Path, digest: str) -> dict[str, Any] | None:
    """What was said of a scan by this very network; None where it is to do."""
    file = work / variant.name / f"{scan}.npz"
    if not file.is_file():
        return None
    with np.load(file) as kept:
        return dict(kept) if str(kept["network"]) == digest else None


def compared(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """A scan's row: what a variant says of it, and how far that is from what the reference says."""
    masks = [np.unpackbits(one["mask"]).astype(bool) for one in (found, expected)]
    pixels = int(masks[0].sum()), int(masks[1].sum())
    both = int((masks[0] & masks[1]).sum())
    apart = np.abs(found["slice_probability"] - expected["slice_probability"])
    volume = float(found["volume_ml"])
    return {
        "probability": round(float(found["scan_probability"]), 4),
        "volume_ml": None if np.isnan(volume) else round(volume, 4),
        "slices": int(found["slices"]),
        "mask_px": pixels[0],
        "reference_px": pixels[1],
        "both_px": both,
        "dice": round(2 * both / sum(pixels), 4) if sum(pixels) else None,
        "slice_probability_apart": round(float(apart.max()), 4),
        "flipped": (pixels[0] > 0) != (pixels[1] > 0),
    }


def rows(variant: Variant, names: list[str], work: Path) -> dict[str, dict[str, Any]]:
    """The row of each scan that the variant and the reference have answered."""
    digests = {one: sha256(network_of(one, work)) for one in (variant, REFERENCE)}
    both = {name: [answered(one, name, work, digests[one]) for one in (variant, REFERENCE)] for name in names}
    return {
        name: compared(found, expected)
        for name, (found, expected) in both.items()
        if found is not None and expected is not None
    }


def as_json(kept: dict[str, Any]) -> str:
    """The figures with a line for each scan."""
    text = json.dumps(kept, indent=1)
    return re.sub(r"\{\n {5}[^{}]*\}", lambda row: re.sub(r"\s*\n\s*", " ", row[0]), text) + "\n"


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
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    paths = scans(asked.data, asked.dicom)
    named = {one.name: one for one in variants()}
    if asked.variant:
        answer(named[asked.variant], paths, asked.work, asked.threads)
        return
    for variant in named.values() if not asked.page_only else ():
        lowered = {} if variant.instruction_set is None else {LIMIT: variant.instruction_set}
        command = [sys.executable, *sys.argv, "--variant", variant.name]
        subprocess.run(command, env={**os.environ, **lowered}, check=True)
    found = []
    for variant in named.values():
        told = variant.instruction_set or instruction_set(variant.engine)
        of = {"network": variant.network, "engine": variant.engine, "instruction_set": told}
        if said := rows(variant, list(paths), asked.work):
            found.append({**of, "scans": said})
    asked.out.mkdir(parents=True, exist_ok=True)
    sums = {name: sha256(network_of(Variant(name, "openvino"), asked.work)) for name in (NETWORK, INT8)}
    made_by = {"hardware": hardware(), "commit": commit(), "runs": read_config(find_package(DEFAULT_MODEL)).network}
    kept = {"made_by": made_by, "networks": sums, "scans": len(paths), "variants": found}
    write_whole(asked.out / "answers.json", as_json(kept))
    write_whole(asked.out / "README.md", page(kept))


if __name__ == "__main__":
    try:
        main()
    except (IchorError, subprocess.CalledProcessError) as error:
        print(f"same_answer: {error}", file=sys.stderr)
        sys.exit(2)
