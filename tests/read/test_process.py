"""A reading process, and what it unpacked, end when the process does that asks, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from reading_processes import zipped
from signals import LINUX, NO_WINDOWS, has_ended, stop, until

# Reads its first argument with a process that the thread started which the second one names, and stays in the midst.
ASKER = """
import sys, threading, time
from ichor.read import begin_scan, start_reading_process
if sys.argv[2] == "ended":
    starter = threading.Thread(target=start_reading_process)
    starter.start()
    starter.join()
def watch(said):
    if "ichor-unpacked-" in said.get("decoding", ""):
        print("unpacked", flush=True)
        time.sleep(1000)
begin_scan(sys.argv[1]).scan(watch)
"""


def assert_nothing_is_left(path: Path, thread: str, *, stopped: bool, by: str) -> None:
    """Neither the reading process of an asker that is killed nor what that had unpacked."""
    room = path.parent / "room"
    room.mkdir()
    command = [sys.executable, "-c", ASKER, str(path), thread]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(room)}) as asker:
        assert asker.stdout is not None and asker.stdout.readline() == b"unpacked\n"
        (reader,) = psutil.Process(asker.pid).children()
        (folder,) = room.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        if stopped:
            stop(reader)
        asker.send_signal(getattr(signal, by))
    until(lambda: has_ended(reader))
    assert not list(room.iterdir())


@NO_WINDOWS
@pytest.mark.parametrize("by", ["SIGTERM", "SIGKILL"])
def test_no_process_is_left_after_the_caller_is_killed(long_series: Path, tmp_path: Path, by: str) -> None:
    assert_nothing_is_left(zipped(long_series, tmp_path), "main", stopped=False, by=by)


@LINUX
@pytest.mark.parametrize("thread", ["main", "ended"])
def test_no_process_is_left_after_a_stopped_process_is_killed(long_series: Path, tmp_path: Path, thread: str) -> None:
    assert_nothing_is_left(zipped(long_series, tmp_path), thread, stopped=True, by="SIGKILL")
