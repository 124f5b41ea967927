"""The origin of the regions of a slice, one for each label drawn on it: by hand, calculated, or an AI outline.

An AI outline is untouched, accepted by a reader without changes, or edited. Exports state the origin, so that training
and evaluation can distinguish manual delineations from others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

import numpy as np

from ichor.annotate.project.records import Origin, Origins
from ichor.annotate.project.runs import LabelMap

ORIGINS: tuple[Origin, ...] = get_args(Origin)
UNTOUCHED = frozenset({"ai", "ai accepted"})


def origins_text(origins: Origins) -> str:
    """The text that is stored: "2:drawn,5:ai accepted"."""
    return ",".join(f"{label}:{origin}" for label, origin in sorted(origins.items()))


def parsed_origins(text: str) -> dict[int, Origin]:
    """The origins of `origins_text`. Raises ValueError if it is malformed."""
    found: dict[int, Origin] = {}
    for one in text.split(",") if text else ():
        label, _, origin = one.partition(":")
        if origin not in ORIGINS:
            raise ValueError(f"expected one of {', '.join(ORIGINS)}, found {origin!r}")
        found[int(label)] = origin
    return found


def untouched(origins: Origins) -> bool:
    """Whether the slice has regions and all of them are unchanged AI outlines."""
    return bool(origins) and UNTOUCHED.issuperset(origins.values())


def earlier_origins(drawn: Iterable[int], *, by_machine: bool, after_machine: bool) -> dict[int, Origin]:
    """The origins for a slice stored before origins were recorded.

    `by_machine`: it is an AI outline; `after_machine`: an earlier revision of it was one.
    """
    origin: Origin = "ai" if by_machine else "ai edited" if after_machine else "drawn"
    return dict.fromkeys(drawn, origin)


def combined_origins(taken: LabelMap, sources: Sequence[tuple[LabelMap, Origins]]) -> dict[int, Origin]:
    """The origins of a slice (rows, columns) that combines others, each with its own origins.

    A label whose pixels equal those in one of the sources has that source's origin. Any other was calculated, or is an
    edited AI outline if one contributed to it.
    """
    return {int(label): _combined(taken == label, int(label), sources) for label in np.unique(taken) if label}


def _combined(mask: np.ndarray, label: int, sources: Sequence[tuple[LabelMap, Origins]]) -> Origin:
    same = {origins[label] for one, origins in sources if label in origins and np.array_equal(one == label, mask)}
    if same:
        by_person_first: tuple[Origin, ...] = ("drawn", "calculated", "ai edited", "ai accepted", "ai")
        return next(origin for origin in by_person_first if origin in same)
    below = {origins[int(other)] for one, origins in sources for other in np.unique(one[mask]) if int(other) in origins}
    return "ai edited" if any(origin.startswith("ai") for origin in below) else "calculated"
