"""Multipart messages (RFC 2046) of DICOMweb, read piece by piece and written part by part."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from email.message import Message
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState

MOST_PARTS = 100_000
MOST_BOUNDARY = 200  # RFC 2046 allows 70, and Orthanc's have 73
MOST_HEADERS, MOST_HEADER_BYTES = 20, 4096  # of each part


class BadMultipart(Exception):
    """A message that is not multipart; says what was expected and found, and quotes nothing."""


class Parts(Protocol):
    """What is done with the parts of a message."""

    def begin(self, media_type: str) -> None:
        """A part begins; its media type is in lower case and without parameters, "" if it has none."""
        ...

    def data(self, piece: memoryview) -> None:
        """A piece of its content."""
        ...

    def end(self) -> None:
        """It is complete."""
        ...


class Splitter:
    """Splits a message; holds no more of it than the piece that is written to it."""

    def __init__(self, boundary: bytes, parts: Parts) -> None:
        self._parts = parts
        self._n, self._name, self._value, self._type = 0, b"", b"", ""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": lambda: parts.begin(self._type),
                    "on_part_data": lambda data, start, end: parts.data(memoryview(data)[start:end]),
                    "on_part_end": parts.end,
                },
                max_header_count=MOST_HEADERS,
                max_header_size=MOST_HEADER_BYTES,
            )
        except FormParserError:
            raise BadMultipart("expected a shorter boundary, found one that is too long") from None

    def write(self, piece: bytes) -> None:
        """Split the next piece of the message. Raises BadMultipart, and what `parts` raises."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise BadMultipart("expected parts between boundaries, found something else") from None

    def close(self) -> None:
        """The message has ended. Raises BadMultipart if it is not complete."""
        if self._parser.state != MultipartState.END:
            raise BadMultipart("expected a boundary at the end, found none: the message is not complete")

    def _begin(self) -> None:
        self._n += 1
        self._type = ""
        if self._n > MOST_PARTS:
            raise BadMultipart(f"expected at most {MOST_PARTS} parts, found more")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-type":
            self._type = media_type(self._value.decode("latin-1"))[0]
        self._name = self._value = b""


def media_type(header: str) -> tuple[str, dict[str, str]]:
    """A media type in lower case, and its parameters, from a Content-Type or a part of an Accept header."""
    message = Message()
    message["content-type"] = header.replace("\r", " ").replace("\n", " ")
    (kind, _), *parameters = message.get_params(failobj=[("", "")], unquote=True)
    return kind.strip().lower(), {name.strip().lower(): value for name, value in parameters}


def boundary_of(content_type: str) -> bytes:
    """The boundary of a message of DICOM files. Raises BadMultipart if it is of another type."""
    kind, parameters = media_type(content_type)
    if kind != "multipart/related" or parameters.get("type", "").lower() != "application/dicom":
        raise BadMultipart('expected multipart/related; type="application/dicom", found another content type')
    boundary = parameters.get("boundary", "").encode("latin-1", "replace")
    if not boundary or len(boundary) > MOST_BOUNDARY or not boundary.isascii():
        raise BadMultipart(f"expected a boundary of 1 to {MOST_BOUNDARY} characters in the content type, found none")
    return boundary


def joined(parts: Iterable[tuple[str, Iterable[bytes]]], boundary: bytes) -> Iterator[bytes]:
    """A message of parts, each a content type and its content in pieces."""
    for content_type, pieces in parts:
        yield b"--%b\r\nContent-Type: %b\r\n\r\n" % (boundary, content_type.encode())
        yield from pieces
        yield b"\r\n"
    yield b"--%b--\r\n" % boundary


def new_boundary() -> bytes:
    """A boundary that occurs in no content."""
    return secrets.token_hex(20).encode()
