"""The connection to the queue's database: write-ahead log, every commit synced to disk, migrated when it is opened."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ichor.atomic import PRIVATE_FILE, sync
from ichor.errors import OutputFailed, UnreadableInput
from ichor.node.queue.schema import APPLICATION_ID, MIGRATIONS
from ichor.transactions import OF_THE_DISK, error_code, transaction

DATABASE = "queue.sqlite"
WAIT_S = 30.0  # for another process that writes, such as `ichor node retry` while the node runs


class Database:
    """One connection shared by threads; transactions are serialized, including those of other processes.

    Raises UnreadableInput if the file is not a queue, is damaged or is newer than this version of Ichor. This and every
    method raise OutputFailed if the disk is full or fails.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / DATABASE
        self._mutex = threading.RLock()
        try:
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            sync(self._file)
        except OSError as error:
            raise OutputFailed.of(self._file, error) from error
        with self._translated():
            self._connection = sqlite3.connect(
                self._file, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the connection; the last one to close merges the log into the file."""
        with self._mutex:
            self._connection.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._mutex, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a query; None if there is none."""
        return next(iter(self.rows(statement, values)), None)

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement that changes rows; returns how many it changed."""
        with self._mutex, self._translated():
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; changes are on disk when the outermost block ends."""
        with self._mutex, self._translated(), transaction(self._connection):
            yield

    def _prepare(self) -> None:
        one = self._connection
        one.row_factory = sqlite3.Row
        ((application,), (version,)) = (
            one.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        empty = not one.execute("SELECT 1 FROM sqlite_master").fetchone()
        if application != APPLICATION_ID and not empty:
            raise UnreadableInput(f"{self._file}: expected the queue of a node, found another database")
        if version > len(MIGRATIONS):
            raise UnreadableInput(
                f"{self._file}: expected a queue of version {len(MIGRATIONS)} or older, found version {version}; "
                "run the node with a newer Ichor"
            )
        one.execute("PRAGMA journal_mode = WAL")
        one.execute("PRAGMA synchronous = FULL")
        one.execute("PRAGMA foreign_keys = ON")
        if version == len(MIGRATIONS):
            return  # read only: the disk may be full
        with self.transaction():
            (version,) = one.execute("PRAGMA user_version").fetchone()  # another process may have migrated it meanwhile
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    one.execute(statement)
            one.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            one.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate SQLite's errors into Ichor's one-line errors."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # a rule of the schema, or of the library, that our own code broke
        except sqlite3.DatabaseError as error:
            if error_code(error) in OF_THE_DISK:
                raise OutputFailed(f"{self._file}: could not be read or written ({error})") from error
            raise UnreadableInput(f"{self._file}: expected the queue of a node, found {error}") from error
