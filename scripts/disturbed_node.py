"""A node that is killed, for scripts/node_kill_campaign.py: small studies, their sender, the kills, and the checker.

What the node acknowledged and what came out are compared without asking the node: the sender remembers the images that
were acknowledged, and the destination the objects that it got; a Segmentation names the images that it was made of.
Linux only: processes are found in /proc, by a word in the environment that they all inherit.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import generate_uid

from disturbed_batches import MARK, left_over, processes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from node_parts import Pacs, RunningNode, associated, fast_package, write_config
from phantom import head
from synthetic_dicom import ct_slices
from synthetic_messages import Request, webhooks, write_key

PHASES = ("receive", "analyse", "write", "deliver")
GONE_WITHIN_S = 30.0
HANG_S = 300.0
N_SLICES, N_ROWS = 6, 48


@dataclass
class Study:
    """A study that is sent: its images, and which of them the node has acknowledged."""

    uid: str
    images: list[pydicom.FileDataset]
    acknowledged: set[str] = field(default_factory=set)
    held_back: int = 0  # images that are sent only after there is a result

    def to_send(self) -> list[pydicom.FileDataset]:
        """The images that the node has not acknowledged, without those that are held back."""
        sent = self.images[: len(self.images) - self.held_back]
        return [one for one in sent if str(one.SOPInstanceUID) not in self.acknowledged]


def new_study(rng: random.Random) -> Study:
    """A small study of a head."""
    uid = generate_uid(entropy_srcs=[str(rng.random())])
    images = ct_slices(head(N_SLICES, N_ROWS, N_ROWS), study_uid=uid)
    for one in images:
        one.PixelSpacing = [4.0, 4.0]
        one.PatientID = uid[-12:]
    return Study(uid, images, held_back=int(rng.random() < 0.2))


class SlowPacs(Pacs):
    """A destination that takes its time, so that a kill can meet a delivery."""

    delay_s = 0.05
    under_way = False

    def _store(self, event: Any) -> int:
        self.under_way = True
        time.sleep(self.delay_s)
        try:
            return super()._store(event)
        finally:
            self.under_way = False


def images_of(segmentation: pydicom.Dataset) -> frozenset[str]:
    """The images that a Segmentation was made of."""
    series = segmentation.ReferencedSeriesSequence
    return frozenset(str(one.ReferencedSOPInstanceUID) for item in series for one in item.ReferencedInstanceSequence)


@dataclass
class Found:
    """What the checker finds: names of studies, and processes.

    A study alerts under one key. `alerts_repeated` is how many alerts were repetitions under the same key, as after a
    kill between an alert and the note that it was accepted.
    """

    lost: list[str]
    doubled: list[str]
    alerts_lost: list[str]
    alerts_doubled: list[str]
    alerts_repeated: int
    processes_left: list[str]


class Battle:
    """One node, a destination, a webhook, and studies that are sent while processes of the node are killed."""

    def __init__(self, folder: Path, mark: str) -> None:
        fast_package(folder / "package")
        self.mark = mark
        self.pacs = SlowPacs()
        self._open = ExitStack()
        self.webhook = self._open.enter_context(webhooks())
        (folder / "node").mkdir()
        secret = write_key(folder / "node")
        destination = {"kind": "c-store", "ae_title": "PACS", "host": "127.0.0.1", "port": self.pacs.port}
        alerts = {"kind": "webhook", "url": self.webhook.url, "secret": secret, "above": 0, "include": ["study_uid"]}
        write_config(
            folder / "node",
            destinations={"pacs": destination, "duty": alerts},
            completion={"quiet_s": 0.6},
            retry={"first_s": 0.1, "most_s": 0.5},
            retention={"keep_images_h": None},
        )
        self.node = RunningNode(folder / "node", environment={MARK: mark, "OMP_NUM_THREADS": "1"})
        self.studies: list[Study] = []

    def start(self) -> None:
        """Start the node."""
        self.node.start()

    def push(self, study: Study) -> None:
        """Send what is not acknowledged yet; a connection that breaks is no error."""
        kinds = [(str(one.SOPClassUID), str(one.file_meta.TransferSyntaxUID)) for one in study.images]
        with suppress(OSError, RuntimeError), associated(self.node.port, *kinds) as association:
            for one in study.to_send():
                if not association.is_established:
                    return
                if association.send_c_store(one).get("Status") == 0:
                    study.acknowledged.add(str(one.SOPInstanceUID))

    def push_all(self) -> None:
        """Send until every image of every study that is not held back is acknowledged, as a scanner would."""
        for study in self.studies:
            until(lambda one=study: not one.to_send() or self.push(one))

    def kill_once(self, rng: random.Random) -> dict[str, Any] | None:
        """Send a study, kill a process of the node in a phase, and start what is gone. None if the phase was missed."""
        phase = rng.choice(PHASES)
        study = new_study(rng)
        self.studies.append(study)
        sending = threading.Thread(target=self.push, args=(study,), daemon=True)
        sending.start()
        if phase != "receive":
            sending.join()
        met = self._wait_for(phase, study, rng)
        running = processes(self.mark)
        wanted = "node" if phase in ("receive", "deliver") else rng.choice(("node", "node", "worker", "reader"))
        kind = wanted if wanted in running.values() else "node"
        victim = rng.choice(sorted(one for one, what in running.items() if what == kind))
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        if kind == "node":
            self._after_end()
        sending.join()
        if kind == "node":
            self.start()  # at once, as a service manager would: what the kill left behind is still ending
        self.push_all()
        self._disturb(rng)
        left = _still_there(running if kind == "node" else {})
        return {"phase": phase, "killed": kind, "processes_left": left} if met else None

    def _wait_for(self, phase: str, study: Study, rng: random.Random) -> bool:
        """Wait for a random moment of the phase; whether it came."""
        if phase == "receive":
            n = rng.randrange(len(study.images))
            until(lambda: len(study.acknowledged) >= min(n, len(study.images) - study.held_back))
            time.sleep(rng.uniform(0, 0.01))
            return bool(study.to_send())
        results = self.node.folder / "results"
        signs: dict[str, Callable[[], object]] = {
            "analyse": lambda: self.node.counts().get("analysing"),
            "write": lambda: any(one.name.endswith(".ichor-partial") for one in results.glob(".*")),
            "deliver": lambda: self.pacs.under_way,
        }
        end = time.monotonic() + 20
        while not signs[phase]():
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        time.sleep(rng.uniform(0, {"analyse": 1.0, "write": 0.02, "deliver": self.pacs.delay_s}[phase]))
        return True

    def _disturb(self, rng: random.Random) -> None:
        """Now and then, push an earlier study again: nothing may follow from it."""
        if rng.random() < 0.2:
            earlier = rng.choice(self.studies)
            again = Study(
                earlier.uid, [one for one in earlier.images if str(one.SOPInstanceUID) in earlier.acknowledged]
            )
            self.push(again)

    def _after_end(self) -> None:
        assert self.node.process is not None and self.node.process.stdout is not None
        self.node.process.wait(HANG_S)
        self.node.process.stdout.close()

    def give_up(self) -> None:
        """End whatever still runs."""
        self.pacs.close()
        self._open.close()
        if self.node.process is not None and self.node.process.poll() is None:
            self.node.stop(signal.SIGKILL)

    def end(self) -> Found:
        """Send what was held back, let everything be delivered, end the node, and compare."""
        self.push_all()
        until(lambda: set(self.node.counts()) <= {"delivered"})
        for study in self.studies:
            study.held_back = 0
        self.push_all()
        until(lambda: set(self.node.counts()) <= {"delivered"})
        self.node.stop()
        left = left_over(self.mark, within_s=GONE_WITHIN_S)
        results, alerts = check(self.studies, self.pacs), check_alerts(self.studies, self.webhook.requests)
        return Found(*results, *alerts, sorted(left.values()))


def _still_there(earlier: dict[int, str]) -> list[str]:
    """The kinds of those processes that have not ended some time after the node was killed."""
    end = time.monotonic() + GONE_WITHIN_S
    left = earlier
    while left and time.monotonic() < end:
        left = {one: kind for one, kind in earlier.items() if _is_alive(one)}
        time.sleep(0.05)
    return sorted(left.values())


def _is_alive(process: int) -> bool:
    """Whether a process runs; not one that has ended and that nobody has asked for."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False


def check(studies: list[Study], pacs: Pacs) -> tuple[list[str], list[str]]:
    """The studies of which an acknowledged image is in no result, and those with two results of the same images."""
    lost, doubled = [], []
    for study in studies:
        made_of = Counter(images_of(one) for one in pacs.of_study(study.uid))
        if frozenset(study.acknowledged) not in made_of:
            lost.append(study.uid)
        if any(n > 1 for n in made_of.values()):
            doubled.append(study.uid)
    return lost, doubled


def check_alerts(studies: Sequence[Study], requests: Sequence[Request]) -> tuple[list[str], list[str], int]:
    """The studies that have not alerted, those that have under two keys, and how many alerts were repetitions."""
    keys: dict[str, set[str]] = {study.uid: set() for study in studies}
    for one in requests:
        keys[one.data["study_uid"]].add(one.headers["idempotency-key"])
    lost = [uid for uid, some in keys.items() if not some]
    doubled = [uid for uid, some in keys.items() if len(some) > 1]
    return lost, doubled, len(requests) - sum(map(len, keys.values()))


def until(true: Callable[[], object]) -> None:
    """Wait until this is so. Raises TimeoutError if it never is."""
    end = time.monotonic() + HANG_S
    while not true():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
