"""How the regions of a slice came about: for each label drawn on it, one word.

A model's outline stays known as one: untouched, accepted by a reader as it is, or changed. Exports tell people and
training from it what a person has drawn.
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
    """As the history keeps them: "2:drawn,5:ai accepted"."""
    return ",".join(f"{label}:{origin}" for label, origin in sorted(origins.items()))


def parsed_origins(text: str) -> dict[int, Origin]:
    """The origins of `origins_text`. Raises ValueError where it is malformed."""
    found: dict[int, Origin] = {}
    for one in text.split(",") if text else ():
        label, _, origin = one.partition(":")
        if origin not in ORIGINS:
            raise ValueError(f"expected one of {', '.join(ORIGINS)}, found {origin!r}")
        found[int(label)] = origin
    return found


def untouched(origins: Origins) -> bool:
    """Whether there is anything and all of it is the model's outline, as it drew it."""
    return bool(origins) and UNTOUCHED.issuperset(origins.values())


def earlier_origins(drawn: Iterable[int], *, by_machine: bool, after_machine: bool) -> dict[int, Origin]:
    """Those of a slice stored before origins were: `by_machine` says that it is the model's outline, `after_machine`
    that the slice once had such an outline."""
    origin: Origin = "ai" if by_machine else "ai edited" if after_machine else "drawn"
    return dict.fromkeys(drawn, origin)


def combined_origins(taken: LabelMap, sources: Sequence[tuple[LabelMap, Origins]]) -> dict[int, Origin]:
    """The origins of a slice (rows, columns) that was made of others, each with its own.

    A region that is just as one of them has it has come about as that one; any other was calculated, from a model's
    outline or without.
    """
    return {int(label): _combined(taken == label, int(label), sources) for label in np.unique(taken) if label}


def _combined(mask: np.ndarray, label: int, sources: Sequence[tuple[LabelMap, Origins]]) -> Origin:
    same = {origins[label] for one, origins in sources if label in origins and np.array_equal(one == label, mask)}
    if same:
        by_person_first: tuple[Origin, ...] = ("drawn", "calculated", "ai edited", "ai accepted", "ai")
        return next(origin for origin in by_person_first if origin in same)
    below = {origins[int(other)] for one, origins in sources for other in np.unique(one[mask]) if int(other) in origins}
    return "ai edited" if any(origin.startswith("ai") for origin in below) else "calculated"
