"""The gradient of the cost by all coordinates at once, for a model that can be differentiated backwards.

    d cost / d x  =  sum over predictions f  (d cost / d f) (d f / d x)  +  what noise and priors read of x themselves

The model is asked for the product on the right with what each prediction is worth (`pull_back`). All else is
elementary, and differentiated by complex steps: prediction by prediction, and for what the noise reads itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.complex_step import COMPLEX_STEP
from parametra.nouns.asker import Answers
from parametra.nouns.evaluation import EvaluationFailed, told
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem
from parametra.runs.cost import Cost
from parametra.runs.differences import probe_points, size
from parametra.runs.recorded import RecordedModel

_SAME = 1e-8
"""Relative difference at which a derivative backwards is believed to be that forwards."""

_TOGETHER = 64
"""Predictions of a correlated noise that are moved in one call."""


class Adjoint:
    """Gradients of a problem.

    Arguments:
        problem: what is evaluated; its model offers `pull_back`.
        cost: which cost.

    Attributes:
        failures: how many points failed, by reason.
    """

    def __init__(self, problem: Problem, cost: Cost) -> None:
        self.problem, self.cost = problem, cost
        self.space = problem.fit_space
        self.failures: Counter[str] = Counter()
        self._reads = {output: _read_by(problem, output) for output in problem.outputs}

    @staticmethod
    def serves(problem: Problem) -> bool:
        """Whether the model may be asked, and whether that takes less than forward derivatives.

        A model may say from how many parameters on it does; what holds for differential equations holds for others. Not
        one whose calls are recorded, and not where errors of inputs make more of it than its predictions.
        """
        if not hasattr(problem.model.function, "pull_back") or isinstance(problem.model, RecordedModel):
            return False
        from parametra.maths.ode_gradient import backwards_pays

        pays = getattr(problem.model.function, "backwards_pays", backwards_pays)
        errors = any("input_errors" in a for a in problem.arrays)
        return bool(pays(problem.fit_space.dimension)) and not errors

    def answers(self, points: np.ndarray) -> Answers | None:
        """Cost and gradient of points (B, d); None where the model finds no way back."""
        points = np.asarray(points, dtype=float)
        model: Any = self.problem.model.function
        columns = self.space.to_named(points.T[:, :, None])
        batch = [_Point(self.problem, self.cost, self._reads, x) for x in points]
        first = 0
        for i, (binding, a) in enumerate(zip(self.problem.bindings, self.problem.arrays, strict=True)):

            def weigh(outputs: Mapping[str, np.ndarray], which: np.ndarray, i: int = i, first: int = first) -> Any:
                worth = {name: np.zeros(value.shape) for name, value in outputs.items()}
                for k, number in enumerate(which):
                    mine = {name: value[k] for name, value in outputs.items()}
                    for name, each in batch[number].weighed(i, first, mine).items():
                        worth[name][k] = each
                return worth

            pulled = model.pull_back(binding.parameters_of(columns), a["inputs"], weigh)
            if pulled is None:
                return None
            for b, point in enumerate(batch):
                point.failed = point.failed or str(pulled.failed[b])
                for argument, each in pulled.gradient.items():
                    point.add(binding.parameters[argument], each[..., b])
            first += sum(observed.size for observed in a["observed"].values())
        self.failures.update(point.failed for point in batch if point.failed)
        found = [point.gradient(first) for point in batch]
        cost, gradient = np.array([value for value, _ in found]), np.stack([slope for _, slope in found])
        ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(np.isfinite(cost), cost, np.inf), ok=ok, gradient=gradient)

    def agrees(self, forward: Callable[[np.ndarray], np.ndarray]) -> bool:
        """Compare with forward derivatives at the guess and beside it.

        Arguments:
            forward: residuals (N, m), or the cost (N,) where there are none, of complex points (N, d).
        """
        points = probe_points(self.problem)[:2]
        n, d = points.shape
        try:
            answers = self.answers(points)
            rows = forward((points[:, None, :] + 1j * COMPLEX_STEP * np.eye(d)).reshape(-1, d))
            slopes = np.imag(rows) / COMPLEX_STEP
            if self.cost.least_squares:
                residuals = np.real(rows)
                by_jacobian, by_residuals = self.cost.factors(residuals)
                slopes = np.sum(slopes * residuals * by_jacobian * by_residuals, axis=1)
        except Exception:  # noqa: BLE001  a model that has no way back may say so in any way
            return False
        if answers is None or answers.gradient is None or not answers.ok.any():
            return False
        wanted = (slopes.reshape(n, d) * size(points))[answers.ok]
        found = (answers.gradient * size(points))[answers.ok]
        return bool(np.all(np.abs(found - wanted) <= _SAME * np.abs(wanted).max(axis=1, keepdims=True)))


class _Point:
    """One point: its cost, and the derivatives by name that have come together so far."""

    def __init__(self, problem: Problem, cost: Cost, reads: Mapping[str, set[str]], x: np.ndarray) -> None:
        self.problem, self.cost, self.reads, self.x = problem, cost, reads, x
        self.named = problem.fit_space.to_named(x)
        self.tangents = problem.fit_space.tangents(x)
        self.rows = np.full(problem.size + len(problem.prior_rows), np.nan)
        self.by: dict[str, Any] = {}
        self.failed = ""

    def add(self, name: str, derivative: Any) -> None:
        """Add to the derivative by a name."""
        if self.tangents[name]:
            self.by[name] = self.by.get(name, 0.0) + derivative

    def weighed(self, i: int, first: int, outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The derivatives of the cost by the outputs of one data set, whose first row is `first`."""
        worth = {name: np.zeros(value.shape) for name, value in outputs.items()}
        try:
            for name, output, index, predicted in self._compared(i, outputs):
                rows = slice(first, first + predicted.size)
                slope = self._slope(i, output, predicted, rows)
                whole = np.zeros(self.problem.data_sets[i].rows)
                whole[slice(None) if index is None else index] = slope
                worth[name] += whole if worth[name].size == whole.size else whole.sum()
                first = rows.stop
        except Exception as error:  # noqa: BLE001  whatever a person's noise raises costs this point, and is counted
            self.failed = self.failed or (error.reason if isinstance(error, EvaluationFailed) else told(error))
            return {}
        return worth

    def _compared(self, i: int, outputs: Mapping[str, np.ndarray]) -> list[tuple[str, str, Any, np.ndarray]]:
        """As `Problem.compared`, of one data set, with the model's own names of outputs."""
        binding, arrays = self.problem.bindings[i], self.problem.arrays[i]
        own = {binding.output if name == ONLY else name: name for name in outputs}
        found: list[tuple[str, str, Any, np.ndarray]] = []
        for output in arrays["observed"]:
            value = np.broadcast_to(outputs[own[output]], self.problem.data_sets[i].rows)
            index = arrays["index"].get(output)
            found.append((own[output], output, index, value if index is None else value[index]))
        return found

    def _slope(self, i: int, output: str, predicted: np.ndarray, rows: slice) -> np.ndarray:
        """The derivatives of the cost by these predictions; those by what the noise reads are added."""
        noise = self.problem.noise[output]

        def asked(predicted: Any, named: Mapping[str, Any]) -> np.ndarray:
            scatter = self.problem.scatter(i, output, predicted, named, self.problem.arrays, np)
            found = noise.residuals(scatter) if self.cost.least_squares else noise.log_density(scatter)
            return np.broadcast_to(np.asarray(found), np.shape(predicted))

        self.rows[rows] = asked(predicted, self.named)
        worth = self._worth(rows)
        for name, moved, k in self._moved(self.reads[output]):
            by = np.imag(asked(predicted, {**self.named, name: moved})) / COMPLEX_STEP
            self._add_element(name, k, float(by @ worth))
        if noise.pointwise:
            return np.imag(asked(predicted + 1j * COMPLEX_STEP, self.named)) / COMPLEX_STEP * worth
        slope = np.empty(predicted.size)
        for begin in range(0, predicted.size, _TOGETHER):
            here = slice(begin, begin + _TOGETHER)
            units = np.eye(predicted.size)[here]
            slope[here] = np.imag(asked(predicted + 1j * COMPLEX_STEP * units, self.named)) @ worth / COMPLEX_STEP
        return slope

    def _worth(self, rows: slice) -> np.ndarray:
        """The derivatives of the cost by rows: residuals, or log densities."""
        if not self.cost.least_squares:
            return np.full(rows.stop - rows.start, -1.0)
        residuals = np.zeros(self.rows.size)
        residuals[rows] = self.rows[rows]
        if self.cost.losses:
            for_jacobian, for_residuals = self.cost.factors(residuals)
            residuals = residuals * for_jacobian * for_residuals
        return residuals[rows]

    def _moved(self, names: set[str]) -> list[tuple[str, Any, int]]:
        """Each number that may move, by name: the value with that number moved, and which element it is, or -1."""
        found: list[tuple[str, Any, int]] = []
        for name in sorted(names):
            if not self.tangents.get(name):
                continue
            value = np.asarray(self.named[name])
            for k in range(value.size):
                moved = value.astype(complex)
                moved.flat[k] += 1j * COMPLEX_STEP
                found.append((name, moved if value.ndim else moved[()], k if value.ndim else -1))
        return found

    def _add_element(self, name: str, k: int, derivative: float) -> None:
        if k < 0:
            return self.add(name, derivative)
        unit = np.zeros(np.shape(self.named[name]))
        unit.flat[k] = derivative
        return self.add(name, unit)

    def gradient(self, first: int) -> tuple[float, np.ndarray]:
        """The cost and its gradient (d,), NaN for a point that failed.

        Arguments:
            first: the row of the first prior.
        """
        nothing = np.full(self.x.size, np.nan)
        if self.failed:
            return np.nan, nothing
        cost = self._priors(first)
        gradient = np.zeros(self.x.size)
        for name, derivative in self.by.items():
            for c, slope in self.tangents[name].items():
                gradient[c] += np.sum(derivative * slope)
        return cost, gradient

    def _priors(self, first: int) -> float:
        """The cost; what the priors add to the gradient is added."""
        p = self.problem
        if self.cost.least_squares:
            for k, (name, mean, sd) in enumerate(p.prior_rows):
                self.rows[first + k] = (self.named[name] - mean) / sd
                self.add(name, self._worth(slice(first + k, first + k + 1))[0] / sd)
            return float(self.cost.value(self.rows))
        total = np.sum(self.rows[:first])
        for name in p.space.explicit_priors:
            prior: Any = p.space[name].prior
            total = total + np.sum(prior.log_density(self.named[name], np))
            for _, moved, k in self._moved({name}):
                by = np.imag(np.sum(prior.log_density(moved, np))) / COMPLEX_STEP
                self._add_element(name, k, -float(by))
        return -float(total)


def _read_by(problem: Problem, output: str) -> set[str]:
    """The names of parameters that the noise of an output reads itself."""
    noise, alone = problem.noise[output], len(problem.outputs) == 1
    own = set(noise.parameters(output, alone=alone))
    return set(problem.fit_space.names) & (set(problem.space.names) if noise.reads is None else own | noise.reads)
