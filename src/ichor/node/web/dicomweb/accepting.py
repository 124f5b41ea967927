"""What a client accepts (PS3.18 8.7): the Accept header, or the query parameter of that name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ichor.node.web.dicomweb.multipart import media_type

JSON = "application/dicom+json"
DICOM, OCTETS, MULTIPART = "application/dicom", "application/octet-stream", "multipart/related"
JPEG, PNG = "image/jpeg", "image/png"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_PARTS = re.compile(r'(?:[^,"]|"[^"]*")+')
MOST_CHARACTERS = 4096


class NotAcceptable(Exception):
    """The client accepts nothing that there is; the message says what there is."""


def json_type(accept: str | None) -> str:
    """The media type to answer a query or a request for metadata with."""
    for kind, _ in _accepted(accept):
        if kind in ("*/*", "application/*", JSON):
            return JSON
        if kind == "application/json":
            return kind
    raise NotAcceptable(f"expected to answer with {JSON}, found that it is not accepted")


def whole_objects(accept: str | None, n_objects: int) -> str:
    """DICOM for one object alone, or MULTIPART."""
    for kind, parameters in _accepted(accept):
        if _syntax_fits(parameters):
            if kind in ("*/*", "multipart/*") or _is_multipart_of(DICOM, kind, parameters):
                return MULTIPART
            if kind in (DICOM, "application/*") and n_objects == 1:
                return DICOM
    raise NotAcceptable(
        f'expected to answer with {MULTIPART}; type="{DICOM}"; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}, '
        "found that it is not accepted"
    )


def check_frames(accept: str | None) -> None:
    """Raise NotAcceptable unless uncompressed frames are accepted."""
    for kind, parameters in _accepted(accept):
        fits = kind in ("*/*", "multipart/*") or _is_multipart_of(OCTETS, kind, parameters)
        if fits and _syntax_fits(parameters):
            return
    raise NotAcceptable(f'expected to answer with {MULTIPART}; type="{OCTETS}", found that it is not accepted')


def picture_type(accept: str | None) -> str:
    """JPEG or PNG."""
    for kind, _ in _accepted(accept):
        if kind in ("*/*", "image/*", JPEG):
            return JPEG
        if kind == PNG:
            return PNG
    raise NotAcceptable(f"expected to answer with {JPEG} or {PNG}, found that neither is accepted")


def _is_multipart_of(wanted: str, kind: str, parameters: dict[str, str]) -> bool:
    return kind == MULTIPART and parameters.get("type", wanted) in (wanted, "*/*", "application/*")


def _syntax_fits(parameters: dict[str, str]) -> bool:
    return parameters.get("transfer-syntax", EXPLICIT_LITTLE_ENDIAN) in ("*", EXPLICIT_LITTLE_ENDIAN)


def _accepted(accept: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """The media types that are accepted, those that the client prefers first, with their parameters."""
    found = [media_type(part) for part in _PARTS.findall((accept or "*/*")[:MOST_CHARACTERS])]
    weighed = [(_quality(parameters), kind, parameters) for kind, parameters in found]
    for quality, kind, parameters in sorted(weighed, key=lambda one: -one[0]):
        if quality > 0:
            yield kind, parameters


def _quality(parameters: dict[str, str]) -> float:
    return float(parameters["q"]) if re.fullmatch(r"[01](\.[0-9]{0,3})?", parameters.get("q", "")) else 1.0
