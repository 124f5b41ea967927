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
    """The whole process and its parts, as findings.json counts them; what an earlier start compiled is at hand."""
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


def screening_otherwise(scan: Path, folder: Path, model: str | None, threads: int, repeats: int) -> list[Row]:
    """The same with an empty cache, and in each instruction set without VNNI that this machine can be held to."""
    rows = []
    empty = [{"XDG_CACHE_HOME": str(folder / f"cache-{repeat}")} for repeat in range(repeats)]
    ways = [("the first time, nothing compiled yet", empty)]
    for name in sets_without_vnni():
        ways.append((f"held to {name}", [{LIMIT: name, "XDG_CACHE_HOME": str(folder / name)}] * (repeats + 1)))
    for what, each in ways:
        done = [screened(scan, folder / f"{what}-{k}", model, threads, one)[0] for k, one in enumerate(each)]
        counted = done[-repeats:]
        rows.append(Row(f"— {what}", [one.seconds for one in counted], max(one.peak_mib for one in counted)))
    return rows


def screened(
    scan: Path, out: Path, model: str | None, threads: int, settings: dict[str, str]
) -> tuple[Process, dict[str, float]]:
    """One run of `ichor screen` into `out`, and the seconds of its parts."""
    chosen = ["--model", model] if model else []
    ichor = Path(sys.executable).with_name("ichor")
    process = run([ichor, "screen", scan, "--out", out, "--threads", str(threads), *chosen], settings=settings)
    (findings,) = out.glob("*/findings.json")
    timing: dict[str, float] = json.loads(findings.read_text())["timing_s"]
    return process, timing


def sets_without_vnni() -> tuple[str, ...]:
    """The instruction sets without VNNI, of processors in use, that this machine supports."""
    return tuple(name for name in WITHOUT_VNNI if name in instruction_sets())
