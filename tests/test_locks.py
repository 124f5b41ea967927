"""One process at a time, and no lock that outlives its process."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ichor.locks import Busy, one_at_a_time

HANG_S = 120

COUNT = """
import sys
from pathlib import Path
from ichor.locks import one_at_a_time
counter = Path(sys.argv[1])
for _ in range(50):
    with one_at_a_time(counter) as alone:
        assert alone
        counter.write_text(str(int(counter.read_text()) + 1))
"""

HOLD = """
import sys
from pathlib import Path
from ichor.locks import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_processes_that_count_together_miss_nothing(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(counter)]) for _ in range(4)]
    assert [one.wait(HANG_S) for one in processes] == [0] * 4
    assert counter.read_text() == "200"
    assert list(tmp_path.iterdir()) == [counter]


@pytest.mark.parametrize("end", ["end", "kill"])
def test_a_lock_is_busy_until_its_process_ends(tmp_path: Path, end: str) -> None:
    path = tmp_path / "scan"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(Busy), one_at_a_time(path, wait=False):
            pytest.fail("expected another process to hold it")
        if end == "kill":
            process.kill()
        else:
            process.communicate(timeout=HANG_S)
        process.wait(HANG_S)
    with one_at_a_time(path, wait=False) as alone:
        assert alone
    assert not list(tmp_path.iterdir())


def test_the_holder_may_enter_again_but_another_thread_may_not(tmp_path: Path) -> None:
    busy = []

    def other() -> None:
        try:
            with one_at_a_time(tmp_path / "scan", wait=False):
                pass
        except Busy:
            busy.append(True)

    with one_at_a_time(tmp_path / "scan"), one_at_a_time(tmp_path / "scan", wait=False) as alone:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(HANG_S)
    assert alone and busy == [True]


def test_without_support_for_locks_nobody_waits_and_a_warning_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_here(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none_here)
    with one_at_a_time(tmp_path / "scan") as alone:
        assert not alone
    assert not list(tmp_path.iterdir())
