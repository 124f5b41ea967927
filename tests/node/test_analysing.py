"""One bad study never holds the others up, whatever it does to the process that analyses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@pytest.fixture
def analyser(queue: Queue, tmp_path: Path) -> Analyser:
    results = tmp_path / "results"
    results.mkdir()
    store = Store(tmp_path / "images")
    return Analyser(queue, store, Keeping(tmp_path, results, store, queue), results, Screening(most_s=15), [])


@contextmanager
def running(analyser: Analyser) -> Iterator[None]:
    thread = threading.Thread(target=analyser.run)
    thread.start()
    try:
        yield
    finally:
        analyser.stop()
        thread.join()


def image(n_images: int, number: int) -> Instance:
    return Instance(str(n_images) * 64, f"{number:024d}" + "0" * 40, "c" * 64, "1.2", 1)


def study(queue: Queue, n_images: int, priority: int = 0) -> None:
    for number in range(n_images):
        queue.studies.receive(image(n_images, number), priority)
    queue.studies.complete_quiet(0)


@pytest.mark.parametrize(
    ("bad", "becomes"), [(HANGS, "failed"), (DIES, "failed"), (CRASHES, "failed"), (NO_ROOM, "delivered")]
)
@pytest.mark.long
def test_a_bad_study_does_not_delay_others(bad: int, becomes: str, queue: Queue, analyser: Analyser) -> None:
    study(queue, bad, priority=1)
    study(queue, GOOD)
    expected = {"delivered": 2} if becomes == "delivered" else {"delivered": 1, becomes: 1}
    with running(analyser):
        until(lambda: queue.studies.counts() == expected)


def test_a_study_whose_last_missing_image_arrives_in_time_is_not_called_unusable(
    queue: Queue, analyser: Analyser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    study(queue, GOOD)
    queue.analyses.done(queue.analyses.next(), "negative", [])  # type: ignore[arg-type]
    assert queue.studies.mark_images_deleted(str(GOOD) * 64)
    queue.studies.receive(image(GOOD, GOOD), 0)
    queue.studies.complete_quiet(0)
    record = queue.analyses.unusable

    def after_the_others_arrived(analysis: analyses.Analysis, reason: str) -> bool:
        for number in range(GOOD):
            queue.studies.receive(image(GOOD, number), 0)
        return record(analysis, reason)

    monkeypatch.setattr(queue.analyses, "unusable", after_the_others_arrived)
    with caplog.at_level("INFO"), running(analyser):
        until(lambda: "waiting to be analyzed" in caplog.text)
        queue.studies.complete_quiet(0)
        until(lambda: queue.studies.counts() == {"delivered": 1})
    assert "cannot be screened" not in caplog.text
