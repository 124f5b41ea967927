"""What a request may cost: bodies made to harm find bounds, and the server ends at once with heavy work under way."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotate.page.served import Served
from annotated import SCANS, SIZE, Browser, drawn, served
from ichor.annotate.project import CONSENSUS, Project
from ichor.annotate.project.runs import encode
from ichor.annotate.server.bodies import MOST_RUN_NUMBERS
from ichor.annotate.server.context import MOST_AT_WORK, MOST_WAITING
from ichor.annotate.server.workers import TooHeavy
from synthetic_scans import synthetic_head, write_synthetic_nifti

pytestmark = pytest.mark.long

ONE = f"{SCANS}/1"
HANG_S = 120
# Every request with a body, with one that is taken.
BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "slice": ("PUT", f"{ONE}/layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "seconds": 1}),
    "labels": (
        "PUT",
        f"{ONE}/layers/mine/labels/0",
        {"base_revision": 0, "labels": {"subtypes": ["SDH"], "fracture": True, "quality": ["motion"], "note": "x"}},
    ),
    "person": ("PUT", f"{ONE}/person", {"age": 4, "sex": "F", "condition": "fall", "note": "x"}),
    "state": ("POST", f"{ONE}/state", {"state": "done", "layer": "mine"}),
    "seconds": ("POST", f"{ONE}/seconds", {"seconds": 1, "layer": "mine"}),
    "take": ("POST", f"{ONE}/consensus/take", {"choice": "union", "slices": [0]}),
    "smooth": ("POST", f"{ONE}/tools/smooth", {"k": 0, "runs": drawn(1)}),
    "interpolate": (
        "POST",
        f"{ONE}/tools/interpolate",
        {"from": {"k": 0, "runs": drawn(1)}, "to": {"k": 2, "runs": drawn(1)}},
    ),
}
# No value of any field; all are sent as they stand, since JSON has numbers that Python's writer does not make.
HOSTILE = [
    *("NaN", "Infinity", "-Infinity", "1e308", "-1e308", "1e999", "-1", "2147483648", "9" * 400, "9" * 5000),
    *("null", "{}", '{"a": 1}', "[[]]", "[-1]", "[1e308]", '["x"]', '"\\u0000"', '"' + "x" * 20_000 + '"'),
    *("[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000, "[0," * 5 + "1" + "]" * 5),
    "[" + "0," * 20_000 + "1]",
]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Browser]]:
    with served(tmp_path_factory.mktemp("study")) as (project, (ann, _)):
        yield project, ann


@pytest.fixture
def ann(serving: tuple[Project, Browser]) -> Browser:
    return serving[1]


def send(ann: Browser, name: str, text: str) -> Any:
    method, path, _ = BODIES[name]
    return ann.client.request(method, path, content=text.encode(), headers={"content-type": "application/json"})


def places(body: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value in a body, itself first."""
    inner = body.items() if isinstance(body, dict) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def with_text(body: Any, place: tuple[Any, ...], text: str) -> str:
    """The body as JSON with another text at a place."""
    if not place:
        return text
    changed = json.loads(json.dumps(body))
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "HERE"
    return json.dumps(changed).replace('"HERE"', text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
@pytest.mark.parametrize("name", BODIES)
def test_no_value_in_any_place_crashes_the_server(serving: tuple[Project, Browser], name: str, text: str) -> None:
    project, ann = serving
    _, _, body = BODIES[name]
    for place in places(body):
        answer = send(ann, name, with_text(body, place, text))
        assert answer.status_code < 500, (place, answer.text)
        if answer.status_code >= 400:
            assert "\n" not in answer.json()["error"] and len(answer.json()["error"]) < 400
    # Whatever was taken is in bounds, and can be read back.
    assert 0 <= project.seconds(1, "ann") < float("inf")
    for path in (SCANS, ONE, f"{ONE}/layers/mine", f"{ONE}/history"):
        json.dumps(ann.get(path), allow_nan=False)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(sorted(BODIES)))
def test_no_json_crashes_the_server(ann: Browser, data: st.DataObject, name: str) -> None:
    _, _, body = BODIES[name]
    place = data.draw(st.sampled_from(places(body)))
    answer = send(ann, name, with_text(body, place, json.dumps(data.draw(anything))))
    assert answer.status_code < 500, answer.text


class TestTools:
    @pytest.mark.parametrize("end", [0, 1, 4, 201, 2**31])
    def test_between_slices_of_the_scan_only(self, ann: Browser, end: int) -> None:
        body = {"from": {"k": 0, "runs": drawn(1)}, "to": {"k": end, "runs": drawn(1)}}
        assert "slices" in ann.post(f"{ONE}/tools/interpolate", body, 422)["error"]

    @pytest.mark.parametrize(("rows", "columns"), [(4096, 4096), (SIZE, SIZE + 1), (1, SIZE * SIZE + 1), (0, 0)])
    def test_on_the_grid_of_the_scan_only(self, ann: Browser, rows: int, columns: int) -> None:
        runs = [0, rows * columns]
        ann.post(f"{ONE}/tools/smooth", {"k": 0, "rows": rows, "columns": columns, "runs": runs}, 422)
        end = {"k": 0, "runs": runs}
        ann.post(f"{ONE}/tools/interpolate", {"rows": rows, "columns": columns, "from": end, "to": end | {"k": 2}}, 422)

    def test_not_over_more_pixels_than_fit(self, tmp_path: Path) -> None:
        with served(tmp_path) as (project, (ann, _)):
            project.database.write("UPDATE scan SET n_slices = 300, rows = 4096, columns = 4096")
            ends = [{"k": k, "runs": [5, 4096 * 4096]} for k in (0, 12)]
            answer = ann.post(f"{ONE}/tools/interpolate", {"from": ends[0], "to": ends[1]}, 422)
            assert answer["error"] == "expected 1 to 8 slices between the two, found 11"

    def test_more_runs_than_in_hand_drawn_regions_are_refused(self, ann: Browser) -> None:
        runs = [0, 1, 1, 1] * (MOST_RUN_NUMBERS // 4 + 1)
        for name in ("slice", "smooth"):
            assert send(ann, name, json.dumps({"base_revision": 0, "runs": runs})).status_code == 422

    def test_regions_unlike_hand_drawn_ones_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise TooHeavy("expected less")

        with served(tmp_path) as (_, (ann, _)):
            monkeypatch.setattr(ann.context.workers, "run", refuse)
            for name in ("smooth", "interpolate"):
                assert send(ann, name, json.dumps(BODIES[name][2])).json() == {"error": "expected less"}

    def test_too_many_requests_at_once_are_told_to_retry(self, tmp_path: Path) -> None:
        with served(tmp_path) as (_, (ann, _)):
            for _ in range(MOST_AT_WORK + MOST_WAITING):
                assert ann.context.turns.acquire(blocking=False)
            assert "busy" in ann.post(f"{ONE}/tools/smooth", {"k": 0, "runs": drawn(1)}, 503)["error"]
            ann.context.turns.release()
            ann.post(f"{ONE}/tools/smooth", {"k": 0, "runs": drawn(1)})
            ann.post(f"{ONE}/tools/smooth", {"k": 0, "runs": drawn(1)})


def test_the_model_runs_once_for_simultaneous_requests(tmp_path: Path) -> None:
    with served(tmp_path) as (_, (ann, _)):
        machine = ann.context.machine
        futures = [machine.suggest(1) for _ in range(5)]
        assert len({id(one) for one in futures}) == 1
        assert futures[0].result(HANG_S).label_map.shape == (4, SIZE, SIZE)


def test_the_history_is_bounded_by_what_is_shown(tmp_path: Path) -> None:
    with served(tmp_path) as (project, (ann, bea)):
        for k in range(3):
            ann.draw("mine", k, 5, 2)
            bea.draw("mine", k, 1)
        assert [one.slice for one in project.recent(1, ["ann"], 2)] == [2, 1]
        assert {one.layer for one in project.recent(1, ["ann", CONSENSUS], 99)} == {"ann"}
        newest = project.recent(1, ["ann"], 1)[0]
        assert (newest.payload, newest.drawn) == ("", {2, 5})


# As a process.


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan of 202 slices, between the first and last of which there is much to interpolate."""
    folder = tmp_path_factory.mktemp("tall")
    return write_synthetic_nifti(folder / "tall.nii.gz", n=202, size=256, pixel_mm=(0.8, 0.8), distances_mm=0.8)


def long_work() -> dict[str, Any]:
    """Two slices with hundreds of regions, each of which moves."""
    dots = np.zeros((256, 256), np.uint8)
    for place in range(24 * 24):
        row, column = 10 * (place // 24), 10 * (place % 24)
        dots[row : row + 6, column : column + 6] = 1 + (place + place // 24) % 6
    ends = dots, np.roll(dots, 6, (0, 1))
    return {"from": {"k": 0, "runs": encode(ends[0])}, "to": {"k": 201, "runs": encode(ends[1])}}


@pytest.fixture
def served_process(tmp_path: Path) -> Iterator[Served]:
    """A project, not started yet."""
    one = Served(tmp_path / "project")
    yield one
    one.stop()


@pytest.mark.parametrize("path", ["tools/interpolate", "machine"])
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.long
def test_the_server_ends_immediately_during_heavy_work(
    tall: Path, served_process: Served, path: str, end: signal.Signals
) -> None:
    one = served_process.start(tall)
    assert one.process is not None
    answers: list[int] = []
    before = set(children_of(one.process.pid))  # the process that read the scan is one
    asking = threading.Thread(target=lambda: answers.append(ask(one, path)))
    asking.start()
    workers = wait_for_work(one.process.pid, before)
    one.process.send_signal(end)
    rest, _ = one.process.communicate(timeout=HANG_S)
    asking.join(HANG_S)
    assert one.process.returncode == 0 and "closed; the folder can be copied now" in rest
    assert "Traceback" not in rest and "rror" not in rest
    assert answers in ([503], [0])
    wait_until_gone(workers)
    assert not (one.project / "project.sqlite-wal").exists()


def ask(one: Served, path: str) -> int:
    """The status of the answer; 0 where none came."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    reader = opener.open(one.links["Ada"]).url.partition("?reader=")[2]
    request = Request(
        f"{one.url}api/scans/1/{path}",
        json.dumps(long_work() if path.startswith("tools") else {}).encode(),
        {"content-type": "application/json", "origin": one.url.rstrip("/"), "ichor-reader": reader},
        method="POST",
    )
    try:
        return int(opener.open(request, timeout=HANG_S).status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def wait_for_work(server: int, before: set[int]) -> list[int]:
    """Wait until a process that the server has started since has calculated for a while; gives all that it started."""
    ends = time.monotonic() + HANG_S
    while time.monotonic() < ends:
        children = children_of(server)
        if any(seconds_of(pid) > 1 for pid in set(children) - before):
            return children
        time.sleep(0.05)
    raise AssertionError("expected a worker at work, found none")


def wait_until_gone(pids: list[int]) -> None:
    ends = time.monotonic() + HANG_S
    while left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < ends, f"expected no process left, found {len(left)}"
        time.sleep(0.05)


def seconds_of(pid: int) -> float:
    """The processor time that a process has taken so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_scan_being_sent_is_abandoned_too(tmp_path: Path) -> None:
    with served(tmp_path, synthetic_head(n=3, size=SIZE)) as (_, (ann, _)):
        ann.context.stop_work()
        assert ann.get(f"{ONE}/voxels?k=0", 503) == {"error": "the server is ending"}
