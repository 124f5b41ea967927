"""Folders for what an archive holds are removed, whatever becomes of the process that made them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ichor.read import open_scan
from reading_processes import zipped
from signals import NO_WINDOWS


@NO_WINDOWS
def test_folders_whose_process_was_killed_are_removed_by_the_next(series: Path, tmp_path: Path, room: Path) -> None:
    for name, mode, age_s in (
        ("ichor-unpacked-1-a", 0o700, 1e4),
        ("ichor-unpacked-1-b", 0o755, 1e4),
        ("x", 0o700, 1e4),
    ):
        folder = room / name
        (folder / "content").mkdir(parents=True)
        folder.chmod(mode)
        os.utime(folder, (time.time() - age_s,) * 2)
    open_scan(zipped(series, tmp_path))
    assert {one.name for one in room.iterdir()} == {"ichor-unpacked-1-b", "x"}
