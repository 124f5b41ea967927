"""The order in which scans are labeled, and how many are labeled within the available time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from ichor.annotate.order import order, select
from studies.annotation_simulation.state import Estimate


class Strategy(StrEnum):
    """How the next scans to label are chosen."""

    RANDOM = "random order"
    UNCERTAINTY = "uncertainty"
    COST_SENSITIVE = "cost-sensitive"


def worklist(strategy: Strategy, left: Sequence[str], estimates: Mapping[str, Estimate], budget_s: float) -> list[str]:
    """The unlabeled subjects in the order in which they are labelled.

    `left` has them in the random order of the repeat. With the cost-sensitive strategy, the best selection for the
    budget comes first, and then the rest, in case the reader is faster than estimated; both are sorted by uncertainty
    per estimated time.
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
    """The first subjects, as many as can be labeled within the budget; `seconds` are their labeling times."""
    spent = np.cumsum(seconds)
    return list(subjects[: int(np.searchsorted(spent, budget_s, side="right"))])


def start_of(pool: Sequence[str], with_hemorrhage: Sequence[bool], n: int) -> list[str]:
    """The first `n` subjects of the pool such that half of them (rounded up) have hemorrhage.

    Fewer if the pool does not have enough of either kind.
    """
    positive = [subject for subject, has in zip(pool, with_hemorrhage, strict=True) if has]
    negative = [subject for subject, has in zip(pool, with_hemorrhage, strict=True) if not has]
    return positive[: (n + 1) // 2] + negative[: n // 2]
