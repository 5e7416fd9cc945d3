"""Replicates of a problem whose noise takes the data as a whole: an evaluator for each data set, asked in turn.

For correlated errors whose correlation is estimated, and errors of inputs: their residuals or densities do not part
into what the model says and what the data say.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from parametra.nouns.asker import Answers, Request, Want
from parametra.nouns.bootstrap_data import ReplicateData
from parametra.nouns.errors import MethodError
from parametra.nouns.noise_simulate import with_observed
from parametra.nouns.problem import Problem
from parametra.runs._refits_density import positive
from parametra.runs.compiled import Compiled
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.runs.lengths import kept_within, lengths

_STEP = 6e-5


class EachReplicate:
    """Replicates by one evaluator a data set; kernels are shared.

    Arguments:
        evaluator: of the problem.
        data: its data sets; only other observed values.

    Raises:
        MethodError: data sets made of rows or of residuals.
    """

    def __init__(self, evaluator: Any, data: ReplicateData) -> None:
        if data.observed is None or data.weights is not None:
            raise MethodError('with this noise only simulated data can be fitted: use kind="parametric".')
        self.problem: Problem = evaluator.problem
        self.cost: Cost = evaluator.cost
        self.count = data.count
        self.data = data
        self.compiled = evaluator.kind == "compiled"
        self._known: dict[int, Any] = {}
        self._lengths: np.ndarray | None = None

    def evaluate(self, request: Request) -> Answers:
        """Answer any want, data set by data set; a start of -1 is answered for the first."""
        owners = np.maximum(request.starts, 0)
        found: list[tuple[np.ndarray, Answers]] = []
        for owner in np.unique(owners):
            where = np.flatnonzero(owners == owner)
            found.append((where, self._asked(int(owner), request.points[where], request.want)))
        parts: dict[str, np.ndarray] = {}
        for f in dataclasses.fields(Answers):
            first = getattr(found[0][1], f.name)
            if first is None:
                continue
            parts[f.name] = np.empty((len(owners), *first.shape[1:]), dtype=first.dtype)
            for where, answers in found:
                parts[f.name][where] = getattr(answers, f.name)
        return Answers(**parts)  # type: ignore[arg-type]

    def _asked(self, owner: int, points: np.ndarray, want: Want) -> Answers:
        evaluator = self._evaluator(owner)
        if want is not Want.NORMAL or self.cost.least_squares or self.cost.scores:
            return evaluator.evaluate(points, want)
        d = points.shape[1]
        step = _STEP * np.maximum(np.abs(points), 1e-2 * self.problem.fit_space.sizes)
        step = kept_within(step, self._lengths_at(evaluator, points[0], step[0]))
        moves = step[:, None, :] * np.eye(d)
        around = np.concatenate([points[:, None, :], points[:, None, :] + moves, points[:, None, :] - moves], axis=1)
        asked = evaluator.evaluate(around.reshape(-1, d), Want.GRADIENT)
        slopes = np.asarray(asked.gradient).reshape(len(points), 2 * d + 1, d)
        cost, ok = asked.cost.reshape(len(points), -1)[:, 0], asked.ok.reshape(len(points), -1).all(axis=1)
        hessian = (slopes[:, 1 : d + 1] - slopes[:, d + 1 :]) / (2 * step[:, :, None])
        normal = positive(0.5 * (hessian + np.swapaxes(hessian, 1, 2)))
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=slopes[:, 0], normal=normal)

    def _lengths_at(self, evaluator: Any, point: np.ndarray, step: np.ndarray) -> np.ndarray:
        """How far coordinates move for the cost to bend by about one; of the first point, which tells the order."""
        if self._lengths is None:
            space = self.problem.fit_space
            self._lengths = lengths(
                lambda x: evaluator.evaluate(x, Want.COST).cost, point, step, np.asarray(space.lower), space.upper
            )
        return self._lengths

    def _evaluator(self, owner: int) -> Any:
        if owner not in self._known:
            observed = tuple({k: v[owner] for k, v in one.items()} for one in self.data.observed or ())
            problem = with_observed(self.problem, observed)
            self._known[owner] = Compiled(problem, self.cost) if self.compiled else Direct(problem, self.cost)
        return self._known[owner]
