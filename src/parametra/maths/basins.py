"""Which of many local searches ended in the same place, and what they may have missed."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float, Int


def group_by_cost(cost: Float[np.ndarray, " S"], tolerance: float) -> Int[np.ndarray, " S"]:
    """Number the groups of costs, lowest first: a gap above the tolerance begins a new group; -1 where not finite.

    Arguments:
        cost: final costs.
        tolerance: costs closer than this cannot be told apart.
    """
    groups = np.full(cost.size, -1)
    order = np.argsort(cost, kind="stable")
    order = order[np.isfinite(cost[order])]
    if order.size:
        gaps = np.diff(cost[order]) > tolerance
        groups[order] = np.concatenate([[0], np.cumsum(gaps)])
    return groups


def missed_chance(basins: int, starts: int) -> float:
    """Expected share of the search box that belongs to basins not seen yet: w (w + 1) / (N (N - 1)), at most 1.

    Arguments:
        basins: w, different optima seen.
        starts: N, searches that converged.

    Source: Boender and Rinnooy Kan (1987), Bayesian stopping rules for multistart global optimization methods,
    Mathematical Programming 37, 59-80, doi:10.1007/BF02591684.
    """
    if starts < 2:
        return 1.0
    return min(1.0, basins * (basins + 1) / (starts * (starts - 1)))
