"""One run of one method, or of two after one another, from one start, watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.arrays import Float
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.search_space import SearchSpace
from parametra.nouns.status import Outcome
from parametra.runs.budget import Budget
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs._bench_watch import Reached, Spent, Watch

SCREENING = 5
"""Evaluations a coordinate that the first of two methods gets."""

AND = "+"
"""What joins the names of two methods that run after one another."""

WORDS = {Ending.CONVERGED: "converged", Ending.LIMIT: "limit", Ending.FAILED: "failed", Ending.RUNNING: "limit"}


EvaluatorOf = Callable[[str], tuple[Any, float]]


@dataclass(frozen=True)
class Run:
    """What one run used and when its cost fell.

    Arguments:
        improvements: (evaluations, requests, cost) each time the lowest cost fell.
        spent, spent_requests: how many it used in all, never more than its budget.
        ended: "reached", "converged", "limit", "failed" or "budget".
        stop: why the whole comparison must end here, None when it need not.
    """

    improvements: tuple[tuple[int, int, float], ...]
    spent: int
    spent_requests: int
    ended: str
    stop: Outcome | None = None

    @property
    def lowest(self) -> float:
        """The lowest cost."""
        return self.improvements[-1][2] if self.improvements else np.inf

    def until(self, cost: float) -> tuple[float, float]:
        """Evaluations and requests until the cost was this low; infinity when it never was."""
        return next(((float(n), float(r)) for n, r, c in self.improvements if c <= cost), (np.inf, np.inf))


def run_one(
    name: str,
    evaluator_of: EvaluatorOf,
    space: SearchSpace,
    starts: Float[np.ndarray, "S d"],
    budget: int,
    target: float,
    seconds: float | None,
) -> Run:
    """Run a method, or two joined by a plus, from these starts until it ends, meets the target or spends its budget.

    Arguments:
        name: of the method.
        evaluator_of: gives a method's evaluator, and what its cost has more than the one that is compared.
        space, starts: where, and from where.
        budget, target: evaluations, and the cost at which the run may end.
        seconds: wall-clock time, None for no limit.

    Raises:
        ParametraError: the method cannot serve this problem, or needs a package that is not here.
    """
    names = name.split(AND)
    watch = Watch(evaluator_of(names[0])[0], space, budget, target)
    ended: str | None = None
    stop: Outcome | None = None
    for stage, each in enumerate(names):
        last = stage + 1 == len(names)
        watch.inner, watch.offset = evaluator_of(each)
        watch.budget = budget if last else min(budget, SCREENING * space.dimension)
        drive = Drive(watch, Budget(seconds=seconds), Progress(name, shown=False))
        try:
            solutions = drive.run(catalogue.method("fit", each)(), replace(space, seed=space.seed + stage), starts)
            ended = _ending(solutions)
        except Reached:
            ended = "reached"
        except Spent:
            ended = "budget"
        if drive.outcome is not Outcome.CONVERGED:
            stop = drive.outcome
        if ended == "reached" or stop is not None:
            break
        starts = starts if watch.point is None else watch.point[None]
    return Run(tuple(watch.improvements), watch.evaluations, watch.requests, ended or "budget", stop)


def _ending(solutions: Solutions) -> str:
    return "failed" if solutions.best < 0 else WORDS[solutions.endings[solutions.best]]
