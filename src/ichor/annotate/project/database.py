"""The project's database: opened by one process at a time, sound after a kill, one file when closed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ichor.annotate.project.schema import APPLICATION_ID, MIGRATIONS
from ichor.errors import UnreadableInput

DATABASE, LOCK = "project.sqlite", "project.lock"


class Database:
    """One connection that threads share, each statement or transaction by itself.

    Raises UnreadableInput where another process has the project open, or where the file is damaged, is no project's
    or is newer than this version of Ichor.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / DATABASE
        self._mutex = threading.RLock()
        self._lock = _only_one(folder / LOCK, folder)
        try:
            self._connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            try:
                with self._as_unreadable():
                    self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Fold the journal into the one file, so that the folder can be copied, and let others in."""
        with self._mutex:
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._connection.execute("PRAGMA journal_mode = DELETE")
            finally:
                self._connection.close()
                self._lock.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows that a statement gives."""
        with self._mutex, self._as_unreadable():
            return self._connection.execute(statement, values).fetchall()

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement that changes something; it is on the disk when this returns. Gives the new row's id."""
        with self._mutex, self._as_unreadable():
            return self._connection.execute(statement, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other threads wait. Blocks may be nested: the outermost one counts."""
        with self._mutex:
            if self._connection.in_transaction:
                yield
                return
            with self._as_unreadable():
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._connection.execute("COMMIT")
                except BaseException:
                    self._roll_back()
                    raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
            self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        version = self._version()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        (found,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise UnreadableInput(f"{self._file}: expected a sound database, found {found}")
        for number, statements in enumerate(MIGRATIONS[version:], version + 1):
            with self.transaction():
                for statement in statements:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._connection.execute(f"PRAGMA user_version = {number}")

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application != APPLICATION_ID:
            raise UnreadableInput(f"{self._file}: expected the database of a project, found another program's")
        if version > len(MIGRATIONS):
            raise UnreadableInput(
                f"{self._file}: expected a project of version {len(MIGRATIONS)} or older, found version {version}; "
                "open it with a newer Ichor"
            )
        return int(version)

    @contextmanager
    def _as_unreadable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a rule of the schema that our own code broke
        except sqlite3.DatabaseError as error:
            raise UnreadableInput(f"{self._file}: expected the database of a project, found: {error}") from error


def _only_one(lock: Path, folder: Path) -> IO[str]:
    """The lock of a project, held until it is closed; a killed process leaves none behind."""
    try:
        held = lock.open("a")
    except OSError as error:
        raise UnreadableInput(f"{folder}: expected a folder to write to, found {error.strerror}") from error
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; there nobody is kept out
        return held
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise UnreadableInput(
            f"{folder}: expected a project that is not in use, found it open in another process; close that first"
        ) from error
    return held
