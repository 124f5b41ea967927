"""Runs a command as a process and measures its time and memory; describes the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ichor.models.processor import instruction_set


@dataclass(frozen=True)
class Row:
    """One row of the table: the seconds of each repeat, and the peak memory of all in MiB (0 if unknown)."""

    what: str
    seconds: list[float]
    peak_mib: float = 0

    def __str__(self) -> str:
        memory = f"{self.peak_mib:.0f}" if self.peak_mib else ""
        return f"{min(self.seconds):.2f} | {median(self.seconds):.2f} | {memory}"


@dataclass(frozen=True)
class Process:
    """A command's wall-clock time in seconds, peak resident memory in MiB, and output."""

    seconds: float
    peak_mib: float
    output: str


def run(command: list[str | Path], *, settings: Mapping[str, str] | None = None) -> Process:
    """Run a command on the cores of this process, with `settings` added to its environment.

    Raises CalledProcessError if it fails.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        environment = {**os.environ, **(settings or {})}
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, stderr=errors.read())
        return Process(seconds, usage.ru_maxrss / 1024, output.read())


def hardware(threads: int) -> str:
    """The processor, its instruction set, its cores and the memory of this machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {instruction_set()}, {os.cpu_count()} cores ({threads} used), {memory:.0f} GiB"
