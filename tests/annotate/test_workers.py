"""Heavy work in processes of its own: what goes beyond the limits is given up, and so is all when the server ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ichor.annotate.server.workers import GIGABYTE, Limits, Stopped, TooHeavy, Workers
from ichor.errors import IchorError
from worker_tasks import alone_in_memory, quoted, refused

LIMITS = Limits(seconds=60, bytes=2 * GIGABYTE)
HANG_S = 60


@contextmanager
def workers(count: int = 1, limits: Limits = LIMITS) -> Iterator[Workers]:
    one = Workers(count, limits)
    try:
        yield one
    finally:
        one.close()


def test_it_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    with workers() as one:
        assert one.run(sum, (1, 2, 3)) == 6
        pid = one.run(os.getpid)
        assert pid != os.getpid() and one.run(os.getpid) == pid
        with pytest.raises(IchorError, match="one line"):
            one.run(refused, "one line")
        with pytest.raises(RuntimeError, match="KeyError in a worker"):
            one.run(quoted)
        assert one.run(os.getpid) == pid


@pytest.mark.long
def test_work_that_takes_too_long_is_aborted_and_the_next_is_done() -> None:
    with workers(limits=Limits(seconds=5, bytes=None)) as one:
        pid = one.run(os.getpid)
        with pytest.raises(TooHeavy, match="at most 5 s"):
            one.run(time.sleep, 1000)
        assert not alive(pid)
        assert one.run(os.getpid) != pid


def test_work_that_takes_too_much_memory_is_aborted() -> None:
    with workers() as one:
        with pytest.raises(TooHeavy, match="memory"):
            one.run(alone_in_memory, 4 * GIGABYTE)
        assert one.run(alone_in_memory, 1000) == 1000


def test_one_that_dies_is_replaced() -> None:
    with workers() as one:
        with pytest.raises(TooHeavy, match="ended"):
            one.run(os._exit, 3)
        assert one.run(sum, (1,)) == 1


def test_when_it_is_closed_all_that_works_and_waits_is_given_up() -> None:
    with workers() as one:
        pid = one.run(os.getpid)
        outcomes: list[type[BaseException]] = []

        def sleep() -> None:
            try:
                one.run(time.sleep, 1000)
            except IchorError as error:
                outcomes.append(type(error))

        threads = [threading.Thread(target=sleep) for _ in range(3)]
        for thread in threads:
            thread.start()
        one.close()
        for thread in threads:
            thread.join(HANG_S)
        assert outcomes == [Stopped] * 3
        assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
