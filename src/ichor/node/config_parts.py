"""What all parts of the configuration share: their base, and the types of their values."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

# PS3.5 table 6.2-1: at most 16 characters without backslash and control characters; not only spaces.
AeTitle = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\x20-\x5b\x5d-\x7e]{1,16}$")]
Address = Annotated[str, AfterValidator(lambda text: str(ip_address(text)))]
Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]


class Part(BaseModel):
    """A part of the configuration; immutable, and with known keys only."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClientTls(Part):
    """TLS to a destination: whose certificates it must have (by default the system's), and the node's own."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
