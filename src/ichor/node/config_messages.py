"""The configuration of destinations that take messages instead of DICOM objects: alerts and HL7."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ichor.findings.verdict import Tier
from ichor.node.config_parts import ClientTls, Part, Port
from ichor.serving.address import is_loopback

# RFC 5321 allows more; what is here cannot end a header or a command.
MailAddress = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}$")]
# HD.1 of HL7: a name without its delimiters.
Hl7Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._-]{0,180}$")]


def _secure(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(one.isspace() for one in url):
        raise ValueError("expected an address that begins with https://")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("expected https:// for an address beyond this machine")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user name and password")
    return url


SecureUrl = Annotated[str, AfterValidator(_secure)]


class Included(StrEnum):
    """What identifies a study or a patient, and is in an alert only if the configuration says so."""

    ACCESSION_NUMBER = "accession_number"
    STUDY_UID = "study_uid"
    PATIENT_ID = "patient_id"
    PATIENT_NAME = "patient_name"


class Alert(Part):
    """When an alert is sent, once a study, and what is in it.

    `above` is a tier of the verdict, or a probability of the scan.
    """

    above: Literal["possible", "suspected"] | Annotated[float, Field(ge=0, le=1)] = "suspected"
    include: tuple[Included, ...] = ()

    def is_reached(self, tier: Tier, probability: float) -> bool:
        """Whether a result leads to an alert."""
        if isinstance(self.above, float):
            return probability >= self.above
        tiers = list(Tier)
        return tiers.index(tier) >= tiers.index(Tier(self.above))


class WebhookDestination(Alert):
    """An address that takes alerts by HTTP POST; `secret` is a file with the key that signs them."""

    kind: Literal["webhook"]
    url: SecureUrl
    secret: Path
    tls: ClientTls = ClientTls()


class SmtpDestination(Alert):
    """A mail server that takes alerts for one address; `login` is a file with a user name and a password."""

    kind: Literal["smtp"]
    host: str
    port: Port
    security: Literal["starttls", "tls", "none"] = "starttls"
    tls: ClientTls = ClientTls()
    login: Path | None = None
    sender: MailAddress
    to: MailAddress

    @model_validator(mode="after")
    def _encrypted(self) -> SmtpDestination:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("expected security of starttls or tls for a mail server beyond this machine")
        return self


class Hl7Destination(Part):
    """A peer that takes results as HL7 v2 messages, ORU^R01, over MLLP."""

    kind: Literal["hl7"]
    host: str
    port: Port
    tls: ClientTls | None = None
    application: Hl7Name = "ICHOR"
    facility: Hl7Name = ""
    peer_application: Hl7Name = ""
    peer_facility: Hl7Name = ""
    character_set: Literal["UNICODE UTF-8", "8859/1", "ASCII"] = "UNICODE UTF-8"
