"""The ways in which a scan may be unlike what the models were made for, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Unlike(StrEnum):
    """In what a scan is unlike what the models were made for."""

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


class Unlikeness(NamedTuple):
    """One warning: its kind, and a sentence with what was seen."""

    kind: Unlike
    sentence: str


Said = Iterator[tuple[Unlike, str]]
