"""Orthanc, a real PACS, on loopback: DICOM (C-STORE, C-FIND, C-MOVE, storage commitment) and DICOMweb.

A test asks for the fixture `orthanc`, an empty server that several tests share and that is emptied for each; one that
needs other settings starts its own by `running_orthanc` and is marked `orthanc`.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ichor.death_signal import ask_for_death_signal
from paths import ORTHANC, ORTHANC_DICOMWEB
from ports import free_port

PATIENT_S = 120  # on a machine that is busy with other work
STARTS = 5  # another process may take the port first
TITLE = "ORTHANC"


@dataclass(frozen=True)
class Orthanc:
    """A server that runs: its ports on 127.0.0.1, its AE title, and its folder, which holds orthanc.log."""

    http_port: int
    dicom_port: int
    folder: Path
    process: subprocess.Popen[bytes]
    web: httpx.Client
    title: str = TITLE

    @property
    def dicomweb(self) -> str:
        """The address of DICOMweb, without a slash at its end."""
        return f"{str(self.web.base_url).rstrip('/')}/dicom-web"

    def store(self, files: Iterable[Path]) -> None:
        """Put DICOM files on it."""
        for file in files:
            self.web.post("/instances", content=file.read_bytes()).raise_for_status()

    def instances(self) -> list[dict[str, str]]:
        """The main tags of each object on it, by their keywords."""
        return [one["MainDicomTags"] for one in self.web.get("/instances", params={"expand": ""}).json()]

    def file(self, sop_instance_uid: str) -> bytes:
        """An object on it, as the file that it keeps."""
        (one,) = self.web.post("/tools/lookup", content=sop_instance_uid).json()
        return self.web.get(f"/instances/{one['ID']}/file").content

    def modality(self, name: str, title: str, port: int) -> None:
        """Tell it of an application entity on this machine, to which it may send and which may query it."""
        known = {"AET": title, "Host": "127.0.0.1", "Port": port}
        self.web.put(f"/modalities/{name}", json=known).raise_for_status()

    def empty(self) -> None:
        """Remove all objects."""
        for patient in self.web.get("/patients").json():
            self.web.delete(f"/patients/{patient}").raise_for_status()


@contextmanager
def running_orthanc(folder: Path, *, auth: Any = None, **settings: Any) -> Iterator[Orthanc]:
    """Start a server that keeps everything in `folder`, and end it.

    `settings` are Orthanc's own, by their names in orthanc.json; `auth` is httpx's, for a server with
    `RegisteredUsers`. Debian 12's Orthanc crashes at its first answer by TLS: put a relay before it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(STARTS):
        one = _started(folder, auth, settings)
        if one is not None:
            break
    else:
        raise AssertionError((folder / "orthanc.log").read_text())
    try:
        yield one
    finally:
        one.web.close()
        one.process.terminate()
        try:
            one.process.wait(PATIENT_S)
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()


@pytest.fixture(scope="session")
def _shared_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as one:
        yield one


@pytest.fixture
def orthanc(_shared_orthanc: Orthanc) -> Orthanc:
    """A server without objects and without passwords."""
    _shared_orthanc.empty()
    return _shared_orthanc


def _started(folder: Path, auth: Any, settings: dict[str, Any]) -> Orthanc | None:
    """A server that answers, or None where it ended, as it does without its ports."""
    http_port, dicom_port = free_port(), free_port()
    written = folder / "orthanc.json"
    written.write_text(json.dumps(_settings(folder, http_port, dicom_port) | settings))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen(
            [ORTHANC, written],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            preexec_fn=_end_with_this_process,  # noqa: PLW1509 (nothing but a call of the system)
        )
    web = httpx.Client(base_url=f"http://127.0.0.1:{http_port}", auth=auth, trust_env=False, timeout=60)
    late = time.monotonic() + PATIENT_S
    while process.poll() is None and time.monotonic() < late:
        try:
            web.get("/system").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return Orthanc(http_port, dicom_port, folder, process, web)
    web.close()
    process.kill()
    process.wait()
    return None


def _end_with_this_process() -> None:
    ask_for_death_signal("SIGKILL")


def _settings(folder: Path, http_port: int, dicom_port: int) -> dict[str, Any]:
    return {
        "Name": "Ichor's tests",
        "StorageDirectory": str(folder / "objects"),
        "IndexDirectory": str(folder / "objects"),
        "Plugins": [str(ORTHANC_DICOMWEB)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "WebDavEnabled": False,
        "HttpPort": http_port,
        "DicomPort": dicom_port,
        "DicomAet": TITLE,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "UnknownSopClassAccepted": True,
        "SyncStorageArea": False,
        "SaveJobs": False,
    }
