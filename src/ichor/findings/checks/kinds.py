"""The kinds of input check: each detects one way in which a scan may be outside the models' intended input."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class InputCheck(StrEnum):
    """The check, named after the problem that it detects."""

    NOT_A_HEAD = "not a head"
    PART = "part of a head"
    CONTRAST = "contrast agent"
    KERNEL = "sharp kernel"
    METAL = "metal"
    RIM = "bright rim"
    GRAY = "gray values"
    ORDER = "slice order"
    INCOMPLETE = "missing slices"
    GEOMETRY = "geometry"


class FailedCheck(NamedTuple):
    """A check that a scan failed, with a message about what was found."""

    kind: InputCheck
    message: str


Failures = Iterator[tuple[InputCheck, str]]
