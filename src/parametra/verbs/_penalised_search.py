"""What the fits of one search among terms share: the evaluator, the fit at one strength, the path of strengths."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.asker import Solutions, Want
from parametra.nouns.penalty import Penalty
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.compiled import traceable
from parametra.runs.cost import Cost
from parametra.runs.differences import probe_points
from parametra.runs.drive import Drive
from parametra.runs.linear import Linear
from parametra.runs.reverse import Reverse
from parametra.verbs.fit_choice import is_linear

_MANY = 10
"""Parameters above which a Jacobian by one run of the model each is slower than a compiled one."""


@dataclass(frozen=True)
class Terms:
    """What all fits of one search share.

    Arguments:
        problem: what is fitted.
        penalty: of the problem.
        drive: counts, and is the loop. evaluator: answers.
        method: an Asker or OneShot that honours penalties.
        on: (d,) the coordinates that are penalised.
        scales: (d,) their measures.
        size: observations.
        seed: of everything random.
    """

    problem: Problem
    penalty: Penalty
    drive: Drive
    evaluator: Any
    method: Any
    on: np.ndarray
    scales: np.ndarray
    size: int
    seed: int

    def solve(
        self, strength: float | None, starts: np.ndarray, tolerance: float = 0.0, share: tuple[float, float] = (0, 1)
    ) -> Solutions:
        """Fit at one strength; None holds every term at zero.

        Arguments:
            strength: in units of the penalty's own.
            starts: (S, d).
            tolerance: a coarser one than the method's, where it has one.
            share: where in the whole run this fit begins and ends.
        """
        plain = copy.copy(self.problem)
        plain.penalty = None
        space = plain.search_space(self.seed)
        if strength is None:
            lower, upper = (np.where(self.on, 0.0, bound) for bound in (space.lower, space.upper))
            space = dataclasses.replace(space, lower=lower, upper=upper)
        else:
            on_space = self.penalty.on(self.problem.fit_space, self.size, strength, self.scales)
            space = dataclasses.replace(space, penalty=on_space)
        method = self.method
        if tolerance > getattr(method, "tolerance", np.inf):
            method = dataclasses.replace(method, tolerance=tolerance)
        self.drive.share, self.drive.evaluator = share, self.evaluator
        return self.drive.run(method, space, starts)


def walk(
    terms: Terms, x: np.ndarray, strengths: np.ndarray, most: int, tolerance: float, share: tuple[float, float]
) -> Iterator[Solutions]:
    """Fits at falling strengths, each from the end of the last; until more than `most` terms are kept.

    At least one; it ends early when a fit fails or the budget is spent.
    """
    begin, width = share[0], (share[1] - share[0]) / len(strengths)
    for i, strength in enumerate(strengths):
        here = begin + width * i
        found = terms.solve(float(strength), x[None], tolerance, (here, here + width))
        if i and (found.best < 0 or terms.drive.is_over()):
            return
        x = found.points[0]
        if i and (x[terms.on] != 0).sum() > most:
            return
        yield found


def columns_of_terms(jacobian: np.ndarray, on: np.ndarray) -> np.ndarray:
    """The columns of the terms, (m, t), without their projection on those of the other parameters."""
    others, columns = jacobian[:, ~on], jacobian[:, on]
    if not others.size:
        return columns
    basis, _ = np.linalg.qr(others)
    return columns - basis @ (basis.T @ columns)


def evaluator_for(problem: Problem, cost: Cost, wish: str) -> Any:
    """The evaluator of a problem with many terms: linear where the model is, compiled where it can be.

    A compiled copy of a NumPy model is believed when it gives the same costs at three points.
    """
    many = problem.fit_space.dimension > _MANY and problem.model.function is not None
    evaluator = _compiled(problem, cost) if many and wish != "direct" and not cost.scores else None
    if evaluator is None:
        evaluator = choose_evaluator(problem, cost, 1, wish)
    if cost.least_squares and is_linear(problem, evaluator.with_cost(Cost(True))):
        return Linear(evaluator, problem.fit_space.guess)
    return evaluator


def _compiled(problem: Problem, cost: Cost) -> Any:
    traced = traceable(problem)
    if traced is None:
        return None
    evaluator = Reverse(traced, cost)
    points = probe_points(problem)
    try:
        found = evaluator.evaluate(points, Want.COST).cost
    except Exception:  # noqa: BLE001  a person's log-likelihood that JAX cannot trace may raise anything
        return None
    wanted = np.array([_cost_as_it_is(problem, cost, x) for x in points])
    return evaluator if np.allclose(found, wanted, rtol=1e-9) else None


def _cost_as_it_is(problem: Problem, cost: Cost, x: np.ndarray) -> float:
    named = problem.fit_space.to_named(x)
    with np.errstate(all="ignore"), maybe_64_bits():
        try:
            if cost.least_squares:
                return float(cost.value(np.asarray(problem.residuals(named, problem.arrays))))
            return -float(np.asarray(problem.log_density(named, problem.arrays)))
        except Exception:  # noqa: BLE001  a point that fails here must fail there
            return np.inf
