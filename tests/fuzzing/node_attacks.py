"""Hostile input to a node, mostly by DICOM: each attack draws its input, sends it, and says what came of it.

Whatever the node answers, or closes, is an outcome. A status of 500 is a fault, which the campaign finds by its name.
"""

from __future__ import annotations

import io
import random
import socket
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pydicom
from pydicom.uid import generate_uid
from pynetdicom import _config

from node_parts import EXPLICIT, as_bytes, associated
from synthetic_dicom import CT_IMAGE, ct_slices
from synthetic_dicomweb import message, of_type

DEFLATED = "1.2.840.10008.1.2.1.99"
WAIT_S = 10.0
TRICKS = (
    "../../escaped",
    "/tmp/escaped",
    "..\\..\\escaped",
    "a\0b",
    "%2e%2e%2fescaped",
    "$(touch escaped)",
    "1." * 400,
    "",
)
BOMB_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Target:
    """A running node: its ports, a token, and a folder to write files that are sent."""

    dicom_port: int
    web_port: int
    token: str
    scratch: Path

    def raw(self, port: int, content: bytes, *, ends: bool = True) -> str:
        """Send bytes, and close the sending side if it `ends` there; what the other side does."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), WAIT_S) as peer:
            peer.settimeout(WAIT_S if ends else WAIT_S / 5)
            with suppress(OSError):
                peer.sendall(content)
                if ends:
                    peer.shutdown(socket.SHUT_WR)
            answer = peer.recv(64)
            if answer.startswith(b"HTTP/1."):
                return f"HTTP {answer[9:12].decode('latin-1')}"
            return f"PDU {answer[0]}" if answer else "closed"
        return "closed"

    def post(self, content: Any, headers: dict[str, str], path: str = "studies", token: str | None = None) -> str:
        """Send a request of STOW-RS."""
        bearer = {"authorization": f"Bearer {self.token if token is None else token}"}
        return self._http("POST", path, content=content, headers={**bearer, **headers})

    def get(self, path: str, headers: dict[str, str]) -> str:
        """Ask for something."""
        return self._http("GET", path, headers={"authorization": f"Bearer {self.token}", **headers})

    def _http(self, method: str, path: str, **options: Any) -> str:
        url = f"http://127.0.0.1:{self.web_port}/dicom-web/{path}"
        try:
            with httpx.Client(timeout=WAIT_S * 6, trust_env=False) as client:
                return f"HTTP {client.request(method, url, **options).status_code}"
        except httpx.InvalidURL:
            return "cannot be sent"
        except (httpx.HTTPError, ValueError):
            return "closed"


def damaged(rng: random.Random, content: bytes, most: int = 8) -> bytes:
    """The content with a few bytes changed, parts removed, repeated or inserted, or its end cut off."""
    found = bytearray(content)
    for _ in range(rng.randint(1, most)):
        at = rng.randrange(len(found) + 1)
        n = min(len(found) - at, rng.choice((1, 2, 4, 8, 100)))
        how = rng.randrange(5)
        if how == 0:
            found[at : at + n] = rng.randbytes(n)
        elif how == 1:
            del found[at : at + n]
        elif how == 2:
            found[at:at] = found[at : at + n]
        elif how == 3:
            found[at:at] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", rng.randbytes(rng.randrange(64)), b"\xfe\xff"))
        else:
            del found[at:]
    return bytes(found)


def _request(calling: bytes = b"SCANNER", called: bytes = b"ICHOR") -> bytes:
    """An A-ASSOCIATE-RQ (PS3.8 9.3.2) for CT images, explicit little endian."""

    def item(kind: int, content: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(content)) + content

    context = b"\1\0\0\0" + item(0x30, CT_IMAGE.encode()) + item(0x40, EXPLICIT.encode())
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3")
    variable = item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user)
    body = struct.pack(">HH", 1, 0) + called[:16].ljust(16) + calling[:16].ljust(16) + bytes(32) + variable
    return struct.pack(">BBL", 1, 0, len(body)) + body


def bad_pdus(rng: random.Random, target: Target) -> str:
    """PDUs that are malformed, out of order, or of impossible length."""
    lies = struct.pack(">BBL", rng.randrange(256), 0, rng.choice((0, 1, 2**16, 2**31, 2**32 - 1)))
    data = struct.pack(">BBLLBB", 4, 0, 6 + 200, 202, 1, rng.randrange(256)) + rng.randbytes(200)
    whole = rng.choice(
        (
            lambda: damaged(rng, _request()),
            lambda: _request() + damaged(rng, data),
            lambda: _request() + lies + rng.randbytes(rng.randrange(2000)),
            lambda: lies + rng.randbytes(rng.randrange(2000)),
            lambda: _request() * rng.randint(2, 5),
            lambda: data + _request(),
            lambda: rng.randbytes(rng.randrange(1, 4000)),
            lambda: _request()[: rng.randrange(1, 200)],
        )
    )()
    return target.raw(target.dicom_port, whole)


def ae_titles(rng: random.Random, target: Target) -> str:
    """Titles with path tricks and control characters."""
    title = rng.choice((*TRICKS, "\x1b[2J", "%s%n", "SCANNER\0", "A" * 16)).encode("latin-1", "replace")
    called = rng.choice((b"ICHOR", title))
    return target.raw(target.dicom_port, _request(title, called))


def _stored(target: Target, content: bytes, syntax: str = EXPLICIT) -> str:
    """Send a file whose dataset may be anything, by C-STORE."""
    file = target.scratch / "sent.dcm"
    file.write_bytes(content)
    _config.STORE_SEND_CHUNKED_DATASET = True
    try:
        with associated(target.dicom_port, (CT_IMAGE, syntax)) as association:
            if not association.is_established:
                return "rejected"
            status = association.send_c_store(file).get("Status")
            return "no status" if status is None else f"status {status:04X}"
    except (TypeError, AttributeError, KeyError):  # the sender itself cannot read it
        return "cannot be sent"
    except (RuntimeError, ValueError, OSError):
        return "closed"
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = False


def _split(content: bytes) -> tuple[bytes, bytes]:
    """The head of a file, which its sender reads, and its dataset."""
    from ichor.read.dicom.parsing import end_of_meta_information

    end = end_of_meta_information(content)
    return content[:end], content[end:]


def datasets(rng: random.Random, target: Target) -> str:
    """Datasets with damaged bytes."""
    head, dataset = _split(as_bytes(made_image(rng)))
    return _stored(target, head + damaged(rng, dataset))


def made_image(rng: random.Random) -> pydicom.FileDataset:
    one = ct_slices()[rng.randrange(8)]
    one.StudyInstanceUID = one.SeriesInstanceUID = generate_uid(entropy_srcs=[str(rng.random())])
    return one


def uids(rng: random.Random, target: Target) -> str:
    """UIDs that are paths, or far too long."""
    one = made_image(rng)
    for keyword in rng.sample(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"), rng.randint(1, 3)):
        setattr(one, keyword, rng.choice(TRICKS))
    content = as_bytes(one)
    return _stored(target, content) if rng.random() < 0.5 else target.post(message([content]), of_type())


def oversized(rng: random.Random, target: Target) -> str:
    """Elements that say they are huge, and sequences in sequences in sequences."""
    head, dataset = _split(as_bytes(made_image(rng)))
    length = rng.choice((2**32 - 2, 2**31, 2**24, 0xFFFFFFFF))
    vr = rng.choice((b"OB", b"UN", b"UT", b"SQ"))
    element = struct.pack("<HH2sHL", 0x0008, rng.choice((0x0001, 0x0015, 0x1140)), vr, 0, length)
    nested = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    begun = rng.choice((element, nested * rng.randint(1, 5000), element + bytes(rng.randrange(2**16))))
    content = head + begun + dataset
    return _stored(target, content) if rng.random() < 0.5 else target.post(message([content]), of_type())


def bombs(rng: random.Random, target: Target) -> str:
    """Deflated datasets and zip files that become huge."""
    if rng.random() < 0.3:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../../escaped.dcm", bytes(BOMB_BYTES // 4))
        return target.post(message([buffer.getvalue()]), of_type())
    one = made_image(rng)
    one.file_meta.TransferSyntaxUID = EXPLICIT
    head, dataset = _split(as_bytes(one))
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = deflater.compress(dataset[: rng.randrange(len(dataset))]) + deflater.compress(bytes(BOMB_BYTES))
    head = head.replace(b"\x14\0" + EXPLICIT.encode() + b"\0", b"\x16\0" + DEFLATED.encode())
    content = head + deflated + deflater.flush()
    return _stored(target, content, DEFLATED) if rng.random() < 0.5 else target.post(message([content]), of_type())
