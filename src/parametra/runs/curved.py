"""Curvature for a likelihood that offers a gradient alone: differences of it, where normal equations are asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.asker import Answers, Want
from parametra.runs.cost import Cost
from parametra.runs.lengths import kept_within

_STEP = 6e-6
_FLOOR = 1e-10


@dataclass
class Curved:
    """An evaluator that answers NORMAL with the Hessian in the place of J'J, and JACOBIAN with a root of it.

    H_ij = (g_j(x + h_i) - g_j(x - h_i)) / 2 h_i, made symmetric; directions of negative curvature are turned over, so
    that a step along them leads down.

    Arguments:
        inner: answers COST and GRADIENT.
        lower, upper: (d,) bounds, beyond which nothing is asked.
        lengths: (d,) how far each coordinate moves for the cost to bend by about one, NaN where that is not known.
    """

    inner: Any
    lower: np.ndarray
    upper: np.ndarray
    lengths: np.ndarray

    @property
    def kind(self) -> str:
        """How points are evaluated."""
        return self.inner.kind

    @property
    def derivative(self) -> str:
        """How the model is differentiated."""
        return f"{self.inner.derivative}, curvature by differences"

    @property
    def cost(self) -> Cost:
        """Which cost."""
        return self.inner.cost

    @property
    def failures(self) -> Counter[str]:
        """Failures by reason."""
        return self.inner.failures

    @property
    def calls(self) -> int:
        """How often the model was called."""
        return self.inner.calls

    @property
    def problem(self) -> Any:
        """What is evaluated."""
        return self.inner.problem

    def with_cost(self, cost: Cost) -> Curved:
        """The same evaluator of another cost."""
        return Curved(self.inner.with_cost(cost), self.lower, self.upper, self.lengths)

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        if want not in (Want.NORMAL, Want.JACOBIAN):
            return self.inner.evaluate(points, want)
        there = self.inner.evaluate(points, Want.GRADIENT)
        b, d = points.shape
        width = np.where(np.isfinite(self.upper - self.lower), self.upper - self.lower, np.inf)
        step = _STEP * np.minimum(np.maximum(np.abs(points), 1e-2 * self.problem.fit_space.sizes), width)
        step = kept_within(step, self.lengths)
        moved = np.concatenate(
            [points[:, None] + step[:, :, None] * np.eye(d), points[:, None] - step[:, :, None] * np.eye(d)]
        )
        moved = np.clip(moved, self.lower, self.upper)
        around = self.inner.evaluate(moved.reshape(-1, d), Want.GRADIENT)
        slopes = around.gradient.reshape(2, b, d, d)
        apart = np.einsum("bii->bi", moved.reshape(2, b, d, d)[0] - moved.reshape(2, b, d, d)[1])
        hessian = (slopes[0] - slopes[1]) / apart[:, :, None]
        hessian = 0.5 * (hessian + np.swapaxes(hessian, 1, 2))
        ok = there.ok & around.ok.reshape(2, b, d).all(axis=(0, 2)) & np.isfinite(hessian).all(axis=(1, 2))
        root = np.sqrt(np.maximum(np.abs(np.einsum("bii->bi", np.where(ok[:, None, None], hessian, 1.0))), 1e-300))
        values, vectors = np.linalg.eigh(
            np.where(ok[:, None, None], hessian, 0.0) / (root[:, :, None] * root[:, None, :])
        )
        factor = np.sqrt(np.maximum(np.abs(values), _FLOOR))[:, :, None] * np.swapaxes(vectors, 1, 2) * root[:, None, :]
        cost = np.where(ok, there.cost, np.inf)
        if want is Want.JACOBIAN:
            return Answers(cost=cost, ok=ok, residuals=np.zeros((b, d)), jacobian=factor)
        return Answers(cost=cost, ok=ok, gradient=there.gradient, normal=np.swapaxes(factor, 1, 2) @ factor)
