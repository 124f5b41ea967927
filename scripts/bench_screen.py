"""Measures `ichor screen`: in normal use, on the first run, and with the instruction sets of older processors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench_process import Process, Row, run
from ichor.models.processor import LIMIT, instruction_sets

SLICES, SIZE = 35, 512
WITHOUT_VNNI = ("AVX2", "AVX512_CORE")
WHAT = f"`ichor screen`, {SLICES} DICOM slices of {SIZE}x{SIZE}"


def screening(scan: Path, folder: Path, model: str | None, threads: int, repeats: int) -> list[Row]:
    """Measure the whole process and its parts, as timed in findings.json, with a network compiled by an earlier run."""
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}
    done = [screened(scan, folder / f"screened-{k}", model, threads, cache) for k in range(repeats + 1)][1:]
    parts = [timing for _, timing in done]
    wall = [process.seconds for process, _ in done]
    started = [seconds - part["total"] for seconds, part in zip(wall, parts, strict=True)]
    return [
        Row(WHAT, wall, max(process.peak_mib for process, _ in done)),
        Row("— start: imports, model, leaving", started),
        *(Row(f"— {part}", [one[part] for one in parts]) for part in ("read", "infer", "write")),
    ]


def screening_variants(scan: Path, folder: Path, model: str | None, threads: int, repeats: int) -> list[Row]:
    """Measure it with an empty cache, and with each instruction set without VNNI that this machine supports."""
    rows = []
    empty = [{"XDG_CACHE_HOME": str(folder / f"cache-{repeat}")} for repeat in range(repeats)]
    variants = [("the first time, nothing compiled yet", empty)]
    for name in sets_without_vnni():
        environment = {LIMIT: name, "XDG_CACHE_HOME": str(folder / name)}
        variants.append((f"restricted to {name}", [environment] * (repeats + 1)))
    for what, environments in variants:
        done = [screened(scan, folder / f"{what}-{k}", model, threads, one)[0] for k, one in enumerate(environments)]
        measured = done[-repeats:]
        rows.append(Row(f"— {what}", [one.seconds for one in measured], max(one.peak_mib for one in measured)))
    return rows


def screened(
    scan: Path, out: Path, model: str | None, threads: int, settings: dict[str, str]
) -> tuple[Process, dict[str, float]]:
    """Run `ichor screen` into `out`; returns the process and the seconds of its parts."""
    package = ["--model", model] if model else []
    ichor = Path(sys.executable).with_name("ichor")
    process = run([ichor, "screen", scan, "--out", out, "--threads", str(threads), *package], settings=settings)
    (findings,) = out.glob("*/findings.json")
    timing: dict[str, float] = json.loads(findings.read_text())["timing_s"]
    return process, timing


def sets_without_vnni() -> tuple[str, ...]:
    """The instruction sets in `WITHOUT_VNNI` that this machine supports."""
    return tuple(name for name in WITHOUT_VNNI if name in instruction_sets())
