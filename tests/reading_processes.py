"""The processes that read for this one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest

from ichor.errors import IchorError
from ichor.read import begin_scan
from synthetic_dicom import hu_of_head

HU = hu_of_head()  # of the fixture `series`


def zipped(folder: Path, where: Path) -> Path:
    return Path(shutil.make_archive(str(where / "scan"), "zip", folder))


def readers() -> list[psutil.Process]:
    """The reading processes of this one that run."""
    return [one for one in psutil.Process().children() if "ichor.read.worker" in _command(one)]


def _command(process: psutil.Process) -> str:
    """What it was started with; nothing of one that has just ended."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def killed_while_it_decodes(path: Path, by: int, file: str = "") -> str:
    """What is said of an input whose reading process is sent a signal as it begins to decode."""
    reading = begin_scan(path)
    victims = set()

    def watch(said: dict[str, Any]) -> None:
        if "decoding" in said and file in said["decoding"]:
            assert reading.pid is not None
            victims.add(reading.pid)
            os.kill(reading.pid, by)

    with pytest.raises(IchorError) as refused:
        reading.scan(watch)  # larger than the pipe is wide: it cannot have been answered before
    assert victims and not any(map(psutil.pid_exists, victims))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line
