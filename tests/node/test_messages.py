"""Alerts and HL7 messages of a running node: once a study, through kills and peers that are down."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from ichor.node.status import status_of
from node_parts import Pacs, RunningNode, send, small_study, to_pacs
from ports import free_port
from signals import until
from synthetic_dicom import PATIENT
from synthetic_messages import (
    Interface,
    Mailbox,
    Webhooks,
    acknowledged,
    fields_of,
    interface,
    mailbox,
    webhooks,
    write_key,
)


class Receivers:
    """A PACS, a webhook, a mail server and an HL7 peer, and the configuration of a node that sends to them."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.pacs: Pacs = stack.enter_context(Pacs())
        self.webhook: Webhooks = stack.enter_context(webhooks())
        self.mail: Mailbox = stack.enter_context(mailbox())
        self.hl7: Interface = stack.enter_context(interface())
        node = folder / "node"
        node.mkdir()
        write_key(node)
        here = {"host": "127.0.0.1"}
        addresses = {"sender": "ichor@one.example", "to": "duty@one.example"}
        self.destinations: dict[str, Any] = {
            **to_pacs(self.pacs),
            "duty": {"kind": "webhook", "url": self.webhook.url, "secret": "webhook.secret", "above": 0},
            "mail": {"kind": "smtp", **here, "port": self.mail.port, "security": "none", "above": 0, **addresses},
            "never": {"kind": "smtp", **here, "port": free_port(), "security": "none", "above": 1, **addresses},
            "ris": {"kind": "hl7", **here, "port": self.hl7.port},
        }
        self.node = RunningNode(node, destinations=self.destinations, worklist="https://node.example/", log="json")

    def counts(self) -> tuple[int, int, int]:
        """How many alerts, mails and HL7 messages there were."""
        return len(self.webhook.requests), len(self.mail.mails), len(self.hl7.messages)


@pytest.mark.long
def test_a_study_alerts_once_and_each_result_goes_to_the_ris(tmp_path: Path) -> None:
    study = small_study(AccessionNumber="ACC-0815")
    with ExitStack() as stack:
        to = Receivers(stack, tmp_path)
        node = stack.enter_context(to.node)
        send(node.port, study[:-1])
        node.wait_for(delivered=1)
        assert to.counts() == (1, 1, 1)
        send(node.port, study[-1:])
        until(lambda: to.pacs.n_received == 2)
        node.wait_for(delivered=1)
        send(node.port, study)
        node.wait_for(delivered=1)
        assert node.stop() == 0
    assert to.counts() == (1, 1, 2)
    (request,) = to.webhook.requests
    assert request.data["worklist"] == "https://node.example/" and request.data["result"] == 1
    texts = [message.decode() for message in to.hl7.messages]
    assert ["replaces an earlier one" in text for text in texts] == [False, True]
    for text in texts:
        assert f"PID|1||{PATIENT['PatientID']}^^^^PI" in text and "|ACC-0815|" in text
    alerts = request.body.decode() + to.mail.mails[0].content.decode()
    events = [json.loads(line) for line in node.log.read_text().splitlines()]
    assert {"time", "level", "event", "message"} <= set.intersection(*map(set, events))
    (duty,) = [one for one in events if one.get("destination") == "duty"]
    assert (duty["study"], duty["result"], duty["level"]) == (request.data["study"], 1, "info")
    said = node.log.read_text() + json.dumps(status_of(node.folder).as_json())
    assert "delivered to duty" in said and "delivered to ris" in said
    for value in (*PATIENT.values(), "Doe", "ACC-0815", str(study[0].StudyInstanceUID)):
        assert value not in said and value not in alerts


@pytest.mark.parametrize("kind", ["duty", "mail", "ris"])
@pytest.mark.long
def test_a_kill_between_sending_and_recording_repeats_the_same_message(kind: str, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(node: RunningNode) -> None:
        if not killed and node.process is not None:
            killed.append(node.process.pid)
            os.kill(node.process.pid, signal.SIGKILL)
            node.process.wait()

    with ExitStack() as stack:
        to = Receivers(stack, tmp_path)
        node = to.node
        answer = to.webhook.answers
        if kind == "duty":
            to.webhook.answers = lambda handler, request: (kill(node), answer(handler, request))[1]
        elif kind == "ris":
            to.hl7.answer = lambda message: (kill(node), acknowledged(message))[1]
        else:
            status = to.mail.handle_DATA

            async def handle_data(*parts: Any) -> str:
                said = await status(*parts)
                kill(node)
                return said

            to.mail.handle_DATA = handle_data  # type: ignore[method-assign]
        stack.enter_context(node)
        send(node.port, small_study())
        until(lambda: killed)
        node.start()
        node.wait_for(delivered=1)
        assert node.stop() == 0
    duty, mails, messages = to.counts()
    assert {"duty": duty, "mail": mails, "ris": messages}[kind] == 2
    assert len({one.headers["idempotency-key"] for one in to.webhook.requests}) == 1
    assert len({_message_id(one.content) for one in to.mail.mails}) == 1
    assert len({fields_of(one)[0][9] for one in to.hl7.messages}) == 1


def _message_id(content: bytes) -> bytes:
    (line,) = [one for one in content.splitlines() if one.lower().startswith(b"message-id:")]
    return line


@pytest.mark.long
def test_through_kills_at_random_moments_each_study_alerts_under_one_key(tmp_path: Path) -> None:
    rng, n_studies, n_kills = random.Random(20), 6, 5
    with ExitStack() as stack:
        to = Receivers(stack, tmp_path)
        accepts = to.webhook.answers
        to.webhook.answers = lambda handler, request: (time.sleep(0.2), accepts(handler, request))[1]
        node = stack.enter_context(to.node)
        studies = [small_study() for _ in range(n_studies)]
        for study in studies:
            send(node.port, study)
        for _ in range(n_kills):
            heard = len(to.webhook.requests)
            until(lambda heard=heard: len(to.webhook.requests) > heard or node.counts() == {"delivered": n_studies})
            time.sleep(rng.uniform(0, 0.4))
            node.stop(signal.SIGKILL)
            node.start()
        node.wait_for(delivered=n_studies)
        assert node.stop() == 0
    keys = {(one.data["study"], one.headers["idempotency-key"]) for one in to.webhook.requests}
    assert len(keys) == len({study for study, _ in keys}) == len({key for _, key in keys}) == n_studies
    assert len(to.webhook.requests) <= n_studies + n_kills, "more was repeated than was interrupted"
    assert len({_message_id(one.content) for one in to.mail.mails}) == n_studies
    assert len({fields_of(one)[0][9] for one in to.hl7.messages}) == n_studies


@pytest.mark.long
def test_an_alert_waits_for_a_webhook_that_is_down_and_holds_nobody_up(tmp_path: Path) -> None:
    port = free_port()
    node_folder = tmp_path / "node"
    node_folder.mkdir()
    write_key(node_folder)
    with Pacs() as pacs:
        duty = {"kind": "webhook", "url": f"http://127.0.0.1:{port}/", "secret": "webhook.secret", "above": 0}
        with RunningNode(node_folder, destinations={**to_pacs(pacs), "duty": duty}) as node:
            send(node.port, small_study())
            until(lambda: pacs.n_received == 1)
            until(lambda: status_of(node.folder).pending)
            assert node.counts() == {"delivering": 1}
            assert "ConnectionRefusedError" in status_of(node.folder).pending[0].reason
            with webhooks(port=port) as server:
                node.wait_for(delivered=1)
            assert len(server.requests) == 1 and psutil.Process(node.process.pid).is_running()  # type: ignore[union-attr]


@pytest.mark.long
def test_an_alert_that_is_given_up_is_listed_and_retried(tmp_path: Path) -> None:
    retry = {"first_s": 0.1, "most_s": 0.1, "give_up_h": 1 / 3600}
    with ExitStack() as stack:
        to = Receivers(stack, tmp_path)
        to.webhook.answers = lambda handler, request: handler.send_error(500)
        node = RunningNode(to.node.folder, destinations=to.destinations, retry=retry)
        stack.enter_context(node)
        send(node.port, small_study())
        node.wait_for(undelivered=1)
        said = subprocess.run([*node.COMMAND, "status", node.folder], capture_output=True, text=True, check=True).stdout
        assert "to duty: " in said and "HTTP status 500" in said
        to.webhook.answers = Webhooks.answers
        subprocess.run([*node.COMMAND, "retry", node.folder], capture_output=True, check=True)
        node.wait_for(delivered=1)
    assert to.counts()[1:] == (1, 1), "what was delivered was sent again"


@pytest.mark.parametrize(
    ("destination", "found"),
    [
        ({"kind": "webhook", "url": "https://one.example/", "secret": "none-such"}, "expected a secret, found"),
        (
            {"kind": "smtp", "host": "one.example", "port": 25, "login": "none-such", "sender": "a@b", "to": "c@d"},
            "expected user and password, or token, found",
        ),
        ({"kind": "hl7", "host": "one.example", "port": 1, "tls": {"ca": "none-such"}}, "authority's certificate"),
    ],
    ids=["secret", "login", "authority"],
)
def test_what_is_not_there_is_reported_at_the_start(destination: dict[str, Any], found: str, tmp_path: Path) -> None:
    node = RunningNode(tmp_path / "node", destinations={"one": destination})
    done = subprocess.run([*node.COMMAND, "run", node.folder], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and found in done.stderr and "Traceback" not in done.stderr
