"""Delivery of results as HL7 messages over MLLP, with the package hl7, in the original acknowledgment mode.

Only an acknowledgment of this very message that says AA, or CA, counts as delivered. What a peer writes besides its
code is told nowhere: it may quote the message.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any

from ichor.errors import IchorError
from ichor.node.config_messages import Hl7Destination
from ichor.node.messages.oru import Envelope, oru_r01
from ichor.node.messages.reported import Reported
from ichor.node.network.tls import client_context
from ichor.node.queue.analysis import KEY_DIGITS
from ichor.node.queue.deliveries import Delivery

CONNECT_S, ANSWER_S = 10.0, 60.0
ENCODINGS = {"UNICODE UTF-8": "utf-8", "8859/1": "latin-1", "ASCII": "ascii"}  # HL7 table 0211
ACCEPTED = ("AA", "CA")
REFUSED = {
    "AE": "an application error (AE)",
    "AR": "a rejection (AR)",
    "CE": "an error (CE)",
    "CR": "a rejection (CR)",
}


class Hl7:
    """Sends results to one peer, on a connection for each. Raises BadConfig for TLS that cannot be used."""

    def __init__(self, destination: Hl7Destination, reported: Reported) -> None:
        self._to, self._reported = destination, reported
        self._tls = None if destination.tls is None else client_context(destination.tls)

    def send(self, delivery: Delivery) -> None:
        """Send a result; when this returns, it was accepted. Raises IchorError, in one line, if it was not."""
        findings, to = self._reported.findings(delivery), self._to
        envelope = Envelope(
            sending=(to.application, to.facility),
            receiving=(to.peer_application, to.peer_facility),
            control_id=f"{delivery.study[:12]}-{delivery.number}",  # 20 characters at most
            character_set=to.character_set,
            now=datetime.now(UTC),
        )
        facts = self._reported.facts(delivery, findings)
        replaces = delivery.replaces is not None
        text = oru_r01(envelope, findings, facts, study=delivery.study[:KEY_DIGITS], replaces=replaces)
        try:
            content = text.encode(ENCODINGS[to.character_set])
        except UnicodeEncodeError:
            raise IchorError(f"expected text in the character set {to.character_set}, found other letters") from None
        answer = asyncio.run(_exchange(to.host, to.port, self._tls, content))
        _require_acceptance(answer, envelope.control_id)


async def _exchange(host: str, port: int, tls: ssl.SSLContext | None, content: bytes) -> bytes:
    """Send a block and return the one that answers it."""
    from hl7.mllp import InvalidBlockError, open_hl7_connection

    try:
        opening = open_hl7_connection(host, port, ssl=tls, encoding="latin-1")
        reader, writer = await asyncio.wait_for(opening, CONNECT_S)
    except (OSError, TimeoutError) as error:
        raise IchorError(f"expected a connection, found {type(error).__name__}") from error
    try:
        async with asyncio.timeout(ANSWER_S):
            writer.writeblock(content)
            await writer.drain()
            answer: bytes = await reader.readblock()
            return answer
    except TimeoutError as error:
        raise IchorError("expected an acknowledgment, found none") from error
    except (OSError, EOFError, ValueError, InvalidBlockError) as error:
        raise IchorError(f"expected an acknowledgment, found {type(error).__name__}") from error
    finally:
        writer.transport.abort()  # the answer is here, or none is waited for


def _require_acceptance(answer: bytes, control_id: str) -> None:
    """Raise IchorError unless a block is the acknowledgment that this message was accepted."""
    import hl7

    try:
        found: Any = hl7.parse(answer.decode("latin-1"))
        msa = found.segment("MSA")
        code, of = str(msa(1)), str(msa(2))
    except Exception:  # the package raises errors of many types
        raise IchorError("expected an acknowledgment, found something else") from None
    if of != control_id:
        raise IchorError("expected the acknowledgment of this message, found that of another one")
    if code not in ACCEPTED:
        raise IchorError(f"expected the message to be accepted, found {REFUSED.get(code, 'another code')}")
