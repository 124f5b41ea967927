"""Accepts one image, from the network or a watched folder: checks it, stores it and enters it in the queue.

When `take` returns without an error, the image is on disk and in the queue, so it may be acknowledged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum

from ichor.errors import IchorError
from ichor.node.monitor import Monitor
from ichor.node.queue.queue import Queue
from ichor.node.queue.studies import Instance
from ichor.node.store import Spool, Store
from ichor.node.syntaxes import SOP_CLASSES, TRANSFER_SYNTAXES
from ichor.read.dicom.parsing import ImplausibleHeader, end_of_meta_information, parse_beginning

KEYWORDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")  # in the order of their tags
LONGEST_UID = 64  # PS3.5 9.1


class Why(Enum):
    """Kinds of reasons why an image is refused."""

    NOT_UNDERSTOOD = "not understood"
    SOP_CLASS = "SOP class"
    TRANSFER_SYNTAX = "transfer syntax"
    ANOTHER = "another image or study than announced"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class About:
    """The UIDs of an image: they identify a patient, so they are neither logged nor stored."""

    sop_class: str
    instance: str
    study: str


class Refused(IchorError):
    """An image that is not accepted; the message says why and quotes nothing from it.

    Attributes:
        why: the kind of reason.
        about: the image's UIDs, if they could be read.
    """

    def __init__(self, message: str, why: Why, about: About | None = None) -> None:
        super().__init__(message)
        self.why, self.about = why, about


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
        with self._counted() as count:
            self.check_size(len(content))
            about, syntax = _read([content])
            if expected is not None and expected != (about.sop_class, about.instance):
                raise Refused("expected the image that its sender announced, found another one", Why.ANOTHER, about)
            one = _instance(about, syntax, [content])
            return count(self._stored(one, priority, lambda: self._store.written(one, content)))

    def take_spooled(self, spool: Spool, *, study: str | None = None) -> tuple[Taken, About]:
        """Accept a DICOM file that was spooled, of this study if one is named; only its beginning is held in memory.

        Raises as `take` does.
        """
        with self._counted() as count:
            self.check_size(spool.n_bytes)
            about, syntax = _read(spool.pieces())
            if study is not None and about.study != study:
                raise Refused("expected an image of the study in the request, found another", Why.ANOTHER, about)
            one = _instance(about, syntax, spool.pieces())
            return count(self._stored(one, 0, lambda: self._store.adopted(one, spool))), about

    def refuse(self) -> None:
        """Count an image that is refused unread, because its sender is not allowed to send it."""
        self._monitor.image("refused")

    def _stored(self, one: Instance, priority: int, on_disk: Callable[[], AbstractContextManager[None]]) -> Taken:
        if self._queue.studies.is_held(one):
            self._queue.studies.receive(one, priority)
            return Taken.DUPLICATE
        with on_disk():
            new = self._queue.studies.receive(one, priority)
        return Taken.NEW if new else Taken.DUPLICATE

    @contextmanager
    def _counted(self) -> Iterator[Callable[[Taken], Taken]]:
        """A block that accepts an image: what became of it is counted."""

        def count(taken: Taken) -> Taken:
            self._monitor.image(taken.value)
            return taken

        try:
            yield count
        except Refused:
            self._monitor.image("refused")
            raise
        except Exception:
            self._monitor.image("not stored")
            raise

    def check_size(self, n_bytes: int) -> None:
        """Raise Refused for an image that is larger than the node accepts."""
        if n_bytes > self._most_bytes:
            raise Refused(
                f"expected an image of at most {self._most_bytes} bytes, found {n_bytes} or more", Why.TOO_LARGE
            )


def instance_key(instance_uid: str) -> str:
    """The key of an image in the queue, from its SOP Instance UID."""
    return digest(instance_uid)


def digest(uid: str) -> str:
    """The SHA-256 of a UID, in hexadecimal."""
    return hashlib.sha256(uid.encode()).hexdigest()


def _read(pieces: Iterable[bytes]) -> tuple[About, str]:
    """The UIDs and the transfer syntax of a file. Raises Refused if the node does not accept it."""
    try:
        header = parse_beginning(pieces, KEYWORDS)
        about = About(*(str(header.get(keyword, "")).strip(" \0") for keyword in KEYWORDS))
        syntax = str(header.file_meta.get("TransferSyntaxUID", ""))
    except ImplausibleHeader as error:
        raise Refused(str(error), Why.NOT_UNDERSTOOD) from None
    except Exception:  # pydicom raises errors of many types
        raise Refused("expected a DICOM image, found one that cannot be read", Why.NOT_UNDERSTOOD) from None
    if not about.sop_class:
        raise Refused("expected a DICOM image, found no SOP Class UID", Why.NOT_UNDERSTOOD)
    if about.sop_class not in SOP_CLASSES:
        raise Refused("expected a CT image, found an object of another SOP class", Why.SOP_CLASS, about)
    if syntax not in TRANSFER_SYNTAXES:
        raise Refused("expected a transfer syntax that can be read, found another one", Why.TRANSFER_SYNTAX, about)
    if not all(0 < len(uid) <= LONGEST_UID for uid in (about.instance, about.study)):
        raise Refused("expected a SOP Instance UID and a Study Instance UID, found none", Why.NOT_UNDERSTOOD)
    return about, syntax


def _instance(about: About, syntax: str, pieces: Iterable[bytes]) -> Instance:
    """How the queue identifies an image. Its content does not include the file meta information.

    That is where every program that forwards an image names itself.
    """
    content, n_bytes = hashlib.sha256(syntax.encode()), 0
    for piece in pieces:
        start = 0 if n_bytes else end_of_meta_information(piece)
        content.update(memoryview(piece)[start:])
        n_bytes += len(piece)
    return Instance(
        study=digest(about.study),
        key=instance_key(about.instance),
        content=content.hexdigest(),
        sop_class=about.sop_class,
        n_bytes=n_bytes,
    )
