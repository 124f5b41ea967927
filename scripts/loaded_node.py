"""What scripts/node_load.py does to a node: many studies at once, and the throughput of it and of other listeners.

Linux only: peaks of memory are read from /proc.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import generate_uid

from disturbed_batches import DEMO, MARK, processes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from ichor.models.package import DEFAULT_MODEL
from node_parts import SENDER, RunningNode, write_config
from orthanc import TITLE, running_orthanc
from ports import free_port
from signals import until

HANG_S = 3600.0
QUIET_S = 5.0
SCP_TITLE = "STORESCP"


def write_studies(folder: Path, n: int) -> list[Path]:
    """So many copies of the demonstration scan, each as another study of another patient, each in a folder."""
    slices = [pydicom.dcmread(file) for file in sorted(DEMO.glob("*.dcm"))]
    for one in slices:
        one.decompress(generate_instance_uid=False)  # as scanners send
    folders = []
    for k in range(n):
        study, series, frame = generate_uid(), generate_uid(), generate_uid()
        target = folder / f"{k:04d}"
        target.mkdir(parents=True)
        for number, one in enumerate(slices):
            one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = study, series, frame
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            one.PatientID = f"load-{k}"
            one.save_as(target / f"{number:03d}.dcm", enforce_file_format=True)
        folders.append(target)
    return folders


def push_all(port: int, called: str, studies: Sequence[Path], associations: int) -> float:
    """Send studies by dcmtk's storescu, so many at once, each on an association; returns the seconds that it took."""

    def push(study: Path) -> None:
        words = ("-aet", SENDER, "-aec", called, "127.0.0.1", str(port), "+sd", str(study))
        done = subprocess.run([shutil.which("storescu") or "storescu", *words], capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"storescu failed: {done.stderr.decode(errors='replace')[-500:]}")

    since = time.monotonic()
    with ThreadPoolExecutor(associations) as pool:
        list(pool.map(push, studies))
    return time.monotonic() - since


class Peaks:
    """The peak memory of each kind of process with a mark, from its making until `stop`."""

    def __init__(self, mark: str) -> None:
        self._mark, self.bytes = mark, dict[str, int]()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no longer."""
        self._stopping.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopping.wait(0.2):
            for process, kind in processes(self._mark).items():
                try:
                    status = Path(f"/proc/{process}/status").read_text()
                except OSError:  # it has ended
                    continue
                found = re.search(r"VmHWM:\s+(\d+) kB", status)
                if found:
                    self.bytes[kind] = max(self.bytes.get(kind, 0), int(found[1]) * 1024)


def under_load(folder: Path, studies: Sequence[Path], associations: int, progress: Callable[[str], None]) -> Any:
    """Push studies to a node as a hospital would run it, and wait until all have results."""
    limits = {"keep_free_gib": 0, "associations": associations, "images_per_minute": 1e6}
    write_config(
        folder / "node",
        listener={"port": 0, "limits": limits},
        completion={"quiet_s": QUIET_S},
        screening={"model": DEFAULT_MODEL, "outputs": ["dicom-seg", "dicom-sr", "dicom-sc"]},
        retention={"keep_images_h": None},
    )
    mark = f"load-{time.time_ns()}"
    node = RunningNode(folder / "node", environment={MARK: mark})
    peaks = Peaks(mark)
    with node:
        since = time.monotonic()
        push_s = push_all(node.port, "ICHOR", studies, associations)
        progress(f"{len(studies)} studies sent in {push_s:.0f} s")
        end, told = time.monotonic() + HANG_S * 4, 0
        while (done := node.counts().get("delivered", 0)) < len(studies) and time.monotonic() < end:
            if done >= told + 10:
                told = done
                progress(f"{done} of {len(studies)} results")
            time.sleep(0.5)
        drained_s = time.monotonic() - since
        counts = node.counts()
        node.stop()
    peaks.stop()
    waits, analyses, images = _times(folder / "node")
    return {
        "studies": len(studies),
        "images": images,
        "associations": associations,
        "quiet_s": QUIET_S,
        "push_s": push_s,
        "drained_s": drained_s,
        "counts": counts,
        "waits_s": waits,
        "analysis_s": analyses,
        "peak_bytes": dict(sorted(peaks.bytes.items())),
    }


def _times(node: Path) -> tuple[list[float], list[float], int]:
    """Of each study the seconds from its last slice to its result, and of its analysis; and the number of images."""
    with closing(sqlite3.connect(node / "queue.sqlite")) as queue:
        rows = queue.execute(
            "SELECT a.ended_at - s.last_at, a.ended_at - a.started_at FROM analysis a "
            "JOIN study s ON s.id = a.study_id WHERE a.state = 'done' ORDER BY a.ended_at"
        ).fetchall()
        (images,) = queue.execute("SELECT count(*) FROM instance").fetchone()
    return [row[0] for row in rows], [row[1] for row in rows], images


@contextmanager
def _node(folder: Path, associations: int) -> Iterator[tuple[int, str]]:
    limits = {"keep_free_gib": 0, "associations": associations, "images_per_minute": 1e6}
    config: dict[str, Any] = {"listener": {"port": 0, "limits": limits}, "completion": {"quiet_s": HANG_S}}
    with RunningNode(folder / "node", **config) as node:
        yield node.port, "ICHOR"


@contextmanager
def _storescp(folder: Path, associations: int) -> Iterator[tuple[int, str]]:  # noqa: ARG001 (it has no such limit here)
    port, target = free_port(), folder / "storescp"
    target.mkdir(parents=True)
    words = (str(port), "-q", "-aet", SCP_TITLE, "-od", str(target))
    process = subprocess.Popen([sys.executable, "-m", "pynetdicom", "storescp", *words])
    try:
        echo = (shutil.which("echoscu") or "echoscu", "-aec", SCP_TITLE, "127.0.0.1", str(port))
        until(lambda: subprocess.run(echo, capture_output=True, check=False).returncode == 0)
        yield port, SCP_TITLE
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _orthanc(folder: Path, associations: int) -> Iterator[tuple[int, str]]:  # noqa: ARG001
    with running_orthanc(folder / "orthanc") as one:
        yield one.dicom_port, TITLE


LISTENERS = {"node": _node, "storescp": _storescp, "orthanc": _orthanc}


def throughput(folder: Path, studies: Sequence[Path], associations: int, rounds: int) -> dict[str, list[float]]:
    """The images per second that each listener takes, in rounds in which each has its turn."""
    found: dict[str, list[float]] = {name: [] for name in LISTENERS}
    n_images = sum(len(list(study.iterdir())) for study in studies)
    for number in range(rounds):
        for name, listener in LISTENERS.items():
            place = folder / f"{name}-{number}"
            with listener(place, associations) as (port, called):
                found[name].append(n_images / push_all(port, called, studies, associations))
            shutil.rmtree(place)
    return found
