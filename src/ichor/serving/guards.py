"""Checks before every request (rate, host, origin, session or token, size), and the headers of every response.

Host: a page elsewhere whose name was made to resolve to this server (DNS rebinding) sends its own name. Origin: a page
elsewhere can make the browser write here, but cannot claim to be this server's page.
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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ichor.serving.address import Address
from ichor.serving.answers import Answer, error
from ichor.serving.bearers import Bearers
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
# Per client: opening a page takes about a hundred requests, reading a scan a few per second.
REQUESTS, REQUESTS_S = 1200, 60.0
NOBODY = {
    "link": "open your own link first: the one printed where the server was started",
    "password": "log in first",
}
LOGIN = "/login"
# The name in a request's state of the token that it came with.
TOKEN = "token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: a status, one line, and further headers."""

    status: int
    line: str
    headers: dict[str, str] = field(default_factory=dict)


class Guards:
    """ASGI middleware with the checks above, for a server at this address.

    `most_bytes` gives the largest body that a path accepts; by default `MOST_BYTES` for each. `guarded` says which
    paths need a session, or a token if there are `bearers`; `answer` is the form of a refusal. Except on loopback, each
    client without a token may send 1200 requests at once, and as many per minute from then on.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        address: Address,
        most_bytes: Callable[[str], int] = lambda _: MOST_BYTES,
        *,
        guarded: Callable[[str], bool] = lambda path: path.startswith("/api/"),
        bearers: Bearers | None = None,
        answer: Answer = error,
    ) -> None:
        self._app = app
        self._most_bytes, self._guarded = most_bytes, guarded
        self._bearers, self._answer = bearers, answer
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

        refused = self._refused(scope)
        if refused is None:
            try:
                await self._app(scope, _counted(receive, self._most_bytes(scope["path"])), sending)
                return
            except Exception as raised:
                # An exception's message may quote patient data: only its type and place are logged.
                place = traceback.extract_tb(raised.__traceback__)[-1]
                log.error("%s at %s:%s", type(raised).__name__, Path(place.filename).name, place.lineno)
                if answering:
                    return
                refused = Refusal(500, "the server failed to process this request; nothing was changed")
        await self._answer(refused.status, refused.line, refused.headers)(scope, receive, sending)

    def _too_often(self, scope: Scope) -> Refusal | None:
        wait_s = 0 if self._rate is None else self._rate.take(client_of(scope))
        if not wait_s:
            return None
        return Refusal(429, "too many requests: wait a moment", {"retry-after": str(math.ceil(wait_s))})

    def _refused(self, scope: Scope) -> Refusal | None:
        """Why a request is refused, before its body is read, so that strangers cannot make the server parse one."""
        headers: Headers = scope["headers"]
        authorization = None if self._bearers is None else _only(headers, b"authorization")
        if authorization is None and (refused := self._too_often(scope)):
            return refused
        host = _only(headers, b"host")
        own_origin = self._address.origin(host)
        if own_origin is None and (authorization is None or not self._address.is_named(host)):
            return Refusal(421, f"this server responds only under its own address, which is {self._address.url}")
        if authorization is not None:
            return self._without_token(scope, authorization) or self._too_large(scope)
        return self._from_elsewhere(scope, own_origin) or self._too_large(scope)

    def _from_elsewhere(self, scope: Scope, own_origin: str | None) -> Refusal | None:
        """Why a browser's request is refused: it comes from another page, or has no session."""
        headers, guarded = scope["headers"], self._guarded(scope["path"])
        if guarded and _only(headers, b"sec-fetch-site") in ("cross-site", "same-site"):
            return Refusal(403, "this request came from another page")
        if scope["method"] not in READS and _only(headers, b"origin") != own_origin:
            if self._bearers is not None and _only(headers, b"origin") is None:
                return Refusal(401, "expected a token, found none", {"www-authenticate": "Bearer"})
            return Refusal(403, "only this server's own page may change anything")
        return self._without_session(scope["path"], headers) if guarded else None

    def _without_token(self, scope: Scope, authorization: str) -> Refusal | None:
        """Why a program's request is refused, or None. A browser never sends this header to another page's server."""
        assert self._bearers is not None
        token, wait_s = self._bearers.check(authorization, client_of(scope))
        if wait_s:
            return Refusal(429, "too many wrong tokens: wait", {"retry-after": str(math.ceil(wait_s))})
        if token is None:
            return Refusal(401, "this token is unknown or has expired", {"www-authenticate": "Bearer"})
        scope.setdefault("state", {})[TOKEN] = token
        return None

    def _too_large(self, scope: Scope) -> Refusal | None:
        headers: Headers = scope["headers"]
        length = _only(headers, b"content-length")
        most = self._most_bytes(scope["path"])
        if length is not None and (not length.isdecimal() or int(length) > most):
            return Refusal(413, f"the request is larger than the {most} bytes that are accepted here")
        return None

    def _without_session(self, path: str, headers: Headers) -> Refusal | None:
        """Why a request without a valid session is refused, or None. `SESSIONS` needs no reader's key."""
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
        """The headers that tell the page where to log in, and programs to send a token, if that is possible."""
        login = {"location": LOGIN} if self._sessions.entered == "password" else {}
        return Refusal(401, line, {**login, **({"www-authenticate": "Bearer"} if self._bearers else {})})


def _with_ours(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a response with those above; what it says itself about caching stays."""
    own = list(headers)
    cached = any(name == b"cache-control" for name, _ in own)
    return own + [(name, value) for name, value in _HEADERS if not (cached and name == b"cache-control")]


def _only(headers: Headers, name: bytes) -> str | None:
    """The value of a header; if it is given twice, a value that matches nothing."""
    values = [value for key, value in headers if key == name]
    return None if not values else values[0].decode("latin-1") if len(values) == 1 else "\0"


def _counted(receive: Receive, most: int) -> Receive:
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, f"the request is larger than the {most} bytes that are accepted here")
        return message

    return counting
