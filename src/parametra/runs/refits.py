"""Refits of many data sets of one shape, side by side: the engine of bootstrap, coverage and profiles of replicates.

    r_b(x) = r(x) + shift_b          residuals of data set b are those of the data plus what does not depend on x

So one kernel, compiled for the data at hand, serves every replicate, and one multi-start run of the method that fitted
the data finds all their estimates: each start begins at the estimate and belongs to a data set of its own.

    ShiftedReplicates    least squares: other values, or weights of the rows
    DensityReplicates    any other likelihood of points that are independent (`_refits_density.py`)
    EachReplicate        what takes the data as a whole, or a noise that reads much: one evaluator a data set
                         (`_refits_each.py`)
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.bootstrap_data import ReplicateData, shifts_of
from parametra.nouns.bootstrap_refits import Refits
from parametra.nouns.errors import MethodError
from parametra.nouns.problem import Problem
from parametra.runs._refits_density import DensityReplicates
from parametra.runs._refits_each import EachReplicate
from parametra.runs._refits_end import refits_of
from parametra.runs.beside_bounds import beside_bounds
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import Both
from parametra.runs.cost import Cost, answers_from_residuals
from parametra.runs.differences import probe_points
from parametra.runs.drive import Drive, Evaluator
from parametra.runs.progress import Progress

_MOST_READ = 3
"""Coordinates that a noise may read before compiled derivatives of each data set are the faster way."""
_MOST_NUMBERS = 4_000_000
"""Numbers of a Jacobian that are held at once."""


@runtime_checkable
class Replicates(Protocol):
    """An evaluator whose data depend on the start: `request.starts` says which data set each point is asked of."""

    @property
    def count(self) -> int: ...
    @property
    def cost(self) -> Cost: ...
    def evaluate(self, request: Request) -> Answers: ...


class ShiftedReplicates:
    """Replicates of a least-squares problem.

    Arguments:
        inner: the evaluator of the problem; its losses are honoured.
        shifts: (R, m) what is added to its residuals; None for nothing.
        weights: (R, m) how often each row counts; None for once.
    """

    def __init__(
        self,
        inner: Evaluator,
        shifts: Float[np.ndarray, "R m"] | None,
        weights: Float[np.ndarray, "R m"] | None = None,
    ) -> None:
        self.cost = inner.cost
        self.inner = inner.with_cost(Cost(least_squares=True)) if inner.cost.losses else inner
        self.shifts = shifts
        self.roots = None if weights is None else np.sqrt(weights)
        given = shifts if shifts is not None else weights
        if given is None:
            raise MethodError("replicates need shifts or weights; neither came.")
        self.count = len(given)

    def evaluate(self, request: Request) -> Answers:
        """Answer COST, RESIDUALS, GRADIENT, JACOBIAN or NORMAL; a start of -1 is answered for the first data set."""
        points, want = request.points, request.want
        owners = np.maximum(request.starts, 0)
        rows = (self.shifts if self.shifts is not None else self.roots).shape[1]  # type: ignore[union-attr]
        most = max(1, _MOST_NUMBERS // (rows * (points.shape[1] + 1)))
        parts = [
            self._evaluated(points[first : first + most], want, owners[first : first + most])
            for first in range(0, len(points), most)
        ]
        return parts[0] if len(parts) == 1 else together(parts)

    def _evaluated(self, points: np.ndarray, want: Want, owners: np.ndarray) -> Answers:
        plain = want in (Want.COST, Want.RESIDUALS)
        found = self.inner.evaluate(points, Want.RESIDUALS if plain else Want.JACOBIAN)
        if found.residuals is None:
            raise MethodError("this evaluator gives no residuals.")
        with np.errstate(all="ignore"):
            residuals, jacobian = np.array(found.residuals), found.jacobian
            residuals[~found.ok] = np.nan
            if self.shifts is not None:
                residuals += self.shifts[owners]
            if self.roots is None:
                return answers_from_residuals(residuals, jacobian, self.cost, want)
            return self._weighted(residuals, jacobian, want, self.roots[owners])

    def _weighted(self, residuals: np.ndarray, jacobian: np.ndarray | None, want: Want, roots: np.ndarray) -> Answers:
        """The same with rows that count several times, or not at all."""
        kept = roots > 0
        residuals = np.where(kept, residuals, 0.0)
        value = weighted_cost(residuals, roots**2, self.cost)
        if self.cost.losses:
            for_jacobian, for_residuals = self.cost.factors(residuals)
            residuals = residuals * for_residuals
            jacobian = None if jacobian is None else jacobian * for_jacobian[:, :, None]
        if jacobian is not None:
            jacobian = np.where(kept[:, :, None], jacobian * roots[:, :, None], 0.0)
        answers = answers_from_residuals(residuals * roots, jacobian, Cost(least_squares=True), want)
        ok = answers.ok & np.isfinite(value)
        return dataclasses.replace(answers, cost=np.where(ok, value, np.inf), ok=ok)


def weighted_cost(
    residuals: Float[np.ndarray, "B m"], weights: Float[np.ndarray, "B m"], cost: Cost
) -> Float[np.ndarray, " B"]:
    """1/2 sum w rho(r^2), each row with its own loss."""
    half = residuals * residuals
    for first, end, loss in cost.losses:
        half[:, first:end] = loss.scale**2 * np.asarray(loss.rho(half[:, first:end] / loss.scale**2, np)[0])
    return 0.5 * (weights * half).sum(axis=1)


def together(parts: list[Answers]) -> Answers:
    """One answer of several stretches of a batch."""
    names = [f.name for f in dataclasses.fields(Answers) if getattr(parts[0], f.name) is not None]
    return Answers(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def of_batches(evaluator: Any) -> Any:
    """The evaluator that answers batches best: where there are two, the compiled one, once it is verified."""
    if not isinstance(evaluator, Both):
        return evaluator
    # not at the estimate, where the gradients that are compared are only rounding
    evaluator.evaluate(probe_points(evaluator.problem)[:2], Want.NORMAL)
    return evaluator.direct if evaluator.refused else evaluator.compiled


@dataclass
class ReplicateDrive(Drive):
    """The loop of a run whose starts ask about different data.

    Arguments:
        replicates: who answers. Start s belongs to the data set s modulo their number.
    """

    replicates: Replicates | None = None

    def evaluate(self, request: Request) -> Answers:
        """Answer a request, counting."""
        mine = request.starts >= 0
        if self.replicates is None:
            raise MethodError("a run of replicates needs them.")
        if 0 < np.count_nonzero(mine) < mine.size:
            request = Request(request.points[mine], request.want, request.starts[mine])
        owners = np.where(request.starts < 0, 0, request.starts % self.replicates.count)
        answers = self.replicates.evaluate(Request(request.points, request.want, owners))
        whose = bool(mine.any())
        self.evaluations += len(request.points) if whose else 0
        self.failed += int(np.count_nonzero(~answers.ok)) if whose else 0
        self._lowest = min(self._lowest, float(answers.cost.min(initial=np.inf)))
        return answers


@dataclass(frozen=True)
class Refitter:
    """A fitted problem that can be fitted to other data of the same shape.

    Arguments:
        problem: what was fitted.
        evaluator: of the problem; made for batches (see `choose_evaluator`).
        x: (d,) the estimate.
        scale: the estimated standard deviation of the residuals; 1 where it is known.
        method: of each refit, one that goes many starts side by side.
        budget, progress: of all refits together.
    """

    problem: Problem
    evaluator: Any
    x: Float[np.ndarray, " d"]
    scale: float
    method: Any
    budget: Budget = field(default_factory=Budget)
    progress: Progress = field(default_factory=lambda: Progress("refits", shown=False))

    def named(self, x: Float[np.ndarray, " d"]) -> dict[str, Any]:
        """Values by name, the scale that is profiled out among them."""
        found = dict(self.problem.fit_space.to_named(x))
        return found if self.problem.profiled is None else {**found, self.problem.profiled: self.scale}

    def replicates(self, data: ReplicateData, x: Float[np.ndarray, " d"] | None = None) -> Replicates:
        """The evaluator of these data sets.

        Arguments:
            data: the data sets.
            x: where they are of interest, the estimate when left out.

        Raises:
            MethodError: data of a kind that this problem's noise does not allow.
        """
        evaluator = of_batches(self.evaluator)
        noises = self.problem.noise.values()
        if evaluator.cost.least_squares and all(noise.through_predictions for noise in noises):
            return ShiftedReplicates(evaluator, self._shifts(data, self.x if x is None else x), self._weights(data))
        whole = any("input_errors" in a for a in self.problem.arrays) or not all(noise.pointwise for noise in noises)
        if whole or evaluator.cost.least_squares:
            return EachReplicate(evaluator, data)
        if evaluator.kind == "compiled" and data.weights is None and _read_by_noise(self.problem) > _MOST_READ:
            return EachReplicate(evaluator, data)
        return DensityReplicates(evaluator, data)

    def _shifts(self, data: ReplicateData, x: np.ndarray) -> np.ndarray | None:
        if data.observed is None:
            return data.shifts
        shifts = shifts_of(self.problem, self.named(x), data.observed)
        return shifts if data.shifts is None else shifts + data.shifts

    def _weights(self, data: ReplicateData) -> np.ndarray | None:
        if data.weights is None:
            return None
        return np.concatenate([data.weights, np.ones((data.count, len(self.problem.prior_rows)))], axis=1)

    def refit(self, data: ReplicateData, starts: Float[np.ndarray, "S d"] | None = None) -> Refits:
        """The estimates of all data sets.

        Arguments:
            data: R data sets.
            starts: from which each of them is fitted, the best end counts; the estimate alone when left out.
        """
        starts = self.x[None] if starts is None else starts
        replicates = self.replicates(data)
        drive = ReplicateDrive(self.evaluator, self.budget, self.progress, replicates=replicates)
        space = self.problem.search_space()
        found = drive.run(self.method, space, np.repeat(starts, data.count, axis=0))
        found = _best_of(found, data.count)
        return refits_of(self.problem, replicates.evaluate, found, drive.evaluations, drive.ended)

    def linear_changes(
        self, data: ReplicateData, x: Float[np.ndarray, " d"] | None = None
    ) -> tuple[Float[np.ndarray, "R d"], Float[np.ndarray, " R"]] | None:
        """How far each estimate moves to first order, and the estimated scale; None without derivatives.

        -(J'J)^-1 times the gradient of each data set's cost at the estimate, whose expectation is zero there;
        coordinates at a bound do not move. The change of the scale is that of the mean square at the estimate.

        Arguments:
            data: the data sets.
            x: where they were drawn, the estimate when left out.
        """
        x = self.x if x is None else x
        replicates = self.replicates(data, x)
        many = np.repeat(x[None], data.count, axis=0)
        found = replicates.evaluate(Request(many, Want.GRADIENT, np.arange(data.count)))
        normal = self._information(x)
        if found.gradient is None or normal is None or not found.ok.all():
            return None
        size = np.sqrt(np.diag(normal))
        lower, upper = beside_bounds(self.problem, x, size)
        free = ~(lower | upper)
        unit = np.where(free & (size > 0), 1 / np.where(size > 0, size, 1.0), 0.0)
        inverse = np.linalg.pinv(normal * np.outer(unit, unit), rcond=1e-13, hermitian=True)
        change = -found.gradient @ (inverse * np.outer(unit, unit))
        mean = float(found.cost.mean())
        relative = found.cost / mean - 1 if mean > 0 else np.zeros_like(found.cost)
        return change, 0.5 * self.scale * relative

    def _information(self, x: np.ndarray) -> np.ndarray | None:
        """J'J, or what stands for it, at a point with the data of the problem."""
        own = tuple({k: np.asarray(v)[None] for k, v in a["observed"].items()} for a in self.problem.arrays)
        here = self.replicates(ReplicateData(1, observed=own))
        found = here.evaluate(Request(x[None], Want.NORMAL, np.zeros(1, dtype=np.int64)))
        return None if found.normal is None or not found.ok[0] else found.normal[0]

    def residuals(self) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
        """Whitened residuals at the estimate and their leverages, the diagonal of J (J'J)^+ J'.

        Raises:
            MethodError: this problem has none.
        """
        evaluator = of_batches(self.evaluator)
        if not evaluator.cost.least_squares or not all(n.through_predictions for n in self.problem.noise.values()):
            raise MethodError(
                'residuals cannot be resampled: this noise has none that are alike. Use kind="parametric" or "case".'
            )
        plain = evaluator.with_cost(Cost(least_squares=True)) if evaluator.cost.losses else evaluator
        found = plain.evaluate(self.x[None], Want.JACOBIAN)
        jacobian = np.asarray(found.jacobian)[0]
        size = np.linalg.norm(jacobian, axis=0)
        basis, s, _ = np.linalg.svd(jacobian / np.where(size > 0, size, 1.0), full_matrices=False)
        leverage = (basis[:, s > 1e-11 * s.max(initial=0.0)] ** 2).sum(axis=1)
        return np.asarray(found.residuals)[0], leverage

    def risk(self, refits: Refits) -> tuple[float, float]:
        """The mean Kullback-Leibler divergence from the fit to a refit, for each observation, and its error.

        For normal scatter with known sigma, 1/2 |r(x_b) - r(x)|^2 / n; with an estimated one,
        log(s_b / s) + (s^2 + |r(x_b) - r(x)|^2 / n) / (2 s_b^2) - 1/2. NaN for any other noise.
        """
        evaluator = of_batches(self.evaluator)
        noises = self.problem.noise.values()
        plain = evaluator.cost.least_squares and not evaluator.cost.losses
        if not plain or not all(noise.through_predictions for noise in noises):
            return float("nan"), float("nan")
        n, s, ok = self.problem.size, self.scale, refits.ok
        there = evaluator.evaluate(np.concatenate([self.x[None], refits.points[ok]]), Want.RESIDUALS).residuals[:, :n]
        square = ((there[1:] - there[0]) ** 2).mean(axis=1)
        own = refits.scale[ok]
        each = np.log(own / s) + (s**2 + square) / (2 * own**2) - 0.5
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size))


def _read_by_noise(problem: Problem) -> int:
    """How many coordinates the noises read beside predictions; differences grow as its square."""
    slices, alone = problem.fit_space.slices, len(problem.outputs) == 1
    names: set[str] = set()
    for output, noise in problem.noise.items():
        names |= set(slices if noise.reads is None else noise.reads) | set(noise.parameters(output, alone))
    return sum(slices[name].stop - slices[name].start for name in names if name in slices)


def _best_of(found: Solutions, count: int) -> Solutions:
    """Of several starts a data set, the lowest that has converged, or the lowest."""
    if len(found.cost) == count:
        return found
    cost = found.cost.reshape(-1, count)
    converged = np.array([e is Ending.CONVERGED for e in found.endings]).reshape(-1, count)
    reached = np.where(converged, cost, np.inf)
    pick = np.where(np.isfinite(reached).any(axis=0), reached.argmin(axis=0), cost.argmin(axis=0))
    index = pick * count + np.arange(count)
    endings = tuple(found.endings[i] for i in index)
    return Solutions(found.points[index], found.cost[index], endings, found.iterations[index], 0, found.message)
