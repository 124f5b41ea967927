"""A result as an HL7 v2.5.1 message, ORU^R01: preliminary (P) throughout, since nobody has verified it.

Codes are those of LOINC (procedure and summary), and of SNOMED CT and DICOM as pydicom's dictionaries have them; what
has no code there has one of Ichor's own, in the coding system 99ICHOR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ichor.findings.schema import NOTICE, Findings
from ichor.node.messages.facts import StudyFacts
from ichor.node.messages.segments import Field, message_text, person_names
from ichor.version import __version__

Code = tuple[str, ...]  # its value, its meaning and its coding system, perhaps twice: of Ichor, and of others

OWN = "99ICHOR"
PROCEDURE: Code = ("30799-1", "CT Head WO contrast", "LN")
SUMMARY: Code = ("59776-5", "Procedure findings", "LN")
STUDY: Code = ("113014", "DICOM Study", "DCM")  # as in the IHE Radiology Technical Framework, volume 2, 4.7
PRELIMINARY = "P"  # HL7 tables 0085 and 0123


@dataclass(frozen=True, slots=True)
class Envelope:
    """The ends of a message, and its identity.

    Attributes:
        sending, receiving: application and facility.
        control_id: the same for each attempt to deliver a result.
        character_set: in table 0211.
        now: when it is written.
    """

    sending: tuple[str, str]
    receiving: tuple[str, str]
    control_id: str
    character_set: str
    now: datetime


def oru_r01(envelope: Envelope, findings: Findings, facts: StudyFacts, *, study: str, replaces: bool) -> str:
    """The message, its segments ended by carriage returns.

    `study` names the study where it has no accession number.
    """
    segments = [
        _msh(envelope),
        _pid(facts),
        _obr(envelope, facts, study),
        *_observations(findings, facts, envelope.now, replaces),
    ]
    return message_text(segments)


def _msh(envelope: Envelope) -> list[Field]:
    (application, facility), (peer, peer_facility) = envelope.sending, envelope.receiving
    return [
        "MSH",
        application,
        facility,
        peer,
        peer_facility,
        _time(envelope.now),
        "",
        ("ORU", "R01", "ORU_R01"),
        envelope.control_id,
        "P",
        "2.5.1",
        *[""] * 5,
        envelope.character_set,
    ]


def _pid(facts: StudyFacts) -> list[Field]:
    sex = facts.sex if facts.sex in ("F", "M", "O") else "U"
    patient: Field = (facts.patient_id, "", "", facts.issuer, "PI") if facts.patient_id else ""
    return ["PID", "1", "", patient, "", person_names(facts.patient_name), "", facts.birth_date, sex]


def _obr(envelope: Envelope, facts: StudyFacts, study: str) -> list[Field]:
    return [
        "OBR",
        "1",
        facts.order,
        facts.accession_number or study,
        PROCEDURE,
        *[""] * 2,
        _made(facts),
        *[""] * 10,
        facts.accession_number,
        *[""] * 3,
        _time(envelope.now),
        "",
        "CT",
        PRELIMINARY,
    ]


def _observations(findings: Findings, facts: StudyFacts, now: datetime, replaces: bool) -> Iterator[list[Field]]:
    """OBX segments; those of one code are told apart by their sub-IDs."""
    values = [("ST", STUDY, facts.study_uid, ""), *_values(findings, replaces)]
    total, so_far = Counter(code for _, code, _, _ in values), Counter[Code]()
    method = findings.method
    for number, (kind, code, value, unit) in enumerate(values, 1):
        so_far[code] += 1
        yield [
            "OBX",
            str(number),
            kind,
            code,
            str(so_far[code]) if total[code] > 1 else "",
            value,
            (unit, unit, "UCUM") if unit else "",
            *[""] * 4,
            PRELIMINARY,
            *[""] * 2,
            _made(facts),
            *[""] * 3,
            (f"{method.model or method.name} {method.version}", f"Ichor {__version__}"),
            _time(now),
        ]


def _values(findings: Findings, replaces: bool) -> Iterator[tuple[str, Code, Field, str]]:
    """The observations: the type of value, what it is, the value, and its unit in UCUM."""
    found = findings.hemorrhage
    verdict: Field = (findings.tier.value, findings.tier.words, OWN)
    disorder = _code("SCT", "IntracranialHemorrhage")
    yield "CWE", ("VERDICT", "Verdict on intracranial hemorrhage", OWN, *disorder), verdict, ""
    probability = ("PROBABILITY", "Probability that the scan shows intracranial hemorrhage", OWN)
    yield "NM", (*probability, *_code("DCM", "Probability")), f"{found.probability:.4f}", "1"
    if found.volume_ml is not None:
        yield "NM", _volume("ICH", "intracranial hemorrhage"), f"{found.volume_ml:.2f}", "mL"
    for one in found.subtypes or ():
        if one.volume_ml is not None:
            kind = f"{one.subtype.label.lower()} hemorrhage"
            yield "NM", _volume(one.subtype.value, kind), f"{one.volume_ml:.2f}", "mL"
    yield "TX", SUMMARY, f"{findings.tier.words}. {NOTICE} Preliminary: no person has verified it.", ""
    for check in findings.scan.input_checks:
        yield "TX", SUMMARY, f"The scan is outside the model's intended input: {check.message}", ""
    if replaces:
        yield "TX", SUMMARY, "This result replaces an earlier one of the study.", ""


def _volume(kind: str, of: str) -> Code:
    return (f"VOLUME-{kind}", f"Volume of {of}", OWN, *_code("SCT", "Volume"))


def _code(scheme: str, keyword: str) -> Code:
    """A concept, as pydicom's dictionary has it."""
    from pydicom.sr.codedict import codes

    found = getattr(getattr(codes, scheme), keyword)
    return str(found.value), str(found.meaning), scheme


def _made(facts: StudyFacts) -> str:
    """When the images were made, in the hospital's time."""
    return f"{facts.study_date}{facts.study_time}" if facts.study_date else ""


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
