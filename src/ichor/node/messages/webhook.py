"""Alerts by HTTP POST, signed as https://www.standardwebhooks.com describes: for that, receivers have libraries.

`webhook-id` is the same for every attempt, and is the Idempotency-Key, too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ichor.errors import BadConfig, IchorError
from ichor.fetch.login import OTHERS
from ichor.node.config_messages import WebhookDestination
from ichor.node.messages.alert import AlertMessage
from ichor.node.messages.deadline import ends_within
from ichor.node.network.tls import client_context
from ichor.version import __version__

STEP_S, WHOLE_S = 10.0, 30.0
MOST_BYTES = 2**16  # of the answer's body
LEAST_KEY_BYTES = 24  # as Standard Webhooks recommends
PREFIX = "whsec_"


class Webhook:
    """Posts alerts to one address. Raises BadConfig for a secret or TLS that cannot be used."""

    def __init__(self, destination: WebhookDestination) -> None:
        self._url = urlsplit(destination.url)
        self._key = read_key(destination.secret)
        self._tls = client_context(destination.tls) if self._url.scheme == "https" else None

    def post(self, message: AlertMessage) -> None:
        """Send an alert; when this returns, it was accepted. Raises IchorError, in one line, if it was not."""
        now = time.time()
        body = json.dumps(
            {
                "type": "ichor.hemorrhage",
                "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
                "data": message.data,
            }
        ).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"ichor/{__version__}",
            "Idempotency-Key": message.key,
            **signature(self._key, message.key, int(now), body),
        }
        status = self._answer(body, headers)
        if not 200 <= status < 300:  # a redirection would lead the data elsewhere
            raise IchorError(f"expected the alert to be accepted, found HTTP status {status}")

    def _answer(self, body: bytes, headers: dict[str, str]) -> int:
        """The status of a complete answer."""
        assert self._url.hostname is not None
        host, port = self._url.hostname, self._url.port
        connection = (
            http.client.HTTPConnection(host, port, timeout=STEP_S)
            if self._tls is None
            else http.client.HTTPSConnection(host, port, timeout=STEP_S, context=self._tls)
        )
        path = self._url.path or "/"
        try:
            connection.connect()
            peer = connection.sock  # the connection forgets it where the answer's end is that of the connection
            with ends_within(WHOLE_S, lambda: peer):
                connection.request("POST", f"{path}?{self._url.query}" if self._url.query else path, body, headers)
                answer = connection.getresponse()
                answer.read(MOST_BYTES)
                if answer.length:
                    raise IchorError("expected a short answer, found one that is truncated or long")
                return answer.status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise IchorError(f"expected an answer, found {type(error).__name__}") from error
        finally:
            connection.close()


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 of the ID, the time in seconds since 1970, and the body."""
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def read_key(file: Path) -> bytes:
    """The key in a file, base64 with or without `whsec_` before it.

    Raises BadConfig if there is none, or if others than its owner can read it.
    """
    try:
        if hasattr(os, "getuid") and file.stat().st_mode & OTHERS:
            raise BadConfig(f"{file}: expected a file that only its owner can read, found others can: chmod 600")
        text = file.read_text(encoding="ascii").strip().removeprefix(PREFIX)
        key = base64.b64decode(text, validate=True)
    except OSError as error:
        raise BadConfig(f"{file}: expected a secret, found {error.strerror or 'no such file'}") from error
    except (UnicodeDecodeError, binascii.Error):
        raise BadConfig(f"{file}: expected a secret in base64, found something else") from None
    if len(key) < LEAST_KEY_BYTES:
        raise BadConfig(f"{file}: expected a secret of at least {LEAST_KEY_BYTES} bytes in base64, found {len(key)}")
    return key
