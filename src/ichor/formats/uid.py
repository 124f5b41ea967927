"""UIDs made of names: the same names give the same UID, on every machine."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5


def named_uid(*names: str) -> str:
    """A DICOM UID from names, by a UUID of version 5 (RFC 9562) written as PS3.5 B.2 says."""
    return f"2.25.{uuid5(NAMESPACE_URL, '/'.join(names)).int}"
