"""What a fit will cost: the time of one evaluation, how many there will be, and both in words."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from parametra.nouns.asker import Want
from parametra.nouns.problem import Problem
from parametra.runs.choose_evaluator import AnyEvaluator
from parametra.runs.recorded import Calls, RecordedModel
from parametra.verbs.fit import Plan
from parametra.verbs.fit_choice import NO_METHOD

_PER_START = {NO_METHOD: 1, "levenberg_marquardt": 20, "least_squares": 20, "lbfgs": 60}
_OTHERS = 100
_COMPILING = 2.0
_ENOUGH = 0.02


@dataclass(frozen=True)
class Estimate:
    """What a fit is expected to cost.

    Arguments:
        evaluations: how many, all starts together.
        seconds_each: the time of one evaluation with its derivatives, measured at the guess.
        seconds: the time of the fit.
        calls: of the model, where these are run one by one; 0 elsewhere.
        at_once: how many of them run side by side.
    """

    evaluations: int
    seconds_each: float
    seconds: float
    calls: int = 0
    at_once: int = 1

    @property
    def words(self) -> str:
        """One sentence."""
        if self.calls:
            side = f"{self.at_once} at once" if self.at_once > 1 else "one after the other"
            return (
                f"about {self.evaluations} evaluations with derivatives, {self.calls} calls of the model of "
                f"{short(self.seconds_each)} each, {side}: {long(self.seconds)}"
            )
        if self.evaluations == 1:
            return f"one evaluation of {short(self.seconds_each)}: {long(self.seconds)}"
        return (
            f"about {self.evaluations} evaluations of {short(self.seconds_each)} each, with derivatives: "
            f"{long(self.seconds)}"
        )


def estimate(problem: Problem, evaluator: AnyEvaluator, plan: Plan) -> Estimate:
    """Measure one evaluation at the guess, and multiply."""
    count = _PER_START.get(plan.method, _OTHERS) * plan.starts * plan.combinations
    if isinstance(problem.model, RecordedModel) and problem.model.calls is not None:
        return _of_calls(problem, problem.model.calls, evaluator, count)
    want = Want.JACOBIAN if evaluator.cost.least_squares else Want.GRADIENT
    if plan.method == NO_METHOD:
        want = Want.COST
    x = problem.fit_space.guess[None]
    times: list[float] = []
    with np.errstate(all="ignore"):
        while len(times) < 2 or (sum(times) < _ENOUGH and len(times) < 50):
            began = time.perf_counter()
            evaluator.evaluate(x, want)
            times.append(time.perf_counter() - began)
    each = min(times)
    return Estimate(count, each, each * count + (_COMPILING if plan.evaluator == "compiled" else 0.0))


def _of_calls(problem: Problem, calls: Calls, evaluator: AnyEvaluator, count: int) -> Estimate:
    """From what calls took so far, which in a ledger may be days ago."""
    d = problem.fit_space.dimension
    beside = 2 * d + 1 if evaluator.derivative == "central differences" else d
    each = calls.seconds / max(calls.counted, 1)
    number = count * beside * len(problem.data_sets)
    return Estimate(count, each, each * number / calls.pool.size, number, calls.pool.size)


def short(seconds: float) -> str:
    """A short time as a person says it."""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            count = seconds / size
            return f"{count:.2g} {unit}" if count < 100 else f"{count:.0f} {unit}"
    return "less than 1 µs"


def long(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 1:
        return "less than a second"
    for size, unit in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second")):
        if seconds >= size:
            count = round(seconds / size)
            return f"about {count} {unit}{'s' * (count != 1)}"
    return "less than a second"
