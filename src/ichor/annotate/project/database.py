"""The project's database: open in one process at a time, intact after a kill, a single file when closed, backed up."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ichor.annotate.project.backups import BACKUPS, backups, count_changes, count_in, keep_backup, way_back
from ichor.annotate.project.schema import APPLICATION_ID, MIGRATIONS
from ichor.annotate.project.soundness import fault_of_content, fault_of_file, fault_of_kind, version_of
from ichor.atomic import PRIVATE_FILE, reporting_disk_errors, sync
from ichor.errors import OutputFailed, UnreadableInput
from ichor.transactions import OF_THE_DISK, error_code, transaction

DATABASE, LOCK, SCANS = "project.sqlite", "project.lock", "scans"
IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Database:
    """One connection shared by threads; statements and transactions are serialized.

    Raises UnreadableInput if another process has the project open, or if the file is damaged, is not a project or is
    newer than this version of Ichor; OutputFailed if the disk is full or fails. With `create`, a new project is created
    in a folder without any part of one.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self._folder, self._file = folder, folder / DATABASE
        self._mutex = threading.RLock()
        self._lock = only_one(folder / LOCK, folder)
        try:
            with reporting_disk_errors(self._file), self._told():
                if create and not holds_anything(folder):
                    _make(self._file)
                self._connection = self._opened()
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Merge the journal into the database file, so that the folder can be copied; back up, release the lock."""
        with self._mutex:
            try:
                with reporting_disk_errors(self._file), self._told():
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._connection.execute("PRAGMA journal_mode = DELETE")
                self._back_up()
            finally:
                self._connection.close()
                self._lock.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._mutex, self._told():
            return self._connection.execute(statement, values).fetchall()

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement that changes rows; the change is on disk when this returns. Returns the new row's id."""
        with self._mutex, self._told():
            return self._connection.execute(statement, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other threads wait. Blocks may be nested; the outermost one commits."""
        with self._mutex, self._told(), transaction(self._connection):
            yield

    def _back_up(self) -> None:
        try:
            keep_backup(self._connection, self._folder)
        except (OSError, sqlite3.Error) as error:
            raise OutputFailed(
                f"{self._folder / BACKUPS}: the backup could not be written ({error}); the project itself is intact"
            ) from error

    def _opened(self) -> sqlite3.Connection:
        """The connection to a database that was checked, backed up and migrated."""
        if not self._file.exists():
            raise self._damaged("none next to the other parts of a project")
        self._refuse(fault_of_file(self._file))
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            self._refuse_newer(connection)
            self._refuse(fault_of_kind(connection))
            self._refuse(fault_of_content(connection))
            self._refuse(self._lost_changes(connection))
            # Up to here nothing was written, so that a damaged database stays unchanged.
            keep_backup(connection, self._folder)  # before this version migrates it
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse_newer(self, connection: sqlite3.Connection) -> None:
        version, application = version_of(connection)
        if application == APPLICATION_ID and version > len(MIGRATIONS):
            raise UnreadableInput(
                f"{self._file}: expected a project of version {len(MIGRATIONS)} or older, found version {version}; "
                "open it with a newer Ichor"
            )

    def _refuse(self, fault: str | None) -> None:
        if fault is not None:
            raise self._damaged(fault)

    def _damaged(self, fault: str) -> UnreadableInput:
        return UnreadableInput(
            f"{self._file}: expected the database of a project, found {fault}; {way_back(self._folder)}"
        )

    def _lost_changes(self, connection: sqlite3.Connection) -> str | None:
        """Whether a backup holds more changes. The history is never deleted, but a write-ahead log can be lost."""
        n = count_changes(connection)
        newest = next(iter(backups(self._folder)), None)
        more = newest is not None and (count_in(newest) or 0) > n
        return f"one with {n} changes, fewer than its own backup" if more else None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Translate SQLite's errors into Ichor's one-line errors."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # a constraint of the schema or the library that Ichor's code violated
        except sqlite3.DatabaseError as error:
            code = error_code(error)
            if code in OF_THE_DISK:
                failed = OutputFailed(f"{self._file}: could not be read or written ({error})")
                failed.for_good = True
                raise failed from error
            if code in IN_USE:
                raise UnreadableInput(
                    f"{self._file}: expected a database that is not in use, found one that is open in another program"
                ) from error
            raise self._damaged(str(error)) from error


def holds_anything(folder: Path) -> bool:
    """Whether the folder contains any part of a project, so that no new one may be created there."""
    return any(folder.glob(f"{DATABASE}*")) or any((folder / SCANS).glob("[0-9]*.npz")) or bool(backups(folder))


def _make(file: Path) -> None:
    """Create the database of a new project atomically, readable by its owner only, as are SQLite's auxiliary files."""
    partial = file.with_name(f".{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
            _migrate(connection)
        partial.rename(file)
        sync(file)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _migrate(connection: sqlite3.Connection) -> None:
    version, _ = version_of(connection)
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        with transaction(connection):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")


def only_one(lock: Path, folder: Path) -> IO[str]:
    """The lock of a project, held until it is closed; it does not outlive a killed process."""
    try:
        held = os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE), "a")
    except OSError as error:
        raise UnreadableInput(f"{folder}: expected a folder to write to, found {error.strerror}") from error
    try:
        import fcntl
    except ImportError:  # Windows has no such lock and excludes nobody
        return held
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise UnreadableInput(
            f"{folder}: expected a project that is not in use, found it open in another process; close it there first"
        ) from error
    return held
