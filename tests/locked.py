"""The lock as tests read it: the packages of a file in requirements/ and of the files that it includes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"


@dataclass(frozen=True)
class Entry:
    """A package at one version: where it is installed, and the SHA-256 of each of its files."""

    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]


def entries(name: str) -> Iterator[Entry]:
    """The packages of a file alone. Raises ValueError for a line of another form."""
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith(("#", "-r ")):
            continue
        wanted, *hashes = line.split(" --hash=sha256:")
        requirement = Requirement(wanted.strip())
        (pin,) = requirement.specifier
        if pin.operator != "==" or "*" in pin.version:
            raise ValueError(f"{name}.txt: expected one exact version, found {wanted!r}")
        yield Entry(requirement.name, pin.version, requirement.marker, tuple(one.strip() for one in hashes))


def included(name: str) -> list[str]:
    """The files that a file includes itself."""
    return re.findall(r"^-r (\S+)\.txt$", (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8"), re.MULTILINE)


def locked(name: str) -> set[Entry]:
    """The packages of a file and of all that it includes."""
    return set(entries(name)).union(*(locked(one) for one in included(name)))
