"""Parts of a node for tests: a listener alone, senders, and certificates."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pynetdicom import AE
from pynetdicom.presentation import build_context

from ichor.node.config import NodeConfig
from ichor.node.intake import Intake
from ichor.node.network.answers import Answers
from ichor.node.network.listener import DicomListener
from ichor.node.queue.queue import Queue
from ichor.node.store import Store

SENDER, NODE = "SCANNER", "ICHOR"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@dataclass
class Listening:
    """A listener with what it fills."""

    port: int
    queue: Queue
    store: Store
    answers: Answers


@contextmanager
def listening(folder: Path, **config: Any) -> Iterator[Listening]:
    """A listener on a free port, with this configuration."""
    listener = {"port": 0, **config.pop("listener", {})}
    listener["limits"] = {"keep_free_gib": 0, **listener.get("limits", {})}
    settings = NodeConfig.model_validate({"senders": [{"ae_title": SENDER}], **config, "listener": listener})
    with Queue(folder) as queue:
        store = Store(folder / "images")
        intake = Intake(store, queue, int(settings.listener.limits.image_mib * 2**20))
        answers = Answers(settings, intake, queue, threading.Event())
        one = DicomListener(settings, answers)
        port = one.start()
        try:
            yield Listening(port, queue, store, answers)
        finally:
            one.stop()


@contextmanager
def associated(
    port: int, *syntaxes: tuple[str, str], title: str = SENDER, called: str = NODE, tls: Any = None
) -> Iterator[Any]:
    """An association as a sender opens it, for these SOP classes and transfer syntaxes; it may be rejected."""
    entity = AE(ae_title=title)
    entity.requested_contexts = [build_context(sop_class, syntax) for sop_class, syntax in dict.fromkeys(syntaxes)]
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
    association = entity.associate("127.0.0.1", port, ae_title=called, tls_args=None if tls is None else (tls, None))
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def send(port: int, images: Sequence[pydicom.FileDataset], **options: Any) -> list[int]:
    """Send images on one association; the status of each."""
    syntaxes = [(str(one.SOPClassUID), str(one.file_meta.TransferSyntaxUID)) for one in images]
    with associated(port, *syntaxes, **options) as association:
        assert association.is_established
        return [association.send_c_store(one).get("Status", -1) for one in images]


def as_bytes(one: pydicom.FileDataset) -> bytes:
    """The content of its file."""
    buffer = BytesIO()
    one.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine that nobody else signed, and its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key
