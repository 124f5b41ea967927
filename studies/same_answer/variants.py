"""The variants (networks, engines and instruction sets), and the scans to screen."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.registry import open_dataset
from ichor.models.engine import EngineName
from ichor.models.package import DEFAULT_MODEL, INT8, NETWORK, find_package
from ichor.models.processor import has_vnni, instruction_sets
from studies.command import ROOT

DEMONSTRATION = ROOT / "examples" / "demo-scan"
DICOM = ("ge-head", "philips-phantom/S2010")
# Instruction sets that differ in int8 arithmetic. The network also runs on older processors, but none was available.
INSTRUCTION_SETS = ("AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_AMX")
# The network that shipped until this commit: its weights use all 8 bits.
EIGHT_BITS, EIGHT_BITS_COMMIT = "model.8-bit.onnx", "06608c8"


@dataclass(frozen=True)
class Variant:
    """A network's file, the engine that runs it, and the instruction set that it is restricted to, if any."""

    network: str
    engine: EngineName
    instruction_set: str | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return "-".join([Path(self.network).stem, self.engine, self.instruction_set or "machine"])


REFERENCE = Variant(NETWORK, "openvino")


def variants() -> list[Variant]:
    """All variants that this machine can run, the reference first."""
    supported = [one for one in INSTRUCTION_SETS if one in instruction_sets()]
    without_vnni = [one for one in supported if not has_vnni(one)]
    return [
        REFERENCE,
        *(Variant(NETWORK, "openvino", one) for one in supported),
        Variant(NETWORK, "onnxruntime"),
        *(Variant(INT8, "openvino", one) for one in supported),
        Variant(INT8, "onnxruntime"),
        Variant(INT8, "reference"),
        *(Variant(EIGHT_BITS, "openvino", one) for one in without_vnni),
    ]


def scans(data: Path, dicom: Path) -> dict[str, Path]:
    """The paths of all scans, by names that are valid file names."""
    dataset = open_dataset(data)
    subjects = {f"ct-ich-{subject}": dataset.scan_path(subject) for subject in dataset.subjects}
    return {DEMONSTRATION.name: DEMONSTRATION, **{one.replace("/", "-"): dicom / one for one in DICOM}, **subjects}


def network_of(variant: Variant, work: Path) -> Path:
    """The network's file; the one of an earlier commit is extracted from the repository into `work`."""
    if variant.network != EIGHT_BITS:
        return find_package(DEFAULT_MODEL) / variant.network
    file = work / EIGHT_BITS
    if not file.is_file():
        source = f"{EIGHT_BITS_COMMIT}:src/ichor/models/{DEFAULT_MODEL}/{INT8}"
        write_whole(file, subprocess.run(["git", "show", source], cwd=ROOT, check=True, capture_output=True).stdout)
    return file
