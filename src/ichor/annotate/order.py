"""Which scans to label first: those that are worth most for the time they take.

After Kuo et al. 2018 (arXiv:1809.02882): a scan is worth its uncertainty and costs the time that labelling it is
estimated to take (ichor.annotate.labelling_time). Which scans to take under a budget of time is a 0-1 knapsack
problem. Without a budget, scans go by worth over cost, which is the knapsack's greedy solution whatever the budget
(Dantzig 1957, Discrete-Variable Extremum Problems). The worklist sorts by mean uncertainty alone, which is what it
shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds, LinearConstraint, milp

Id = TypeVar("Id")


def order(scans: Iterable[tuple[Id, float | None, Sequence[float] | None]]) -> list[Id]:
    """Ids in the order of labelling; of equals, and of those that are unknown, which come last, as they are given.

    `scans` are (id, seconds, uncertainty): the seconds that labelling it is estimated to take, above 0, and how
    uncertain each of its slices is, whose sum is the scan's; None if the one or the other is unknown.
    """
    known, unknown = [], []
    for scan, seconds, uncertainty in scans:
        if seconds is None or uncertainty is None:
            unknown.append(scan)
        else:
            known.append((scan, sum(uncertainty) / seconds))
    return [scan for scan, _ in sorted(known, key=lambda one: -one[1])] + unknown


def select(uncertainty: ArrayLike, seconds: ArrayLike, budget_s: float) -> list[int]:
    """The indices, in order, of the scans of the greatest uncertainty in sum that the budget has time for.

    `uncertainty` and `seconds`, both (N,), are those of the scans. The solution is exact.
    """
    worth, cost = np.asarray(uncertainty, np.float64), np.asarray(seconds, np.float64)
    if not (cost <= budget_s).any():
        return []
    solved = milp(
        -worth,
        integrality=np.ones(len(worth)),
        bounds=Bounds(0, cost <= budget_s),
        constraints=LinearConstraint(cost[None], ub=budget_s),
        options={"mip_rel_gap": 0},
    )
    assert solved.x is not None, solved.message  # taking nothing is always possible
    return np.flatnonzero(solved.x > 0.5).tolist()
