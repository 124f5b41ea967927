"""Plug-ins: those of this package by name, and those that other packages register under an entry-point group.

Another package registers one in its pyproject.toml, under the group, as NAME = "module:Attribute".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ichor.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Plugins:
    """All plug-ins of one kind. Each is imported when it is requested, because some need large libraries.

    Attributes:
        kind: what they are, one word.
        group: the entry-point group of other packages.
        own: where the plug-ins of this package are, as "module:Attribute" by name.
    """

    kind: str
    group: str
    own: Mapping[str, str]

    def registered(self) -> dict[str, str]:
        """Where each plug-in is, as "module:Attribute" by name. Other packages cannot replace this package's own."""
        from importlib.metadata import entry_points  # slow to import and to search

        return {one.name: one.value for one in entry_points(group=self.group)} | dict(self.own)

    def get(self, name: str) -> Any:
        """The plug-in of that name. Raises BadConfig if there is none, or if its package cannot be imported."""
        place = self.own.get(name) or self.registered().get(name)
        if place is None:
            article = "an" if self.kind[0] in "aeiou" else "a"
            raise BadConfig(f"expected {article} {self.kind} among {', '.join(self.registered())}, found {name!r}")
        module, _, attribute = place.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise BadConfig(f"{name}: expected the {self.kind} at {place}, found {error}") from error
