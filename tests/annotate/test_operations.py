"""What is done to a whole layer: one operation at a time, on what was seen when it was asked for, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotated import SCANS, SIZE, Browser, drawn, served
from ichor.annotate.machine import Suggestion
from ichor.annotate.project import CONSENSUS, Project
from ichor.annotate.project.runs import decode
from ichor.annotate.server.workers import Workers

ONE = f"{SCANS}/1"
HANG_S = 60


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Project, Browser, Browser]]:
    """Both are done: ann drew SDH on slice 1, bea the same, elsewhere, and IPH on slice 2."""
    with served(tmp_path) as (project, (ann, bea)):
        ann.draw("mine", 1, 5)
        bea.put(f"{ONE}/layers/mine/slices/1", {"base_revision": 0, "runs": drawn(5, at=7)})
        bea.draw("mine", 2, 2)
        for one in (ann, bea):
            one.set("done")
        yield project, ann, bea


class Slow:
    """Workers whose first work waits until it is let go, as a STAPLE estimate of a large scan."""

    def __init__(self, workers: Workers) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self._workers = workers

    def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        if not self.begun.is_set():
            self.begun.set()
            assert self.go.wait(HANG_S)
        return self._workers.run(work, *arguments)

    def close(self) -> None:
        self.go.set()
        self._workers.close()


@pytest.fixture
def slow(both: tuple[Project, Browser, Browser]) -> Slow:
    context = both[1].context
    one = Slow(context.workers)
    object.__setattr__(context, "workers", one)
    return one


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def area(project: Project, k: int) -> int:
    return int((project.label_map(1, CONSENSUS)[k] > 0).sum())


def test_a_slow_earlier_request_is_not_overtaken(
    both: tuple[Project, Browser, Browser], slow: Slow, aside: ThreadPoolExecutor
) -> None:
    project, ann, bea = both
    staple: Future[Any] = aside.submit(ann.take, "staple")
    assert slow.begun.wait(HANG_S)
    assert "in progress" in bea.take("union", status=409)["error"]
    assert "in progress" in bea.set("done", CONSENSUS, status=409)["error"]
    with pytest.raises(Late):
        staple.result(0.1)
    seen = bea.base(CONSENSUS)
    slow.go.set()
    staple.result(HANG_S)
    # And what was asked of the consensus as it was before is refused, whenever it comes.
    assert "has changed in the meantime" in bea.take("union", status=409, base=seen)["error"]
    state = {"state": "done", "layer": CONSENSUS, "base": seen}
    assert "has changed in the meantime" in bea.post(f"{ONE}/state", state, 409)["error"]
    before = area(project, 1)
    bea.take("union")
    assert area(project, 1) == 66 > before


def test_regions_drawn_meanwhile_are_not_overwritten(
    both: tuple[Project, Browser, Browser], slow: Slow, aside: ThreadPoolExecutor
) -> None:
    project, ann, bea = both
    union: Future[Any] = aside.submit(ann.take, "union", None, 409)
    assert slow.begun.wait(HANG_S)
    bea.draw(CONSENSUS, 3, 4)
    slow.go.set()
    assert "nothing was done" in union.result(HANG_S)["error"]
    assert [area(project, k) for k in range(4)] == [0, 0, 0, 44]
    assert not [one for one in project.history(1) if (one.layer, one.kind) == (CONSENSUS, "labels")]


def test_a_slice_is_compared_only_with_its_own_revisions(both: tuple[Project, Browser, Browser]) -> None:
    project, ann, bea = both
    seen = ann.base(CONSENSUS)
    bea.draw(CONSENSUS, 2, 1)
    ann.take("union", [1], base=seen)
    ann.take("union", [2], status=409, base=seen)
    bea.say(CONSENSUS, 3, {"note": "x"})
    ann.take("ann", [3], status=409, base=seen)
    assert decode(ann.get(f"{ONE}/layers/{CONSENSUS}")["slices"]["2"]["runs"], SIZE, SIZE).max() == 1
    assert area(project, 1) == 66


def test_interpolation_and_smoothing_are_of_what_the_server_has(tmp_path: Path) -> None:
    with served(tmp_path) as (_, (ann, _)):
        ann.draw("mine", 0, 5)
        ann.draw("mine", 2, 5)
        seen = ann.base()
        ends = {"from": {"k": 0, "runs": drawn(5)}, "to": {"k": 2, "runs": drawn(5)}, "base": seen}
        assert list(ann.post(f"{ONE}/tools/interpolate", ends)["slices"]) == ["1"]
        ann.draw("mine", 1, 2)  # in another tab, between the two
        assert "has changed in the meantime" in ann.post(f"{ONE}/tools/interpolate", ends, 409)["error"]
        smooth = {"k": 2, "runs": drawn(5), "base": seen}
        ann.post(f"{ONE}/tools/smooth", smooth)
        ann.draw("mine", 2, 1, base=1)
        ann.post(f"{ONE}/tools/smooth", smooth, 409)
        ann.post(f"{ONE}/tools/smooth", {**smooth, "layer": "bea"}, 403)


def test_ai_outlines_are_for_the_layer_that_they_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path) as (_, (ann, _)):
        future: Future[Suggestion] = Future()
        monkeypatch.setattr(ann.context.machine, "suggest", lambda _: future)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ann.post, f"{ONE}/machine", {"base": ann.base()}, 409)
            ann.draw("mine", 1, 2)
            nothing = np.zeros((4, SIZE, SIZE))
            future.set_result(Suggestion(nothing.astype(np.uint8), nothing.astype(np.float16), np.zeros(4), 1.0))
            assert "has changed in the meantime" in asked.result(HANG_S)["error"]
        ann.post(f"{ONE}/machine", {"base": ann.base()})
