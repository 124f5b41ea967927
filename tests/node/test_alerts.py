"""Alerts by webhook and mail: what is in them, over which connections, and that only an acceptance counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ichor.errors import BadConfig, IchorError, UnreadableInput
from ichor.findings.verdict import Tier
from ichor.node.config_messages import Alert, SmtpDestination, WebhookDestination
from ichor.node.config_parts import ClientTls
from ichor.node.messages import mail, webhook
from ichor.node.messages.alert import AlertMessage, Alerts
from ichor.node.messages.facts import facts_of
from ichor.node.messages.mail import Mail
from ichor.node.messages.webhook import Webhook, signature
from ichor.serving.certificate import Certificate
from ichor.serving.self_signed import self_signed
from node_parts import small_study
from ports import free_port
from synthetic_dicom import PATIENT, save
from synthetic_messages import KEY, Request, mailbox, reported_study, webhooks, write_key

MESSAGE = AlertMessage("a" * 32, "hemorrhage suspected", {"verdict": "suspected", "study": "0123", "worklist": None})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    return write_key(tmp_path)


def to_url(url: str, secret: Path, **more: Any) -> WebhookDestination:
    return WebhookDestination(kind="webhook", url=url, secret=secret, **more)


def to_mail(port: int, **more: Any) -> SmtpDestination:
    values = {"host": "127.0.0.1", "security": "none", "sender": "ichor@one.example", "to": "duty@one.example", **more}
    return SmtpDestination(kind="smtp", port=port, **values)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # The example of its specification, with which its libraries are tested.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_gets_a_signed_alert(secret: Path) -> None:
    with webhooks() as server:
        Webhook(to_url(server.url, secret)).post(MESSAGE)
    (request,) = server.requests
    assert request.path == "/alerts?of=ichor" and request.data == MESSAGE.data
    headers = request.headers
    assert headers["webhook-id"] == headers["idempotency-key"] == MESSAGE.key
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_a_webhook_over_tls_needs_a_certificate_of_its_authority(secret: Path, certificate: Certificate) -> None:
    with webhooks(certificate) as server:
        Webhook(to_url(server.url, secret, tls=ClientTls(ca=certificate.certificate))).post(MESSAGE)
        with pytest.raises(IchorError, match="expected an answer, found SSLCertVerificationError"):
            Webhook(to_url(server.url, secret)).post(MESSAGE)
    assert len(server.requests) == 1


def status(code: int, **headers: str) -> Any:
    def answers(handler: BaseHTTPRequestHandler, request: Request) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answers


def truncated(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"only this")


def hangs_up(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.close_connection = True


def no_http(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


def hangs(handler: BaseHTTPRequestHandler, request: Request) -> None:
    time.sleep(5)


def a_byte_at_a_time(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b".")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (status(500), "HTTP status 500"),
        (status(401), "HTTP status 401"),
        (status(302, Location="http://127.0.0.1:1/elsewhere"), "HTTP status 302"),
        (truncated, "truncated"),
        (hangs_up, "RemoteDisconnected"),
        (no_http, "BadStatusLine"),
        (hangs, "TimeoutError"),
        (a_byte_at_a_time, "expected an? (short )?answer, found"),
    ],
    ids=["500", "401", "302", "truncated", "hangs up", "no HTTP", "hangs", "a byte at a time"],
)
def test_an_answer_that_accepts_nothing_is_reported(
    answers: Any, found: str, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "STEP_S", 0.5)
    monkeypatch.setattr(webhook, "WHOLE_S", 1.0)
    with webhooks() as server:
        server.answers = answers
        with pytest.raises(IchorError, match=found) as error:
            Webhook(to_url(server.url, secret)).post(MESSAGE)
    assert "\n" not in str(error.value)


def test_a_webhook_that_is_down_is_reported(secret: Path) -> None:
    with pytest.raises(IchorError, match="expected an answer, found ConnectionRefusedError"):
        Webhook(to_url(f"http://127.0.0.1:{free_port()}/", secret)).post(MESSAGE)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "No such file"),
        (b"whsec_c2hvcnQ=", "at least 24 bytes in base64, found 5"),
        (b"not base64!", "base64"),
        (b"\xff", "base64"),
    ],
)
def test_a_secret_that_is_none_is_reported(content: bytes | None, found: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(BadConfig, match=found) as error:
        Webhook(to_url("http://127.0.0.1:1/", file))
    assert str(error.value).startswith(f"{file}: expected") and "short" not in str(error.value)


def write_login(tmp_path: Path, password: str = "right") -> Path:
    file = tmp_path / "mail.login"
    file.write_text(f"user: ichor\npassword: {password}\n")
    file.chmod(0o600)
    return file


def test_a_mail_goes_over_tls_with_a_login(certificate: Certificate, tmp_path: Path) -> None:
    tls = {"security": "starttls", "tls": ClientTls(ca=certificate.certificate)}
    with mailbox(certificate, password=b"right") as box:
        Mail(to_mail(box.port, login=write_login(tmp_path), **tls)).post(MESSAGE)
        with pytest.raises(IchorError, match="SMTP status 535"):
            Mail(to_mail(box.port, login=write_login(tmp_path, "wrong"), **tls)).post(MESSAGE)
        with pytest.raises(IchorError, match="SSLCertVerificationError"):
            Mail(to_mail(box.port, security="starttls")).post(MESSAGE)
        with pytest.raises(IchorError, match="SMTP status 530"):
            Mail(to_mail(box.port)).post(MESSAGE)
    (envelope,) = box.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ichor@one.example", ["duty@one.example"])
    found = message_from_bytes(envelope.content, policy=policy.default)
    assert found["Subject"] == "Ichor: hemorrhage suspected (research use only)"
    assert found["Message-ID"] == f"<{MESSAGE.key}@one.example>" and found["Auto-Submitted"] == "auto-generated"
    text = found.get_content()
    assert text.startswith("Hemorrhage suspected.") and "verdict: suspected" in text
    assert "Research use only; not a medical device." in text and "None" not in text


def test_mail_over_tls_from_the_start_is_tried(certificate: Certificate) -> None:
    with mailbox() as box, pytest.raises(IchorError, match="expected a mail server, found SSLError"):
        Mail(to_mail(box.port, security="tls")).post(MESSAGE)


@pytest.mark.parametrize("answer", ["451 later", "554 no"])
def test_a_mail_that_is_not_accepted_is_reported(answer: str) -> None:
    with mailbox() as box:
        box.status = answer
        with pytest.raises(IchorError, match=f"SMTP status {answer[:3]}"):
            Mail(to_mail(box.port)).post(MESSAGE)
        box.status = "250 OK"
        with pytest.raises(IchorError, match="recipient to be accepted, found SMTP status 550"):
            Mail(to_mail(box.port, to="nobody@one.example")).post(MESSAGE)
        Mail(to_mail(box.port)).post(MESSAGE)
    assert len(box.mails) == 1


def test_a_mail_server_that_is_down_or_silent_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IchorError, match="expected a mail server, found ConnectionRefusedError"):
        Mail(to_mail(free_port())).post(MESSAGE)
    monkeypatch.setattr(mail, "STEP_S", 0.3)
    with webhooks() as server, pytest.raises(IchorError, match="expected a mail server, found"):
        Mail(to_mail(server.port)).post(MESSAGE)


def test_a_secret_that_others_can_read_is_reported(secret: Path) -> None:
    secret.chmod(0o644)
    with pytest.raises(BadConfig, match="chmod 600"):
        Webhook(to_url("http://127.0.0.1:1/", secret))


def test_a_login_that_others_can_read_is_reported(tmp_path: Path) -> None:
    file = write_login(tmp_path)
    file.chmod(0o644)
    with pytest.raises(UnreadableInput, match="chmod 600"):
        Mail(to_mail(1, login=file))


@pytest.mark.parametrize(
    ("above", "reached"),
    [
        ("suspected", [False, False, True]),
        ("possible", [False, True, True]),
        (0.5, [False, True, False]),
        (0, [True, True, True]),
    ],
)
def test_an_alert_has_a_threshold(above: Any, reached: list[bool]) -> None:
    alert = Alert(above=above)
    said = [(Tier.NONE, 0.1), (Tier.POSSIBLE, 0.6), (Tier.SUSPECTED, 0.4)]
    assert [alert.is_reached(*one) for one in said] == reached


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"url": "http://one.example/"}, "expected https://"),
        ({"url": "ftp://one.example/"}, "begins with https://"),
        ({"url": "https://user:word@one.example/"}, "without user name and password"),
        ({"above": "certain"}, "above"),
        ({"above": 1.5}, "above"),
        ({"include": ["everything"]}, "include"),
    ],
)
def test_an_unsafe_webhook_is_refused(change: dict[str, Any], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        WebhookDestination(**{"kind": "webhook", "url": "https://one.example", "secret": "secret", **change})


def test_an_unsafe_mail_server_is_refused() -> None:
    with pytest.raises(ValidationError, match="starttls or tls"):
        to_mail(25, host="mail.example")
    with pytest.raises(ValidationError, match="to"):
        to_mail(25, to="duty@one.example\r\nRCPT TO:<other@one.example>")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    images = small_study(AccessionNumber="ACC-0815")
    with reported_study(tmp_path_factory.mktemp("study"), images) as found:
        yield found


def sent(study: tuple[Any, Any], **settings: Any) -> AlertMessage:
    reported, delivery = study
    posted: list[AlertMessage] = []

    class Keeps:
        def post(self, message: AlertMessage) -> None:
            posted.append(message)

    Alerts("one", Alert(**settings), Keeps(), reported, "https://node.example/").send(delivery)
    (message,) = posted
    return message


def test_an_alert_holds_nothing_of_the_patient(study: tuple[Any, Any]) -> None:
    message = sent(study)
    said = json.dumps(message.data) + message.text() + message.subject + message.key
    for value in (*PATIENT.values(), "Doe", "ACC-0815", "1.2."):
        assert value not in said
    assert message.data["worklist"] == "https://node.example/" and message.data["notice"].startswith(
        "Research use only"
    )
    assert message.data["verdict"] in ("none", "possible", "suspected") and 0 <= message.data["probability"] <= 1


def test_an_alert_includes_what_is_configured(study: tuple[Any, Any]) -> None:
    include = ("accession_number", "patient_id", "patient_name", "study_uid")
    data = sent(study, include=include).data
    assert (data["accession_number"], data["patient_id"]) == ("ACC-0815", PATIENT["PatientID"])
    assert data["patient_name"] == "Doe Secret" and data["study_uid"].startswith("1.2.")
    assert "patient_id" not in sent(study, include=("accession_number",)).data


def test_the_key_of_an_alert_is_that_of_its_study(study: tuple[Any, Any]) -> None:
    assert sent(study).key == sent(study, include=("patient_id",)).key


def test_images_that_disagree_on_the_patient_are_reported(tmp_path: Path) -> None:
    images = small_study()[:3]
    images[2].PatientID = "SOMEBODY-ELSE"
    names = [f"{k}.dcm" for k in range(3)]
    save(images, tmp_path, names=names)
    series = [str(images[0].SeriesInstanceUID)]
    assert facts_of(tmp_path, names[:2], series).patient_id == PATIENT["PatientID"]
    with pytest.raises(UnreadableInput, match="images that agree on PatientID, found that they do not") as error:
        facts_of(tmp_path, names, series)
    assert "SOMEBODY" not in str(error.value)
    for files, series_uids in ((names, ["1.2.3"]), (["gone.dcm"], series), ([], series)):
        with pytest.raises(UnreadableInput, match="expected the images"):
            facts_of(tmp_path, files, series_uids)
