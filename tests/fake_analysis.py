"""In place of screening, in worker processes: what hangs, dies or finds the disk full, by how many images there are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from ichor.node.config import Screening
from ichor.node.task import Ended, Task

HANGS, DIES, NO_ROOM, CRASHES = 1, 2, 3, 4


def make_work(settings: Screening) -> Callable[[Task], Ended]:
    """In place of `ichor.node.task.make_work`."""
    return work


def work(task: Task) -> Ended:
    """What came of a study with so many images."""
    if len(task.files) == HANGS:
        time.sleep(600)
    if len(task.files) == DIES:
        os._exit(9)
    if len(task.files) == NO_ROOM:
        task.result.mkdir(exist_ok=True)
        if len(list(task.result.iterdir())) < 1:
            (task.result / "tried").touch()
            return Ended("no room", reason="there is no room")
    if len(task.files) == CRASHES:
        return Ended("failed", reason="an internal error")
    return Ended("done", verdict="negative")
