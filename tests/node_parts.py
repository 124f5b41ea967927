"""Parts of a node for tests: a listener alone, senders, and certificates."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import pydicom
import yaml
from pydicom.uid import generate_uid
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.presentation import build_context

from demo_series import demo_slices
from ichor.methods.brain_outliers import BrainOutliers, Parameters
from ichor.node.config import NodeConfig
from ichor.node.intake import Intake
from ichor.node.monitor import Monitor
from ichor.node.network.answers import Answers
from ichor.node.network.listener import DicomListener
from ichor.node.queue.queue import Queue
from ichor.node.status import status_of
from ichor.node.store import Store
from signals import HANG_S, until
from synthetic_dicom import PATIENT

SENDER, NODE = "SCANNER", "ICHOR"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@dataclass
class Listening:
    """A listener with what it fills."""

    port: int
    queue: Queue
    store: Store
    answers: Answers
    monitor: Monitor


@contextmanager
def listening(folder: Path, **config: Any) -> Iterator[Listening]:
    """A listener on a free port, with this configuration."""
    listener = {"port": 0, **config.pop("listener", {})}
    listener["limits"] = {"keep_free_gib": 0, **listener.get("limits", {})}
    settings = NodeConfig.model_validate({"senders": [{"ae_title": SENDER}], **config, "listener": listener})
    with Queue(folder) as queue:
        store = Store(folder / "images")
        monitor = Monitor()
        intake = Intake(store, queue, int(settings.listener.limits.image_mib * 2**20), monitor)
        answers = Answers(settings, intake, queue, threading.Event())
        one = DicomListener(settings, answers, monitor)
        port = one.start()
        try:
            yield Listening(port, queue, store, answers, monitor)
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


def fast_package(folder: Path) -> Path:
    """A model package of a method that is done in moments, and needs no network."""
    method = BrainOutliers()
    method.parameters = Parameters(deviations=3.0)
    method.save(folder)
    return folder


def small_study(**header: Any) -> list[pydicom.FileDataset]:
    """The demonstration scan with every fourth pixel, as another study of another patient."""
    values = {"StudyInstanceUID": generate_uid(), "FrameOfReferenceUID": generate_uid(), **PATIENT, **header}
    slices = demo_slices(**values)
    for one in slices:
        one.file_meta.TransferSyntaxUID = EXPLICIT
    return slices


class Pacs:
    """A destination that takes all storage classes, or one, and keeps objects in memory; `status` is its answer."""

    def __init__(self, port: int = 0, sop_class: str | None = None) -> None:
        self.objects: dict[str, pydicom.Dataset] = {}
        self.n_received = 0
        self.status = 0
        self._entity = AE(ae_title="PACS")
        only = AllStoragePresentationContexts if sop_class is None else [build_context(sop_class)]
        self._entity.supported_contexts = only
        handlers: list[Any] = [(evt.EVT_C_STORE, self._store)]
        self._server: Any = self._entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        self.port: int = self._server.server_address[1]

    def _store(self, event: Any) -> int:
        self.n_received += 1
        if self.status == 0:
            one = event.dataset
            one.file_meta = event.file_meta
            self.objects[str(one.SOPInstanceUID)] = one
        return self.status

    def close(self) -> None:
        """Be no longer there."""
        self._entity.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def of_study(self, study_uid: str) -> list[pydicom.Dataset]:
        """The objects that belong to a study."""
        return [one for one in list(self.objects.values()) if one.StudyInstanceUID == study_uid]


class RunningNode:
    """`ichor node run` as a process; what it says is in `log`."""

    COMMAND = (sys.executable, "-m", "ichor", "node")

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, **config: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if config:
            write_config(folder, **config)
        self.log = folder.parent / f"{folder.name}.log"
        self.environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.worklist = ""  # the link to it, or its address, if there is a web server

    def start(self) -> Self:
        """Start it, and wait until it listens."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self.COMMAND, "run", str(self.folder)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environment,
            )
        assert self.process.stdout is not None
        line = "".join(self.process.stdout.readline() for _ in range(2))
        assert "listens at" in line, self.log.read_text()
        self.port = int(line.partition(" port ")[2].partition(".")[0])
        if yaml.safe_load((self.folder / "node.yaml").read_text()).get("web") is not None:
            self.worklist = self.process.stdout.readline().split()[1]
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(number)
        code = self.process.wait(HANG_S)
        self.process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)

    def counts(self) -> dict[str, int]:
        """How many studies there are in each state, as `ichor node status` has it."""
        return status_of(self.folder).studies

    def wait_for(self, **counts: int) -> None:
        """Wait until there are these studies and no others."""
        until(lambda: self.counts() == counts or self._fail_if_ended())

    def _fail_if_ended(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log.read_text()
        return False


def write_config(folder: Path, **config: Any) -> None:
    """node.yaml for tests: a fast model, times of moments, SCANNER as the only sender."""
    folder.mkdir(parents=True, exist_ok=True)
    package = folder.parent / "package"
    if not package.exists():
        fast_package(package)
    settings = {
        "listener": {"port": 0, "limits": {"keep_free_gib": 0}},
        "senders": [{"ae_title": SENDER}],
        "completion": {"quiet_s": 1.5},
        "screening": {"model": str(package), "threads": 1, "outputs": ["dicom-seg"]},
        "retry": {"first_s": 0.2, "most_s": 1},
        **config,
    }
    (folder / "node.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(settings, default=str))))


def to_pacs(pacs: Pacs) -> dict[str, Any]:
    """The configuration of a destination."""
    return {"pacs": {"kind": "c-store", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs.port}}
