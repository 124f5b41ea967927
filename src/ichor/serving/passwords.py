"""Passwords: which ones are accepted, and their argon2 hashes."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from ichor.errors import IchorError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# NIST SP 800-63B requires length, but no mixture of character types. The upper limit bounds the work of hashing.
SHORTEST, LONGEST = 12, 256


def hashed(password: str) -> str:
    """The argon2id hash of a password, with salt and parameters. Raises IchorError if the password is not accepted."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise IchorError(f"expected a password of {SHORTEST} to {LONGEST} printable characters")
    return _hasher().hash(_normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether a hash belongs to a password; False without a hash, after the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept or _of_nobody(), _normal(password[: LONGEST + 1])) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id, with the low-memory parameters of RFC 9106


@cache
def _of_nobody() -> str:
    return _hasher().hash("the hash for unknown names")


def _normal(password: str) -> str:
    """A normal form for characters that can be typed in several ways."""
    return unicodedata.normalize("NFC", password)
