"""The evaluator of a model that is linear in its parameters: products with matrices, and the model is not run again.

    r(x) = r_0 + J (x - x_0)        cost = 1/2 |r|^2        gradient = J'r

Whether a model is linear is found out elsewhere (`is_linear`); this only makes use of it.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.asker import Answers, Want
from parametra.runs.cost import Cost, answers_from_residuals


class Linear:
    """Evaluates a least-squares problem whose residuals are linear in the box coordinates.

    Good for methods that take thousands of cheap steps. Each answer is exact to rounding.

    Arguments:
        inner: the evaluator of the problem, asked twice: for residuals and for predictions, with their Jacobians.
        at: (d,) where they are asked for.

    Attributes:
        residuals, jacobian: (m,), (m, d) at that point.
    """

    def __init__(self, inner: Any, at: Float[np.ndarray, " d"]) -> None:
        self.inner = inner
        self.at = at
        self.cost: Cost = inner.cost
        answers = inner.with_cost(Cost(True)).evaluate(at[None], Want.JACOBIAN)
        self.residuals: np.ndarray = answers.residuals[0]
        # products with the transpose dominate, and want it in this order
        self.jacobian: np.ndarray = np.ascontiguousarray(answers.jacobian[0])
        self._predicted: Any = None

    @property
    def kind(self) -> str:
        """How the model was evaluated."""
        return str(self.inner.kind)

    @property
    def derivative(self) -> str:
        """How the model was differentiated."""
        return f"{self.inner.derivative}, once, as it is linear"

    @property
    def calls(self) -> int:
        """How often the model was evaluated."""
        return int(self.inner.calls)

    @property
    def failures(self) -> Counter[str]:
        """Failures by reason."""
        found: Counter[str] = self.inner.failures
        return found

    def with_cost(self, cost: Cost) -> Any:
        """An evaluator of another cost; the residuals are linear all the same."""
        other = copy.copy(self)
        other.cost, other.inner = cost, self.inner.with_cost(cost)
        return other

    def of_rows(self, rows: Bool[np.ndarray, " m"]) -> Linear:
        """The evaluator of some of the residuals."""
        other = copy.copy(self)
        other.cost = of_rows(self.cost, rows)
        other.residuals, other.jacobian = self.residuals[rows], self.jacobian[rows]
        return other

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        if want is Want.SCORE:
            return self.inner.evaluate(points, want)
        with np.errstate(all="ignore"):
            if want is Want.PREDICTED:
                return self._predictions(points)
            residuals = self.residuals + (points - self.at) @ self.jacobian.T
            if want is Want.GRADIENT and not self.cost.losses:
                cost = 0.5 * np.einsum("bm,bm->b", residuals, residuals)
                ok = np.isfinite(cost)
                return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=residuals @ self.jacobian)
            jacobian = None
            if want not in (Want.COST, Want.RESIDUALS):
                jacobian = np.broadcast_to(self.jacobian, (len(points), *self.jacobian.shape))
            return answers_from_residuals(residuals, jacobian, self.cost, want)

    def _predictions(self, points: np.ndarray) -> Answers:
        if self._predicted is None:
            found = self.inner.evaluate(self.at[None], Want.PREDICTED)
            if found.predicted is None or found.jacobian is None:
                return found
            self._predicted = (found.predicted[0], found.jacobian[0])
        value, slopes = self._predicted
        predicted = value + (points - self.at) @ slopes.T
        jacobian = np.broadcast_to(slopes, (len(points), *slopes.shape))
        ok = np.isfinite(predicted).all(axis=1)
        return Answers(cost=np.where(ok, 0.0, np.inf), ok=ok, predicted=predicted, jacobian=jacobian)


def of_rows(cost: Cost, rows: Bool[np.ndarray, " m"]) -> Cost:
    """The cost of some of the residuals: its losses, at the rows that are left."""
    losses = tuple((int(rows[:first].sum()), int(rows[:end].sum()), loss) for first, end, loss in cost.losses)
    return replace(cost, losses=losses)
