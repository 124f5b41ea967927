"""The REST interface: the list by urgency, a study, decisions, priorities, further analyses and deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ichor.node.people import Role
from ichor.node.queue.audit import Did
from ichor.node.queue.retries import Retries
from synthetic_dicom import PATIENT
from view.result_files import write_result
from web_parts import Web, add_study, web_parts

NOBODY_YET: dict[str, Any] = {"decision": "accept", "seen": None}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with web_parts(tmp_path / "node") as one:
        yield one


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result to be copied."""
    return write_result(tmp_path_factory.mktemp("made") / "out", outputs=("json",))


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json()["studies"]]


def test_the_most_urgent_study_comes_first(web: Web, head: Path) -> None:
    program = web.program()
    waiting = add_study(web.services, verdict=None)
    none = add_study(web.services, verdict="none", probability=0.1, volume_ml=0)
    possible = add_study(web.services, verdict="possible", probability=0.4)
    small = add_study(web.services, probability=0.9, volume_ml=2, result=head)
    large = add_study(web.services, probability=0.9, volume_ml=30)
    likely = add_study(web.services, probability=0.97, volume_ml=1)
    answer = program.get("/api/studies")
    assert ids(answer) == [likely, large, small, possible, waiting, none] and answer.json()["total"] == 6
    assert answer.json()["counts"] == {"delivered": 5, "receiving": 1}
    assert program.put(f"/api/studies/{small}/decision", json=NOBODY_YET).status_code == 200
    assert ids(program.get("/api/studies")) == [likely, large, possible, waiting, none, small]
    assert ids(program.get("/api/studies", params={"decided": True})) == [small]
    assert ids(program.get("/api/studies", params={"order": "received"})) == [
        likely,
        large,
        small,
        possible,
        none,
        waiting,
    ]
    page = program.get("/api/studies", params={"limit": 2, "offset": 2})
    assert ids(page) == [possible, waiting] and page.json()["total"] == 6
    assert ids(program.get("/api/studies", params={"state": ["receiving", "failed"]})) == [waiting]


def test_a_study_with_its_analyses_deliveries_and_findings(web: Web, head: Path) -> None:
    program = web.program(Role.VIEWER)
    study = add_study(web.services, destinations=("pacs",), result=head)
    whole = program.get(f"/api/studies/{study}").json()
    assert whole["result"]["verdict"] == "suspected" and whole["result"]["words"] == "Hemorrhage suspected"
    assert [one["number"] for one in whole["analyses"]] == [1] and whole["decision"] is None
    assert [(one["destination"], one["state"]) for one in whole["deliveries"]] == [("pacs", "pending")]
    found = program.get(f"/api/studies/{study}/findings").json()
    stored = json.loads((head / "findings.json").read_text())
    assert found["hemorrhage"] == stored["hemorrhage"]
    assert found["scan"]["path"] is None and stored["scan"]["path"] is not None


def test_what_is_not_there(web: Web) -> None:
    program = web.program()
    waiting, gone = add_study(web.services, verdict=None), add_study(web.services)
    for path in (f"/api/studies/{'0' * 16}", "/api/studies/x", f"/api/studies/{waiting}/findings"):
        answer = program.get(path)
        assert answer.status_code == 404 and answer.json()["title"] == "Not Found", path
    assert program.put(f"/api/studies/{waiting}/decision", json=NOBODY_YET).status_code == 404
    assert program.get(f"/api/studies/{gone}").status_code == 404  # its result is not on the disk
    assert program.post("/api/deliveries/1/retry").status_code == 404
    assert program.get("/api/results/1").status_code == 422  # findings that cannot be read
    assert program.get("/api/results/99").status_code == 404


def test_a_decision_is_stored_next_to_the_result_and_listed(web: Web, head: Path) -> None:
    study = add_study(web.services, result=head)
    asked = {"decision": "reject", "comment": "calcified plexus", "seen": None}
    answer = web.program().put(f"/api/studies/{study}/decision", json=asked)
    stored = answer.json()
    assert (stored["decision"], stored["who"], stored["comment"]) == ("reject", "program 1", "calcified plexus")
    (file,) = web.services.results.glob("*/decisions.json")
    assert json.loads(file.read_text())["scan"] == stored and file.stat().st_mode & 0o77 == 0
    (row,) = web.program().get("/api/studies").json()["studies"]
    assert (row["result"]["decision"], row["result"]["decided_by"]) == ("reject", "program 1")
    whole = web.program(Role.VIEWER).get(f"/api/studies/{study}").json()
    assert whole["decision"] == stored
    withdrawn = web.program().put(f"/api/studies/{study}/decision", json={"decision": None, "seen": stored})
    assert withdrawn.status_code == 200 and withdrawn.json() is None
    assert web.program().get("/api/studies").json()["studies"][0]["result"]["decision"] is None


def test_the_second_of_two_decisions_at_once_is_refused(web: Web, head: Path) -> None:
    study = add_study(web.services, result=head)
    first, second = web.program(), web.program()
    stored = first.put(f"/api/studies/{study}/decision", json=NOBODY_YET).json()
    refused = second.put(f"/api/studies/{study}/decision", json={"decision": "reject", "seen": None})
    assert refused.status_code == 409 and "program 1 has decided: accept" in refused.json()["detail"]
    assert second.put(f"/api/studies/{study}/decision", json={"decision": "reject", "seen": stored}).status_code == 200


def test_a_viewer_decides_and_directs_nothing(web: Web, head: Path) -> None:
    study = add_study(web.services, destinations=("pacs",), result=head)
    viewer = web.program(Role.VIEWER)
    number = viewer.get(f"/api/studies/{study}").json()["result"]["viewer"]
    for method, path, body in (
        ("PUT", f"/api/studies/{study}/decision", NOBODY_YET),
        ("PUT", f"/api/studies/{study}/priority", {"priority": 5}),
        ("POST", f"/api/studies/{study}/analyses", None),
        ("POST", "/api/deliveries/1/retry", None),
        ("PUT", f"/api/results/{number}/decisions", {"about": "scan", "decision": "accept", "who": "Ada"}),
        ("POST", f"/api/results/{number}/correction", {"who": "Ada", "slice": 0}),
    ):
        answer = viewer.request(method, path, json=body)
        assert answer.status_code == 403 and "operator" in answer.json()["detail"], path
    assert list(web.services.results.glob("*/decisions.json")) == []


def test_a_decision_in_the_viewer_bears_the_name_of_whoever_entered(web: Web, head: Path) -> None:
    study = add_study(web.services, result=head)
    browser = web.browser()
    number = browser.get(f"/api/studies/{study}").json()["result"]["viewer"]
    said = {"about": "scan", "decision": "accept", "who": "somebody else", "seen": None}
    stored = browser.put(f"/api/results/{number}/decisions", json=said).json()
    assert stored["scan"]["who"] == "Ada"
    assert browser.get("/api/studies").json()["studies"][0]["result"]["decided_by"] == "Ada"
    assert browser.put(f"/api/results/{number}/decisions", json=said).status_code == 409


def test_a_study_is_analyzed_again(web: Web, head: Path) -> None:
    program = web.program()
    waiting, study = add_study(web.services, verdict=None), add_study(web.services, result=head)
    assert program.post(f"/api/studies/{waiting}/analyses").status_code == 409
    assert program.post(f"/api/studies/{study}/analyses").status_code == 202
    assert program.post(f"/api/studies/{study}/analyses").status_code == 409
    analysis = web.queue.analyses.next()
    assert analysis is not None and (analysis.number, analysis.replaces, analysis.missing) == (2, 1, 0)
    web.queue.analyses.done(analysis, "none", ())
    assert program.get(f"/api/studies/{study}").status_code == 404  # the new result is not on the disk here
    assert web.queue.studies.mark_images_deleted(analysis.study)
    answer = program.post(f"/api/studies/{study}/analyses")
    assert answer.status_code == 409 and "images were deleted" in answer.json()["detail"]


def test_the_priority_of_a_study(web: Web) -> None:
    program = web.program()
    for _ in range(2):
        add_study(web.services, verdict=None)
    (_, second) = [one["id"] for one in program.get("/api/studies").json()["studies"]]
    assert program.put(f"/api/studies/{second}/priority", json={"priority": 3}).json() == {"priority": 3}
    assert ids(program.get("/api/studies"))[0] == second
    assert program.put(f"/api/studies/{second}/priority", json={"priority": 10**30}).status_code == 422


def test_a_delivery_that_was_given_up_is_retried(web: Web, head: Path) -> None:
    program = web.program()
    study = add_study(web.services, destinations=("pacs",), result=head)
    assert program.post("/api/deliveries/1/retry").status_code == 409
    (delivery,) = web.queue.deliveries.listed("pending")
    web.queue.deliveries.postpone(delivery, "no answer", Retries(1, 1, 0))
    (told,) = program.get("/api/deliveries", params={"state": "dead"}).json()
    assert (told["study"], told["destination"], told["reason"]) == (study, "pacs", "no answer")
    assert program.get(f"/api/studies/{study}").json()["deliveries_given_up"] == 1
    assert program.post("/api/deliveries/1/retry").status_code == 202
    assert program.get("/api/deliveries", params={"state": "dead"}).json() == []


class TestPatients:
    def names(self, client: TestClient, *studies: str) -> Any:
        return client.get("/api/patients", params={"study": studies})

    def test_are_shown_to_people_and_noted(self, web: Web) -> None:
        study = add_study(web.services, AccessionNumber="SECRET-ACC")
        browser = web.browser()
        answer = self.names(browser, study, "0" * 16)
        assert answer.headers["cache-control"] == "no-store"
        (one,) = answer.json().values()
        assert one["id"] == PATIENT["PatientID"] and one["accession"] == "SECRET-ACC" and one["name"]
        *_, entry = web.queue.audit.entries()
        assert (entry.who, entry.did, entry.study[:16]) == ("Ada", Did.SAW_PATIENT.value, study)

    def test_are_not_shown_to_programs_and_strangers(self, web: Web) -> None:
        study = add_study(web.services)
        assert self.names(web.program(), study).status_code == 403
        assert self.names(web.stranger(), study).status_code == 401
        assert self.names(web.browser(), "../x").status_code == 422

    def test_are_nowhere_else(self, web: Web, head: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Neither in lists, the audit log and the database, nor in what is logged."""
        study = add_study(web.services, destinations=("pacs",), result=head)
        browser = web.browser()
        self.names(browser, study)
        stored = browser.put(
            f"/api/studies/{study}/decision", json={"decision": "accept", "comment": "SECRET comment", "seen": None}
        )
        assert stored.status_code == 200
        told = "".join(
            browser.get(path).text for path in ("/api/studies", f"/api/studies/{study}", "/api/deliveries")
        ).replace("SECRET comment", "")
        noted = " ".join(str(one) for one in web.queue.audit.entries())
        kept = b"".join(one.read_bytes() for one in web.services.folder.glob("*.sqlite*"))
        logged = "".join(capfd.readouterr())
        for word in ("SECRET", *PATIENT.values()):
            assert word not in told and word not in noted and word not in logged and word.encode() not in kept
