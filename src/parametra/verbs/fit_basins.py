"""From the ends of many starts to the basins they found."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.basins import group_by_cost, missed_chance
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.problem import Problem
from parametra.nouns.starts import Basin, Starts
from parametra.nouns.status import Status
from parametra.verbs.fit_uncertainty import Curvature

_TELLABLE = 1e-3
"""Differences of the log-likelihood below this are no difference."""


def starts_of(
    problem: Problem, solutions: Solutions, curvature: Curvature, why: str, status: Status | None = None
) -> Starts:
    """Group where the starts ended. Each is counted once: in a basin, among those that failed, or as unfinished.

    Where the best point is no minimum that its method vouches for, those that ended at the same cost belong to it too.
    Two ends are one basin when their costs cannot be told apart, and, for the best cost, when they are also the same
    point as far as the data can tell (flat directions do not count).
    """
    converged = np.array([e is Ending.CONVERGED for e in solutions.endings])
    cost = np.where(np.isfinite(solutions.cost), solutions.cost, np.inf)
    best = solutions.best
    scale2 = _squared_scale(curvature)
    tolerance = _tolerance(cost, best, curvature)
    vouched = bool(converged[best])
    arrived = converged | (np.arange(cost.size) == best)
    if not vouched:
        arrived |= cost <= cost[best] + tolerance
    used = np.where(arrived, cost, np.inf)
    groups = group_by_cost(used, tolerance)
    top = int(groups[best])
    parts: list[np.ndarray] = []
    for g in range(groups.max() + 1):
        members = np.flatnonzero(groups == g)
        parts += _split(members, solutions.points, curvature) if g == top else [members]
    parts.sort(key=lambda m: (best not in m, float(cost[m].min())))
    basins: list[Basin] = []
    for members in parts:
        here = best if best in members else int(members[np.argmin(cost[members])])
        same = best not in members and bool(cost[here] - cost[best] <= tolerance)
        named: dict[str, Any] = problem.fit_space.to_named(solutions.points[here])
        behind = float(max(cost[here] - cost[best], 0.0) / scale2)
        basins.append(Basin(float(cost[here]), int(members.size), named, same, behind))
    n = len(cost)
    ok = vouched or (status is not None and status.ok)
    done = int((arrived if ok else converged).sum())
    tells = n > 1 and ok and done > 1 and (done > 2 or len(basins) > 1)  # one basin seen twice tells nothing
    return Starts(
        count=n,
        converged=done,
        failed=sum(e is Ending.FAILED and not here for e, here in zip(solutions.endings, arrived, strict=True)),
        best_share=sum(b.count for b in basins if b is basins[0] or b.same_as_best) / n,
        basins=tuple(basins),
        missed_chance=missed_chance(len(basins), done) if tells else None,
        costs=tuple(float(c) for c in np.sort(cost)),
        why=why,
    )


def is_settled(solutions: Solutions, curvature: Curvature, *, plain: bool) -> bool:
    """Whether other starts can find nothing better: the guess led to the best end, which the data do not contradict.

    How often starts that are drawn at random reach the best end, and where they end instead, says little then: a fit
    that leaves nothing over but the noise has nothing to gain elsewhere.

    Arguments:
        solutions: where the starts ended, the guess first.
        curvature: at the best.
        plain: whether the residuals passed every test, see `fit_left_over`.
    """
    best = solutions.best
    if not plain or best < 0 or solutions.endings[best] is not Ending.CONVERGED or curvature.minimum:
        return False
    cost = solutions.cost
    return bool(np.isfinite(cost[0]) and cost[0] - cost[best] <= _tolerance(cost, best, curvature))


def _squared_scale(curvature: Curvature) -> float:
    return curvature.scale**2 if np.isfinite(curvature.scale) and curvature.scale > 0 else 1.0


def _tolerance(cost: np.ndarray, best: int, curvature: Curvature) -> float:
    """Costs closer than this cannot be told apart."""
    return _TELLABLE * _squared_scale(curvature) + 1e-6 * abs(float(cost[best]))


def _split(members: np.ndarray, points: np.ndarray, curvature: Curvature) -> list[np.ndarray]:
    """Ends of equal cost, parted by their distance in standard errors along the directions that are determined."""
    if members.size == 1 or not curvature.geometry.steps.size:
        return [members]
    # coordinates count by their effect on the residuals, whatever their units
    effect = curvature.geometry.scale
    inside = points[members][:, curvature.inside] * effect
    scale = curvature.scale if np.isfinite(curvature.scale) and curvature.scale > 0 else 1.0
    directions = curvature.geometry.steps * effect[:, None]
    coordinates = np.linalg.lstsq(directions * scale, inside.T, rcond=None)[0].T
    left, parts = list(range(members.size)), []
    while left:
        first = left[0]
        near = [k for k in left if np.linalg.norm(coordinates[k] - coordinates[first]) < 0.3]
        parts.append(members[near])
        left = [k for k in left if k not in near]
    return parts
