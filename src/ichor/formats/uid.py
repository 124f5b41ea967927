"""UIDs derived from names: the same names give the same UID on every machine."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5


def named_uid(*names: str) -> str:
    """A DICOM UID derived from names, as a version 5 UUID (RFC 9562) in the notation of PS3.5 B.2."""
    return f"2.25.{uuid5(NAMESPACE_URL, '/'.join(names)).int}"
