"""Two larger problems with equality constraints, as in arXiv:2305.18379: logistic regression, and a heated plate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.nouns.asker import Answers, Request
from parametra.nouns.limits import Limits
from parametra.nouns.search_space import SearchSpace


@dataclass(frozen=True)
class LogisticLimits(Limits):
    """A x = b, and |x|^2 = 1 in the last row."""

    rows: np.ndarray = None

    def values(self, points):
        return np.concatenate([points @ self.rows.T, (points**2).sum(axis=1, keepdims=True)], axis=1)

    def jacobian(self, points):
        same = np.broadcast_to(self.rows, (len(points), *self.rows.shape))
        return np.concatenate([same, 2 * points[:, None, :]], axis=1)


class Logistic:
    """Sum of log(1 + exp(-y x'z)) over data that are drawn once, eight for each coordinate."""

    def __init__(self, coordinates: int, rows: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        data = 8 * coordinates
        truth = rng.normal(size=coordinates)
        truth /= np.linalg.norm(truth)
        z = rng.normal(size=(data, coordinates))
        labels = np.where(rng.random(data) < 1 / (1 + np.exp(-z @ truth)), 1.0, -1.0)
        self.signed = z * labels[:, None]
        a = rng.normal(size=(rows, coordinates)) / np.sqrt(coordinates)
        levels = np.append(a @ truth, 1.0)
        names = (*(f"row {i}" for i in range(rows)), "length")
        self.limits = LogisticLimits(names, levels, levels, np.append(np.ones(rows, dtype=bool), False), a)
        endless = np.full(coordinates, np.inf)
        self.space = SearchSpace(-endless, endless, limits=self.limits, residuals=True)
        self.start = truth + rng.normal(size=coordinates) / np.sqrt(coordinates)

    def evaluate(self, request: Request) -> Answers:
        margins = request.points @ self.signed.T
        cost = np.logaddexp(0, -margins).sum(axis=1)
        chance = 1 / (1 + np.exp(margins))
        weights = chance * (1 - chance)  # J'J of scoring is the Hessian
        normal = np.stack([(self.signed * w[:, None]).T @ self.signed for w in weights])
        return Answers(cost=cost, ok=np.isfinite(cost), gradient=-chance @ self.signed, normal=normal)


@dataclass(frozen=True)
class PlateLimits(Limits):
    """L y + h^2 y^3 = h^2 u on a grid, y zero around it; L the five-point Laplacian."""

    laplacian: np.ndarray = None
    square: float = 0.0

    def values(self, points):
        y, u = np.split(points, 2, axis=1)
        return y @ self.laplacian + self.square * (y**3 - u)

    def jacobian(self, points):
        y, _ = np.split(points, 2, axis=1)
        n = len(self.laplacian)
        by_y = self.laplacian + 3 * self.square * y[:, :, None] ** 2 * np.eye(n)
        return np.concatenate([by_y, np.broadcast_to(-self.square * np.eye(n), by_y.shape)], axis=2)


class Plate:
    """Heat a plate with sources u so that its temperature y is a given one: 1/2 |y - wanted|^2 + weight/2 |u|^2."""

    def __init__(self, side: int, weight: float = 1e-2) -> None:
        n, h = side * side, 1 / (side + 1)
        line = 2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1)
        laplacian = np.kron(line, np.eye(side)) + np.kron(np.eye(side), line)
        grid = np.linspace(h, 1 - h, side)
        self.wanted = np.outer(np.sin(np.pi * grid), np.sin(2 * np.pi * grid)).ravel()
        self.weight = weight
        names = tuple(f"node {i}" for i in range(n))
        self.limits = PlateLimits(names, np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool), laplacian, h * h)
        endless = np.full(2 * n, np.inf)
        self.space = SearchSpace(-endless, endless, limits=self.limits, residuals=True)
        self.start = np.ones(2 * n)

    def evaluate(self, request: Request) -> Answers:
        y, u = np.split(request.points, 2, axis=1)
        cost = 0.5 * ((y - self.wanted) ** 2).sum(axis=1) + 0.5 * self.weight * (u**2).sum(axis=1)
        gradient = np.concatenate([y - self.wanted, self.weight * u], axis=1)
        normal = np.diag(np.concatenate([np.ones(y.shape[1]), np.full(y.shape[1], self.weight)]))
        return Answers(
            cost=cost,
            ok=np.isfinite(cost),
            gradient=gradient,
            normal=np.broadcast_to(normal, (len(cost), *normal.shape)),
        )
