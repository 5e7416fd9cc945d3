"""The smallest loop and evaluators made by hand, to test fit methods without the rest of the package."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

import numpy as np

from parametra.nouns.asker import Answers, Request, Solutions, Want
from parametra.nouns.search_space import SearchSpace


def box(*bounds: tuple[float, float]) -> SearchSpace:
    return SearchSpace(np.array([b[0] for b in bounds], dtype=float), np.array([b[1] for b in bounds], dtype=float))


def free(dimension: int) -> SearchSpace:
    return box(*[(-np.inf, np.inf)] * dimension)


@dataclass
class Evaluator:
    """Answers requests from one function x -> (residuals, Jacobian), point by point; keeps every point asked."""

    function: object
    asked: list[np.ndarray] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)

    def __call__(self, request: Request) -> Answers:
        rows = []
        for x, owner in zip(request.points, request.starts, strict=True):
            if owner >= 0:
                self.asked.append(x.copy())
            self.wants.append(request.want)
            with np.errstate(all="ignore"):
                r, J = self.function(x)
            rows.append((np.asarray(r, dtype=float), np.asarray(J, dtype=float)))
        r, J = np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])
        ok = np.isfinite(r).all(1) & np.isfinite(J).all((1, 2))
        with np.errstate(all="ignore"):
            cost = np.where(ok, 0.5 * (r * r).sum(1), np.inf)
            gradient = np.stack([j.T @ v for v, j in zip(r, J, strict=True)])
            normal = np.stack([j.T @ j for j in J])
        return Answers(cost=cost, ok=ok, residuals=r, jacobian=J, gradient=gradient, normal=normal)


def run(method, space, starts, evaluate, *, pickle_each_step=False, most=100_000) -> Solutions:
    state = method.start(space, np.atleast_2d(np.asarray(starts, dtype=float)))
    for _ in range(most):
        if method.halted(state):
            break
        if pickle_each_step:
            state = pickle.loads(pickle.dumps(state))
        state = method.tell(state, evaluate(method.ask(state)))
    return method.solutions(state)


def rosenbrock(x):
    """Rosenbrock's valley moved: its optimum (1, 1) with residual 0 is away from zero."""
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


def decay(t, y):
    """a exp(-b t) + c compared with y."""

    def of(x):
        e = np.exp(-x[1] * t)
        return x[0] * e + x[2] - y, np.stack([e, -x[0] * t * e, np.ones_like(t)], axis=1)

    return of
