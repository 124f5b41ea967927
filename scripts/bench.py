"""Measure Ichor's speed and memory on this machine, compared with the paper's approach, and write a Markdown table.

    make bench

Every measurement runs in its own process, restricted to the same processor cores. The paper's approach is its network
on 49 tiles of 160x160 per slice; the time for one slice is multiplied by 35, since it does not depend on the image.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_process import Row, hardware, run
from bench_screen import SIZE, SLICES, screening, screening_variants
from ct_image import ct_image
from ichor.models.processor import has_vnni, instruction_set

HERE = Path(__file__).resolve().parent
GE_HEAD = HERE.parents[1] / "shared" / "dicom" / "ge-head"
# Targets for two cores: seconds of `ichor screen` with and without VNNI, and of its start; speed-up of inference over
# Keras; time of the network relative to the machine's limit; memory.
MAX_SECONDS, MAX_SECONDS_WITHOUT_VNNI, MAX_START_SECONDS = 1.6, 2.6, 0.55
MIN_SPEEDUP, MAX_OVER_LIMIT, MAX_MIB = 200, 1.5, 500


@dataclass(frozen=True)
class NetworkSpeed:
    """The result of scripts/bench_limit.py for a network: multiply-adds, time and minimum possible time per slice."""

    precision: str
    multiply_adds: int
    seconds: float
    limit_seconds: float

    def __str__(self) -> str:
        giga = self.multiply_adds / 1e9
        return (
            f"Network in {self.precision}, {giga:.2f} G multiply-adds per slice, compared with the machine's limit, "
            f"{2 * giga / self.limit_seconds:.0f} GFLOP/s | {1000 * self.seconds:.2f} ms | "
            f"{1000 * self.limit_seconds:.2f} ms | {self.seconds / self.limit_seconds:.2f} | <= {MAX_OVER_LIMIT:g}"
        )


def synthetic_head(slices: int) -> NDArray[np.int16]:
    """(slices, 512, 512) a synthetic head in HU: ellipsoids of scalp, skull and brain with noise."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in (slices, SIZE, SIZE)), indexing="ij")
    radius = np.sqrt((0.7 * z) ** 2 + (1.15 * y) ** 2 + (1.35 * x) ** 2)
    hu = np.select([radius < 0.85, radius < 0.95, radius < 1], [34, 900, -60], -1000)
    return np.asarray(np.rint(hu + np.random.default_rng(0).normal(0, 4, hu.shape)), np.int16)


def write_series(folder: Path, slices: int) -> None:
    """Write the synthetic head as an uncompressed DICOM series with one file per slice, as most archives send it."""
    folder.mkdir()
    for index, pixels in enumerate(synthetic_head(slices)):
        image = ct_image(pixels, index, name="ichor bench", pixel_mm=0.45, spacing_mm=5)
        image.save_as(folder / f"{index + 1:02d}.dcm", enforce_file_format=True)


def synthetic_series(folder: Path, slices: int = SLICES) -> Path:
    """Write the series into a new folder, and return the folder.

    A separate process writes it, since the measured memory of a process includes that of the process that started it.
    """
    writer = get_context("spawn").Process(target=write_series, args=(folder, slices))
    writer.start()
    writer.join()
    return folder


def inspecting(repeats: int) -> list[Row]:
    """Measure `ichor inspect` on a real series of 28 slices, if it is available on this machine."""
    if not GE_HEAD.is_dir():
        return []
    ichor = Path(sys.executable).with_name("ichor")
    done = [run([ichor, "inspect", GE_HEAD]) for _ in range(repeats)]
    return [
        Row(
            "`ichor inspect`, 28 DICOM slices",
            [one.seconds for one in done],
            max(one.peak_mib for one in done),
        )
    ]


def network_speeds(model: str | None, threads: int, repeats: int) -> list[NetworkSpeed]:
    """The speeds of the package's networks, the default network first."""
    package = ["--model", model] if model else []
    options = ["--repeats", str(repeats), "--threads", str(threads)]
    process = run([sys.executable, HERE / "bench_limit.py", *package, *options])
    return [NetworkSpeed(**one) for one in json.loads(process.output.strip().splitlines()[-1])]


def paper(command: list[str | Path]) -> Row:
    """Run a command that measures the paper's network on one slice, and multiply its time by the number of slices."""
    process = run(command)
    measured: dict[str, Any] = json.loads(process.output.strip().splitlines()[-1])
    seconds = [SLICES * one for one in measured["seconds"]]
    return Row(f"Paper's way, {measured['version']}", seconds, process.peak_mib)


def targets(rows: list[Row], networks: list[NetworkSpeed]) -> list[str]:
    """The lines of the table of targets, with the ratios of minimum times and of peak memory."""
    whole, inference = rows[0], min(next(row for row in rows if row.what == "— infer").seconds)
    seconds, start = min(whole.seconds), min(rows[1].seconds)
    target = MAX_SECONDS if has_vnni(instruction_set()) else MAX_SECONDS_WITHOUT_VNNI
    lines = [
        "| what | measured | reference | ratio | target |",
        "|---|---|---|---|---|",
        f"| {whole.what}, from the process's start to the report | {seconds:.2f} s | {target:g} s | "
        f"{seconds / target:.2f} | <= 1 |",
        *(
            f"| The same, {row.what.removeprefix('— ')} | {min(row.seconds):.2f} s | {MAX_SECONDS_WITHOUT_VNNI:g} s | "
            f"{min(row.seconds) / MAX_SECONDS_WITHOUT_VNNI:.2f} | <= 1 |"
            for row in rows
            if row.what.startswith("— restricted to")
        ),
        f"| Its start: all but reading, inference, measuring and writing | {start:.2f} s | {MAX_START_SECONDS:g} s | "
        f"{start / MAX_START_SECONDS:.2f} | <= 1 |",
        f"| Its peak memory | {whole.peak_mib:.0f} MiB | {MAX_MIB} MiB | {whole.peak_mib / MAX_MIB:.2f} | <= 1 |",
    ]
    for row in rows:
        if "Keras" in row.what:
            speedup = min(row.seconds) / inference
            lines.append(
                f"| {row.what}, compared with inference | {min(row.seconds):.0f} s | {inference:.2f} s | "
                f"{speedup:.0f} | >= {MIN_SPEEDUP} |"
            )
    return [*lines, *(f"| {one} |" for one in networks)]


def table(rows: list[Row], networks: list[NetworkSpeed], threads: int, repeats: int) -> str:
    """The page: the targets, and all rows with ratios to the whole of `ichor screen` and to its inference."""
    whole = min(rows[0].seconds)
    inference = min(next(row for row in rows if row.what == "— infer").seconds)
    python, openvino = platform.python_version(), version("openvino").split("-")[0]
    lines = [
        "# Speed and memory",
        "",
        f"{hardware(threads)}; Python {python}, OpenVINO {openvino}. {repeats} repeats each.",
        "",
        *targets(rows, networks),
        "",
        "The machine's limit: the highest throughput that the same engine reaches, in the same precision, on 3x3 "
        "convolutions of favorable sizes.",
        "",
        "| what | minimum, s | median, s | peak memory, MiB | relative to `ichor screen` | relative to its inference |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.what} | {row} | {min(row.seconds) / whole:.2f} | {min(row.seconds) / inference:.2f} |" for row in rows
    ]
    lines += [
        "",
        "The paper's way: its network (31,031,685 parameters) on the 49 tiles of a slice, measured on one "
        f"slice and multiplied by {SLICES}, without reading, blending and writing. Ratios are of minimum times, which "
        "other load on the machine affects least.",
        "",
        "Reproduce with `make bench`.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    parser.add_argument("--keras-python", type=Path, help="a Python with Keras; without it, Keras is not measured")
    parser.add_argument("--model", help="the model package to screen with; default: the shipped one")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--width", type=int, default=64, help="of the paper's network; smaller for a quick test")
    args = parser.parse_args()
    repeats = args.repeats
    cores = sorted(os.sched_getaffinity(0))[: args.threads]
    os.sched_setaffinity(0, cores)  # inherited by the measured processes
    threads = len(cores)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan = synthetic_series(folder / "scan")
        rows = screening(scan, folder, args.model, threads, repeats)
        rows += screening_variants(scan, folder, args.model, threads, repeats)
        rows += inspecting(repeats)
        networks = network_speeds(args.model, threads, repeats)
        onnx, engine = folder / "paper.onnx", HERE / "bench_openvino.py"
        size = ["--width", str(args.width)]
        run([sys.executable, engine, onnx, "--export", *size])
        rows.append(paper([sys.executable, engine, onnx, "--repeats", str(repeats), "--threads", str(threads)]))
        if args.keras_python:
            rows.append(paper([args.keras_python, HERE / "bench_keras.py", "--repeats", str(repeats), *size]))
    text = table(rows, networks, threads, repeats)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
