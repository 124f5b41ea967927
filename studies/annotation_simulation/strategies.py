"""What is labelled next, and how far a reader gets with it in the time there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from ichor.annotate.order import order, select
from studies.annotation_simulation.state import Estimate


class Strategy(StrEnum):
    """How the next scans are chosen."""

    RANDOM = "random order"
    UNCERTAINTY = "uncertainty"
    COST_SENSITIVE = "cost-sensitive"


def worklist(strategy: Strategy, left: Sequence[str], estimates: Mapping[str, Estimate], budget_s: float) -> list[str]:
    """The subjects that are left, in the order in which they are labelled.

    `left` is in the random order of the repeat. Cost-sensitive: the best choice for the budget comes first, and what
    is left of it behind, for a reader who is faster than was estimates; both by uncertainty over estimated time.
    """
    match strategy:
        case Strategy.RANDOM:
            return list(left)
        case Strategy.UNCERTAINTY:
            return order((one, 1.0, [estimates[one].uncertainty]) for one in left)
        case Strategy.COST_SENSITIVE:
            by_worth = order((one, estimates[one].labelling_s, [estimates[one].uncertainty]) for one in left)
            values = [estimates[one] for one in by_worth]
            best = select([one.uncertainty for one in values], [one.labelling_s for one in values], budget_s)
            first = {by_worth[i] for i in best}
            return sorted(by_worth, key=lambda one: one not in first)


def labelled_in(budget_s: float, subjects: Sequence[str], seconds: Sequence[float]) -> list[str]:
    """The first of the subjects, up to the one that would take longer than there is time; `seconds` are theirs."""
    spent = np.cumsum(seconds)
    return list(subjects[: int(np.searchsorted(spent, budget_s, side="right"))])


def start_of(pool: Sequence[str], with_hemorrhage: Sequence[bool], n: int) -> list[str]:
    """The first `n` of the pool, half of them (rounded up) with hemorrhage: a first dataset as one would gather it.

    Fewer where the pool has not so many of either.
    """
    positive = [subject for subject, has in zip(pool, with_hemorrhage, strict=True) if has]
    negative = [subject for subject, has in zip(pool, with_hemorrhage, strict=True) if not has]
    return positive[: (n + 1) // 2] + negative[: n // 2]
