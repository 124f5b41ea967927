"""Delivery threads of the node: one per destination, so that none waits for another, and one for commitment reports."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ichor.errors import IchorError
from ichor.node.config import Destination, DimseDestination, NodeConfig, WebDestination
from ichor.node.config_messages import Hl7Destination, WebhookDestination
from ichor.node.logs import fields, log, log_error, safe_reason, short
from ichor.node.messages.alert import Alerts
from ichor.node.messages.mail import Mail
from ichor.node.messages.mllp import Hl7
from ichor.node.messages.reported import Reported
from ichor.node.messages.webhook import Webhook
from ichor.node.network.committing import Committer
from ichor.node.network.objects import objects_of
from ichor.node.network.store_scu import StoreScu
from ichor.node.network.stow import Stow
from ichor.node.queue.deliveries import Delivery
from ichor.node.queue.queue import Queue
from ichor.node.queue.retries import Retries

LOOK_S = 0.3  # between checks for something that is due


class Transport(Protocol):
    """How results are sent to one kind of destination."""

    def send(self, delivery: Delivery) -> None:
        """Send a result; it was accepted when this returns. Raises IchorError, in one line, if it was not."""
        ...


class StoresObjects(Protocol):
    """How objects are sent to one kind of DICOM destination."""

    def send(self, objects: Sequence[Any]) -> None:
        """Send objects; all are stored there when this returns. Raises IchorError, in one line, if any is not."""
        ...


class ObjectTransport:
    """Sends the DICOM objects of results."""

    def __init__(self, results: Path, store: StoresObjects) -> None:
        self._results, self._store = results, store

    def send(self, delivery: Delivery) -> None:
        """Send the objects of a result."""
        earlier = None if delivery.replaces is None else self._results / delivery.replaces
        self._store.send(objects_of(self._results / delivery.name, replaces=earlier))


def transport_for(name: str, config: NodeConfig, results: Path, reported: Reported) -> Transport:
    """The transport for a destination. Raises IchorError if its TLS files, secret or login cannot be used."""
    to: Destination = config.destinations[name]
    if isinstance(to, WebDestination):
        return ObjectTransport(results, Stow(to))
    if isinstance(to, DimseDestination):
        return ObjectTransport(results, StoreScu(config.listener.ae_title, to))
    if isinstance(to, Hl7Destination):
        return Hl7(to, reported)
    sends = Webhook(to) if isinstance(to, WebhookDestination) else Mail(to)
    return Alerts(name, to, sends, reported, config.worklist_url)


class Deliverer:
    """Delivers results to one destination."""

    def __init__(self, name: str, transport: Transport, queue: Queue, retries: Retries) -> None:
        self._name, self._transport, self._queue, self._retries = name, transport, queue, retries

    def run(self, stopping: threading.Event) -> None:
        """Deliver until the node stops."""
        _while_due(self._deliver_next, stopping, f"delivery to {self._name}")

    def _deliver_next(self) -> bool:
        delivery = self._queue.deliveries.due(self._name)
        if delivery is None:
            return False
        try:
            self._transport.send(delivery)
        except Exception as error:
            self._postpone(delivery, safe_reason(error))
        else:
            self._queue.deliveries.delivered(delivery)
            about = fields(delivery.study, result=delivery.number, destination=self._name)
            log.info(
                "study %s: result %d delivered to %s", short(delivery.study), delivery.number, self._name, extra=about
            )
        return True

    def _postpone(self, delivery: Delivery, reason: str) -> None:
        again = self._queue.deliveries.postpone(delivery, reason, self._retries)
        then = "trying again later" if again else "given up until ichor node retry"
        about = fields(
            delivery.study,
            result=delivery.number,
            destination=self._name,
            reason=reason,
            attempts=delivery.attempts + 1,
        )
        log.warning(
            "study %s: not delivered to %s: %s; %s", short(delivery.study), self._name, reason, then, extra=about
        )


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
