"""`access.sqlite`: the accounts, unused links and sessions of a server, in one file that only its owner can read.

Commands may change it while the server is running, which sees the changes at its next request. Passwords are stored as
argon2 hashes, tokens and sessions as SHA-256 hashes, so nobody can log in with the content of the file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ichor.atomic import PRIVATE_FILE
from ichor.errors import UnreadableInput
from ichor.transactions import transaction

ACCESS = "access.sqlite"
# "IchA" in ASCII.
APPLICATION_ID = 0x49636841
VERSION = 1
WAIT_S = 10.0

SCHEMA = (
    """CREATE TABLE account (
        name TEXT PRIMARY KEY COLLATE NOCASE,
        role TEXT NOT NULL,
        password TEXT NOT NULL,
        added_at TEXT NOT NULL
    ) STRICT""",
    "CREATE TABLE link (token TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT",
    # entered: by link or by password. ends: seconds since 1970.
    """CREATE TABLE session (
        session TEXT PRIMARY KEY,
        name TEXT NOT NULL COLLATE NOCASE,
        entered TEXT NOT NULL,
        ends REAL NOT NULL
    ) STRICT""",
    # The address at which the server was last started, for commands that print a link to it.
    "CREATE TABLE server (address TEXT NOT NULL, entered TEXT NOT NULL) STRICT",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)


class Access:
    """The file, shared by the threads of this process and by other processes; without a path, in memory only.

    Raises UnreadableInput if the file has other content, or cannot be read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._mutex = threading.RLock()
        with self._explained():
            if path is not None:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._prepare()

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._connection.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._mutex, self._explained():
            return self._connection.execute(statement, values).fetchall()

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement that changes rows; returns how many it changed."""
        with self._mutex, self._explained():
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other threads and processes wait."""
        with self._mutex, self._explained(), transaction(self._connection):
            yield

    def _prepare(self) -> None:
        """Create the tables of a new file; refuse other files."""
        with self.transaction():
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not tables:
                for statement in SCHEMA:
                    self._connection.execute(statement)
            found = tuple(
                self._connection.execute(f"PRAGMA {one}").fetchone()[0] for one in ("application_id", "user_version")
            )
            if found != (APPLICATION_ID, VERSION):
                raise UnreadableInput(f"{self._path}: expected accounts of version {VERSION}, found another file")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translate disk and SQLite errors into Ichor's one-line errors."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (OSError, sqlite3.DatabaseError) as error:
            raise UnreadableInput(f"{self._path}: expected a file of accounts and sessions, found: {error}") from error
