"""Mutated inputs, each read as a user would have it read, and what became of it."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any

import numpy as np
from PIL import Image

from fuzzing.mutations import KINDS, mutate
from fuzzing.packages import load, make_package, mutate_package
from fuzzing.seeds import Seed, make_seeds
from ichor.errors import IchorError, UnreadableInput
from ichor.imports import nibabel
from ichor.read import begin_scan, open_scan
from ichor.read.dicom.parsing import parse, quietly
from ichor.read.walk import files_in
from ichor.scan import Scan

MOST_S, MOST_BYTES = 20.0, 2**30
HANGS_S = 600.0  # of a whole command on a machine that is busy with other work
PACKAGE = ("packages", "config.yaml, SHA256SUMS")
CONTAINED = ("crashes the decoder", "cannot handle")
EXCEEDED = ("that it takes longer", "that it needs more")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutated input."""

    number: int
    reader: str
    syntax: str
    kind: str
    result: str  # read, refused, crash contained, limit exceeded, traceback
    reached_decoder: bool
    seconds: float
    peak_bytes: int
    faults: tuple[str, ...] = ()
    said: str = ""
    trace: str = field(default="", repr=False)


def run(folder: Path, numbers: Iterable[int], seed: int) -> Iterator[Outcome]:
    """The inputs of these numbers, evenly over readers, syntaxes and kinds of damage; a seed always makes the same."""
    seeds = make_seeds(folder / "seeds")
    package = make_package(folder / "package")
    places: list[Seed | None] = [*seeds, None]
    open_scan(seeds[0].path)  # starts the process that reads: no input is charged with that
    for number in numbers:
        chosen = places[number % len(places)]
        kind = KINDS[number // len(places) % len(KINDS)]
        random = np.random.default_rng([seed, number])
        target = folder / "input"
        if chosen is None:
            shutil.copytree(package, target)
            mutate_package(target, kind, random)
            yield _package(number, kind, target)
        else:
            yield _scan(number, chosen, kind, target, random)
        shutil.rmtree(target)


def mutated(seed: Seed, kind: str, target: Path, random: np.random.Generator) -> Path:
    """A damaged copy of a seed in the folder `target`, which is made."""
    place = seed.path.parent if seed.path.is_file() else seed.path
    shutil.copytree(place, target)
    path = target / seed.path.name if seed.path.is_file() else target
    for _ in range(1 if random.random() < 0.8 else 2):
        with suppress(FileNotFoundError, IsADirectoryError, OSError):  # what the first one did, the second may not find
            mutate(path, seed.reader, kind, random)
    return path


def _scan(number: int, seed: Seed, kind: str, target: Path, random: np.random.Generator) -> Outcome:
    path = mutated(seed, kind, target, random)
    decoded = False

    def watch(said: dict[str, Any]) -> None:
        nonlocal decoded
        decoded = decoded or "decoding" in said

    start = time.perf_counter()
    reading = begin_scan(path, seed.options)
    pid = reading.pid
    assert pid is not None
    _forget_peak(pid)
    result, said, trace = "read", "", ""
    faults: list[str] = []
    try:
        scan = reading.scan(watch)
        faults += _wrong_shape(scan, path, seed.reader)
    except UnreadableInput as error:
        said = str(error)
        result = "crash contained" if any(one in said for one in CONTAINED) else "refused"
        result = "limit exceeded" if any(one in said for one in EXCEEDED) else result
        trace = "" if error.__cause__ is None or "does not expect" not in said else str(error.__cause__)
        if len(said.splitlines()) != 1 or "Traceback" in said:
            faults.append("more than one line")
    except Exception as error:
        result, said, trace = "traceback", type(error).__name__, traceback.format_exc()
        faults.append("traceback")
    seconds = time.perf_counter() - start
    peak = _peak(pid)
    faults += ["over 20 s"] * (seconds > MOST_S) + ["over 1 GiB"] * (peak > MOST_BYTES)
    return Outcome(number, seed.reader, seed.syntax, kind, result, decoded, seconds, peak, tuple(faults), said, trace)


def _package(number: int, kind: str, folder: Path) -> Outcome:
    reached = (folder / "config.yaml").is_file()  # without it no YAML begins to be decoded
    start = time.perf_counter()
    result, said, trace = "read", "", ""
    faults: list[str] = []
    try:
        load(folder)
    except IchorError as error:
        result, said = "refused", str(error)
        if len(said.splitlines()) != 1:
            faults.append("more than one line")
    except Exception as error:
        result, said, trace = "traceback", type(error).__name__, traceback.format_exc()
        faults.append("traceback")
    seconds = time.perf_counter() - start
    faults += ["over 20 s"] * (seconds > MOST_S)
    return Outcome(number, *PACKAGE, kind, result, reached, seconds, 0, tuple(faults), said, trace)


def _forget_peak(pid: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> int:
    """The most memory that the reading process had since `_forget_peak`; of one that died, the most that any had."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def _wrong_shape(scan: Scan, path: Path, reader: str) -> list[str]:
    """Whether the array is none that the headers have, as another way of reading them has it."""
    n, rows, columns = scan.voxels.shape
    stated = {
        "dicom": _dicom_sizes,
        "nifti": _nifti_sizes,
        "nrrd": _text_sizes,
        "metaimage": _text_sizes,
        "images": _image_sizes,
        "video": _video_sizes,
    }.get(reader)
    if stated is None:
        return []
    most, sizes = stated(path)
    if n <= most and (rows, columns) in sizes:
        return []
    return [f"shape {scan.voxels.shape}, header {sorted(sizes)[:4]}, at most {most}"]


def _dicom_sizes(path: Path) -> tuple[int, set[tuple[int, int]]]:
    most, sizes = 0, set()
    for file in [path] if path.is_file() else files_in(path):
        with quietly(), suppress(Exception):
            header = parse(file.read_bytes(), with_pixels=False)
            frames = header.get("NumberOfFrames") or 1
            most += max(1, int(float(frames[0] if isinstance(frames, list) else frames)))
            sizes.add((_first(header.Rows), _first(header.Columns)))
    return most, sizes


def _first(value: Any) -> int:
    return int(value) if isinstance(value, int) else int(value[0])


def _nifti_sizes(path: Path) -> tuple[int, set[tuple[int, int]]]:
    import gzip

    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.GzipFile(fileobj=BytesIO(content)).read(540)
    kinds = nibabel().Nifti1Header, nibabel().Nifti2Header
    kind = kinds[(540).to_bytes(4, "little") == content[:4] or (540).to_bytes(4, "big") == content[:4]]
    return _sizes_of([int(one) for one in kind(content[: kind.template_dtype.itemsize], check=False)["dim"][1:4]])


def _text_sizes(path: Path) -> tuple[int, set[tuple[int, int]]]:
    found = re.search(rb"^(?:DimSize\s*=|[Ss]izes:)\s*(-?\d+)\s+(-?\d+)\s+(-?\d+)", path.read_bytes(), re.MULTILINE)
    return _sizes_of([] if found is None else [int(one) for one in found.groups()])


def _sizes_of(dims: list[int]) -> tuple[int, set[tuple[int, int]]]:
    return max(dims, default=0), {(a, b) for i, a in enumerate(dims) for j, b in enumerate(dims) if i != j}


def _image_sizes(path: Path) -> tuple[int, set[tuple[int, int]]]:
    files = [one for one in path.iterdir() if one.is_file()]
    sizes = set()
    for file in files:
        with suppress(Exception), Image.open(file) as image:
            sizes |= {image.size, image.size[::-1]}  # a photograph may say that it lies on its side
    return len(files), sizes


def _video_sizes(path: Path) -> tuple[int, set[tuple[int, int]]]:
    most, sizes = 0, set()
    for file in filter(Path.is_file, path.glob("*.avi")):
        content = file.read_bytes()
        at = content.find(b"strf") + 8
        width, height = (int.from_bytes(content[at + k : at + k + 4], "little", signed=True) for k in (4, 8))
        sizes.add((abs(height), abs(width)))
        most = max(most, content.count(b"00dc") + content.count(b"00db"))
    return most, sizes


def screen_commands(folder: Path, numbers: Iterable[int], seed: int, package: Path) -> Iterator[dict[str, Any]]:
    """Whole `ichor screen` commands on mutated inputs: their exit codes, and what they print."""
    seeds = make_seeds(folder / "seeds")
    for number in numbers:
        chosen = seeds[number % len(seeds)]
        kind = KINDS[(number // len(seeds) + number) % len(KINDS)]
        target = folder / "input"
        path = mutated(chosen, kind, target, np.random.default_rng([seed, 1, number]))
        yield {"number": number, "reader": chosen.reader, "syntax": chosen.syntax, "kind": kind} | _command(
            path, chosen, folder / "out", package
        )
        shutil.rmtree(target)
        shutil.rmtree(folder / "out", ignore_errors=True)


def _command(path: Path, seed: Seed, out: Path, package: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "ichor", "screen", str(path), "--out", str(out), "--model", str(package)]
    for name, value in (("--pixel-mm", seed.options.pixel_mm), ("--slice-mm", seed.options.slice_mm)):
        words += [] if value is None else [name, str(value)]
    code, said, seconds = _ended(words)
    lines = said.splitlines()
    faults = []
    if code not in (0, 1, 2):
        faults.append(f"exit code {code}")
    if "Traceback" in said:
        faults.append("traceback")
    if code == 2 and len(lines) != 1:
        faults.append(f"{len(lines)} lines on stderr")
    if code == 0 and lines:
        faults.append("noise on stderr")
    if "an internal error of Ichor" in said:
        faults.append("an unforeseen error")
    faults += ["over 20 s"] * (seconds > MOST_S)
    return {"exit": code, "seconds": seconds, "faults": faults, "stderr": said[-2000:]}


def _ended(words: list[str]) -> tuple[int, str, float]:
    """The exit code of a command (-9 of one that hangs), what it said on stderr, and its processor's seconds.

    They are those of this command and what it waited for, whatever else this process starts and ends meanwhile.
    """
    with TemporaryFile() as errors:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors)
        late = Timer(HANGS_S, process.kill)
        late.start()
        _, status, used = os.wait4(process.pid, 0)
        late.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return process.returncode, errors.read().decode(errors="replace"), used.ru_utime + used.ru_stime
