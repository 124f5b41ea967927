"""Names of accounts and tokens."""

from __future__ import annotations

from ichor.errors import IchorError

LONGEST_NAME = 100


def require_name(name: str) -> None:
    """Raises IchorError for a name that nobody could type or recognize."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise IchorError(f"expected a name of up to {LONGEST_NAME} printable characters, found {name!r}")
