"""Transactions on an SQLite connection in autocommit mode (`isolation_level=None`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

# SQLite's error codes for faults of the disk rather than the database.
OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; no other connection writes meanwhile. Blocks may be nested: the outermost one counts.

    Threads that share the connection have to wait for each other by a mutex. Raises what SQLite does.
    """
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # a full disk makes SQLite roll back by itself
        connection.execute("ROLLBACK")


def error_code(error: sqlite3.Error) -> int:
    """SQLite's primary code of an error, without what the extended code adds; 0 if it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
