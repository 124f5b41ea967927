"""Sessions: the one-use token of a reader's link becomes a session cookie.

A browser may hold sessions of several readers, each in its own cookie. Every request names its reader: the page sends
the key of the reader that it was opened for in the header `Ichor-Reader`. A page therefore keeps saving to its own
reader, even if another reader's link is opened in another tab.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from hashlib import sha256
from time import time

# A browser that is opened again the next morning can continue.
DAYS = 7
SECONDS = DAYS * 24 * 3600
HEADER = "ichor-reader"
# The path that names the readers with a session in the requesting browser.
SESSIONS = "/api/sessions"
NO_SESSION = "this browser has no session for this page's reader: open that reader's own link"


class Sessions:
    """Unused tokens and the sessions of used ones; only hashes are stored.

    They end with the process: after a restart there are new links and no sessions. Readers keep their keys, so that an
    open page continues with its own reader's next session, and with no other.
    """

    def __init__(self, port: int, server_key: str = "") -> None:
        self._port, self._server_key = port, server_key
        self._mutex = threading.Lock()
        self._readers_of_tokens: dict[str, str] = {}
        # And when each ends: a browser that is told to forget its cookie need not.
        self._readers_of_sessions: dict[str, tuple[str, float]] = {}

    def key(self, reader: str) -> str:
        """The key of a reader in requests and addresses; it reveals no name and differs between servers."""
        return _hash(f"{self._server_key}\n{reader}")[:16]

    def cookie(self, key: str) -> str:
        """The name of a reader's cookie.

        Browsers send cookies to every port of a host: two projects side by side must not share one name.
        """
        return f"ichor_session_{self._port}_{key}"

    def new_tokens(self, readers: Iterable[str]) -> dict[str, str]:
        """A token for each reader."""
        tokens = {reader: secrets.token_urlsafe(32) for reader in readers}
        with self._mutex:
            self._readers_of_tokens.update({_hash(token): reader for reader, token in tokens.items()})
        return tokens

    def enter(self, token: str) -> tuple[str, str] | None:
        """The reader of an unused token, which is then used, and a new session; None for any other token."""
        session = secrets.token_urlsafe(32)
        with self._mutex:
            reader = self._readers_of_tokens.pop(_hash(token), None)
            if reader is None:
                return None
            self._readers_of_sessions[_hash(session)] = reader, time() + SECONDS
        return reader, session

    def reader(self, cookies: Mapping[str, str], key: str) -> str | None:
        """The reader with that key, if the cookies hold a valid session of theirs; else None."""
        reader, ends = self._readers_of_sessions.get(_hash(cookies.get(self.cookie(key), "")), ("", 0.0))
        return reader if time() < ends and self.key(reader) == key else None

    def readers(self, cookies: Mapping[str, str]) -> dict[str, str]:
        """The readers with a valid session in the cookies, by their keys."""
        start = self.cookie("")
        keys = [name.removeprefix(start) for name in cookies if name.startswith(start)]
        return {key: reader for key in keys if (reader := self.reader(cookies, key)) is not None}


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
