"""HL7 messages: what is in them, as a peer of another make reads it, and that only its acknowledgment counts."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.sr.codedict import codes

from ichor.errors import IchorError
from ichor.findings.schema import Findings
from ichor.node.config_messages import Hl7Destination
from ichor.node.config_parts import ClientTls
from ichor.node.messages import mllp
from ichor.node.messages.facts import StudyFacts
from ichor.node.messages.mllp import Hl7
from ichor.node.messages.oru import Envelope, oru_r01
from ichor.node.messages.segments import message_text, person_names
from ichor.node.queue.deliveries import Delivery
from ichor.serving.self_signed import self_signed
from node_parts import small_study
from paths import ROOT
from ports import free_port
from synthetic_dicom import PATIENT
from synthetic_messages import acknowledged, fields_of, interface, reported_study
from synthetic_reports import found_in
from synthetic_scans import DetectorMethod, SubtypesMethod, synthetic_head

FACTS = StudyFacts(
    study_uid="1.2.3",
    patient_id="4711",
    issuer="Ward & Sons",
    patient_name="O|Neil^Ann~Marie^B^Dr^III=山田^花子",
    birth_date="19510203",
    sex="F",
    accession_number="ACC^1",
    order="PLACED-1",
    study_date="20240229",
    study_time="141500",
)
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ENVELOPE = Envelope(("ICHOR", "CT"), ("RIS", "CITY"), "0123-1", "UNICODE UTF-8", NOW)


@pytest.fixture(scope="module")
def findings() -> Findings:
    return found_in(synthetic_head(), method=SubtypesMethod())


def message(findings: Findings, facts: StudyFacts = FACTS, *, replaces: bool = False) -> list[list[str]]:
    return fields_of(oru_r01(ENVELOPE, findings, facts, study="0123456789abcdef", replaces=replaces).encode())


def segments(found: list[list[str]], name: str) -> list[list[str]]:
    return [one for one in found if one[0] == name]


def test_the_head_names_sender_receiver_type_and_character_set(findings: Findings) -> None:
    (head,) = segments(message(findings), "MSH")
    assert head[1:8] == ["^~\\&", "ICHOR", "CT", "RIS", "CITY", "20260301123000+0000", ""]
    assert head[8:12] == ["ORU^R01^ORU_R01", "0123-1", "P", "2.5.1"] and head[17] == "UNICODE UTF-8"


def test_patient_and_order_are_those_of_the_images_with_all_delimiters_escaped(findings: Findings) -> None:
    (patient,) = segments(message(findings), "PID")
    assert patient[3] == "4711^^^Ward \\T\\ Sons^PI"
    assert patient[5] == "O\\F\\Neil^Ann\\R\\Marie^B^III^Dr^^L^A~山田^花子^^^^^L^I"
    assert patient[7:9] == ["19510203", "F"]
    (order,) = segments(message(findings), "OBR")
    assert order[2:5] == ["PLACED-1", "ACC\\S\\1", "30799-1^CT Head WO contrast^LN"]
    assert (order[7], order[18], order[22], order[24], order[25]) == (
        "20240229141500",
        "ACC\\S\\1",
        "20260301123000+0000",
        "CT",
        "P",
    )


def test_what_the_images_do_not_say_is_empty(findings: Findings) -> None:
    found = message(findings, StudyFacts(study_uid="1.2.3"))
    (patient,), (order,) = segments(found, "PID"), segments(found, "OBR")
    assert (patient[3], patient[5], patient[8]) == ("", "", "U")
    assert (order[2], order[3], order[7], order[18]) == ("", "0123456789abcdef", "", "")


def test_the_observations_are_those_of_the_findings_and_preliminary(findings: Findings) -> None:
    found = segments(message(findings), "OBX")
    assert [one[1] for one in found] == [str(number) for number in range(1, len(found) + 1)]
    assert {one[11] for one in found} == {"P"} and {one[14] for one in found} == {"20240229141500"}
    values = {one[3].partition("^")[0]: one for one in found}
    assert values["113014"][5] == "1.2.3"
    assert values["VERDICT"][2:6:3] == ["CWE", f"{findings.tier.value}^{findings.tier.words}^99ICHOR"]
    hemorrhage = findings.hemorrhage
    assert float(values["PROBABILITY"][5]) == pytest.approx(hemorrhage.probability, abs=1e-4)
    assert hemorrhage.volume_ml and hemorrhage.subtypes
    volume = codes.SCT.Volume
    assert values["VOLUME-ICH"][3].endswith(f"^99ICHOR^{volume.value}^{volume.meaning}^SCT")
    for kind, volume_ml in [
        ("ICH", hemorrhage.volume_ml),
        *((s.subtype.value, s.volume_ml) for s in hemorrhage.subtypes),
    ]:
        assert volume_ml is not None
        assert values[f"VOLUME-{kind}"][2] == "NM" and values[f"VOLUME-{kind}"][6] == "mL^mL^UCUM"
        assert float(values[f"VOLUME-{kind}"][5]) == pytest.approx(volume_ml, abs=0.005)
    keys = [(one[3], one[4]) for one in found]
    assert len(set(keys)) == len(keys), "two observations cannot be told apart"
    texts = [one[5] for one in found if one[2] == "TX"]
    assert "Research use only; not a medical device. Preliminary: no person has verified it." in texts[0]


def test_the_documentation_names_every_code(findings: Findings) -> None:
    text = (ROOT / "docs/reference/node.md").read_text()
    for one in segments(message(findings), "OBX"):
        code, _, _, *other = one[3].split("^")
        subtype = re.fullmatch(r"VOLUME-(IPH|SAH|EDH|SDH)", code)
        assert (f"-{subtype[1]}" if subtype else code) in text, code
        assert not other or other[0] in text, other


def test_a_result_that_replaces_another_says_so(findings: Findings) -> None:
    said = "This result replaces an earlier one of the study."
    assert said in [one[5] for one in segments(message(findings, replaces=True), "OBX")]
    assert said not in [one[5] for one in segments(message(findings), "OBX")]


def test_a_detector_reports_no_volume() -> None:
    found = segments(message(found_in(synthetic_head(), method=DetectorMethod())), "OBX")
    assert not any("VOLUME" in one[3] for one in found) and any("PROBABILITY" in one[3] for one in found)


@pytest.mark.parametrize(
    ("dicom", "hl7"),
    [
        ("Doe", "Doe^^^^^^L^A"),
        ("Doe^Jane^M^Dr^Jr", "Doe^Jane^M^Jr^Dr^^L^A"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"),
        ("=山田^太郎", "山田^太郎^^^^^L^I"),
        ("", ""),
    ],
)
def test_a_name_is_that_of_hl7_in_each_script(dicom: str, hl7: str) -> None:
    assert message_text([["PID", person_names(dicom)]]) == (f"PID|{hl7}\r" if hl7 else "PID\r")


def test_no_value_can_begin_another_segment() -> None:
    text = message_text([["PID", "a\rOBX|1\nb\x1c\x0bc", "\\"]])
    assert text.count("\r") == 1 and text.startswith("PID|a") and text.endswith("|\\E\\\r")
    assert not {"\n", "\x1c", "\x0b"} & set(text)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    images = small_study(AccessionNumber="ACC-0815", PatientName="Müller^Jörg", SpecificCharacterSet="ISO_IR 100")
    with reported_study(tmp_path_factory.mktemp("study"), images) as found:
        yield found


def hl7(study: tuple[Any, Any], port: int, **more: Any) -> Hl7:
    return Hl7(Hl7Destination(kind="hl7", host="127.0.0.1", port=port, **more), study[0])


def send(to: Hl7, delivery: Delivery) -> None:
    """Send in a thread of its own, as the node does; an event loop of the browser tests may run in this one."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(to.send, delivery).result()


def test_a_peer_of_another_make_gets_the_message(study: tuple[Any, Any]) -> None:
    with interface() as peer:
        send(hl7(study, peer.port, peer_application="RIS"), study[1])
        send(hl7(study, peer.port, character_set="8859/1"), study[1])
        with pytest.raises(IchorError, match="character set ASCII, found other letters"):
            send(hl7(study, peer.port, character_set="ASCII"), study[1])
    first, second = peer.messages
    (head,), (patient,) = (segments(fields_of(first), name) for name in ("MSH", "PID"))
    assert head[4] == "RIS" and len(head[9]) <= 20
    assert patient[3] == f"{PATIENT['PatientID']}^^^^PI" and patient[5].startswith("Müller^Jörg^")
    assert patient[7] == PATIENT["PatientBirthDate"]
    assert "Müller".encode("latin-1") in second and b"|8859/1" in second
    assert second.split(b"|")[9] == first.split(b"|")[9], "another attempt has another control ID"


def test_the_server_of_the_package_hl7_accepts_it(study: tuple[Any, Any]) -> None:
    received, ready, done = [], threading.Event(), threading.Event()
    port = free_port()

    async def serve() -> None:
        from hl7.mllp import start_hl7_server

        async def take(reader: Any, writer: Any) -> None:
            received.append(await reader.readmessage())
            writer.writemessage(received[-1].create_ack())
            await writer.drain()
            done.set()

        async with await start_hl7_server(take, "127.0.0.1", port, encoding="utf-8"):
            ready.set()
            while not done.is_set():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    send(hl7(study, port), study[1])
    thread.join(20)
    (found,) = received
    assert found.unescape(str(found.segment("OBR")(18))) == "ACC-0815"
    assert [str(one(11)) for one in found.segments("OBX")] == ["P"] * len(found.segments("OBX"))


def test_tls_needs_a_certificate_of_its_authority(study: tuple[Any, Any], tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "127.0.0.1")
    with interface(certificate) as peer:
        send(hl7(study, peer.port, tls=ClientTls(ca=certificate.certificate)), study[1])
        with pytest.raises(IchorError, match="expected a connection, found SSLCertVerificationError"):
            send(hl7(study, peer.port, tls=ClientTls()), study[1])
    assert len(peer.messages) == 1


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (lambda one: acknowledged(one, "AE"), r"an application error \(AE\)"),
        (lambda one: acknowledged(one, "AR"), r"a rejection \(AR\)"),
        (lambda one: acknowledged(one, "XX"), "another code"),
        (lambda one: acknowledged(one, control_id="other"), "that of another one"),
        (lambda one: acknowledged(one)[:-2], "expected an acknowledgment, found"),
        (lambda one: b"\x0bnot HL7\x1c\r", "expected an acknowledgment, found something else"),
        (lambda one: b"HTTP/1.1 400 Bad Request\r\n\r\n\x1c\r", "InvalidBlockError"),
        (lambda one: b"\x0b" + bytes(2**17) + b"\x1c\r", "expected an acknowledgment, found"),
        (lambda one: None, "expected an acknowledgment, found"),
    ],
    ids=["AE", "AR", "XX", "another", "truncated", "no message", "no block", "endless", "none"],
)
def test_an_answer_that_accepts_nothing_is_reported(
    answer: Any, found: str, study: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mllp, "ANSWER_S", 0.5)
    with interface() as peer:
        peer.answer = answer
        with pytest.raises(IchorError, match=found) as error:
            send(hl7(study, peer.port), study[1])
    assert "\n" not in str(error.value) and PATIENT["PatientID"] not in str(error.value)


def test_a_peer_that_is_down_is_reported(study: tuple[Any, Any]) -> None:
    with pytest.raises(IchorError, match="expected a connection, found ConnectionRefusedError"):
        send(hl7(study, free_port()), study[1])
