"""Accounts: a name, a role and a password, kept in `access.sqlite`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from ichor.errors import IchorError
from ichor.serving.access import Access
from ichor.serving.passwords import hashed, matches


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may log in; each application defines what the roles may do."""

    name: str
    role: str
    added_at: str


class Accounts:
    """The accounts of a server. Changes end the sessions of the account at once."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def all(self) -> list[Account]:
        """Every account, in the order in which they were added."""
        return [Account(**row) for row in self._access.rows("SELECT name, role, added_at FROM account ORDER BY rowid")]

    def find(self, name: str) -> Account | None:
        """The account of a name, ignoring case."""
        rows = self._access.rows("SELECT name, role, added_at FROM account WHERE name = ?", (name,))
        return Account(**rows[0]) if rows else None

    def add(self, name: str, role: str, password: str) -> None:
        """Add an account. Raises IchorError if the name is taken or the password is not accepted."""
        values = name, role, hashed(password), datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._access.write("INSERT INTO account VALUES (?, ?, ?, ?)", values)
        except sqlite3.IntegrityError as error:
            raise IchorError(f"expected a new name, found {name!r}, which has an account") from error

    def require(self, name: str) -> Account:
        """The account of that name. Raises IchorError if there is none."""
        found = self.find(name)
        if found is None:
            raise IchorError(f"expected an account, found none named {name!r}")
        return found

    def set_password(self, name: str, password: str) -> None:
        """Set another password. Raises IchorError if there is no such account or the password is not accepted."""
        kept = hashed(password)
        with self._access.transaction():
            if not self._access.write("UPDATE account SET password = ? WHERE name = ?", (kept, name)):
                raise IchorError(f"expected an account, found none named {name!r}")
            self._end_sessions(name)

    def remove(self, name: str) -> None:
        """Remove an account. Raises IchorError if there is none."""
        with self._access.transaction():
            if not self._access.write("DELETE FROM account WHERE name = ?", (name,)):
                raise IchorError(f"expected an account, found none named {name!r}")
            self._end_sessions(name)

    def check(self, name: str, password: str) -> Account | None:
        """The account if the password is right; an unknown name takes as long as a wrong password."""
        rows = self._access.rows("SELECT password FROM account WHERE name = ?", (name,))
        right = matches(rows[0]["password"] if rows else None, password)
        return self.find(name) if right else None

    def _end_sessions(self, name: str) -> None:
        self._access.write("DELETE FROM session WHERE name = ?", (name,))
        self._access.write("DELETE FROM link WHERE name = ? COLLATE NOCASE", (name,))
