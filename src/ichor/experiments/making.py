"""Records how a result was made: commit, hardware and time; and which process of a torchrun group writes it."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from pathlib import Path

from ichor.atomic import write_whole
from ichor.models.package import MADE_BY

LONG_EPOCH = 3.0  # times the median; one with validation is rarely longer


def commit() -> str | None:
    """The commit of the checkout that this package runs from, with "+" if it has changes; None outside a checkout."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=False)
        except OSError:  # no git
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    # An installed package may be inside an unrelated repository.
    if git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    head = git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    changed = git("status", "--porcelain", "--untracked-files=no", "--", str(here.parent))
    return head + ("+" if changed else "")


def hardware() -> str:
    """The name of the processor, its number of cores, and the GPU if torch sees one."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    text = f"{name}, {os.cpu_count()} cores"
    if not on_accelerator():
        return f"{text}, no GPU"
    import torch

    return f"{text}, {torch.cuda.get_device_name()}"


def on_accelerator() -> bool:
    """Whether torch is installed and sees a GPU."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def is_first_rank() -> bool:
    """Whether this process is the only one, or the first of a torchrun group."""
    return int(os.environ.get("RANK", "0")) == 0


def write_made_by(folder: Path, command: str, made_at: str | None, seconds: float) -> None:
    """Write made_by.json into `folder`: the command, the commit, this hardware, and how long it took."""
    made_by = {"command": command, "commit": made_at, "hardware": hardware(), "seconds": round(seconds, 1)}
    write_whole(folder / MADE_BY, json.dumps(made_by))


def fit_seconds(folder: Path, elapsed: float) -> float:
    """The total time of training, summed over epochs if recorded, since a fit may have been interrupted.

    An epoch counts as at most LONG_EPOCH times the median one of its network: the process may have been suspended.
    """
    histories = sorted(folder.rglob("history.jsonl"))  # one, or one for each member of an ensemble
    each = [
        [json.loads(line)["seconds"] for line in file.read_text(encoding="utf-8").splitlines()] for file in histories
    ]
    longest = [LONG_EPOCH * statistics.median(epochs) if epochs else 0.0 for epochs in each]
    total = sum(min(one, most) for epochs, most in zip(each, longest, strict=True) for one in epochs)
    return float(total) if any(each) else elapsed
