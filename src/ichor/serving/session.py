"""Sessions: a one-use link or a password becomes a session cookie.

A browser may hold sessions of several readers, each in its own cookie. Every request names its reader: the page sends
the key of the reader that it was opened for in the header `Ichor-Reader`. A page therefore keeps saving to its own
reader, even if another reader's link is opened in another tab.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from time import time
from typing import Literal

from starlette.responses import Response

from ichor.serving.access import Access

Entered = Literal["link", "password"]
# A browser on this machine that is opened again the next morning can continue; an account logs in each working day.
DAYS = 7
SECONDS: Mapping[Entered, int] = {"link": DAYS * 24 * 3600, "password": 12 * 3600}
HEADER = "ichor-reader"
# The path that names the readers with a session in the requesting browser.
SESSIONS = "/api/sessions"
NO_SESSION = "this browser has no session for this page's reader: open that reader's own link"


class Sessions:
    """Unused links and open sessions, stored in `access` only as hashes; with a file, they survive the process.

    Only sessions opened in the way that `entered` names are valid: a server for other machines accepts no session that
    was opened by a link. Readers keep their keys, so that an open page continues with the next session of its own
    reader, and with no other. `over_tls` says whether cookies are sent over TLS only; by default, those of passwords
    are.
    """

    def __init__(
        self,
        port: int,
        server_key: str = "",
        access: Access | None = None,
        *,
        entered: Entered = "link",
        over_tls: bool | None = None,
    ) -> None:
        self._port, self._server_key = port, server_key
        self._access = access or Access()
        self.entered: Entered = entered
        self._over_tls = entered == "password" if over_tls is None else over_tls

    def key(self, reader: str) -> str:
        """The key of a reader in requests and addresses; it does not reveal the name and differs between servers."""
        return _hash(f"{self._server_key}\n{reader}")[:16]

    def cookie(self, key: str) -> str:
        """The name of a reader's cookie.

        Browsers send cookies to every port of a host, so two projects on one machine must not share a name.
        """
        return f"ichor_session_{self._port}_{key}"

    def new_tokens(self, readers: Iterable[str]) -> dict[str, str]:
        """A token for a new link for each reader."""
        return {reader: new_token(self._access, reader) for reader in readers}

    def forget_old(self) -> None:
        """Remove unused links and ended sessions, as a server does when it starts."""
        self._access.write("DELETE FROM link")
        self._access.write("DELETE FROM session WHERE ends < ?", (time(),))

    def enter(self, token: str) -> tuple[str, str] | None:
        """Use a token: its reader and a new session, or None if the token is invalid or was used."""
        with self._access.transaction():
            found = self._access.rows("DELETE FROM link WHERE token = ? RETURNING name", (_hash(token),))
            return (found[0]["name"], self.open(found[0]["name"])) if found else None

    def open(self, reader: str) -> str:
        """A new session of a reader whose identity was checked."""
        session = secrets.token_urlsafe(32)
        values = _hash(session), reader, self.entered, time() + SECONDS[self.entered]
        self._access.write("INSERT INTO session VALUES (?, ?, ?, ?)", values)
        return session

    def end(self, cookies: Mapping[str, str], key: str) -> None:
        """End the session in the cookies for this key."""
        self._access.write("DELETE FROM session WHERE session = ?", (_hash(cookies.get(self.cookie(key), "")),))

    def reader(self, cookies: Mapping[str, str], key: str) -> str | None:
        """The reader with this key, if the cookies contain a valid session of theirs; otherwise None."""
        found = self._access.rows(
            "SELECT name FROM session WHERE session = ? AND entered = ? AND ends > ?",
            (_hash(cookies.get(self.cookie(key), "")), self.entered, time()),
        )
        reader = found[0]["name"] if found else None
        return reader if reader is not None and self.key(reader) == key else None

    def readers(self, cookies: Mapping[str, str]) -> dict[str, str]:
        """The readers with a valid session in the cookies, by their keys."""
        start = self.cookie("")
        keys = [name.removeprefix(start) for name in cookies if name.startswith(start)]
        return {key: reader for key in keys if (reader := self.reader(cookies, key)) is not None}

    def set_cookie(self, answer: Response, key: str, session: str) -> None:
        """Give the browser a session."""
        answer.set_cookie(
            self.cookie(key),
            session,
            max_age=SECONDS[self.entered],
            httponly=True,
            samesite="strict",
            secure=self._over_tls,
        )


def new_token(access: Access, reader: str) -> str:
    """A token for a new link for a reader, for any server that uses this file."""
    token = secrets.token_urlsafe(32)
    access.write("INSERT INTO link VALUES (?, ?)", (_hash(token), reader))
    return token


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
