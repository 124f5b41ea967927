"""Delivery threads of the node: one per destination, so that none waits for another, and one for commitment reports."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ichor.errors import IchorError
from ichor.node.config import Destination, WebDestination
from ichor.node.logs import log, log_error, safe_reason, short
from ichor.node.network.committing import Committer
from ichor.node.network.objects import objects_of
from ichor.node.network.store_scu import StoreScu
from ichor.node.network.stow import Stow
from ichor.node.queue.deliveries import Delivery
from ichor.node.queue.queue import Queue
from ichor.node.queue.retries import Retries

LOOK_S = 0.3  # between checks for something that is due


class Transport(Protocol):
    """How objects are sent to one kind of destination."""

    def send(self, objects: Sequence[Any]) -> None:
        """Send objects; all are stored there when this returns. Raises IchorError, in one line, if any is not."""
        ...


def transport_for(ae_title: str, destination: Destination) -> Transport:
    """The transport for a destination. Raises BadConfig if its TLS files cannot be used."""
    return Stow(destination) if isinstance(destination, WebDestination) else StoreScu(ae_title, destination)


class Deliverer:
    """Delivers results to one destination."""

    def __init__(self, name: str, transport: Transport, queue: Queue, results: Path, retries: Retries) -> None:
        self._name, self._transport, self._queue, self._results, self._retries = (
            name,
            transport,
            queue,
            results,
            retries,
        )

    def run(self, stopping: threading.Event) -> None:
        """Deliver until the node stops."""
        _while_due(self._deliver_next, stopping, f"delivery to {self._name}")

    def _deliver_next(self) -> bool:
        delivery = self._queue.deliveries.due(self._name)
        if delivery is None:
            return False
        try:
            self._transport.send(objects_of(self._results / delivery.name, replaces=delivery.replaces))
        except Exception as error:
            self._postpone(delivery, safe_reason(error))
        else:
            self._queue.deliveries.delivered(delivery)
            log.info("study %s: result %d delivered to %s", short(delivery.study), delivery.number, self._name)
        return True

    def _postpone(self, delivery: Delivery, reason: str) -> None:
        again = self._queue.deliveries.postpone(delivery, reason, self._retries)
        then = "trying again later" if again else "given up until ichor node retry"
        log.warning("study %s: not delivered to %s: %s; %s", short(delivery.study), self._name, reason, then)


class Reporter:
    """Answers storage commitment requests."""

    def __init__(self, committer: Committer, queue: Queue, retries: Retries) -> None:
        self._committer, self._queue, self._retries = committer, queue, retries

    def run(self, stopping: threading.Event) -> None:
        """Answer until the node stops."""
        _while_due(self._answer_next, stopping, "storage commitment reports")

    def _answer_next(self) -> bool:
        commitment = self._queue.commitments.due()
        if commitment is None:
            return False
        try:
            self._committer.answer(commitment)
        except IchorError as error:
            self._queue.commitments.postpone(commitment, self._retries)
            log.warning("storage commitment report not delivered to %s: %s", commitment.sender, safe_reason(error))
        else:
            self._queue.commitments.answered(commitment)
        return True


def _while_due(do_next: Any, stopping: threading.Event, doing: str) -> None:
    """Do what is due, one item at a time; a queue error is logged and does not end the thread."""
    while not stopping.is_set():
        try:
            if do_next():
                continue
        except Exception as error:
            log_error(doing, error)
        stopping.wait(LOOK_S)
