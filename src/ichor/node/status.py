"""What `ichor node status` shows: counts, and what needs a person's attention, without patient data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.node.queue.analysis import Problem
from ichor.node.queue.database import DATABASE
from ichor.node.queue.deliveries import Delivery
from ichor.node.queue.queue import Queue
from ichor.node.run import is_running


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a node.

    Attributes:
        running: whether a process runs it.
        studies: how many there are in each state.
        problems: the studies that could not be screened.
        pending, dead: deliveries that have failed at least once, and those that were given up.
    """

    running: bool
    studies: dict[str, int]
    problems: list[Problem]
    pending: list[Delivery]
    dead: list[Delivery]

    def as_json(self) -> dict[str, Any]:
        """The status as plain lists and dictionaries."""
        return asdict(self)


def status_of(folder: Path) -> Status:
    """The status of the node in a folder. Raises UnreadableInput if it has never run."""
    queue = open_queue(folder)
    with queue:
        return Status(
            running=is_running(folder),
            studies=queue.studies.counts(),
            problems=queue.analyses.problems(),
            pending=[one for one in queue.deliveries.listed("pending") if one.attempts],
            dead=queue.deliveries.listed("dead"),
        )


def open_queue(folder: Path) -> Queue:
    """The queue of a node that has run. Raises UnreadableInput if there is none."""
    if not (folder / DATABASE).is_file():
        raise UnreadableInput(f"{folder}: expected the folder of a node that has run, found no {DATABASE}")
    return Queue(folder)
