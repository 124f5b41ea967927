"""Tokens of programs: a name, a role and a random token, of which `access.sqlite` keeps the SHA-256 hash only.

A token is not guessed, unlike a password: it has 256 random bits, so that a fast hash is enough.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ichor.errors import IchorError
from ichor.serving.access import Access
from ichor.serving.names import require_name

DAYS = 365
# So that tools that look for secrets in files recognize one.
START = "ichor_"

SCHEMA = """CREATE TABLE IF NOT EXISTS token (
    token TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL,
    added_at TEXT NOT NULL,
    ends TEXT NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True)
class Token:
    """Whose a token is, and when it was added and ends (UTC, ISO 8601). Each application says what a role may do."""

    name: str
    role: str
    added_at: str
    ends: str


class Tokens:
    """The tokens of a server. Changes hold at once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        access.write(SCHEMA)

    def all(self) -> list[Token]:
        """Every token, also one that has ended, in the order in which they were added."""
        return [
            Token(**row) for row in self._access.rows("SELECT name, role, added_at, ends FROM token ORDER BY rowid")
        ]

    def add(self, name: str, role: str, days: int = DAYS) -> str:
        """Add a token, and return it: it is not kept. Raises IchorError if the name is taken or not accepted."""
        require_name(name)
        token, now = START + secrets.token_urlsafe(32), datetime.now(UTC)
        values = _hash(token), name, role, _when(now), _when(now + timedelta(days=days))
        try:
            self._access.write("INSERT INTO token VALUES (?, ?, ?, ?, ?)", values)
        except sqlite3.IntegrityError as error:
            raise IchorError(f"expected a new name, found {name!r}, which has a token") from error
        return token

    def remove(self, name: str) -> None:
        """Remove a token. Raises IchorError if there is none."""
        if not self._access.write("DELETE FROM token WHERE name = ?", (name,)):
            raise IchorError(f"expected a token, found none named {name!r}")

    def find(self, token: str) -> Token | None:
        """Who a token is of; None if it is unknown or has ended."""
        rows = self._access.rows(
            "SELECT name, role, added_at, ends FROM token WHERE token = ? AND ends > ?",
            (_hash(token), _when(datetime.now(UTC))),
        )
        return Token(**rows[0]) if rows else None


def _when(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _hash(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()
