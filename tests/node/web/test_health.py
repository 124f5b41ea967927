"""Health checks and metrics: what a monitor sees of a node that works, and of one that does not."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ichor.node.intake import Refused
from ichor.node.people import Role
from ichor.node.queue.database import Database
from ichor.node.queue.retries import Retries
from node_parts import RunningNode, as_bytes, send, small_study
from ports import free_port
from synthetic_dicom import PATIENT
from web_parts import Web, web_parts


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    pacs = {"kind": "c-store", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    listener = {"limits": {"keep_free_gib": 0}}
    with web_parts(tmp_path / "node", destinations={"pacs": pacs}, listener=listener) as one:
        yield one


def metrics(web: Web) -> dict[str, float]:
    """Each sample of Prometheus's own parser, by its name and the values of its labels."""
    text = web.program(Role.VIEWER).get("/metrics").text
    return {
        " ".join([one.name, *one.labels.values()]): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_anyone_may_ask_whether_the_node_works_and_nobody_else_for_more(web: Web) -> None:
    stranger = web.stranger()
    assert stranger.get("/health/live").json() == {"live": True}
    assert stranger.get("/health/ready").json() == {"ready": True}
    assert stranger.get("/metrics").status_code == stranger.get("/api/health").status_code == 401
    assert web.program(Role.VIEWER).get("/api/health").json() == {"not_alive": [], "not_ready": []}


def test_a_thread_that_has_ended_makes_the_node_not_live(web: Web) -> None:
    thread = threading.Thread(target=lambda: None, name="delivery")
    web.services.monitor.threads.append(thread)
    thread.start()
    thread.join()
    assert web.stranger().get("/health/live").status_code == 503
    assert web.stranger().get("/health/ready").status_code == 503
    assert web.program(Role.VIEWER).get("/api/health").json()["not_alive"] == ["a thread has ended: delivery"]


def test_a_full_disk_and_the_end_of_the_node_make_it_not_ready(tmp_path: Path) -> None:
    with web_parts(tmp_path / "full", listener={"limits": {"keep_free_gib": 2**40}}) as full:
        answer = full.stranger().get("/health/ready")
        assert answer.status_code == 503 and answer.json()["detail"] == "the node takes no images now"
        (problem,) = full.program(Role.VIEWER).get("/api/health").json()["not_ready"]
        assert "disk space" in problem and full.stranger().get("/health/live").status_code == 200
    with web_parts(tmp_path / "ending", listener={"limits": {"keep_free_gib": 0}}) as ending:
        ending.services.stopping.set()
        assert ending.stranger().get("/health/ready").status_code == 503


def test_a_queue_that_cannot_be_read_makes_the_node_not_ready(web: Web) -> None:
    database: Database = web.queue._database
    database.write("ALTER TABLE study RENAME TO elsewhere")
    assert web.stranger().get("/health/ready").status_code == 503
    assert web.program(Role.VIEWER).get("/metrics").status_code in (422, 503, 507)


def test_the_metrics_are_those_of_what_happened(web: Web) -> None:
    study = small_study()
    for one in [*study, study[0]]:
        web.services.intake.take(as_bytes(one))
    with pytest.raises(Refused):
        web.services.intake.take(b"no image")
    found = metrics(web)
    assert found["ichor_images_total new"] == len(study) and found["ichor_images_total duplicate"] == 1
    assert found["ichor_images_total refused"] == 1
    assert (found["ichor_studies receiving"], found["ichor_studies waiting"]) == (1, 0)
    assert found["ichor_oldest_waiting_seconds"] == 0
    web.queue.studies.complete_quiet(0)
    found = metrics(web)
    assert found["ichor_studies waiting"] == 1 and 0 < found["ichor_oldest_waiting_seconds"] < 3600
    analysis = web.queue.analyses.next()
    assert analysis is not None and metrics(web)["ichor_workers_busy"] == 1
    web.queue.analyses.done(analysis, "suspected", ["pacs", "gone"])
    web.services.monitor.analysis("done", 42.0)
    web.services.monitor.analysis("done", -1.0)
    delivery = web.queue.deliveries.due("pacs")
    assert delivery is not None and not web.queue.deliveries.postpone(delivery, "refused", Retries(0, 0, 0))
    found = metrics(web)
    assert (found["ichor_deliveries pacs pending"], found["ichor_deliveries pacs dead"]) == (0, 1)
    assert found["ichor_deliveries gone pending"] == 1
    assert (found["ichor_analyses_total done"], found["ichor_result_seconds_count"]) == (2, 1)
    assert (found["ichor_result_seconds_bucket 30.0"], found["ichor_result_seconds_bucket 45.0"]) == (0, 1)
    assert found["ichor_workers"] == 1 and found["ichor_disk_free_bytes"] > 0
    said = " ".join(found)
    for value in (*PATIENT.values(), analysis.study[:8], str(study[0].StudyInstanceUID)):
        assert value not in said


@pytest.mark.long
def test_a_running_node_tells_prometheus_about_itself(tmp_path: Path) -> None:
    port = free_port()
    node = RunningNode(tmp_path / "node", web={"port": port})
    with node:
        token = subprocess.run(
            [*node.COMMAND, "token", "add", node.folder, "prometheus", "--role", "viewer"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[-1]
        send(node.port, small_study())
        node.wait_for(delivered=1)
        request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
        with urlopen(request) as answer:
            text = answer.read().decode()
        with urlopen(f"http://127.0.0.1:{port}/health/ready") as answer:
            assert answer.status == 200
    results = re.search(r"^ichor_result_seconds_count (\S+)$", text, re.MULTILINE)
    assert 'ichor_studies{state="delivered"} 1.0' in text
    assert results is not None and float(results[1]) >= 1  # 2 if an image was late on a slow machine
    assert not any(value in text for value in PATIENT.values())
