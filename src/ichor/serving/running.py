"""The address of a running server, kept in `access.sqlite` for commands that print a link to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ichor.serving.access import Access
from ichor.serving.session import Entered


@contextmanager
def announced(access: Access, url: str, entered: Entered) -> Iterator[None]:
    """Store the address while the block runs. A killed server leaves it behind: check that it runs before using it."""
    access.write("DELETE FROM server")
    access.write("INSERT INTO server VALUES (?, ?)", (url, entered))
    try:
        yield
    finally:
        access.write("DELETE FROM server")


def announcement(access: Access) -> tuple[str, Entered] | None:
    """The last stored address, and how sessions are opened there."""
    rows = access.rows("SELECT address, entered FROM server")
    return (rows[0]["address"], rows[0]["entered"]) if rows else None
