"""The content of an alert: what was found and where to look, and of the patient only what is configured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

from ichor.findings.schema import NOTICE, Findings
from ichor.findings.verdict import Tier
from ichor.node.config_messages import Alert, Included
from ichor.node.logs import short
from ichor.node.messages.facts import StudyFacts
from ichor.node.messages.reported import Reported
from ichor.node.queue.deliveries import Delivery

SUBJECT = {
    Tier.NONE: "no hemorrhage found",
    Tier.POSSIBLE: "hemorrhage possible",
    Tier.SUSPECTED: "hemorrhage suspected",
}


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One alert.

    Attributes:
        key: the same for each attempt and for each result of a study: it tells a repetition.
        subject: in a few words, without anything of a patient.
        data: the content, as JSON values.
    """

    key: str
    subject: str
    data: dict[str, Any]

    def text(self) -> str:
        """The content for people, a line for each value."""
        shown = {name: one for name, one in self.data.items() if name != "notice" and one is not None}
        lines = [f"{name.replace('_ml', ', mL').replace('_', ' ')}: {one}" for name, one in shown.items()]
        return "\n".join([f"{self.subject[0].upper()}{self.subject[1:]}.", "", *lines, "", NOTICE, ""])


class Posts(Protocol):
    """What a way of sending alerts does."""

    def post(self, message: AlertMessage) -> None:
        """Send an alert; when this returns, it was accepted. Raises IchorError, in one line, if it was not."""
        ...


class Alerts:
    """Sends the alerts of one destination."""

    def __init__(self, name: str, settings: Alert, posts: Posts, reported: Reported, worklist: str | None) -> None:
        self._name, self._settings, self._posts = name, settings, posts
        self._reported, self._worklist = reported, worklist

    def send(self, delivery: Delivery) -> None:
        """Send the alert of a result. Raises IchorError, in one line, if it was not accepted."""
        findings = self._reported.findings(delivery)
        facts = self._reported.facts(delivery, findings) if self._settings.include else StudyFacts()
        self._posts.post(message_of(self._name, self._settings, delivery, findings, facts, self._worklist))


def message_of(
    destination: str, settings: Alert, delivery: Delivery, findings: Findings, facts: StudyFacts, worklist: str | None
) -> AlertMessage:
    """The alert of a result to a destination."""
    values = {
        Included.ACCESSION_NUMBER: facts.accession_number,
        Included.STUDY_UID: facts.study_uid,
        Included.PATIENT_ID: facts.patient_id,
        Included.PATIENT_NAME: facts.patient_name.partition("=")[0].replace("^", " ").strip(),
    }
    volume = findings.hemorrhage.volume_ml
    data: dict[str, Any] = {
        "notice": NOTICE,
        "verdict": findings.tier.value,
        "probability": round(findings.hemorrhage.probability, 3),
        "volume_ml": None if volume is None else round(volume, 1),
        "input_checks_failed": len(findings.scan.input_checks),
        "study": short(delivery.study),
        "result": delivery.number,
        **{one.value: values[one] or None for one in settings.include},
        "worklist": worklist,
    }
    key = hashlib.sha256(f"{destination}\n{delivery.study}".encode()).hexdigest()[:32]
    return AlertMessage(key, SUBJECT[findings.tier], data)
