"""Credentials for a PACS: a user name with a password, or a token, from a private file or the environment.

They are never taken from the command line, where other users of the machine could read them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator

from ichor.errors import UnreadableInput

ENVIRONMENT = {"user": "ICHOR_PACS_USER", "password": "ICHOR_PACS_PASSWORD", "token": "ICHOR_PACS_TOKEN"}
EXPECTED = "user and password, or token"
OTHERS = 0o077


class Login(BaseModel):
    """A user name with a password, or a bearer token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        by_password = self.user is not None and self.password is not None and self.token is None
        by_token = self.user is None and self.password is None and self.token is not None
        if not by_password and not by_token:
            raise ValueError(EXPECTED)
        return self


def read_login(file: Path | None, environment: Mapping[str, str]) -> Login | None:
    """The credentials in a YAML file (`user:` and `password:`, or `token:`) or the environment; None without any.

    Raises UnreadableInput for a file that others can read, and for invalid content of either.
    """
    if file is None:
        said = {key: environment[name] for key, name in ENVIRONMENT.items() if environment.get(name)}
        return _login(said, ", ".join(ENVIRONMENT.values())) if said else None
    try:
        if hasattr(os, "getuid") and file.stat().st_mode & OTHERS:
            raise UnreadableInput(
                f"{file}: expected a file that only its owner can read, found others can: use chmod 600"
            )
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableInput(f"{file}: expected {EXPECTED}, found {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UnreadableInput(f"{file}: expected {EXPECTED} in YAML, found something else") from None
    return _login(said, str(file))


def _login(said: object, place: str) -> Login:
    try:
        return Login.model_validate(said)
    except ValidationError:  # its message quotes the values
        raise UnreadableInput(f"{place}: expected {EXPECTED}, found something else") from None
