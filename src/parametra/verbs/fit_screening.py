"""Coarse to fine: many starts run on a part of the data, and what they find is finished on all of them.

1. A part of the rows is drawn, one from each stretch of equal length, so that regular sampling leaves no pattern.
2. All starts run on the part, to a loose tolerance.
3. Retirement: starts that ended in the same place as a better one are retired; that one stands for them.
4. The others, every different end, run on all the data to the last digit.

Counts of basins are those of the starts; optima, costs and errors are those of all the data. What can be lost is a
local optimum that exists only with all the data: in the measurements these lie far above the best one (benchmarks).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.keys import generator
from parametra.nouns.part import part_of
from parametra.nouns.problem import Problem
from parametra.nouns.search_space import SearchSpace
from parametra.nouns.status import Outcome
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.cost import Cost
from parametra.runs.drive import Drive
from parametra.runs.recorded import RecordedModel

SHARE = 8
"""One row of so many is kept."""
MOST_ROWS = 4000
"""Rows of the part, at most."""
ROWS_PER_PARAMETER = 10
LEAST_ROWS = 100
LEAST_STARTS = 20
_WORTHWHILE = 4
"""By what factor a part must be smaller than the whole."""
_NEAR = 0.02
"""Ends that differ by less than this share of the box in every coordinate are one place, if their costs agree."""
_LIKE = 1e-2
"""Relative difference of the costs of ends in one place, at most; ends on the part are only loosely converged."""


@dataclass(frozen=True)
class Screening:
    """The part that is looked at first.

    Arguments:
        part: the problem with a part of its data.
        rows, of: how many rows, of how many.
    """

    part: Problem
    rows: int
    of: int


def screening_for(problem: Problem, method: Any, cost: Cost, starts: int, wish: str) -> Screening | None:
    """The part of the data that is worth looking at first; None where all starts run on all data.

    Arguments:
        problem: the whole.
        method: the method; it must have `for_screening`.
        cost: the cost.
        starts: how many.
        wish: "auto" or "off".
    """
    if wish == "off" or starts < LEAST_STARTS or not hasattr(method, "for_screening") or not cost.least_squares:
        return None
    if problem.space.explicit_priors or problem.constraints or problem.penalty is not None:
        return None
    if isinstance(problem.model, RecordedModel):  # whose calls are known by all of their inputs
        return None
    total = sum(d.rows for d in problem.data_sets)
    wanted = max(min(total // SHARE, MOST_ROWS), ROWS_PER_PARAMETER * problem.fit_space.dimension, LEAST_ROWS)
    if total < _WORTHWHILE * wanted:
        return None
    rows = [_rows(d.rows, max(int(np.ceil(d.rows * wanted / total)), 2), i) for i, d in enumerate(problem.data_sets)]
    part = part_of(problem, rows)
    return None if part is None else Screening(part, sum(len(r) for r in rows), total)


def run_screened(
    screening: Screening, drive: Drive, method: Any, space: SearchSpace, starts: Float[np.ndarray, "S d"], wish: str
) -> Solutions:
    """Run all starts on the part, then the different ends on the whole.

    Arguments:
        screening: the part.
        drive: the run, whose evaluator is that of the whole problem.
        method, space, starts: as for `Drive.run`.
        wish: the evaluator asked for.
    """
    whole = drive.evaluator
    drive.evaluator = choose_evaluator(screening.part, whole.cost, len(starts), wish)
    drive.share = (0.0, 0.8)
    try:
        coarse = drive.run(method.for_screening(), space, starts)
    finally:
        drive.evaluator = whole
    kept, stands_for = retired(coarse, space)
    if not kept.size:
        return coarse
    drive.forget()
    drive.share = (0.8, 1.0)
    ended = drive.outcome is not Outcome.CONVERGED
    if ended:  # nothing is left of the budget but to see what the ends are worth on all the data
        fine = _worth(drive, coarse, kept[:1])
        kept = kept[:1]
    else:
        fine = drive.run(method, space, coarse.points[kept])
    return _for_all(coarse, fine, kept, stands_for)


def retired(coarse: Solutions, space: SearchSpace) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " S"]]:
    """Which starts go on, best first, and for each start the place among them that stands for it, -1 for none.

    A start is retired when a better one ended in the same place: all coordinates within a small share of the box (or
    of their size, where there is no box) and nearly the same cost.
    """
    cost, points = coarse.cost, coarse.points
    width = np.where(np.isfinite(space.upper - space.lower), space.upper - space.lower, np.inf)
    order = np.argsort(cost, kind="stable")
    order = order[np.isfinite(cost[order])]
    kept: list[int] = []
    stands_for = np.full(cost.size, -1)
    heads = np.empty((order.size, points.shape[1]))
    head_costs = np.empty(order.size)
    for i in order:
        count = len(kept)
        first = int(np.searchsorted(head_costs[:count], cost[i] - _LIKE * max(abs(cost[i]), space.residual_size**2)))
        reach = _NEAR * np.minimum(width, np.maximum(np.abs(points[i]), 1e-3 * space.size))
        reach = np.where(np.isfinite(width), _NEAR * width, reach)
        near = np.flatnonzero((np.abs(heads[first:count] - points[i]) <= reach).all(axis=1))
        if near.size:
            stands_for[i] = first + int(near[0])
            continue
        stands_for[i] = count
        heads[count], head_costs[count] = points[i], cost[i]
        kept.append(int(i))
    return np.array(kept, dtype=np.int64), stands_for


def _rows(rows: int, wanted: int, data_set: int) -> np.ndarray:
    """One row of each of `wanted` stretches of equal length, always the same ones."""
    edges = np.linspace(0, rows, min(wanted, rows) + 1)
    shift = generator(0, "fit.screening", data_set).uniform(size=edges.size - 1)
    return np.minimum((edges[:-1] + shift * np.diff(edges)).astype(np.int64), rows - 1)


def _worth(drive: Drive, coarse: Solutions, kept: np.ndarray) -> Solutions:
    """The best end on the part, with its cost on all the data."""
    from parametra.nouns.asker import Request, Want

    answers = drive.evaluate(Request(coarse.points[kept], Want.COST, np.zeros(1, dtype=np.int64)))
    best = 0 if answers.ok[0] else -1
    none = np.zeros(1, dtype=np.int64)
    return Solutions(coarse.points[kept], answers.cost, (Ending.RUNNING,), none, best, drive.ended)


def _for_all(coarse: Solutions, fine: Solutions, kept: np.ndarray, stands_for: np.ndarray) -> Solutions:
    """What each start came to: the end of the one that stands for it."""
    there = np.where(stands_for < len(kept), stands_for, -1)
    known = there >= 0
    cost = np.where(known, fine.cost[there], np.inf)
    points = np.where(known[:, None], fine.points[there], coarse.points)
    finished = [fine.endings[k] if k >= 0 else None for k in there]
    endings = tuple(
        (before if before is Ending.FAILED else Ending.RUNNING) if after is None else after
        for after, before in zip(finished, coarse.endings, strict=True)
    )
    iterations = coarse.iterations.copy()
    iterations[kept] += fine.iterations
    best = int(kept[fine.best]) if fine.best >= 0 else -1
    return replace(fine, points=points, cost=cost, endings=endings, iterations=iterations, best=best)
