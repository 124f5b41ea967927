"""One bad study never holds the others up, whatever it does to the process that analyses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_analysis import CRASHES, DIES, HANGS, NO_ROOM, make_work
from ichor.node import analysing
from ichor.node.analysing import Analyser
from ichor.node.config import Screening
from ichor.node.keeping import Keeping
from ichor.node.queue import analyses
from ichor.node.queue.queue import Queue
from ichor.node.queue.studies import Instance
from ichor.node.store import Store
from signals import until

GOOD = 5


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.setattr(analysing, "make_work", make_work)
    monkeypatch.setattr(analysing, "PAUSE_S", 0.1)
    monkeypatch.setattr(analyses, "MOST_DEATHS", 2)
    with Queue(tmp_path) as one:
        yield one


def study(queue: Queue, n_images: int, priority: int = 0) -> None:
    for number in range(n_images):
        one = Instance(str(n_images) * 64, f"{number:024d}" + "0" * 40, "c" * 64, "1.2", 1)
        queue.studies.receive(one, priority)
    queue.studies.complete_quiet(0)


@pytest.mark.parametrize(
    ("bad", "becomes"), [(HANGS, "failed"), (DIES, "failed"), (CRASHES, "failed"), (NO_ROOM, "delivered")]
)
@pytest.mark.long
def test_a_bad_study_does_not_delay_others(bad: int, becomes: str, queue: Queue, tmp_path: Path) -> None:
    study(queue, bad, priority=1)
    study(queue, GOOD)
    results = tmp_path / "results"
    results.mkdir()
    store = Store(tmp_path / "images")
    analyser = Analyser(queue, store, Keeping(tmp_path, results, store, queue), results, Screening(most_s=15), [])
    thread = threading.Thread(target=analyser.run)
    thread.start()
    try:
        expected = {"delivered": 2} if becomes == "delivered" else {"delivered": 1, becomes: 1}
        until(lambda: queue.studies.counts() == expected)
    finally:
        analyser.stop()
        thread.join()
