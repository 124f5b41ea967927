"""Helpers do not outlive the process that started them, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from signals import LINUX, stop

TESTS = Path(__file__).parent
HANG_S = 120

# A process that starts a helper and, in it, another; each says who it is, waits for ever, and holds stdout open.
STARTER = f"""
import sys, threading
sys.path.insert(0, {str(TESTS)!r})
from ichor.processes import start_helper
from test_processes import wait_with_helper

if __name__ == "__main__":
    how, grace_s = sys.argv[1], float(sys.argv[2])
    def start():
        start_helper(wait_with_helper, how, name="first", grace_s=grace_s, has_helpers=True)
    if how == "thread":  # which ends before the process does
        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
    else:
        start()
    sys.stdin.readline()
"""


def wait_with_helper(how: str) -> None:
    from ichor.processes import start_helper

    start_helper(wait, how, name="second")
    wait(how)


def wait(how: str) -> None:
    """For ever, ending only from outside."""
    os.write(1, b"up\n")
    if how == "deaf":  # code that lets no other thread of Python run, as a decoder in an endless loop does
        import ctypes

        ctypes.PyDLL(None).pause()
    while True:
        signal.pause()


@contextmanager
def started(folder: Path, program: str, *words: str, helpers: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this program, once so many helpers have said that they are up; they hold its stdout open."""
    script = folder / "starter.py"
    script.write_text(program)
    command = [sys.executable, str(script), *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(helpers)] == [b"up\n"] * helpers
        yield process


@pytest.mark.parametrize("how", ["main", "thread", "deaf"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_helpers_and_their_helpers_end_with_the_process(how: str, end: int, tmp_path: Path) -> None:
    with started(tmp_path, STARTER, how, "0", helpers=2) as process:
        process.send_signal(end)
        # Both hold stdout open: its end is their end.
        assert process.communicate(timeout=HANG_S) == (b"", None)


@LINUX
@pytest.mark.parametrize("how", ["main", "thread"])
def test_stopped_helpers_end_too(how: str, tmp_path: Path) -> None:
    with started(tmp_path, STARTER, how, "0", helpers=2) as process:
        stop_helpers(process)
        process.kill()
        assert process.communicate(timeout=HANG_S) == (b"", None)


def stop_helpers(process: subprocess.Popen[bytes]) -> None:
    for one in psutil.Process(process.pid).children(recursive=True):
        if "resource_tracker" not in " ".join(one.cmdline()):
            stop(one)


@pytest.mark.parametrize("stopped", [False, pytest.param(True, marks=LINUX)])
def test_a_grace_lets_a_helper_clean_up(tmp_path: Path, stopped: bool) -> None:
    program = STARTER.replace("wait_with_helper", "clean_up")
    with started(tmp_path, program, str(tmp_path / "rubbish"), "60", helpers=1) as process:
        assert (tmp_path / "rubbish").exists()
        if stopped:
            stop_helpers(process)
        process.kill()
        assert process.communicate(timeout=HANG_S) == (b"", None)
    assert not (tmp_path / "rubbish").exists()


def clean_up(path: str) -> None:
    """Leaves rubbish until SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rubbish = Path(path)
    rubbish.touch()
    try:
        wait("main")
    finally:
        rubbish.unlink()
