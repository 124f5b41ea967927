"""The people of a project and their roles.

People without an account, who enter by a link on this machine, are readers. An account can also belong to an
adjudicator, who does not read but settles disagreements, or to an admin, who assigns scans and exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What somebody does in a project."""

    READER = "reader"
    ADJUDICATOR = "adjudicator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class People:
    """The roles of the account holders, and whether the server can be reached from this machine only."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    on_loopback: bool = True

    def role(self, name: str) -> Role:
        """The role of a person."""
        return self.roles.get(name, Role.READER)

    def settles(self, name: str) -> bool:
        """Whether a person works on the consensus: the adjudicators, or the readers if there is no adjudicator."""
        return self.role(name) is (Role.ADJUDICATOR if Role.ADJUDICATOR in self.roles.values() else Role.READER)

    def manages(self, name: str) -> bool:
        """Whether a person assigns scans: the admins, or anyone on this machine if there is no admin."""
        if Role.ADMIN in self.roles.values() or not self.on_loopback:
            return self.role(name) is Role.ADMIN
        return True

    def sees_project(self, name: str) -> bool:
        """Whether a person sees the progress of all readers, and exports."""
        return self.on_loopback or self.role(name) is not Role.READER
