"""A node with a web server as a process: its commands, what it refuses, and that nothing of a patient leaks."""

from __future__ import annotations

import json
import socket
import sqlite3
import ssl
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from ichor.node.queue.queue import Queue
from ichor.node.queue.schema import MIGRATIONS, VERSION_1
from ichor.node.summary import complete_summaries
from node_parts import Pacs, RunningNode, send, small_study, to_pacs, write_config
from synthetic_dicom import PATIENT
from view.result_files import write_result

WEB: dict[str, Any] = {"port": 0}
PASSWORD = "a password of some length"


def ichor(*words: str | Path, given: str = "", code: int = 0) -> str:
    """What a command of the node says; on stderr, if it fails."""
    command = [sys.executable, "-m", "ichor", "node", *map(str, words)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if code else done.stdout


def run_in_vain(folder: Path) -> str:
    """The one line with which a node refuses to run."""
    (line,) = ichor("run", folder, code=2).strip().splitlines()[-1:]
    return line


def client_of(node: RunningNode, token: str = "") -> httpx.Client:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=node.worklist.partition("/enter")[0].rstrip("/"), headers=headers)


@pytest.mark.long
def test_from_a_push_to_a_decision_and_nothing_of_the_patient_leaks(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    with Pacs() as pacs:
        write_config(folder, web=WEB, destinations=to_pacs(pacs))
        token = ichor("token", "add", folder, "tests", "--role", "operator").strip()
        with RunningNode(folder) as node, client_of(node, token) as program, client_of(node) as browser:
            study = small_study(AccessionNumber="SECRET-ACC")
            assert set(send(node.port, study)) == {0}
            node.wait_for(delivered=1)
            (one,) = program.get("/api/studies").json()["studies"]
            path = f"/api/studies/{one['id']}"
            findings = program.get(f"{path}/findings").json()
            assert one["result"]["probability"] == findings["hemorrhage"]["probability"]
            assert one["result"]["volume_ml"] == findings["hemorrhage"]["volume_ml"]
            whole = program.get(path).json()
            assert [each["state"] for each in whole["deliveries"]] == ["delivered"]
            asked = {"decision": "accept", "seen": None, "comment": "SECRET comment"}
            assert program.put(f"{path}/decision", json=asked).json()["who"] == "tests"
            entered = browser.get(node.worklist)
            browser.headers["ichor-reader"] = entered.headers["location"].partition("=")[2]
            patients = browser.get("/api/patients", params={"study": one["id"]}).json()
            assert patients[one["id"]]["id"] == PATIENT["PatientID"]
            assert patients[one["id"]]["accession"] == "SECRET-ACC"
            scan = browser.get(f"/api/results/{one['result']['viewer']}/scan")
            assert scan.status_code == 200 and scan.json()["n"] == len(study)
            for odd in ("/api/studies/..%2f..%2fnode.yaml", "/../node.yaml", "/viewer/%2e%2e/%2e%2e/node.yaml", "/%00"):
                assert browser.get(odd).status_code in (401, 404), odd
            with httpx.Client() as stranger:
                assert stranger.get(browser.base_url.join("/api/studies")).status_code == 401
            link = ichor("link", folder).strip()
            assert browser.get(link).status_code == 303
            assert node.stop() == 0
        log = node.log.read_text()
        ichor("retry", folder)
        audit = ichor("audit", folder)
    told = log + audit + json.dumps(whole).replace("SECRET comment", "") + json.dumps(one)
    for word in ("SECRET", "Secret", *PATIENT.values(), study[0].StudyInstanceUID, token):
        assert word not in told, word
    names = [str(file) for file in folder.rglob("*")]
    assert not any(word in name for name in names for word in ("SECRET", "Secret"))
    for words in (
        "tests\toperator\ttoken\t127.0.0.1\tdecided",
        "link\t127.0.0.1\tentered",
        "changed who has access",
        "attempted again",
    ):
        assert words in audit, words
    assert log.count("ERROR") == 0


@pytest.mark.parametrize(
    ("web", "expected"),
    [
        ({"address": "0.0.0.0"}, "expected tls for an address beyond this machine (0.0.0.0), found none"),
        ({"address": "127.0.0.1", "tls": {"self_signed": True}}, "expected an address beyond this machine for tls"),
        ({"address": "0.0.0.0", "tls": {}}, "expected certificate and key, or self_signed: true"),
        ({"address": "0.0.0.0", "tls": {"certificate": "x"}}, "expected certificate and key, or self_signed: true"),
        ({"address": "0.0.0.0", "port": 0, "tls": {"self_signed": True}}, "expected accounts or tokens"),
        (
            {"address": "0.0.0.0", "port": 0, "tls": {"certificate": "x.crt", "key": "x.key"}},
            "expected a certificate and its key",
        ),
        ({"address": "192.0.2.1", "port": 0, "tls": {"self_signed": True}}, "expected accounts or tokens"),
        ({"tokens": []}, "web.tokens: extra inputs are not permitted"),
    ],
    ids=[
        "no-tls",
        "tls-on-loopback",
        "empty-tls",
        "no-key",
        "nobody",
        "no-certificate",
        "nobody-elsewhere",
        "unknown-key",
    ],
)
@pytest.mark.long
def test_what_is_refused_in_one_line(tmp_path: Path, web: dict[str, Any], expected: str) -> None:
    write_config(tmp_path / "node", web=web)
    assert expected in run_in_vain(tmp_path / "node")


@pytest.mark.long
def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write_config(tmp_path / "node", web={"port": port})
        assert f"web.port: expected a free port of 127.0.0.1, found {port}" in run_in_vain(tmp_path / "node")


@pytest.mark.long
def test_other_machines_need_tls_and_a_password_or_a_token(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    write_config(folder, web={"address": "0.0.0.0", "port": 0, "tls": {"self_signed": True}})
    ichor("account", "add", folder, "Ada", "--role", "operator", given=f"{PASSWORD}\n")
    token = ichor("token", "add", folder, "tests", "--days", "1").strip()
    assert ichor("account", "list", folder).split("\t")[:2] == ["Ada", "operator"]
    assert ichor("token", "list", folder).split("\t")[:2] == ["tests", "viewer"]
    with RunningNode(folder) as node:
        home = f"https://127.0.0.1:{node.worklist.rstrip('/').rpartition(':')[2]}"
        trusts = ssl.create_default_context(cafile=folder / "tls" / "certificate.pem")
        with httpx.Client(base_url=home, verify=trusts) as client:
            assert client.get("/api/me").headers["location"] == "/login"
            bearer = {"authorization": f"Bearer {token}"}
            assert client.get("/api/me", headers=bearer).json()["role"] == "viewer"
            origin = {"origin": home}
            wrong = client.post("/login", json={"name": "Ada", "password": PASSWORD + "x"}, headers=origin)
            assert wrong.status_code == 401
            right = client.post("/login", json={"name": "Ada", "password": PASSWORD}, headers=origin)
            client.headers["ichor-reader"] = right.json()["page"].partition("=")[2]
            assert client.get("/api/me").json() == {
                **client.get("/api/me").json(),
                "name": "Ada",
                "role": "operator",
                "way": "password",
            }
            ichor("account", "remove", folder, "Ada")
            assert client.get("/api/me").status_code == 401
            ichor("token", "remove", folder, "tests")
            assert client.get("/api/me", headers=bearer).status_code == 401
        with httpx.Client() as plain, pytest.raises(httpx.HTTPError):
            plain.get(home.replace("https", "http") + "/api/me")
    for file in (folder / "access.sqlite", folder / "tls" / "key.pem", folder / "queue.sqlite"):
        assert file.stat().st_mode & 0o77 == 0
    assert PASSWORD.encode() not in b"".join(file.read_bytes() for file in folder.glob("*.sqlite*"))


@pytest.mark.long
def test_commands_say_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    assert "expected the folder of a node" in ichor("token", "add", tmp_path, "tests", code=2)
    write_config(tmp_path / "node")
    assert "expected a token, found none" in ichor("token", "remove", tmp_path / "node", "tests", code=2)
    assert "found none" in ichor("link", tmp_path / "node", code=2)
    assert "12 to 256" in ichor("account", "add", tmp_path / "node", "Ada", given="short\n", code=2)


@pytest.mark.long
def test_an_audit_log_that_was_changed_is_reported(tmp_path: Path) -> None:
    write_config(tmp_path / "node")
    for name in ("one", "two"):
        ichor("token", "add", tmp_path / "node", name)
    assert ichor("audit", tmp_path / "node").count("changed who has access") == 2
    database = sqlite3.connect(tmp_path / "node" / "queue.sqlite")
    database.execute("DROP TRIGGER audit_is_not_changed")
    database.execute("UPDATE audit SET who = 'somebody else' WHERE id = 1")
    database.commit()
    database.close()
    assert "entry 1 of the audit log is not what was written" in ichor("audit", tmp_path / "node", code=1)


def test_a_queue_of_the_first_version_is_migrated_and_filled_from_the_results(tmp_path: Path) -> None:
    """Its studies are listed by the findings that were made then, and by decisions that ichor view has stored."""
    folder, key = tmp_path / "node", "ab" * 32
    folder.mkdir()
    database = sqlite3.connect(folder / "queue.sqlite")
    for statement in VERSION_1:
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {0x4963684E}")
    database.execute("PRAGMA user_version = 1")
    database.execute(
        "INSERT INTO study (id, key, state, priority, revision, analysed, first_at, last_at, changed_at) "
        "VALUES (1, ?, 'delivered', 0, 1, 1, 1e9, 1e9, 1e9)",
        (key,),
    )
    database.execute(
        "INSERT INTO analysis (id, study_id, number, revision, state, started_at, ended_at, verdict) "
        "VALUES (1, 1, 1, 1, 'done', 1e9, 1e9, 'suspected')"
    )
    database.commit()
    database.close()
    result = write_result(folder / "results", f"{key[:16]}-1", outputs=("json",))
    found = json.loads((result / "findings.json").read_text())
    with Queue(folder) as queue:
        complete_summaries(queue, folder / "results")
        ((row,), _) = queue.worklist.listed()
        assert (row["probability"], row["volume_ml"]) == (
            found["hemorrhage"]["probability"],
            found["hemorrhage"]["volume_ml"],
        )
        assert row["decision"] is None and queue.analyses.without_summary() == []
    decided = {"decision": "accept", "who": "Ada", "when": "2026-01-01T00:00:00+00:00"}
    of = sha256((result / "findings.json").read_bytes()).hexdigest()
    (result / "decisions.json").write_text(json.dumps({"of": of, "scan": decided}))
    with Queue(folder) as queue:
        complete_summaries(queue, folder / "results")
        ((row,), _) = queue.worklist.listed(decided=True)
        assert row["decided_by"] == "Ada"
    with sqlite3.connect(folder / "queue.sqlite") as database:
        assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
