"""Who is asking: a one-use token from a reader's link becomes a session cookie.

A browser may hold sessions of several readers, each in a cookie of its own. Which of them a request belongs to is said
by the request itself: the page sends the key of the reader that it was opened for in the header `Ichor-Reader`. So a
page goes on writing as its own reader, whoever opens a link in another tab.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from hashlib import sha256
from time import time

# A browser that is opened again the next morning goes on.
DAYS = 7
SECONDS = DAYS * 24 * 3600
HEADER = "ichor-reader"


class Sessions:
    """The tokens that were not used yet and the sessions they became; only hashes are kept.

    All live in this process: a new start of the server has new links and no sessions. Readers keep their keys, so that
    a page that is still open goes on with its reader's next session, and with no other.
    """

    def __init__(self, port: int, project_key: str = "") -> None:
        self._port, self._project_key = port, project_key
        self._mutex = threading.Lock()
        self._readers_of_tokens: dict[str, str] = {}
        # And when each ends: a browser that is told to forget its cookie need not.
        self._readers_of_sessions: dict[str, tuple[str, float]] = {}

    def key(self, reader: str) -> str:
        """What a page calls its reader by, in its address too: it names nobody, and is another in each project."""
        return _hash(f"{self._project_key}\n{reader}")[:16]

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
        """The reader of an unused token, which is used with that, and a new session; None for any other token."""
        session = secrets.token_urlsafe(32)
        with self._mutex:
            reader = self._readers_of_tokens.pop(_hash(token), None)
            if reader is None:
                return None
            self._readers_of_sessions[_hash(session)] = reader, time() + SECONDS
        return reader, session

    def reader(self, cookies: Mapping[str, str], key: str) -> str | None:
        """The reader of that key, where the cookies hold a session of theirs that has not ended."""
        reader, ends = self._readers_of_sessions.get(_hash(cookies.get(self.cookie(key), "")), ("", 0.0))
        return reader if time() < ends and self.key(reader) == key else None

    def readers(self, cookies: Mapping[str, str]) -> dict[str, str]:
        """All readers of whom the cookies hold a session that has not ended, by their keys."""
        start = self.cookie("")
        keys = [name.removeprefix(start) for name in cookies if name.startswith(start)]
        return {key: reader for key in keys if (reader := self.reader(cookies, key)) is not None}


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
