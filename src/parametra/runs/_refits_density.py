"""Replicates of a likelihood whose points are independent: predictions once, densities for each data set.

    cost_b = -sum_i w_bi log p(y_bi | f_i(x), noise(x)) - log prior(x)

Predictions and their Jacobian do not depend on the data, so one kernel serves all data sets; what the noise adds is
elementwise. Second derivatives are the expected information where the noise offers scores, differences elsewhere
(`_refits_curvature.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.complex_step import COMPLEX_STEP
from parametra.nouns._noise_contract import Scatter
from parametra.nouns.asker import Answers, Request, Want
from parametra.nouns.bootstrap_data import ReplicateData
from parametra.nouns.errors import MethodError
from parametra.nouns.noise_simulate import told_by_values
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.runs._refits_curvature import Rows, inside, spreads_of, steps_of
from parametra.runs.cost import Cost

_MOST_NUMBERS = 2_000_000


class Predictions:
    """Predictions at many points, where there is an observation, and their Jacobian.

    Arguments:
        evaluator: of the problem, one of those that `of_batches` gives.
    """

    def __init__(self, evaluator: Any) -> None:
        self.evaluator = evaluator
        self.problem: Problem = evaluator.problem
        formula = self.problem.model.function is None and self.problem.fit_space.scalar_only
        self.together = formula and evaluator.kind == "direct"

    def at(
        self, points: Float[np.ndarray, "B d"]
    ) -> tuple[Float[np.ndarray, "B M"], Float[np.ndarray, "B M d"], Bool[np.ndarray, " B"]]:
        """Values, Jacobian, and whether both are finite."""
        if not self.together:
            found = self.evaluator.evaluate(points, Want.PREDICTED)
            return np.asarray(found.predicted), np.asarray(found.jacobian), found.ok
        count, d = points.shape
        values = np.real(self._values(points))
        moved = (points[:, None, :] + 1j * COMPLEX_STEP * np.eye(d)).reshape(count * d, d)
        slopes = np.imag(self._values(moved)).reshape(count, d, -1) / COMPLEX_STEP
        ok = np.isfinite(values.sum(axis=1) + slopes.sum(axis=(1, 2)))
        return values, np.moveaxis(slopes, 1, 2), ok

    def _values(self, points: np.ndarray) -> np.ndarray:
        named = self.problem.fit_space.to_named(points.T[:, :, None])
        parts = [v for _, _, v in self.problem.compared(named, self.problem.arrays)]
        return np.concatenate([np.broadcast_to(v, (len(points), v.shape[-1])) for v in parts], axis=1)


class DensityReplicates:
    """Replicates of a problem whose points are independent of one another.

    Arguments:
        evaluator: of the problem.
        data: its data sets.
    """

    def __init__(self, evaluator: Any, data: ReplicateData) -> None:
        self.predictions = Predictions(evaluator)
        self.problem: Problem = evaluator.problem
        self.cost: Cost = evaluator.cost
        self.data = data
        self.count = data.count
        # priors of any kind are added here, so that what noises offer decides, and not what the problem does
        self.scored = self.problem.profiled is None and all(n.offers_scores for n in self.problem.noise.values())
        self.stretches = _stretches(self.problem)
        self._reads: tuple[int, ...] | None = None
        self.noise = dict(self.problem.noise)
        self._columns: dict[tuple[int, str], dict[str, np.ndarray]] = {}
        for i, output, _ in self.stretches if data.observed is not None else ():
            told = told_by_values(self.problem, i, output, data.observed[i][output])  # type: ignore[index]
            if told is not None:
                self.noise[output], self._columns[i, output] = told

    def evaluate(self, request: Request) -> Answers:
        """Answer COST, GRADIENT or NORMAL; a start of -1 is answered for the first data set."""
        owners = np.maximum(request.starts, 0)
        d = request.points.shape[1]
        many = 1 if request.want is not Want.NORMAL or self.scored else d + 1
        most = max(1, _MOST_NUMBERS // (max(self.problem.size, 1) * (d + 1) * many))
        parts: list[Answers] = []
        with np.errstate(all="ignore"), maybe_64_bits():
            for first in range(0, len(owners), most):
                here = slice(first, first + most)
                parts.append(self._evaluated(request.points[here], request.want, owners[here]))
        names = [f.name for f in dataclasses.fields(Answers) if getattr(parts[0], f.name) is not None]
        return Answers(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def _evaluated(self, points: np.ndarray, want: Want, owners: np.ndarray) -> Answers:
        if want not in (Want.COST, Want.GRADIENT, Want.NORMAL):
            raise MethodError(f"replicates of a likelihood give no {want.value}; ask for the cost or its derivatives.")
        values, slopes, ok = self.predictions.at(points)
        cost = self._cost(values, points, owners)
        ok = ok & np.isfinite(cost)
        if want is Want.COST:
            return Answers(cost=np.where(ok, cost, np.inf), ok=ok)
        if self.scored:
            gradient, normal = self._scored(values, slopes, points, owners)
        else:
            second = want is Want.NORMAL
            gradient, normal = self._differences(values, slopes, points, owners, second=second)
        ok = ok & np.isfinite(gradient).all(axis=1)
        if normal is not None:
            ok = ok & np.isfinite(normal).all(axis=(1, 2))
        cost = np.where(ok, cost, np.inf)
        return Answers(cost=cost, ok=ok, gradient=gradient, normal=normal if want is Want.NORMAL else None)

    # ---- what the noise says

    def _scatters(
        self, values: np.ndarray, named: Mapping[str, Any], owners: np.ndarray
    ) -> list[tuple[str, Scatter, slice]]:
        found: list[tuple[str, Scatter, slice]] = []
        for i, output, here in self.stretches:
            scatter = self.problem.scatter(i, output, values[..., here], named, self.problem.arrays, np)
            if self.data.observed is not None:
                own = {name: c[owners] for name, c in self._columns.get((i, output), {}).items()}
                columns = {**scatter.columns, **own}
                scatter = dataclasses.replace(scatter, observed=self.data.observed[i][output][owners], columns=columns)
            found.append((output, scatter, here))
        return found

    def _weighted(self, rows: np.ndarray, here: slice, owners: np.ndarray) -> np.ndarray:
        """Rows (B, n) times how often each observation counts; those that do not count may be anything."""
        if self.data.weights is None:
            return rows
        weights = self.data.weights[owners, here]
        return np.where(weights > 0, rows * weights, 0.0)

    def _rows(self, values: np.ndarray, named: Mapping[str, Any], owners: np.ndarray) -> list[np.ndarray]:
        """Log densities of each stretch, (B, n), as often as each observation counts."""
        found: list[np.ndarray] = []
        for output, scatter, here in self._scatters(values, named, owners):
            rows = np.broadcast_to(self.noise[output].log_density(scatter), values[:, here].shape)
            found.append(self._weighted(rows, here, owners))
        return found

    def _log_prior(self, points: np.ndarray) -> np.ndarray:
        named = self.problem.fit_space.to_named(points.T)
        total = np.zeros(len(points))
        for name in self.problem.space.explicit_priors:
            density = np.asarray(self.problem.space[name].prior.log_density(named[name], np))
            total = total + density.reshape(-1, len(points)).sum(axis=0)
        return total

    def _cost(self, values: np.ndarray, points: np.ndarray, owners: np.ndarray) -> np.ndarray:
        named = self.problem.fit_space.to_named(points.T)
        likelihood = sum(rows.sum(axis=1) for rows in self._rows(values, named, owners))
        return -likelihood - self._log_prior(points)

    # ---- derivatives

    def _scored(
        self, values: np.ndarray, slopes: np.ndarray, points: np.ndarray, owners: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The gradient and the expected information, by the slopes of every quantity that the densities depend on."""
        count, d = points.shape
        gradient, normal = np.zeros((count, d)), np.zeros((count, d, d))
        plain = self._working(values, self.problem.fit_space.to_named(points.T), owners)
        columns: list[list[np.ndarray]] = []
        for k in range(d):
            moved = points.astype(complex)
            moved[:, k] += 1j * COMPLEX_STEP
            named = self.problem.fit_space.to_named(moved.T)
            rows = self._working(values + 1j * COMPLEX_STEP * slopes[:, :, k], named, owners)
            columns.append([np.imag(row[0]) / COMPLEX_STEP for row in rows])
        for q, (_, score, information, here) in enumerate(plain):
            by = np.stack([np.broadcast_to(column[q], score.shape) for column in columns], axis=2)
            gradient -= np.einsum("bn,bnd->bd", self._weighted(score, here, owners), by)
            normal += np.swapaxes(by, 1, 2) @ (by * self._weighted(information, here, owners)[:, :, None])
        if self.problem.space.explicit_priors:
            slope, curved = self._prior_derivatives(points, self._steps(points, slopes))
            gradient, normal = gradient - slope, normal - curved
        return gradient, normal

    def _working(
        self, values: np.ndarray, named: Mapping[str, Any], owners: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, slice]]:
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray, slice]] = []
        for output, scatter, here in self._scatters(values, named, owners):
            shape = values[:, here].shape
            for w in self.noise[output].working(scatter) or ():
                parts = [np.broadcast_to(one, shape) for one in (w.quantity, w.score, w.information)]
                found.append((parts[0], parts[1], parts[2], here))
        return found

    def _differences(
        self, values: np.ndarray, slopes: np.ndarray, points: np.ndarray, owners: np.ndarray, *, second: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The gradient; and the Hessian, every eigenvalue made positive: a model of the cost that has a minimum."""

        def density(values: np.ndarray, points: np.ndarray) -> np.ndarray:
            named = self.problem.fit_space.to_named(points.T)
            return np.concatenate(self._rows(values, named, owners), axis=1)

        space, steps = self.problem.fit_space, self._steps(points, slopes)
        rows = Rows(
            density, values, slopes, points, self._read(points, steps), steps, self._spreads, space.lower, space.upper
        )
        first = rows.first()
        gradient, hessian = -rows.chained(first), np.zeros((*points.shape, points.shape[1]))
        if second:
            hessian = -rows.curvature() - self._curved_model(first[0], slopes, points, steps)
        if self.problem.space.explicit_priors:
            slope, curved = self._prior_derivatives(points, steps)
            gradient, hessian = gradient - slope, hessian - curved
        return gradient, positive(0.5 * (hessian + np.swapaxes(hessian, 1, 2))) if second else None

    def _steps(self, points: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        space = self.problem.fit_space
        return steps_of(points, slopes, self._spreads, space.sizes, space.upper - space.lower)

    @cached_property
    def _spreads(self) -> np.ndarray:
        told = self.problem.arrays
        return spreads_of([np.asarray(told[i]["observed"][o], dtype=np.float64) for i, o, _ in self.stretches])

    def _curved_model(
        self, weights: np.ndarray, slopes: np.ndarray, points: np.ndarray, steps: np.ndarray
    ) -> np.ndarray:
        """Sum over rows of a weight times the second derivatives of the prediction, (B, d, d)."""
        count, d = points.shape
        if not np.any(weights):
            return np.zeros((count, d, d))
        steps = 10 * steps
        steps = np.where(points + steps > self.problem.fit_space.upper, -steps, steps)
        moved = points[:, None, :] + steps[:, :, None] * np.eye(d)
        there = self.predictions.at(moved.reshape(count * d, d))[1].reshape(count, d, -1, d)
        return ((weights[:, None, None, :] @ (there - slopes[:, None]))[:, :, 0]) / steps[:, :, None]

    def _read(self, points: np.ndarray, steps: np.ndarray) -> tuple[int, ...]:
        """The coordinates that noises read beside predictions."""
        if self._reads is None:
            self._reads = tuple(range(points.shape[1]))
            reads = [noise.reads for noise in self.noise.values()]
            if all(one is not None for one in reads):
                alone = len(self.problem.outputs) == 1
                own = {name for o, noise in self.noise.items() for name in noise.parameters(o, alone)}
                names = own.union(*(one for one in reads if one is not None))
                self._reads = tuple(k for k in self._reads if self._moves(points, steps, k, names))
        return self._reads

    def _moves(self, points: np.ndarray, steps: np.ndarray, k: int, names: set[str]) -> bool:
        """Whether a coordinate changes one of the values of these names."""
        moved = points.copy()
        moved[:, k] += 1e3 * steps[:, k]
        here, there = (self.problem.fit_space.to_named(each.T) for each in (points, moved))
        return any(np.any(here[name] != there[name]) for name in names if name in here)

    def _prior_derivatives(self, points: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The slope of the log priors, and their curvature along each coordinate where it is negative."""
        count, d = points.shape
        slope, curved = np.zeros((count, d)), np.zeros((count, d, d))
        steps = 20 * steps
        middle = inside(points, steps, self.problem.fit_space.lower, self.problem.fit_space.upper)
        here = self._log_prior(middle)
        for k, step in enumerate(steps.T):
            up, down = middle.copy(), middle.copy()
            up[:, k], down[:, k] = middle[:, k] + step, middle[:, k] - step
            high, low = self._log_prior(up), self._log_prior(down)
            slope[:, k] = (high - low) / (2 * step)
            curved[:, k, k] = np.minimum((high - 2 * here + low) / step**2, 0.0)
        return slope, curved


def positive(hessian: Float[np.ndarray, "B d d"]) -> Float[np.ndarray, "B d d"]:
    """The same with the absolute values of its eigenvalues, which are taken with the diagonal scaled to one."""
    found = np.full(hessian.shape, np.nan)
    sound = np.isfinite(hessian).all(axis=(1, 2))
    size = np.sqrt(np.abs(np.diagonal(hessian[sound], axis1=1, axis2=2)))
    size = np.where(size > 0, size, 1.0)
    outer = size[:, :, None] * size[:, None, :]
    values, vectors = np.linalg.eigh(hessian[sound] / outer)
    found[sound] = (vectors * np.abs(values)[:, None, :]) @ np.swapaxes(vectors, 1, 2) * outer
    return found


def _stretches(problem: Problem) -> tuple[tuple[int, str, slice], ...]:
    """Where the observations of each output of each data set stand among all of them."""
    found: list[tuple[int, str, slice]] = []
    first = 0
    for i, arrays in enumerate(problem.arrays):
        for output, observed in arrays["observed"].items():
            found.append((i, output, slice(first, first + observed.size)))
            first += observed.size
    return tuple(found)
