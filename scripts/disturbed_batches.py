"""Batches of `ichor screen` for scripts/kill_campaign.py: small inputs, commands, their processes and their results.

Linux only: processes are found in /proc by an environment variable that they all inherit.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from ichor.read import open_scan

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo-scan"
MARK = "ICHOR_KILL_CAMPAIGN"
HANG_S = 300
# The parts of a report and of findings.json that differ between runs on the same machine.
TIMES = re.compile(r'"timing_s": \{.*?\}|\d+\.\d+ s\b', re.DOTALL)


def write_inputs(folder: Path) -> Path:
    """Write parts of the demonstration scan: two NIfTI files, a zip with another one, and a zip of DICOM slices."""
    folder.mkdir(parents=True)
    hu = np.asarray(open_scan(DEMO).hu)
    for name, (first, step) in {"a": (0, 4), "b": (2, 4), "d": (1, 5)}.items():
        part = hu[first::2, ::step, ::step].astype(np.int16)
        affine = np.diag([-0.45 * step, -0.45 * step, 10.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(part.transpose(2, 1, 0), affine), folder / f"{name}.nii.gz")
    zip_files(folder / "b.zip", [folder / "b.nii.gz"])
    (folder / "b.nii.gz").unlink()
    zip_files(folder / "c.zip", sorted(DEMO.iterdir())[4:10])
    return folder


def zip_files(path: Path, files: Sequence[Path]) -> None:
    """Write a zip of the files."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.write(file, file.name)


@dataclass(frozen=True)
class Place:
    """The folders of a batch: its inputs, its results, and its temporary folder (TMPDIR)."""

    inputs: Path
    out: Path
    temporary: Path

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "ichor", "screen", str(self.inputs), "--out", str(self.out), *words]

    def start(self, *words: str, mark: str) -> subprocess.Popen[str]:
        """Start the command; `mark` identifies it and its child processes."""
        self.temporary.mkdir(exist_ok=True)
        environment = {**os.environ, MARK: mark, "TMPDIR": str(self.temporary)}
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command(*words), stdout=pipe, stderr=pipe, text=True, env=environment)

    def run(self, *words: str, mark: str = "run") -> str:
        """Run the command and return its output. Raises RuntimeError if it fails."""
        process = self.start(*words, mark=mark)
        output, errors = process.communicate(timeout=HANG_S)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(self.command(*words))}: exit code {process.returncode}: {errors}")
        return output + errors

    def leftovers(self) -> list[str]:
        """The hidden files in the results, and the files in the temporary folder."""
        hidden = [one.name for one in self.out.glob(".*")] if self.out.exists() else []
        return hidden + [one.name for one in self.temporary.iterdir()]

    def state(self) -> tuple[bool, int]:
        """Whether a result is being written, and the number of finished results."""
        names = [one.name for one in self.out.iterdir()] if self.out.exists() else []
        done = [name for name in names if not name.startswith(".") and (self.out / name).is_dir()]
        return any(name.endswith(".ichor-partial") for name in names), len(done)

    def results(self) -> dict[str, dict[str, Any]]:
        """The files in each scan's folder, without the parts that differ between runs."""
        if not self.out.exists():
            return {}
        folders = sorted(one for one in self.out.iterdir() if one.is_dir() and not one.name.startswith("."))
        return {folder.name: {file.name: _content(file) for file in sorted(folder.iterdir())} for folder in folders}

    def summary(self) -> list[dict[str, str]]:
        """The rows of summary.csv without the column `status`; none if the file does not exist."""
        if not (self.out / "summary.csv").exists():
            return []
        with (self.out / "summary.csv").open(newline="") as file:
            return [{name: cell for name, cell in row.items() if name != "status"} for row in csv.DictReader(file)]

    def clear(self) -> None:
        """Remove the results and the temporary folder."""
        for folder in (self.out, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)


def _content(file: Path) -> Any:
    if file.suffix == ".json":
        return {key: value for key, value in json.loads(file.read_text()).items() if key != "timing_s"}
    return TIMES.sub("", file.read_text()) if file.suffix == ".html" else file.read_bytes()


def processes(mark: str) -> dict[int, str]:
    """The kind of each process with the mark ("command", "worker", "reader", "tracker" or "other"), by process id."""
    return {int(entry.name): kind for entry in Path("/proc").glob("[0-9]*") if (kind := _kind(entry, mark))}


def _kind(entry: Path, mark: str) -> str:
    """The kind of a process; empty if it has another mark or has ended."""
    try:
        environment = (entry / "environ").read_bytes().split(b"\0")
        words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
    if f"{MARK}={mark}".encode() not in environment or not words:
        return ""
    for kind, part in KINDS.items():
        if part in words:
            return kind
    return "other"


KINDS = {
    "command": "-m ichor screen",
    "node": "-m ichor node run",
    "reader": "ichor.read.worker",
    "tracker": "resource_tracker",
    "worker": "multiprocessing.spawn",
}


def left_over(mark: str, *, within_s: float) -> dict[int, str]:
    """The processes with the mark that have not ended after that time; returns as soon as all have ended."""
    for left in _polls(mark, within_s):
        if not left:
            return {}
    return processes(mark)


def _polls(mark: str, within_s: float) -> Iterator[dict[int, str]]:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        yield processes(mark)
        time.sleep(0.02)
