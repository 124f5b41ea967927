"""The whole project: progress, agreement over all scans, who may see and assign, and export while the server runs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from annotate.test_several_readers import READERS, with_roles
from annotated import SCANS, Browser, drawn
from ichor.annotate.agreement import cohens_kappa
from ichor.annotate.export.run import TARGETS
from ichor.annotate.server import exporting
from ichor.annotate.server.app import create_app
from ichor.annotate.server.context import Context
from ichor.serving.access import Access
from ichor.serving.accounts import Accounts
from ichor.serving.address import Address
from ichor.serving.certificate import Certificate
from ichor.serving.session import HEADER, Sessions

PROJECT = "/api/project"
EXPORT = f"{PROJECT}/export"
PATIENT_S = 60


def read(browser: Browser, scan: int, *labels: int, at: int = 5, slices: tuple[int, ...] = (1,)) -> None:
    """Draw on slices of a scan, look at all of it, and finish."""
    for k in slices if labels else ():
        body = {"base_revision": 0, "runs": drawn(*labels, at=at), "seconds": 30}
        browser.put(f"{SCANS}/{scan}/layers/mine/slices/{k}", body)
    browser.post(f"{SCANS}/{scan}/looks", {"slices": [0, 1, 2, 3], "layer": "mine"})
    browser.set("done", scan=scan)


def ended(browser: Browser) -> Any:
    """The state of an export at its end."""
    late = monotonic() + PATIENT_S
    while (state := browser.get(EXPORT))["state"] == "working":
        assert monotonic() < late
        sleep(0.05)
    return state


class TestProgress:
    def test_each_reader_s_scans(self, tmp_path: Path) -> None:
        with with_roles(tmp_path, dora="admin") as (project, of):
            project.assign(1, ["ann", "bea"], by="dora")
            read(of["ann"], 1, 5)
            of["bea"].draw("mine", 0, 1)
            found = of["dora"].get(PROJECT)
            assert {one["name"]: (one["assigned"], one["begun"], one["done"]) for one in found["readers"]} == {
                "ann": (2, 1, 1),
                "bea": (2, 1, 0),
                "cia": (1, 0, 0),
            }
            assert found["readers"][0]["seconds"] == 30
            assert found["consensus"] == {"open": 0, "begun": 0, "done": 0}
            (first, second) = found["scans"]
            assert first["readers"] == {"ann": "done", "bea": "in progress"} and first["assigned"] == ["ann", "bea"]
            assert list(second["readers"]) == list(READERS) and second["assigned"] == []
            read(of["bea"], 1, 2)
            assert of["dora"].get(PROJECT)["consensus"] == {"open": 1, "begun": 0, "done": 0}
            assert of["dora"].get(PROJECT)["scans"][0]["state"] == "disagreement"

    def test_a_reader_who_is_not_done_learns_nothing_of_the_others(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (_, of):
            read(of["ann"], 1, 5)
            read(of["bea"], 1, 2)
            assert of["cia"].get(PROJECT)["scans"][0]["state"] == "in progress"
            assert of["cia"].get(f"{PROJECT}/agreement") == []
            assert of["ann"].get(PROJECT)["scans"][0]["state"] == "disagreement"
            assert len(of["ann"].get(f"{PROJECT}/agreement")) == 1


def test_agreement_over_all_scans_with_its_numbers(tmp_path: Path) -> None:
    with with_roles(tmp_path, carl="adjudicator", dora="admin") as (_, of):
        read(of["ann"], 1, 5, slices=(1, 2))
        read(of["bea"], 1, 5, at=7, slices=(2, 3))
        read(of["cia"], 1, 2, slices=(2,))
        for name in ("ann", "bea"):
            read(of[name], 2)  # a negative scan
        pairs = {tuple(one["readers"]): one for one in of["carl"].get(f"{PROJECT}/agreement")}
        assert set(pairs) == {("ann", "bea"), ("ann", "cia"), ("bea", "cia")}
        found = pairs["ann", "bea"]
        # Rows 5 to 8 on slices 2 and 3, and 7 to 10 on slices 3 and 4, of the same columns: 2 of 4 rows on one slice.
        assert found["dice"] == pytest.approx(2 * 2 / (8 + 8))
        assert (found["n_scans"], found["n_dice"], found["n_slices"]) == (2, 1, 8)
        a, b = np.array([0, 1, 1, 0, 0, 0, 0, 0], bool), np.array([0, 0, 1, 1, 0, 0, 0, 0], bool)
        assert found["kappa"]["SDH"] == found["kappa"]["any_hemorrhage"] == pytest.approx(cohens_kappa(a, b))
        assert found["kappa"]["IVH"] is None and found["kappa"]["fracture"] is None
        assert pairs["ann", "cia"]["n_scans"] == 1 and pairs["ann", "cia"]["kappa"]["IPH"] == 0
        assert of["dora"].get(f"{PROJECT}/agreement") == list(pairs.values())


class TestAssigning:
    def test_an_admin_assigns_and_nobody_else_does(self, tmp_path: Path) -> None:
        with with_roles(tmp_path, carl="adjudicator", dora="admin") as (project, of):
            body = {"scans": [1, 2], "readers": ["ann", "cia"]}
            for name in ("ann", "carl"):
                of[name].put(f"{PROJECT}/assignments", body, 403)
                of[name].post(f"{PROJECT}/distribute", {"readers": ["ann"], "each": 1}, 403)
                assert not of[name].get(PROJECT)["may_assign"]
            assert project.assigned() == {}
            of["dora"].put(f"{PROJECT}/assignments", body)
            assert project.assigned() == {1: ["ann", "cia"], 2: ["ann", "cia"]}

    def test_on_this_machine_whoever_reads_assigns(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (project, of):
            of["bea"].put(f"{PROJECT}/assignments", {"scans": [1], "readers": ["ann"]})
            assert project.assigned() == {1: ["ann"]}

    def test_all_or_none_if_one_was_started(self, tmp_path: Path) -> None:
        with with_roles(tmp_path, dora="admin") as (project, of):
            of["bea"].put(f"{SCANS}/2/layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1)})
            refused = of["dora"].put(f"{PROJECT}/assignments", {"scans": [1, 2], "readers": ["ann"]}, 409)
            assert "bea has started" in refused["error"]
            assert project.assigned() == {}

    def test_scans_are_distributed_except_those_started_or_assigned(self, tmp_path: Path) -> None:
        with with_roles(tmp_path, dora="admin") as (project, of):
            of["bea"].draw("mine", 0, 1)
            assert of["dora"].post(f"{PROJECT}/distribute", {"readers": ["ann", "cia"], "each": 1})["assigned"] == 1
            assert project.assigned() == {2: ["ann"]}
            assert of["dora"].post(f"{PROJECT}/distribute", {"readers": ["ann", "cia"], "each": 1})["assigned"] == 0

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("PUT", "assignments", {"scans": [1], "readers": ["zoe"]}, 422),
            ("PUT", "assignments", {"scans": [9], "readers": ["ann"]}, 404),
            ("PUT", "assignments", {"scans": [-1], "readers": ["ann"]}, 422),
            ("PUT", "assignments", {"scans": "all"}, 422),
            ("POST", "distribute", {"readers": ["ann"], "each": 2}, 422),
            ("POST", "distribute", {"readers": [], "each": 1}, 422),
            ("POST", "distribute", {"readers": ["ann"], "each": 0}, 422),
            ("POST", "export", {"target": "../x"}, 422),
            ("POST", "export", {}, 422),
        ],
    )
    def test_what_cannot_be(self, tmp_path: Path, method: str, path: str, body: Any, status: int) -> None:
        with with_roles(tmp_path) as (project, of):
            answer = of["ann"].client.request(method, f"{PROJECT}/{path}", json=body)
            assert answer.status_code == status and "\n" not in answer.json()["error"]
            assert project.assigned() == {}


@contextmanager
def on_a_network(folder: Path) -> Iterator[dict[str, Browser]]:
    """Browsers of a reader, an adjudicator and an admin who logged in beyond loopback."""
    address = Address(8484, ("ct.example.org",), Certificate(Path("unused"), Path("unused")))
    access = Access()
    accounts = Accounts(access)
    with with_roles(folder) as (project, _):
        sessions = Sessions(address.port, "", access, entered="password")
        context = Context.of(project, sessions, accounts)
        app = create_app(context, address)
        found = {}
        for name, role in (("ann", "reader"), ("carl", "adjudicator"), ("dora", "admin")):
            accounts.add(name, role, "a password long enough")
            one = Browser(app, context, None, home=address.url)
            answer = one.post("/login", {"name": name, "password": "a password long enough"})
            one.client.headers[HEADER] = answer["page"].removeprefix("/?reader=")
            found[name] = one
        try:
            yield found
        finally:
            context.close()


def test_on_a_network_readers_see_no_progress_and_export_nothing(tmp_path: Path) -> None:
    with on_a_network(tmp_path) as of:
        for path in (PROJECT, f"{PROJECT}/agreement", EXPORT, f"{EXPORT}/file"):
            of["ann"].get(path, 403)
        of["ann"].post(EXPORT, {"target": "nifti"}, 403)
        of["ann"].put(f"{PROJECT}/assignments", {"scans": [1], "readers": ["ann"]}, 403)
        assert not of["ann"].get("/api/me")["sees_project"]
        for name in ("carl", "dora"):
            of[name].get(PROJECT)
            of[name].get(f"{PROJECT}/agreement")
            assert of[name].get(EXPORT)["state"] == "none"
        of["carl"].put(f"{PROJECT}/assignments", {"scans": [1], "readers": ["ann"]}, 403)
        of["dora"].put(f"{PROJECT}/assignments", {"scans": [1], "readers": ["ann"]})


class TestExport:
    def test_an_archive_of_the_finished_scans_while_others_read(self, tmp_path: Path) -> None:
        with with_roles(tmp_path, dora="admin") as (project, of):
            for name in READERS:
                read(of[name], 1, 5)
            dora = of["dora"]
            assert dora.get(EXPORT)["targets"] == list(TARGETS)
            dora.post(EXPORT, {"target": "nifti"})
            of["ann"].put(f"{SCANS}/2/layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1)})
            state = ended(dora)
            assert (state["state"], state["n_written"], state["n_scans"]) == ("ready", 1, 2)
            assert [(one["id"], one["reason"]) for one in state["left_out"]] == [(2, "no reader has finished")]
            answer = dora.get(f"{EXPORT}/file")
            assert answer.headers["content-type"] == "application/zip"
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                assert archive.testzip() is None
                (record,) = [one for one in archive.namelist() if one.endswith("/export.json")]
                assert list(json.loads(archive.read(record))["cases"]) == ["001"]
                assert any(one.endswith(".nii.gz") for one in archive.namelist())
            # Only whoever asked for it gets it.
            assert of["bea"].get(EXPORT)["state"] == "none"
            of["bea"].get(f"{EXPORT}/file", 404)
            assert (project.folder / "exports").stat().st_mode & 0o077 == 0
        assert not (tmp_path / "exports").exists()

    def test_a_reader_on_this_machine_gets_no_reading_before_finishing_their_own(self, tmp_path: Path) -> None:
        with with_roles(tmp_path) as (_, of):
            read(of["ann"], 1, 5)
            of["bea"].post(EXPORT, {"target": "coco"})
            state = ended(of["bea"])
            assert state["state"] == "failed" and "found none of 2" in state["error"]
            assert state["left_out"][0]["reason"] == "hidden until you have finished reading it"
            of["bea"].get(f"{EXPORT}/file", 404)
            of["ann"].post(EXPORT, {"target": "coco"})
            assert ended(of["ann"])["n_written"] == 1

    def test_one_at_a_time_and_a_server_that_ends_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, go_on = Event(), Event()
        real = exporting.export

        def slow(*arguments: Any) -> Any:
            for outcome in real(*arguments):
                begun.set()
                go_on.wait(PATIENT_S)
                yield outcome

        monkeypatch.setattr(exporting, "export", slow)
        with with_roles(tmp_path) as (_, of):
            read(of["ann"], 1, 5)
            of["ann"].post(EXPORT, {"target": "nifti"})
            assert begun.wait(PATIENT_S)
            assert "another export is running" in of["ann"].post(EXPORT, {"target": "nifti"}, 409)["error"]
            of["ann"].get(f"{EXPORT}/file", 404)
            of["ann"].context.exporting.stop_work()
            go_on.set()
            assert ended(of["ann"])["error"] == "the server is ending"
        assert not (tmp_path / "exports").exists()

    def test_failures_reveal_no_patient_data(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*arguments: Any) -> Any:
            raise RuntimeError("John Doe")
            yield

        monkeypatch.setattr(exporting, "export", broken)
        with with_roles(tmp_path) as (_, of):
            of["ann"].post(EXPORT, {"target": "nifti"})
            assert ended(of["ann"])["error"] == "the export failed (RuntimeError)"

    def test_leftovers_of_a_killed_server_are_removed(self, tmp_path: Path) -> None:
        (tmp_path / "exports").mkdir()
        (tmp_path / "exports" / "old.zip").write_bytes(b"x")
        with with_roles(tmp_path) as (project, of):
            read(of["ann"], 1, 5)
            of["ann"].post(EXPORT, {"target": "nifti"})
            ended(of["ann"])
            assert [one.name for one in (project.folder / "exports").iterdir()] == [f"{tmp_path.name}-nifti.zip"]
