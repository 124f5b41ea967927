"""Measure Ichor's speed and memory on this machine against the paper's own way, into a Markdown table.

    make bench

Every measurement is a process of its own, held to the same processor cores. The paper's way is its network
on 49 tiles of 160x160 a slice; one slice is measured and counted 35 times: what it shows makes no difference.
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
from bench_screen import SIZE, SLICES, screening, screening_otherwise
from ct_image import ct_image
from ichor.models.processor import has_vnni, instruction_set

HERE = Path(__file__).resolve().parent
GE_HEAD = HERE.parents[1] / "shared" / "dicom" / "ge-head"
# What is wanted of two cores: seconds of `ichor screen` with VNNI and without, those before it reads, inference against
# Keras, network against limit, memory.
MOST_SECONDS, MOST_SECONDS_WITHOUT_VNNI, MOST_BEFORE_READING = 1.6, 2.6, 0.55
LEAST_FASTER, MOST_OVER_LIMIT, MOST_MIB = 200, 1.5, 500


@dataclass(frozen=True)
class Near:
    """What scripts/bench_limit.py says of a network: multiply-adds and seconds of one slice, and the least possible."""

    precision: str
    multiply_adds: int
    seconds: float
    limit_seconds: float

    def __str__(self) -> str:
        giga = self.multiply_adds / 1e9
        return (
            f"Network in {self.precision}, {giga:.2f} G multiply-adds a slice, against the machine's limit for them, "
            f"{2 * giga / self.limit_seconds:.0f} GFLOP/s | {1000 * self.seconds:.2f} ms | "
            f"{1000 * self.limit_seconds:.2f} ms | {self.seconds / self.limit_seconds:.2f} | <= {MOST_OVER_LIMIT:g}"
        )


def made_head(slices: int) -> NDArray[np.int16]:
    """A head of so many slices of 512x512 in HU: ellipsoids of scalp, skull and brain with noise. No patient."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in (slices, SIZE, SIZE)), indexing="ij")
    radius = np.sqrt((0.7 * z) ** 2 + (1.15 * y) ** 2 + (1.35 * x) ** 2)
    hu = np.select([radius < 0.85, radius < 0.95, radius < 1], [34, 900, -60], -1000)
    return np.asarray(np.rint(hu + np.random.default_rng(0).normal(0, 4, hu.shape)), np.int16)


def write_series(folder: Path, slices: int) -> None:
    """The made head as a DICOM series of one file a slice, uncompressed, as most archives send it."""
    folder.mkdir()
    for index, pixels in enumerate(made_head(slices)):
        image = ct_image(pixels, index, name="ichor bench", pixel_mm=0.45, spacing_mm=5)
        image.save_as(folder / f"{index + 1:02d}.dcm", enforce_file_format=True)


def made_series(folder: Path, slices: int = SLICES) -> Path:
    """The series in a new folder, which is given back; written by a process of its own.

    A process that is measured counts the memory of the one that starts it as its own.
    """
    made = get_context("spawn").Process(target=write_series, args=(folder, slices))
    made.start()
    made.join()
    return folder


def inspecting(repeats: int) -> list[Row]:
    """`ichor inspect` on a real series of 28 slices, where it is on this machine."""
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


def near_limit(model: str | None, threads: int, repeats: int) -> list[Near]:
    """The package's networks against the machine's limit for them, the one that runs first."""
    chosen = ["--model", model] if model else []
    counted = ["--repeats", str(repeats), "--threads", str(threads)]
    process = run([sys.executable, HERE / "bench_limit.py", *chosen, *counted])
    return [Near(**one) for one in json.loads(process.output.strip().splitlines()[-1])]


def paper(command: list[str | Path]) -> Row:
    """The paper's network on one slice in a process of its own, counted for all slices."""
    process = run(command)
    said: dict[str, Any] = json.loads(process.output.strip().splitlines()[-1])
    return Row(f"Paper's way, {said['version']}", [SLICES * one for one in said["seconds"]], process.peak_mib)


def targets(rows: list[Row], near: list[Near]) -> list[str]:
    """What is wanted of Ichor, each line with a ratio: of least times, and of the most memory."""
    whole, inference = rows[0], min(next(row for row in rows if row.what == "— infer").seconds)
    seconds, before = min(whole.seconds), min(rows[1].seconds)
    most = MOST_SECONDS if has_vnni(instruction_set()) else MOST_SECONDS_WITHOUT_VNNI
    lines = [
        "| what | found | against | ratio | wanted |",
        "|---|---|---|---|---|",
        f"| {whole.what}, from the process's start to the report | {seconds:.2f} s | {most:g} s | "
        f"{seconds / most:.2f} | <= 1 |",
        *(
            f"| The same, {row.what.removeprefix('— ')} | {min(row.seconds):.2f} s | {MOST_SECONDS_WITHOUT_VNNI:g} s | "
            f"{min(row.seconds) / MOST_SECONDS_WITHOUT_VNNI:.2f} | <= 1 |"
            for row in rows
            if row.what.startswith("— held to")
        ),
        f"| Its start: all but reading, finding, measuring and writing | {before:.2f} s | {MOST_BEFORE_READING:g} s | "
        f"{before / MOST_BEFORE_READING:.2f} | <= 1 |",
        f"| Its peak memory | {whole.peak_mib:.0f} MiB | {MOST_MIB} MiB | {whole.peak_mib / MOST_MIB:.2f} | <= 1 |",
    ]
    for row in rows:
        if "Keras" in row.what:
            faster = min(row.seconds) / inference
            lines.append(
                f"| {row.what}, against inference | {min(row.seconds):.0f} s | {inference:.2f} s | "
                f"{faster:.0f} | >= {LEAST_FASTER} |"
            )
    return [*lines, *(f"| {one} |" for one in near)]


def table(rows: list[Row], near: list[Near], threads: int, repeats: int) -> str:
    """The targets and the rows as Markdown, each against the whole of `ichor screen` and against its inference."""
    whole = min(rows[0].seconds)
    inference = min(next(row for row in rows if row.what == "— infer").seconds)
    python, openvino = platform.python_version(), version("openvino").split("-")[0]
    lines = [
        "# Speed and memory",
        "",
        f"{hardware(threads)}; Python {python}, OpenVINO {openvino}. {repeats} repeats each.",
        "",
        *targets(rows, near),
        "",
        "The machine's limit: the highest throughput that the same engine reaches, in the same precision, on 3x3 "
        "convolutions of sizes that suit it.",
        "",
        "| what | least, s | median, s | peak memory, MiB | against `ichor screen` | against its inference |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.what} | {row} | {min(row.seconds) / whole:.2f} | {min(row.seconds) / inference:.2f} |" for row in rows
    ]
    lines += [
        "",
        "The paper's way: its network (31,031,685 parameters) on the 49 tiles of a slice, measured on one "
        f"slice and multiplied by {SLICES}; reading, blending and writing are not counted for it. Ratios are of the "
        "least times: what else the machine does only adds.",
        "",
        "Made with `make bench`.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    parser.add_argument("--keras-python", type=Path, help="a Python that has Keras; else Keras is left out")
    parser.add_argument("--model", help="the model package to screen with; else the default one")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--width", type=int, default=64, help="of the paper's network; smaller for a quick look")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    cores = sorted(os.sched_getaffinity(0))[: arguments.threads]
    os.sched_setaffinity(0, cores)  # the processes that are measured inherit it
    threads = len(cores)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan = made_series(folder / "scan")
        rows = screening(scan, folder, arguments.model, threads, repeats)
        rows += screening_otherwise(scan, folder, arguments.model, threads, repeats)
        rows += inspecting(repeats)
        near = near_limit(arguments.model, threads, repeats)
        onnx, engine = folder / "paper.onnx", HERE / "bench_openvino.py"
        size = ["--width", str(arguments.width)]
        run([sys.executable, engine, onnx, "--export", *size])
        counted = ["--repeats", str(repeats), "--threads", str(threads)]
        rows.append(paper([sys.executable, engine, onnx, *counted]))
        if arguments.keras_python:
            counted = ["--repeats", str(repeats), *size]
            rows.append(paper([arguments.keras_python, HERE / "bench_keras.py", *counted]))
    text = table(rows, near, threads, repeats)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
