"""Short searches that a comparison needs beside the fits themselves: for special cases, and without a fold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from parametra import catalogue
from parametra.maths.arrays import Float
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs.fit_choice import choose_method, cost_of, with_options


class Stopped(Exception):  # noqa: N818  a signal to the verb, never seen by a person
    """The person has ended a search: what is known by then is the result."""


@dataclass
class Spent:
    """What searches beside the fits have cost."""

    evaluations: int = 0
    calls: int = 0


@dataclass(frozen=True)
class Found:
    """Where a search ended: the lowest point of the box, infinite cost where nothing was found."""

    x: Float[np.ndarray, " d"]
    cost: float
    drive: Drive = field(repr=False)

    @property
    def ok(self) -> bool:
        return bool(np.isfinite(self.cost))


def search(problem: Problem, starts: Float[np.ndarray, "S d"], spent: Spent, seed: int = 0) -> Found:
    """Minimise from these starts with the method that `fit` would take, and judge nothing.

    Arguments:
        problem: without discrete parameters.
        starts: (S, d) in the box.
        spent: is added to.
        seed: of methods that draw.

    Raises:
        Stopped: the person wants no more.
    """
    choice = choose_method(problem, "auto", None)
    cost = cost_of(problem, None, catalogue.card("fit", choice.method))
    evaluator = choose_evaluator(problem, cost, len(starts), "auto")
    drive = Drive(evaluator, Budget(), Progress(problem.title, shown=False))
    with np.errstate(all="ignore"):
        solutions = drive.run(with_options(choice.method, ()), problem.search_space(seed), starts)
    spent.evaluations += drive.evaluations
    spent.calls += drive.calls
    if drive.outcome is Outcome.STOPPED:
        raise Stopped
    if solutions.best < 0:
        return Found(starts[0], np.inf, drive)
    return Found(np.asarray(solutions.points[solutions.best]), float(solutions.cost[solutions.best]), drive)
