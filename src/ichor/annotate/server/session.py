"""Who is asking: a one-use token from a reader's link becomes a session cookie."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from hashlib import sha256
from time import time

# A browser that is opened again the next morning goes on.
DAYS = 7
SECONDS = DAYS * 24 * 3600


class Sessions:
    """The tokens that were not used yet and the sessions they became; only hashes are kept.

    All live in this process: a new start of the server has new links and no sessions.
    """

    def __init__(self, port: int) -> None:
        # Browsers send cookies to every port of a host: two projects side by side must not share one name.
        self.cookie = f"ichor_session_{port}"
        self._mutex = threading.Lock()
        self._readers_of_tokens: dict[str, str] = {}
        # And when each ends: a browser that is told to forget its cookie need not.
        self._readers_of_sessions: dict[str, tuple[str, float]] = {}

    def new_tokens(self, readers: Iterable[str]) -> dict[str, str]:
        """A token for each reader."""
        tokens = {reader: secrets.token_urlsafe(32) for reader in readers}
        with self._mutex:
            self._readers_of_tokens.update({_hash(token): reader for reader, token in tokens.items()})
        return tokens

    def enter(self, token: str) -> str | None:
        """A new session for an unused token, which is used with that; None for any other token."""
        session = secrets.token_urlsafe(32)
        with self._mutex:
            reader = self._readers_of_tokens.pop(_hash(token), None)
            if reader is None:
                return None
            self._readers_of_sessions[_hash(session)] = reader, time() + SECONDS
        return session

    def reader(self, session: str | None) -> str | None:
        """The reader of a session; None where there is no such session, or none any more."""
        reader, ends = self._readers_of_sessions.get(_hash(session or ""), (None, 0.0))
        return reader if time() < ends else None


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
