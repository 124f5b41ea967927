"""Accepts one image, from the network or a watched folder: checks it, stores it and enters it in the queue.

When `take` returns without an error, the image is on disk and in the queue, so it may be acknowledged.
"""

from __future__ import annotations

import hashlib
from enum import Enum

from ichor.errors import IchorError
from ichor.node.monitor import Monitor
from ichor.node.queue.queue import Queue
from ichor.node.queue.studies import Instance
from ichor.node.store import Store
from ichor.node.syntaxes import SOP_CLASSES, TRANSFER_SYNTAXES
from ichor.read.dicom.parsing import ImplausibleHeader, end_of_meta_information, parse

KEYWORDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")
LONGEST_UID = 64  # PS3.5 9.1


class Refused(IchorError):
    """An image that is not accepted; the message says why and quotes nothing from it."""


class Taken(Enum):
    """What became of an image."""

    NEW = "new"  # or its content changed
    DUPLICATE = "duplicate"


class Intake:
    """Accepts images into a store and a queue; threads may share it."""

    def __init__(self, store: Store, queue: Queue, most_bytes: int, monitor: Monitor | None = None) -> None:
        self._store, self._queue, self._most_bytes = store, queue, most_bytes
        self._monitor = monitor or Monitor()

    def take(self, content: bytes, *, priority: int = 0, expected: tuple[str, str] | None = None) -> Taken:
        """Accept a DICOM file with its meta information; `expected`: the announced SOP Class and SOP Instance UIDs.

        Raises Refused if it is not an image that the node accepts, and OutputFailed if it cannot be stored.
        """
        try:
            taken = self._take(content, priority, expected)
        except Refused:
            self._monitor.image("refused")
            raise
        except Exception:
            self._monitor.image("not stored")
            raise
        self._monitor.image(taken.value)
        return taken

    def _take(self, content: bytes, priority: int, expected: tuple[str, str] | None) -> Taken:
        one = self._checked(content, expected)
        if self._queue.studies.is_held(one):
            self._queue.studies.receive(one, priority)
            return Taken.DUPLICATE
        with self._store.written(one, content):
            new = self._queue.studies.receive(one, priority)
        return Taken.NEW if new else Taken.DUPLICATE

    def _checked(self, content: bytes, expected: tuple[str, str] | None) -> Instance:
        if len(content) > self._most_bytes:
            raise Refused(f"expected an image of at most {self._most_bytes} bytes, found {len(content)}")
        try:
            header = parse(content, KEYWORDS, with_pixels=False)
            sop_class, instance, study = (str(header.get(keyword, "")).strip(" \0") for keyword in KEYWORDS)
            syntax = str(header.file_meta.get("TransferSyntaxUID", ""))
        except ImplausibleHeader as error:
            raise Refused(str(error)) from None
        except Exception:  # pydicom raises errors of many types
            raise Refused("expected a DICOM image, found one that cannot be read") from None
        if sop_class not in SOP_CLASSES:
            raise Refused("expected a CT image, found an object of another SOP class")
        if syntax not in TRANSFER_SYNTAXES:
            raise Refused("expected a transfer syntax that can be read, found another one")
        if not all(0 < len(uid) <= LONGEST_UID for uid in (instance, study)):
            raise Refused("expected a SOP Instance UID and a Study Instance UID, found none")
        if expected is not None and expected != (sop_class, instance):
            raise Refused("expected the image that its sender announced, found another one")
        return Instance(
            study=digest(study),
            key=instance_key(instance),
            content=_content_digest(syntax, content),
            sop_class=sop_class,
            n_bytes=len(content),
        )


def instance_key(instance_uid: str) -> str:
    """The key of an image in the queue, from its SOP Instance UID."""
    return digest(instance_uid)


def digest(uid: str) -> str:
    """The SHA-256 of a UID, in hexadecimal."""
    return hashlib.sha256(uid.encode()).hexdigest()


def _content_digest(syntax: str, content: bytes) -> str:
    """Leaves out the file meta information, in which every program that forwards an image names itself."""
    found = hashlib.sha256(syntax.encode())
    found.update(memoryview(content)[end_of_meta_information(content) :])
    return found.hexdigest()
