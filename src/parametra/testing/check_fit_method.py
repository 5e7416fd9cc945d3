"""The conformance suite of fit methods: every method must pass it, a third party's too.

the card is complete; same seed, same answer; every asked point inside the bounds; the state survives pickling
(methods that ask); refuses what it cannot serve, with a sentence; agrees with the others on the known problems
"""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from parametra.nouns.asker import Answers, Asker, Want
from parametra.nouns.errors import MethodError
from parametra.nouns.problem import Problem
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.cost import Cost
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.testing.check_card import check_card
from parametra.testing.fit_problems import KNOWN
from parametra.verbs.fit import start_points
from parametra.verbs.fit_choice import choose_method, cost_of, refuse_what_cannot_work


class Watched:
    """An evaluator that notes every point it is asked about."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.points: list[np.ndarray] = []
        self.failures: Counter[str] = inner.failures
        self.calls = 0
        self.cost: Cost = inner.cost
        self.kind: str = inner.kind
        self.derivative: str = inner.derivative

    def with_cost(self, cost: Cost) -> Watched:
        """The same, watching another cost."""
        return Watched(self.inner.with_cost(cost))

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer, and note."""
        self.points.append(points.copy())
        return self.inner.evaluate(points, want)


def check_fit_method(method: type[Any]) -> list[str]:
    """All that is wrong with a method, in sentences; empty when it conforms.

    Arguments:
        method: the class, as `METHOD` in its file.
    """
    name = method.card.name
    wrong = check_card(method, "fit")
    served = 0
    for known in KNOWN:
        problem = known.build()
        try:
            refuse_what_cannot_work(problem, method.card, None)
        except MethodError as refusal:
            if name not in str(refusal) or "Use method=" not in str(refusal):
                wrong.append(f"refuses {known.name} without saying what to use instead: {refusal}")
            continue
        served += 1
        wrong += [f"on {known.name}: {w}" for w in _serves(method, problem)]
    if not served:
        wrong.append("serves none of the known problems")
    return [f"{name}: {w}" for w in wrong]


def _serves(method: type[Any], problem: Problem) -> list[str]:
    first, watched = _run(method, problem)
    again, _ = _run(method, problem)
    space = problem.fit_space
    wrong: list[str] = []
    if not np.array_equal(first.points, again.points, equal_nan=True):
        wrong.append("the same starts gave another answer")
    if not watched.points:
        return ["found nothing: it never asked"]
    asked = np.concatenate(watched.points)
    if np.any(asked < space.lower) or np.any(asked > space.upper):
        wrong.append("asked for a point outside the bounds")
    reference, _ = _run(_reference(problem), problem)
    if first.best < 0:
        wrong.append("found nothing")
    elif first.cost[first.best] > reference.cost[reference.best] + method.card.accuracy * (
        1 + abs(reference.cost[reference.best])
    ):
        wrong.append(f"ended at cost {first.cost[first.best]}, where {reference.cost[reference.best]} is possible")
    if isinstance(method(), Asker):
        wrong += _survives(method, problem)
    if "workers" in method.card.honours:
        wrong += _starts_alone(method, problem)
    return wrong


def _run(method: type[Any], problem: Problem) -> tuple[Any, Watched]:
    cost = cost_of(problem, None, method.card)
    watched = Watched(choose_evaluator(problem, cost, 3))
    drive = Drive(watched, Budget(), Progress("check", shown=False))
    return drive.run(method(), problem.search_space(4), start_points(problem, 3, seed=4)), watched


def _starts_alone(method: type[Any], problem: Problem) -> list[str]:
    """The last two starts end where they do among three, bit for bit: then processes may share them."""
    instance: Any = method()
    if getattr(instance, "polish", False):  # the best of all is polished, wherever it ran
        instance = replace(instance, polish=False)
    ends: list[np.ndarray] = []
    for first in (0, 1):
        drive = Drive(
            choose_evaluator(problem, cost_of(problem, None, method.card), 3), Budget(), Progress("", shown=False)
        )
        starts = start_points(problem, 3, seed=4)[first:]
        ends.append(drive.run(instance, problem.search_space(4), starts).points[1 - first :])
    same = np.array_equal(*ends, equal_nan=True)
    return [] if same else ["a start ends elsewhere in other company, so that processes cannot share the starts"]


def _reference(problem: Problem) -> type[Any]:
    from parametra import catalogue

    return catalogue.method("fit", choose_method(problem, "auto", None).method)


def _survives(method: type[Any], problem: Problem) -> list[str]:
    """Pickle the state after every tell; the end must be bit for bit the same."""
    cost = cost_of(problem, None, method.card)
    ends: list[np.ndarray] = []
    for interrupted in (False, True):
        evaluator = choose_evaluator(problem, cost, 3)
        instance = method()
        state = instance.start(problem.search_space(4), start_points(problem, 3, seed=4))
        while not instance.halted(state):
            request = instance.ask(state)
            state = instance.tell(state, evaluator.evaluate(request.points, request.want))
            if interrupted:
                state = pickle.loads(pickle.dumps(state))  # noqa: S301  our own bytes
        ends.append(instance.solutions(state).points)
    return [] if np.array_equal(*ends, equal_nan=True) else ["its state does not survive being saved and loaded"]
