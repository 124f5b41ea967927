"""Who asks something of a node, and what their role allows."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do: a viewer sees everything; an operator, too, decides on results and directs the work."""

    VIEWER = "viewer"
    OPERATOR = "operator"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what another one may."""
        return self is Role.OPERATOR or other is Role.VIEWER


class Way(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105
    LINK = "link"
    TOKEN = "token"  # noqa: S105
    COMMAND = "command"  # on the node's own machine


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: a person, or a program with a token.

    Attributes:
        name: of the account, the token, or the system's user.
        role: what they may do.
        way: how they proved who they are.
        client: the address that they ask from.
    """

    name: str
    role: Role
    way: Way
    client: str


def local_person() -> Person:
    """Whoever runs this process, by the name that the system has for them: an operator."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may have a user without a name
        name = "operator"
    return Person(name, Role.OPERATOR, Way.COMMAND, "")
