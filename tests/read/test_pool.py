"""Reading processes that wait for a question: kept for the next one, ended when none comes."""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import psutil
import pytest

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, begin_scan, inspect, open_scan, pool, start_reading_process
from ichor.read.pool import MAX_IDLE, Pool
from ichor.read.reading import begin
from reading_processes import HU, readers
from signals import NO_WINDOWS, until


def test_the_process_is_kept_for_the_next_scan(series: Path) -> None:
    open_scan(series)
    before = {one.pid for one in readers()}
    inspect(series)
    open_scan(series)
    with pytest.raises(UnreadableInput):
        open_scan(series / "nothing")
    assert {one.pid for one in readers()} == before


def test_it_may_be_started_before_it_is_needed(series: Path) -> None:
    start_reading_process()
    start_reading_process()
    reading = begin_scan(series)
    np.testing.assert_array_equal(reading.scan().voxels, HU)


def test_threads_read_at_the_same_time(series: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for scan in pool.map(open_scan, [series] * 12):
            np.testing.assert_array_equal(scan.voxels, HU)


@NO_WINDOWS
def test_a_fork_reads_in_its_own_process(series: Path) -> None:
    open_scan(series)
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if np.array_equal(open_scan(series).voxels, HU) else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    np.testing.assert_array_equal(open_scan(series).voxels, HU)


def test_a_process_that_waits_too_long_is_ended_and_another_one_works(series: Path) -> None:
    own = Pool(idle_s=0.1)
    pids = set()
    for _ in range(2):
        reading = begin(series, ReadOptions(), own)
        pid = reading.pid
        assert pid is not None and psutil.pid_exists(pid)
        np.testing.assert_array_equal(reading.scan().voxels, HU)
        until(lambda pid=pid: not psutil.pid_exists(pid))
        pids.add(pid)
    assert len(pids) == 2


class Process:
    """In place of a reading process: it counts how often it is ended."""

    made: ClassVar[list[Process]] = []

    def __init__(self) -> None:
        self.ended = 0
        self.made.append(self)

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The processes that were started."""
    monkeypatch.setattr(pool, "ReadingProcess", Process)
    monkeypatch.setattr(Process, "made", [])
    return Process.made


def test_one_that_was_started_beforehand_does_not_wait_for_good(made: list[Process]) -> None:
    Pool(idle_s=0.01).prepare()
    (process,) = made
    until(lambda: process.ended)


def test_a_process_in_use_is_not_ended(made: list[Process]) -> None:
    own = Pool(idle_s=0.001)

    def use(seed: int) -> None:
        pauses = random.Random(seed)
        for _ in range(300):
            process = own.take()
            assert not process.ended
            time.sleep(pauses.uniform(0, 0.002))
            assert not process.ended
            own.give_back(process)
            time.sleep(pauses.uniform(0, 0.002))

    with ThreadPoolExecutor(2 * MAX_IDLE) as threads:
        list(threads.map(use, range(2 * MAX_IDLE)))
    until(lambda: all(one.ended for one in made))
    assert len(made) > 2 * MAX_IDLE  # some were ended meanwhile
    assert {one.ended for one in made} == {1}
