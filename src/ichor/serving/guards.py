"""Checks before every request (rate, host, origin, session, size), and the headers of every response.

Host: a page elsewhere whose name was made to resolve to this server (DNS rebinding) sends its own name. Origin: a page
elsewhere can have the browser write here, but not say that it is ours.
"""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ichor.serving.address import Address
from ichor.serving.rate_limit import RateLimit, client_of
from ichor.serving.session import HEADER, NO_SESSION, SESSIONS, Sessions

MOST_BYTES = 64 * 1024

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
log = logging.getLogger("ichor.serving")
READS = ("GET", "HEAD")
Headers = list[tuple[bytes, bytes]]
# Of one client: opening a page takes about a hundred requests, reading a scan some each second.
REQUESTS, REQUESTS_S = 1200, 60.0
NOBODY = {
    "link": "open your own link first: the one printed where the server was started",
    "password": "log in first",
}
LOGIN = "/login"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: a status, one line, and more headers."""

    status: int
    line: str
    headers: dict[str, str] = field(default_factory=dict)


class Guards:
    """ASGI middleware with the checks above, for a server at this address.

    `most_bytes` gives the largest body that a path takes; by default `MOST_BYTES` for each. Beyond loopback, each
    client may send 1200 requests at once, and as many a minute from then on.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        address: Address,
        most_bytes: Callable[[str], int] = lambda _: MOST_BYTES,
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._sessions = sessions
        self._address = address
        self._rate = None if address.certificate is None else RateLimit(REQUESTS, REQUESTS_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass the request on with its body counted."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            return
        answering = False

        async def sending(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                message["headers"] = _with_ours(message.get("headers", ()))
            await send(message)

        refused = self._too_often(scope) or self._refused(scope)
        if refused is None:
            try:
                await self._app(scope, _counted(receive, self._most_bytes(scope["path"])), sending)
                return
            except Exception as error:
                # What an exception says may quote a patient's data: only its kind and place are told.
                place = traceback.extract_tb(error.__traceback__)[-1]
                log.error("%s at %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
                if answering:
                    return
                refused = Refusal(500, "the server failed to process this request; nothing was changed")
        await JSONResponse({"error": refused.line}, refused.status, refused.headers)(scope, receive, sending)

    def _too_often(self, scope: Scope) -> Refusal | None:
        wait_s = 0 if self._rate is None else self._rate.take(client_of(scope))
        if not wait_s:
            return None
        return Refusal(429, "too many requests: wait a moment", {"retry-after": str(math.ceil(wait_s))})

    def _refused(self, scope: Scope) -> Refusal | None:
        headers: Headers = scope["headers"]
        own_origin = self._address.origin(_only(headers, b"host"))
        if own_origin is None:
            return Refusal(421, f"this server answers to its own address only, which is {self._address.url}")
        elsewhere = _only(headers, b"sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and scope["path"].startswith("/api/"):
            return Refusal(403, "another page asked for this")
        if scope["method"] not in READS and _only(headers, b"origin") != own_origin:
            return Refusal(403, "only this server's own page may change anything")
        # Before the body is read, so that a stranger cannot make the server parse one.
        if scope["path"].startswith("/api/") and (refused := self._without_session(scope["path"], headers)):
            return refused
        length = _only(headers, b"content-length")
        most = self._most_bytes(scope["path"])
        if length is not None and (not length.isdecimal() or int(length) > most):
            return Refusal(413, f"the request is larger than the {most} bytes that are taken here")
        return None

    def _without_session(self, path: str, headers: Headers) -> Refusal | None:
        """Why a request is refused that has no valid session, or None. `SESSIONS` needs no reader's key."""
        cookies = cookie_parser(_only(headers, b"cookie") or "")
        if not self._sessions.readers(cookies):
            return self._unauthorized(NOBODY[self._sessions.entered])
        if path == SESSIONS:
            return None
        key = _only(headers, HEADER.encode())
        if key is None:
            return Refusal(400, "this request does not say which reader's page it comes from: reload the page")
        return self._unauthorized(NO_SESSION) if self._sessions.reader(cookies, key) is None else None

    def _unauthorized(self, line: str) -> Refusal:
        """The header tells the page where to log in, if there is such a place."""
        return Refusal(401, line, {"location": LOGIN} if self._sessions.entered == "password" else {})


def _with_ours(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a response with those above; what it says itself about caching stays."""
    own = list(headers)
    cached = any(name == b"cache-control" for name, _ in own)
    return own + [(name, value) for name, value in _HEADERS if not (cached and name == b"cache-control")]


def _only(headers: Headers, name: bytes) -> str | None:
    """The value of a header; of one that is given twice, something that matches nothing."""
    values = [value for key, value in headers if key == name]
    return None if not values else values[0].decode("latin-1") if len(values) == 1 else "\0"


def _counted(receive: Receive, most: int) -> Receive:
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, f"the request is larger than the {most} bytes that are taken here")
        return message

    return counting
