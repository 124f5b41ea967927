"""Threads of the node that deliver: one for each destination, so that none waits for another, and one for reports."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ichor.errors import IchorError
from ichor.node.config import Destination, WebDestination
from ichor.node.logs import log, log_error, short, told
from ichor.node.network.committing import Committer
from ichor.node.network.objects import objects_of
from ichor.node.network.store_scu import StoreScu
from ichor.node.network.stow import Stow
from ichor.node.queue.deliveries import Delivery
from ichor.node.queue.queue import Queue
from ichor.node.queue.retries import Retries

LOOK_S = 0.3  # between looks for something that is due


class Sends(Protocol):
    """What a kind of destination does."""

    def send(self, objects: Sequence[Any]) -> None:
        """Send objects; when this returns, each is stored there. Raises IchorError, in one line, where one is not."""
        ...


def sender_to(ae_title: str, destination: Destination) -> Sends:
    """What sends to a destination. Raises BadConfig for TLS that cannot be used."""
    return Stow(destination) if isinstance(destination, WebDestination) else StoreScu(ae_title, destination)


class Deliverer:
    """Delivers results to one destination."""

    def __init__(self, name: str, sends: Sends, queue: Queue, results: Path, retries: Retries) -> None:
        self._name, self._sends, self._queue, self._results, self._retries = name, sends, queue, results, retries

    def run(self, stopping: threading.Event) -> None:
        """Deliver until the node stops."""
        _while_due(self._deliver_next, stopping, f"delivery to {self._name}")

    def _deliver_next(self) -> bool:
        delivery = self._queue.deliveries.due(self._name)
        if delivery is None:
            return False
        try:
            self._sends.send(objects_of(self._results / delivery.name, replaces=delivery.replaces))
        except Exception as error:
            self._postpone(delivery, told(error))
        else:
            self._queue.deliveries.delivered(delivery)
            log.info("study %s: result %d delivered to %s", short(delivery.study), delivery.number, self._name)
        return True

    def _postpone(self, delivery: Delivery, reason: str) -> None:
        again = self._queue.deliveries.postpone(delivery, reason, self._retries)
        then = "it is tried again" if again else "it is given up, until ichor node retry"
        log.warning("study %s: not delivered to %s: %s; %s", short(delivery.study), self._name, reason, then)


class Reporter:
    """Answers requests of storage commitment."""

    def __init__(self, committer: Committer, queue: Queue, retries: Retries) -> None:
        self._committer, self._queue, self._retries = committer, queue, retries

    def run(self, stopping: threading.Event) -> None:
        """Answer until the node stops."""
        _while_due(self._answer_next, stopping, "reports of storage commitment")

    def _answer_next(self) -> bool:
        commitment = self._queue.commitments.due()
        if commitment is None:
            return False
        try:
            self._committer.answer(commitment)
        except IchorError as error:
            self._queue.commitments.postpone(commitment, self._retries)
            log.warning("a report of storage commitment to %s was not delivered: %s", commitment.sender, told(error))
        else:
            self._queue.commitments.answered(commitment)
        return True


def _while_due(do_next: Any, stopping: threading.Event, doing: str) -> None:
    """Do what is due, one after another; an error of the queue is logged, and does not end the thread."""
    while not stopping.is_set():
        try:
            if do_next():
                continue
        except Exception as error:
            log_error(doing, error)
        stopping.wait(LOOK_S)
