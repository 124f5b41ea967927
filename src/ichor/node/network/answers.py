"""The listener's responses to requests: verification, images, storage commitment."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ichor.errors import OutputFailed
from ichor.node.config import NodeConfig, Sender
from ichor.node.intake import Intake, Refused, Taken, instance_key
from ichor.node.logs import log, log_error
from ichor.node.network.guard import Pace
from ichor.node.queue.queue import Queue

# PS3.4 table B.2-1 and PS3.7 annex C.
SUCCESS, OUT_OF_RESOURCES, NOT_UNDERSTOOD, NOT_AUTHORIZED, PROCESSING_FAILURE = 0x0000, 0xA700, 0xC000, 0x0124, 0x0110
INVALID_ARGUMENT, NO_SUCH_ACTION = 0x0115, 0x0123
REQUEST_COMMITMENT = 1  # PS3.4 J.3.2.1.1
MOST_REFERENCES = 100_000


class Answers:
    """Answers senders' requests; the threads of all associations share it."""

    def __init__(self, config: NodeConfig, intake: Intake, queue: Queue, stopping: threading.Event) -> None:
        self._senders: Mapping[str, Sender] = {one.ae_title: one for one in config.senders}
        self._on_commitment = config.completion.on_commitment
        self._intake, self._queue, self._stopping = intake, queue, stopping
        self._pace = Pace(config.listener.limits.images_per_minute)
        self._received: WeakKeyDictionary[Any, dict[Taken, int]] = WeakKeyDictionary()

    def echo(self, event: Any) -> int:
        """C-ECHO."""
        return SUCCESS if self._sender(event) is not None else NOT_AUTHORIZED

    def store(self, event: Any) -> int:
        """C-STORE: success only once the image is on disk and in the queue."""
        sender = self._sender(event)
        if sender is None:
            self._intake.refuse()
            return NOT_AUTHORIZED
        if self._stopping.is_set():
            return OUT_OF_RESOURCES
        time.sleep(self._pace.wait_s(sender.ae_title))
        try:
            expected = str(event.request.AffectedSOPClassUID), str(event.request.AffectedSOPInstanceUID)
            taken = self._intake.take(event.encoded_dataset(), priority=sender.priority, expected=expected)
        except Refused as error:
            log_error(f"image from {sender.ae_title} refused", error)
            return NOT_UNDERSTOOD
        except OutputFailed as error:
            log_error(f"image from {sender.ae_title} not stored", error)
            return OUT_OF_RESOURCES
        except Exception as error:
            log_error(f"image from {sender.ae_title} not stored", error)
            return PROCESSING_FAILURE
        counts = self._received.setdefault(event.assoc, dict.fromkeys(Taken, 0))
        counts[taken] += 1
        return SUCCESS

    def commit(self, event: Any) -> tuple[int, None]:
        """N-ACTION: a storage commitment request, which is answered later on a separate association."""
        sender = self._sender(event)
        if sender is None:
            return NOT_AUTHORIZED, None
        if event.action_type != REQUEST_COMMITMENT:
            return NO_SUCH_ACTION, None
        try:
            asked = event.action_information
            transaction = str(asked.TransactionUID)
            references = [
                (str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID))
                for one in asked.ReferencedSOPSequence
            ]
        except Exception:  # pydicom raises errors of many types
            return INVALID_ARGUMENT, None
        if not references or len(references) > MOST_REFERENCES:
            return INVALID_ARGUMENT, None
        try:
            self._queue.commitments.receive(sender.ae_title, transaction, references)
            if self._on_commitment:
                self._queue.studies.complete_with({instance_key(uid) for _, uid in references})
        except Exception as error:
            log_error(f"storage commitment request from {sender.ae_title} not stored", error)
            return PROCESSING_FAILURE, None
        return SUCCESS, None

    def ended(self, event: Any) -> None:
        """Log how many images an association sent."""
        counts = self._received.pop(event.assoc, None)
        if counts:
            sender = self._sender(event)
            title = "a sender" if sender is None else sender.ae_title
            log.info("%s sent %d images, %d of them duplicates", title, sum(counts.values()), counts[Taken.DUPLICATE])

    def _sender(self, event: Any) -> Sender | None:
        """The configured sender at the other end; None if it is not configured or calls from another address."""
        requestor = event.assoc.requestor
        sender = self._senders.get(str(requestor.ae_title).strip())
        return None if sender is None or sender.host not in (None, requestor.address) else sender
