"""A problem in which nothing is free: no search, but an answer all the same, the model as it is stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.losses import Loss
from parametra.nouns.asker import Ending, Evaluate, Request, Solutions, Want
from parametra.nouns.card import Card
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.nouns.search_space import SearchSpace
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs.fit_choice import NO_METHOD, Choice, cost_of
from parametra.verbs.fit_constrained import nothing_found
from parametra.verbs.fit_judge import judge

ONE_POINT = "nothing is free, so there is one point"


def stated_choice(problem: Problem, chosen: Mapping[str, Any]) -> Choice:
    """What stands in the place of a method.

    Arguments:
        problem: one in which nothing is free.
        chosen: values of discrete parameters, which are tried one after the other.
    """
    words = "nothing is free: this is the model as stated"
    if chosen:
        words = f"nothing is free but {', '.join(chosen)}, and all combinations are tried"
    sigma = "" if problem.profiled is None else f"; {problem.profiled} follows from the residuals"
    return Choice(NO_METHOD, f"{words}{sigma}")


def fit_nothing_free(problem: Problem, settings: Any, loss: Loss | None, chosen: Mapping[str, Any]) -> Fit:
    """Chi-square, log-likelihood and p-value of a model without free parameters.

    Arguments:
        problem: one in which nothing is free, but perhaps a scale of the noise.
        settings: the arguments of `fit`.
        loss: the robust loss that was asked for.
        chosen: values of discrete parameters in this run.
    """
    cost = cost_of(problem, loss)
    choice = stated_choice(problem, chosen)
    progress = Progress(f"fit {problem.title}"[:60], shown=settings.progress is not False)
    evaluator = choose_evaluator(problem, cost, 1, settings.evaluator)
    drive = Drive(evaluator, Budget(settings.evaluations, settings.seconds), progress)
    point = problem.fit_space.guess[None]
    if missed := _missed(problem, point):
        return judge(problem, drive, nothing_found(point, missed), choice, ONE_POINT, settings, chosen)
    with maybe_64_bits():
        method: Any = _AsStated(choice.reason)
        solutions = drive.run(method, problem.search_space(settings.seed), point)
        return judge(problem, drive, solutions, choice, ONE_POINT, settings, chosen)


@dataclass(frozen=True)
class _AsStated:
    """In the place of a method: asks for the one point there is."""

    message: str
    card: ClassVar[Card] = Card(
        NO_METHOD, "fit", "The model as stated.", "nothing free.", "", frozenset(), frozenset(), "one evaluation.", ()
    )

    def solve(self, space: SearchSpace, starts: Float[np.ndarray, "S d"], evaluate: Evaluate) -> Solutions:
        del space
        answers = evaluate(Request(starts, Want.COST, np.zeros(1, dtype=np.int64)))
        there = bool(answers.ok[0])
        ending = Ending.CONVERGED if there else Ending.FAILED
        return Solutions(starts, answers.cost, (ending,), np.zeros(1, dtype=np.int64), there - 1, self.message)


def _missed(problem: Problem, point: np.ndarray) -> str:
    """Which constraint these values of discrete parameters miss, "" where all are met."""
    limits = problem.limits
    if limits is None:
        return ""
    gaps = limits.missed(limits.values(point)[0])
    worst = int(np.argmax(gaps))
    return f"{limits.names[worst]} is missed by {gaps[worst]:.3g}" if gaps[worst] > 0 else ""
