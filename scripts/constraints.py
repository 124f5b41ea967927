"""Print constraints.txt from the environment this runs in: the exact version of everything Ichor depends on.

    .venv/bin/python scripts/constraints.py > constraints.txt

Packages are listed under the first extra that brings them. Local version labels (2.13.0+cpu) are left out, so
that the same line takes the build that a machine's index offers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTION = "ichor-ct"
PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
SECTIONS = {
    "": "The base install: screening.",
    "dicom-out": "Writing DICOM Segmentations (extra `dicom-out`).",
    "evaluate": "Figures of an evaluation (extra `evaluate`).",
    "video": "Reading exported video (extra `video`).",
    "annotate": "The annotation tool (extra `annotate`).",
    "train": "Training (extra `train`).",
    "dev": "Tests, linters and the peers that tests compare with (extra `dev`).",
}


def requirements(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a distribution asks for here, with those extras; ours as pyproject.toml says it now."""
    if name == DISTRIBUTION:
        project = tomllib.loads(PYPROJECT.read_text())["project"]
        lines = [
            *project["dependencies"],
            *(one for e in extras for one in project["optional-dependencies"][e]),
        ]
        extras = frozenset()
    else:
        lines = metadata.requires(name) or []
    for line in lines:
        requirement = Requirement(line)
        wanted = [{"extra": extra} for extra in extras] or [{"extra": ""}]
        if requirement.marker is None or any(requirement.marker.evaluate(one) for one in wanted):
            yield requirement


def closure(extras: frozenset[str]) -> set[str]:
    """The names of all that Ichor with those extras needs, but itself."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(DISTRIBUTION, extras)]
    while waiting:
        name, asked = waiting.pop()
        if (name, asked) in seen:
            continue
        seen.add((name, asked))
        waiting += [(canonicalize_name(one.name), frozenset(one.extras)) for one in requirements(name, asked)]
    return {name for name, _ in seen} - {DISTRIBUTION}


def main() -> None:
    """Print the sections."""
    print("# Exact versions for reproducible installs: pip install -c constraints.txt ichor-ct")
    print("# Written by scripts/constraints.py.")
    listed: set[str] = set()
    for extra, title in SECTIONS.items():
        names = closure(frozenset({extra} - {""})) - listed
        listed |= names
        print(f"\n# {title}")
        for name in sorted(names):
            print(f"{name}=={metadata.version(name).split('+')[0]}")


if __name__ == "__main__":
    main()
