"""The direct evaluator: the model in NumPy, in this process, with exact derivatives and nothing to compile.

Three ways to a Jacobian, best first, each checked before it is believed:

    formula             the chain rule along the formula's own operations, exact
    complex step        Im f(x + ih) / h with h = 1e-100: exact for a function that is analytic in its parameters
                        (Squire and Trapp 1998, doi:10.1137/S003614459631241X); a model that carries derivatives itself,
                        as differential equations do their sensitivities, is asked in the same way
    central differences error of about 1e-10 relative, for everything else

Many points go through the model in one call where the model broadcasts over a leading axis, one by one otherwise.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.complex_step import COMPLEX_STEP
from parametra.nouns.asker import Answers, Want
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import LONGEST_REASON, EvaluationFailed, told
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.runs import _direct_scores as scores
from parametra.runs._direct_adjoint import Adjoint
from parametra.runs.cost import Cost, answers_from_residuals
from parametra.runs.differences import ROUNDING, Differences, probe_points, size
from parametra.runs.recorded import RecordedModel, prepare

_COMPLEX = "complex step"
_SAME = 1e-8
"""How far predictions of many points in one call may be from those one by one, as a share of the largest."""


class Direct:
    """Evaluates a problem with NumPy.

    Arguments:
        problem: what to evaluate.
        cost: which cost, residuals or log density, and with which losses.

    Attributes:
        derivative: "formula", "complex step", what the model itself calls it, or "central differences"; "" where
            nothing is free.
        vectorised: True when many points go through the model in one call.
        calls: how often the model was called so far.
        failures: how often it failed, by reason.
    """

    kind = "direct"

    def __init__(self, problem: Problem, cost: Cost) -> None:
        self.problem = problem
        self.cost = cost
        self.space = problem.fit_space
        self.calls = 0
        self.failures: Counter[str] = Counter()
        self._went_back = False
        precision = getattr(problem.model.function, "precision", ROUNDING)
        self._differences = Differences(np.asarray(self.space.lower), np.asarray(self.space.upper), precision)
        self._imaginary = 1j * COMPLEX_STEP * np.eye(self.space.dimension)
        scalars = self.space.scalar_only
        self.vectorised = scalars and problem.model.function is None
        self._way = "formula" if problem.model.function is None else "central differences"
        if not self.space.dimension:
            self._way = ""  # there is nothing to differentiate by
            return
        if problem.model.function is not None:
            self._find_out(scalars)
        if self._way == "formula" and not (cost.least_squares and self._chain_rule_holds):
            self._way = _COMPLEX if self._complex_step_agrees() else "central differences"

    @property
    def derivative(self) -> str:
        """How the model is differentiated, for people."""
        # residuals have a Jacobian, which is what most methods ask for; then only what was asked tells
        if self._went_back or (not self.cost.least_squares and self._adjoint is not None):
            return f"adjoint ({self.space.dimension} parameters)"
        return getattr(self.problem.model.function, "derivative", self._way) if self._way == _COMPLEX else self._way

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        with np.errstate(all="ignore"):
            if want is Want.PREDICTED:
                return self._predicted(points)
            if want is Want.SCORE:
                return self._each(points, lambda x: scores.score(self.problem, x, self._cost_alone(x)))
            if want is Want.GRADIENT and (answers := self._backwards(points)) is not None:
                return answers
            if self.cost.scores and want is not Want.COST:
                if self._way == _COMPLEX:  # all of them together, where the model gains by that
                    prepare(self.problem, (points[:, None, :] + self._imaginary).reshape(-1, points.shape[1]))
                return self._each(points, lambda x: self._scored(x, want))
            if self.cost.least_squares:
                if want in (Want.COST, Want.RESIDUALS):
                    return answers_from_residuals(self._residuals(points), None, self.cost, want)
                residuals, jacobian = self._jacobian(points)
                return answers_from_residuals(residuals, jacobian, self.cost, want)
            if want is Want.COST:
                value = self._negative_log_density(points)
                return Answers(cost=np.where(np.isfinite(value), value, np.inf), ok=np.isfinite(value))
            return self._density_gradient(points)

    def with_cost(self, cost: Cost) -> Direct:
        """The same evaluator of another cost of the same form."""
        other = copy.copy(self)
        other.cost = cost
        return other

    def with_model(self, model: Model) -> Direct:
        """The same evaluator of a model that gives the same in the same way, more or less accurately."""
        other = copy.copy(self)
        other.problem = copy.copy(self.problem)
        other.problem.model = model
        return other

    # ---- predictions and scores

    def _predicted(self, points: np.ndarray) -> Answers:
        if self._predicts_together and (answers := self._predicted_together(points)) is not None:
            bad = np.flatnonzero(~answers.ok)
            # a model may answer NaN for a whole batch because of one point of it
            return _replaced(answers, bad, self._predicted_each(points[bad])) if bad.size else answers
        return self._predicted_each(points)

    def _predicted_each(self, points: np.ndarray) -> Answers:
        def one(x: np.ndarray) -> Answers:
            self.calls += 1
            values = np.real(scores.predictions(self.problem, x))
            slopes = self._slopes(lambda z: scores.predictions(self.problem, z), x)
            ok = np.isfinite(values.sum(axis=1)) & np.isfinite(slopes.sum(axis=(1, 2)))
            return Answers(cost=np.where(ok, 0.0, np.inf), ok=ok, predicted=values, jacobian=slopes)

        return self._each(points, one)

    def _predicted_together(self, points: np.ndarray) -> Answers | None:
        """Predictions and their Jacobian by one call of the model with all complex steps; None where that fails."""
        n, d = points.shape
        try:
            rows = scores.predictions_together(self.problem, (points[:, None, :] + self._imaginary).reshape(n * d, d))
        except Exception:  # noqa: BLE001  one bad point must not fail the others: they go one by one
            return None
        self.calls += 1
        self._count_batch()
        rows = rows.reshape(n, d, -1)
        values, slopes = np.real(rows[:, 0]), np.moveaxis(np.imag(rows), 1, 2) / COMPLEX_STEP
        ok = np.isfinite(values.sum(axis=1)) & np.isfinite(slopes.sum(axis=(1, 2)))
        return Answers(cost=np.where(ok, 0.0, np.inf), ok=ok, predicted=values, jacobian=slopes)

    @cached_property
    def _predicts_together(self) -> bool:
        """True when the model takes many points in one call and gives what it gives one by one, derivatives too."""
        if self._way != _COMPLEX or not self.space.scalar_only or isinstance(self.problem.model, RecordedModel):
            return False
        probes = probe_points(self.problem)
        moved = (probes[:, None, :] + self._imaginary).reshape(-1, probes.shape[1])
        if len(moved) in {data.rows for data in self.problem.data_sets}:
            moved = moved[:-1]
        try:
            one_by_one = scores.predictions(self.problem, moved)
            together = scores.predictions_together(self.problem, moved)
        except Exception:  # noqa: BLE001  a model that cannot take a batch may fail in any way
            return False
        if together.shape != one_by_one.shape or not np.isfinite(one_by_one).all():
            return False
        pairs = ((np.real(together), np.real(one_by_one)), (np.imag(together), np.imag(one_by_one)))
        return all(bool(np.all(np.abs(a - b) <= _SAME * np.max(np.abs(b)))) for a, b in pairs)

    def _scored(self, points: np.ndarray, want: Want) -> Answers:
        cost = self._negative_log_density(points)
        return scores.scored(self.problem, points, self._slopes, want, cost)

    def _cost_alone(self, points: np.ndarray) -> np.ndarray:
        """The cost of points, infinite where they failed."""
        return self.evaluate(points, Want.COST).cost

    def _slopes(self, function: Callable[[np.ndarray], np.ndarray], points: np.ndarray) -> np.ndarray:
        """Derivatives (B, m, d) of a function of points (N, d) to rows (N, m)."""
        n, d = points.shape
        prepared = self._prepared(function)
        if self._way in (_COMPLEX, "formula"):
            moved = (points[:, None, :] + self._imaginary).reshape(n * d, d)
            rows = prepared(moved)
            if np.iscomplexobj(rows):
                return np.moveaxis(np.imag(rows).reshape(n, d, -1), 1, 2) / COMPLEX_STEP
        return self._differences.slopes(prepared, points)

    def _prepared(self, function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        """The function, which first has the model's answers at all of its points ready."""

        def prepared(points: np.ndarray) -> np.ndarray:
            prepare(self.problem, points)
            return function(points)

        return prepared

    def _count_batch(self) -> None:
        """Count the failures of a batch of calls that gave rows of NaN, recorded or in a model that counts them."""
        model = self.problem.model
        if isinstance(model, RecordedModel) and model.calls is not None:
            self.failures.update(model.calls.batch_failures)
            model.calls.batch_failures.clear()
        elif hasattr(model.function, "take_failures"):
            self.failures.update(model.function.take_failures())  # type: ignore[union-attr]

    def _each(self, points: np.ndarray, answer: Callable[[np.ndarray], Answers]) -> Answers:
        """Answers point by point, so that one that fails costs only itself."""
        prepare(self.problem, points)
        found: list[Answers | None] = []
        for x in points:
            try:
                found.append(answer(x[None]))
            except Exception as error:  # noqa: BLE001  whatever a person's model raises costs this point
                self.failures[reason_of(error)] += 1
                found.append(None)
        return _together(found)

    # ---- values

    def _residuals(self, points: np.ndarray) -> np.ndarray:
        """Residuals (N, m) of real or complex points (N, d); a failed point is NaN."""
        if self.vectorised:
            try:
                self.calls += 1
                rows = self.problem.residuals(self.space.to_named(points.T[:, :, None]), self.problem.arrays)
                self._count_batch()
                full = rows.ndim == 2 and len(rows) == len(points)
                return rows if full else np.broadcast_to(rows, (len(points), rows.shape[-1]))
            except Exception:  # noqa: BLE001  one bad point must not fail the others: they go one by one below
                self.calls -= 1
        prepare(self.problem, points)
        rows = [self._one(x) for x in points]
        width = next((r.size for r in rows if r is not None), self.problem.size + len(self.problem.prior_rows))
        blank = np.full(width, np.nan)
        return np.stack([blank if r is None else r for r in rows])

    def _one(self, x: np.ndarray) -> np.ndarray | None:
        self.calls += 1
        try:
            return np.asarray(self.problem.residuals(self.space.to_named(x), self.problem.arrays))
        except Exception as error:  # noqa: BLE001  whatever a person's model raises costs this point, and is counted
            self.failures[reason_of(error)] += 1
            return None

    def _negative_log_density(self, points: np.ndarray) -> np.ndarray:
        prepare(self.problem, points)
        values: list[Any] = []
        for x in points:
            self.calls += 1
            try:
                values.append(-self.problem.log_density(self.space.to_named(x), self.problem.arrays))
            except Exception as error:  # noqa: BLE001  as above
                self.failures[reason_of(error)] += 1
                values.append(np.nan)
        return np.asarray(values)

    # ---- derivatives

    def _jacobian(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (B, m) and Jacobian (B, m, d)."""
        if self._way == "formula":
            return self._formula_jacobian(points)
        n, d = points.shape
        if self._way == _COMPLEX:
            moved = points[:, None, :] + self._imaginary
            rows = self._residuals(moved.reshape(n * d, d)).reshape(n, d, -1)
            return np.real(rows[:, 0]), np.imag(rows).swapaxes(1, 2) / COMPLEX_STEP
        # values and differences in one batch, for the pool that may stand behind the model
        prepare(self.problem, np.concatenate([points, self._differences.around(points)[0]]))
        return self._residuals(points), self._differences.slopes(self._residuals, points)

    def _formula_jacobian(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, arrays = self.problem, self.problem.arrays
        n, d = points.shape
        if self.vectorised:
            x = points.T[:, :, None]
        elif n == 1:
            x = points[0]
        else:
            parts = [self._formula_jacobian(one[None]) for one in points]
            return np.concatenate([r for r, _ in parts]), np.concatenate([j for _, j in parts])
        self.calls += 1
        named, tangents = self.space.to_named(x), self.space.tangents(x)
        m = p.size + len(p.prior_rows)
        residuals, jacobian = np.empty((n, m)), np.zeros((n, m, d))
        formulas, first = dict(p.model.formulas), 0
        for i, (binding, a) in enumerate(zip(p.bindings, arrays, strict=True)):
            values = {**binding.parameters_of(named), **a["inputs"]}
            slopes = {arg: tangents[name] for arg, name in binding.parameters.items() if name in tangents}
            for output, observed in a["observed"].items():
                formula = formulas[output] if output in formulas else p.model.formulas[0][1]
                value, by_coordinate = formula.evaluate_with_tangents(values, slopes)
                rows = slice(first, first + observed.size)
                index = a["index"].get(output, slice(None))
                shape = (n, p.data_sets[i].rows)
                predicted = np.broadcast_to(value, shape)[:, index]
                residuals[:, rows] = p.noise[output].residuals(p.scatter(i, output, predicted, named, arrays, np))
                weight = self._weight(i, output) if p.noise[output].affine else None
                for c, slope in by_coordinate.items():
                    here = np.broadcast_to(slope, shape)[:, index]
                    if weight is not None:
                        np.multiply(here, weight, out=jacobian[:, rows, c])
                    else:
                        moved = p.scatter(i, output, predicted + 1j * COMPLEX_STEP * here, named, arrays, np)
                        along = np.imag(np.asarray(p.noise[output].residuals(moved), complex))
                        jacobian[:, rows, c] = along / COMPLEX_STEP
                first += observed.size
        for name, mean, sd in p.prior_rows:
            residuals[:, first] = np.reshape((np.asarray(named[name]) - mean) / sd, -1)
            for c, slope in tangents[name].items():
                jacobian[:, first, c] = np.reshape(slope, -1) / sd
            first += 1
        return residuals, jacobian

    @property
    def _chain_rule_holds(self) -> bool:
        """Whether residuals depend on parameters through predictions alone, as the chain rule along a formula wants."""
        return all(noise.through_predictions for noise in self.problem.noise.values())

    def _weight(self, i: int, output: str) -> np.ndarray:
        """D residual / d prediction: residuals are affine in the prediction, so one step tells it.

        The step is the power of two above the observed value: beside 1e15 a step of 1 would drown in rounding.
        """
        p = self.problem
        observed = p.arrays[i]["observed"][output]
        length = np.where(observed == 0, 1.0, np.ldexp(1.0, np.frexp(observed)[1]))
        at, past = (p.scatter(i, output, observed + step, {}, p.arrays, np) for step in (0.0, length))
        noise = p.noise[output]
        past_rows, rows = noise.residuals(past), noise.residuals(at)
        if past_rows is None or rows is None:
            raise ModelError(f"the noise of {output} offers no residuals.")
        return (past_rows - rows) / length

    def _density_gradient(self, points: np.ndarray) -> Answers:
        n, d = points.shape
        if self._way == _COMPLEX:
            moved = (points[:, None, :] + self._imaginary).reshape(n * d, d)
            values = self._negative_log_density(moved).reshape(n, d)
            cost, gradient = np.real(values[:, 0]), np.imag(values) / COMPLEX_STEP
        else:
            cost = self._negative_log_density(points)
            gradient = self._differences.slopes(lambda x: self._negative_log_density(x)[:, None], points)[:, 0, :]
        ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(np.isfinite(cost), cost, np.inf), ok=ok, gradient=gradient)

    # ---- backwards

    @cached_property
    def _adjoint(self) -> Adjoint | None:
        """Gives gradients where that takes less than forward derivatives, and agrees with these."""
        if self._way != _COMPLEX or not Adjoint.serves(self.problem):
            return None
        found = Adjoint(self.problem, self.cost)
        with np.errstate(all="ignore"):
            agrees = found.agrees(self._residuals if self.cost.least_squares else self._negative_log_density)
        self.failures.clear()
        return found if agrees else None

    def _backwards(self, points: np.ndarray) -> Answers | None:
        """Cost and gradient; None where forward derivatives serve."""
        if self._adjoint is None or not len(points):
            return None
        adjoint = Adjoint(self.problem, self.cost)
        answers = adjoint.answers(points)
        self.failures.update(adjoint.failures)
        self.calls += len(points)
        self._went_back = self._went_back or answers is not None
        return answers

    # ---- finding out what the model can do

    def _find_out(self, scalars: bool) -> None:
        if isinstance(self.problem.model, RecordedModel):
            # a recorded model takes any batch, and is too dear to be tried beyond one call that it may refuse
            self.vectorised = scalars and self.cost.least_squares
            model, calls = self.problem.model, self.problem.model.calls
            if not hasattr(model.function, "costly") and calls is not None:  # a program takes real numbers
                with calls.trial():
                    if self._takes_complex() and self._complex_step_agrees():
                        self._way = _COMPLEX
            self.failures.clear()
            self.calls = 0
            return
        probes = probe_points(self.problem)
        with np.errstate(all="ignore"):
            self.vectorised = scalars and self.cost.least_squares and self._broadcasts(probes)
            if self._complex_step_agrees():
                self._way = _COMPLEX
        self.failures.clear()
        self.calls = 0

    def _broadcasts(self, probes: np.ndarray) -> bool:
        """True when three points in one call give what they give one by one."""
        one_by_one = self._residuals(probes)
        rows = {d.rows for d in self.problem.data_sets}
        if len(probes) in rows or not np.isfinite(one_by_one).all():
            return False
        self.vectorised = True
        try:
            together = self.problem.residuals(self.space.to_named(probes.T[:, :, None]), self.problem.arrays)
        except Exception:  # noqa: BLE001  a model that cannot broadcast may fail in any way
            return False
        return together.shape == one_by_one.shape and bool(np.array_equal(together, one_by_one))

    def _takes_complex(self) -> bool:
        moved = probe_points(self.problem)[:1] + self._imaginary[:1]
        rows = self._residuals(moved) if self.cost.least_squares else self._negative_log_density(moved)
        return bool(np.iscomplexobj(rows) and np.isfinite(rows).all())

    def _complex_step_agrees(self) -> bool:
        """Compare the complex step with central differences at the guess and beside it.

        Derivatives that a model carries itself need to agree at two of three points: differences across a kink, such as
        a dose at the very time of an observation, are those of neither side.
        """
        own = hasattr(self.problem.model.function, "derivative")
        points = probe_points(self.problem)[: 3 if own else 2]
        function = self._residuals if self.cost.least_squares else lambda x: self._negative_log_density(x)[:, None]
        if self.cost.scores:
            function = lambda x: scores.quantities(self.problem, x)  # noqa: E731  the other two have a place already
        try:
            with np.errstate(all="ignore"):
                d = points.shape[1]
                moved = (points[:, None, :] + self._imaginary).reshape(-1, d)
                exact = np.moveaxis(function(moved).reshape(len(points), d, -1), 1, 2)
                plain = function(points)
                rough = self._differences.slopes(function, points)
                finer = self._differences.halved().slopes(function, points) if own else rough
        except Exception:  # noqa: BLE001  a function that refuses complex numbers may do so in any way
            return False
        finally:
            self.failures.clear()
        if not np.iscomplexobj(exact) or not np.isfinite(rough).any():
            return False
        exact_slope, usable = np.imag(exact) / COMPLEX_STEP, np.isfinite(rough) & np.isfinite(finer)
        scale = np.max(np.abs(np.where(usable, rough, 0.0)), axis=1, keepdims=True)
        precision = self._differences.precision
        same, near = max(1e-9, 10 * precision), max(1e-5, 100 * precision ** (2 / 3))
        largest = max(float(np.max(np.abs(np.nan_to_num(plain)))), self._reach() if own else 0.0)
        noise = same * largest / (self._differences.step * size(points))[:, None, :]
        values = np.real(exact[:, :, 0])[usable[:, :, 0]], plain[usable[:, :, 0]]
        # near a blow-up errors of tolerances grow a thousandfold; another function would be further off
        same_value = np.allclose(*values, rtol=same, atol=(100 if own else 10) * same * largest)
        allowed = near * scale + noise + 4 * np.abs(finer - rough)  # near a blow-up, differences are rough indeed
        tell = usable.any(axis=(1, 2))
        agrees = np.all((np.abs(exact_slope - rough) <= allowed) | ~usable, axis=(1, 2)) & tell
        return same_value and int(agrees.sum()) >= min(2, int(tell.sum()))

    def _reach(self) -> float:
        """How large what is compared with the data is: residuals of a good guess are small, their errors are not."""
        largest, points = 0.0, 0
        for a in self.problem.arrays:
            for output, observed in a["observed"].items():
                sigma = a["sigma"].get(output)
                scaled = np.abs(observed if sigma is None else observed / sigma)
                largest, points = max(largest, float(np.max(scaled, initial=0.0))), points + observed.size
        return largest if self.cost.least_squares or self.cost.scores else largest * points


def reason_of(error: Exception) -> str:
    """Why a point failed, in words that are counted."""
    words = error.reason if isinstance(error, EvaluationFailed) else told(error)
    return words[:LONGEST_REASON]


def _replaced(answers: Answers, which: np.ndarray, others: Answers) -> Answers:
    """Answers with some of them taken from others, which are in that order; those that failed stay."""
    parts: dict[str, Any] = dict(vars(answers))
    for name, value in parts.items():
        other = getattr(others, name)
        if value is not None and other is not None:
            parts[name] = value.copy()
            parts[name][which] = other
    return Answers(**parts)


def _together(found: list[Answers | None]) -> Answers:
    """One answer of many; those that are None have failed."""
    like = next((one for one in found if one is not None), None)
    if like is None:
        n = len(found)
        return Answers(cost=np.full(n, np.inf), ok=np.zeros(n, dtype=bool))
    parts: dict[str, Any] = {}
    for name, value in vars(like).items():
        if value is None:
            continue
        blank = np.full_like(value, np.inf if name == "cost" else False if name == "ok" else np.nan)
        parts[name] = np.concatenate([blank if one is None else getattr(one, name) for one in found])
    return Answers(**parts)
