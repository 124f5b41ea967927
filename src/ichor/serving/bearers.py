"""The tokens that requests bring (RFC 6750), with a limit on wrong ones."""

from __future__ import annotations

from collections.abc import Callable

from ichor.serving.rate_limit import RateLimit
from ichor.serving.tokens import Token, Tokens

# Wrong tokens of one client, and the seconds in which as many are allowed again.
WRONG = (20, 300.0)


class Bearers:
    """Checks tokens; `refused` is told each client that brought a wrong one, as long as they are not too many."""

    def __init__(self, tokens: Tokens, refused: Callable[[str], None] = lambda _client: None) -> None:
        self._tokens, self._refused = tokens, refused
        self._wrong = RateLimit(*WRONG)

    def check(self, authorization: str, client: str) -> tuple[Token | None, float]:
        """The token of an Authorization header, None for a wrong one; and the seconds to wait after too many."""
        scheme, _, token = authorization.partition(" ")
        found = self._tokens.find(token.strip()) if scheme.lower() == "bearer" else None
        if found is not None:
            return found, 0.0
        wait_s = self._wrong.take(client)
        if not wait_s:
            self._refused(client)
        return None, wait_s
