"""Passwords: what is accepted, and their argon2 hashes."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from ichor.errors import IchorError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# NIST SP 800-63B asks for length and for no mixture of kinds of characters. The upper bound limits the work of hashing.
SHORTEST, LONGEST = 12, 256


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters. Raises IchorError for one that is not accepted."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise IchorError(f"expected a password of {SHORTEST} to {LONGEST} printable characters")
    return _hasher().hash(_normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether a hash is that of a password; without a hash False, after the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept or _of_nobody(), _normal(password[: LONGEST + 1])) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id; the parameters of RFC 9106 for little memory


@cache
def _of_nobody() -> str:
    return _hasher().hash("the hash that unknown names are compared with")


def _normal(password: str) -> str:
    """One form of characters that keyboards compose in several ways."""
    return unicodedata.normalize("NFC", password)
