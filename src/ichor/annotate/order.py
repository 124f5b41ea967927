"""Which scans to label first: those that are worth the most for the time that they take.

After Kuo et al. 2018 (arXiv:1809.02882): a scan's value is its uncertainty, and its cost is the estimated time for
labeling it (ichor.annotate.labelling_time). Choosing scans within a time budget is a 0-1 knapsack problem. Without a
budget, scans are sorted by value per cost, the greedy solution of the knapsack for any budget (Dantzig 1957,
Discrete-Variable Extremum Problems). The worklist sorts by mean uncertainty alone, which is the value that it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds, LinearConstraint, milp

Id = TypeVar("Id")


def order(scans: Iterable[tuple[Id, float | None, Sequence[float] | None]]) -> list[Id]:
    """Ids in the order of labeling. Ties keep the given order, as do unknown scans, which come last.

    `scans` are (id, seconds, uncertainty): the estimated labeling time, above 0, and the uncertainty of each slice,
    whose sum is the scan's; either is None if unknown.
    """
    known, unknown = [], []
    for scan, seconds, uncertainty in scans:
        if seconds is None or uncertainty is None:
            unknown.append(scan)
        else:
            known.append((scan, sum(uncertainty) / seconds))
    return [scan for scan, _ in sorted(known, key=lambda one: -one[1])] + unknown


def select(uncertainty: ArrayLike, seconds: ArrayLike, budget_s: float) -> list[int]:
    """The indices, in order, of the scans with the largest total uncertainty that fit into the time budget.

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
