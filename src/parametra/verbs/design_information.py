"""What a measurement would tell: the expected information of candidates, and of the data that are there.

    M = sum over observations of I(f_i) (df_i/dx)(df_i/dx)'     I the information of the noise on its prediction

For normal noise I = 1/sigma^2; other noises bring theirs (and that on their own parameters) by `working`. Coordinates
are those of the fit's box.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.distributions import Normal as NormalPrior
from parametra.nouns.asker import Want
from parametra.nouns.card import Ability
from parametra.nouns.data import Data
from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.cost import Cost
from parametra.verbs.design_accuracy import sigma_of
from parametra.verbs.design_candidates import Candidates

_WIDE = 1e8
"""Of a normal prior that says nothing, in units of what it is a prior of."""


@dataclass
class Informant:
    """Tells what measurements would tell, at some points of the parameters.

    Arguments:
        problem: what is asked; discrete parameters are fixed.
        points: (S, d) of its `fit_space`.
        scale: the standard deviation of the residuals where it is estimated, 1 elsewhere.
        sigma: how accurate new measurements are: None, a number, a formula, or a mapping of output to these.
        separate: whether each output is measured alone.
        evaluator: "auto", "direct" or "compiled".
        calls, evaluations, failures: what it has cost so far.
        notes: what was taken for granted.
    """

    problem: Problem
    points: Float[np.ndarray, "S d"]
    scale: float
    sigma: Any = None
    separate: bool = False
    evaluator: str = "auto"
    calls: int = 0
    evaluations: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
    notes: list[str] = field(default_factory=list[str])
    derivative: str = ""

    def __post_init__(self) -> None:
        self._answerable = with_readable_priors(self.problem)
        self._cost = cost_of_information(self._answerable)

    # ---- what there is

    def base(self, *, existing: bool) -> Float[np.ndarray, "S d d"]:
        """The information of the data and of the priors, or of the priors alone."""
        d = self.points.shape[1]
        found = self._prior_information()
        if existing:
            rows = self._rows(self._answerable)[:, : self._count(self._answerable)]
            if not np.isfinite(rows).all():
                raise ModelError("the model gives no finite derivatives at the data, so what they tell is unknown.")
            found = found + np.swapaxes(rows, 1, 2) @ rows
        return found if d else np.zeros((len(self.points), 0, 0))

    def _prior_information(self) -> np.ndarray:
        problem, d = self.problem, self.points.shape[1]
        found = np.zeros((len(self.points), d, d))
        normal = {name for name, _, _ in problem.prior_rows}
        for s, x in enumerate(self.points):
            tangents = problem.fit_space.tangents(x)
            for name, _, sd in problem.prior_rows:
                slope = np.zeros(d)
                for c, value in tangents.get(name, {}).items():
                    slope[c] = float(value)
                found[s] += np.outer(slope, slope) / sd**2
            for name in set(problem.space.explicit_priors) - normal:
                found[s] += np.diag(_bent(problem, name, x))
        return found

    # ---- what there could be

    def rows(self, candidates: Sequence[Candidates | None]) -> list[np.ndarray]:
        """Square roots of the information of each candidate, for each data set (S, n, k, d), or (S, n k', 1.., d).

        With `separate` each output of each candidate is one of its own: first all candidates of the first output.
        """
        problem = self._at(candidates)
        flat = self._rows(problem)
        named = {**problem.space.guess_named, **problem.fit_space.to_named(self.points[0])}
        found: list[np.ndarray] = []
        first = 0
        for i, (data, chosen) in enumerate(zip(problem.data_sets, candidates, strict=True)):
            parts: list[np.ndarray] = []
            for output in data.outputs:
                k = self._quantities(problem, i, output, named)
                block = flat[:, first : first + k * data.rows].reshape(len(flat), k, data.rows, -1)
                parts.append(np.swapaxes(block, 1, 2))
                first += k * data.rows
            if chosen is not None:
                found.append(self._joined([part[:, : chosen.size] for part in parts]))
        return found

    def _joined(self, parts: list[np.ndarray]) -> np.ndarray:
        if not self.separate:
            return np.concatenate(parts, axis=2)
        widest = max(part.shape[2] for part in parts)
        padded = [np.pad(p, ((0, 0), (0, 0), (0, widest - p.shape[2]), (0, 0))) for p in parts]
        return np.concatenate(padded, axis=1)

    def slopes(
        self, candidates: Sequence[Candidates | None]
    ) -> tuple[list[dict[str, np.ndarray]], list[dict[str, np.ndarray]]]:
        """Predictions (n,) and their derivatives (n, d) at the first point, for each data set and output."""
        problem = self._at(candidates)
        evaluator = choose_evaluator(problem, self._cost, 1, self.evaluator)
        with np.errstate(all="ignore"), maybe_64_bits():
            answers = evaluator.evaluate(self.points[:1], Want.PREDICTED)
        self._spent(evaluator, 1)
        values: list[dict[str, np.ndarray]] = []
        slopes: list[dict[str, np.ndarray]] = []
        if answers.predicted is None or answers.jacobian is None:
            return [{} for _ in problem.data_sets], [{} for _ in problem.data_sets]
        first = 0
        for data, chosen in zip(problem.data_sets, candidates, strict=True):
            mine: dict[str, np.ndarray] = {}
            my_slopes: dict[str, np.ndarray] = {}
            for output in data.outputs:
                if chosen is not None:
                    mine[output] = np.array(answers.predicted[0, first : first + chosen.size])
                    my_slopes[output] = np.array(answers.jacobian[0, first : first + chosen.size])
                first += data.rows
            values.append(mine)
            slopes.append(my_slopes)
        return values, slopes

    # ---- how it is found out

    def _rows(self, problem: Problem) -> np.ndarray:
        """One row for each observation and quantity, (S, m, d), in units of its noise."""
        evaluator = choose_evaluator(problem, self._cost, 1, self.evaluator)
        with np.errstate(all="ignore"), maybe_64_bits():
            answers = evaluator.evaluate(self.points, Want.JACOBIAN)
        self._spent(evaluator, len(self.points))
        if answers.jacobian is None:
            why = next(iter(evaluator.failures), "no reason was given")
            raise ModelError(f"the model gives no derivatives there: {why}. State other candidates.")
        return np.asarray(answers.jacobian) / self.scale

    def _spent(self, evaluator: Any, points: int) -> None:
        self.calls += evaluator.calls
        self.evaluations += points
        self.failures.update(evaluator.failures)
        self.derivative = self.derivative or f"{evaluator.kind}, derivatives by {evaluator.derivative}"

    def _count(self, problem: Problem) -> int:
        """Rows of the data, before those of priors."""
        named = {**problem.space.guess_named, **problem.fit_space.to_named(self.points[0])}
        return sum(
            self._quantities(problem, i, output, named) * len(data.observations(output)[0])
            for i, data in enumerate(problem.data_sets)
            for output in data.outputs
        )

    def _quantities(self, problem: Problem, i: int, output: str, named: Mapping[str, Any]) -> int:
        """How many quantities the noise of an output depends on."""
        if self._cost.least_squares:
            return 1
        data = problem.data_sets[i]
        observed = data.observations(output)[0]
        predicted = np.full(observed.shape, 0.5)  # possible for every noise; only their number is wanted
        with np.errstate(all="ignore"):
            scatter = problem.scatter(i, output, predicted, named, problem.arrays, np)
            return len(problem.noise[output].working(scatter) or ())

    def _at(self, candidates: Sequence[Candidates | None]) -> Problem:
        """The same problem with the candidates in the place of the data."""
        problem = self._answerable
        noise = dict(problem.noise)
        data_sets = [
            self._data(data, chosen if chosen is not None else _first_row(data), noise)
            for data, chosen in zip(problem.data_sets, candidates, strict=True)
        ]
        return problem.restated(data=data_sets, noise=noise)

    def _data(self, data: Data, chosen: Candidates, noise: dict[str, Any]) -> Data:
        least = self.points.shape[1] + 1  # a problem with fewer rows than parameters is refused as such
        rows = np.arange(max(chosen.size, least)).clip(max=chosen.size - 1)
        inputs = {name: values[rows] for name, values in chosen.inputs.items()}
        columns = {n: np.full(rows.size, float(_middle(v))) for n, v in data.columns.items()}
        columns |= {n: v[rows] for n, v in chosen.columns.items() if n not in inputs and n not in data.outputs}
        known = {o: sigma_of(self.problem.noise[o], self.sigma, data, o, chosen, self._predicted) for o in data.outputs}
        sigma = {o: found.values[rows] for o, found in known.items() if found is not None}
        for found in known.values():
            if found is not None and found.note:
                self._note(found.note)
        for output in sigma:
            noise[output] = _by_column(noise[output])
        table = {o: np.full(rows.size, _possible(noise[o].support)) for o in data.outputs}
        if data.input_errors:
            predicted = self._predicted(data, inputs)
            table |= {o: predicted[o] for o in table}
        errors = {n: np.full(rows.size, float(_middle(v))) for n, v in data.input_errors.items()}
        return Data(
            {**columns, **table},
            inputs=inputs,
            output=list(data.outputs),
            sigma=sigma or None,
            input_errors=errors or None,
            name=data.name,
            parameters=data.parameters,
            constants=data.constants,
        )

    def _predicted(self, data: Data, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Predictions at the first point."""
        problem = self._answerable
        i = [d.name for d in problem.data_sets].index(data.name)
        named = {**problem.space.guess_named, **problem.fit_space.to_named(self.points[0])}
        with np.errstate(all="ignore"), maybe_64_bits():
            found = problem.model.predict(
                problem.bindings[i].parameters_of(named),
                {**inputs, **{k: np.float64(v) for k, v in data.constants.items()}},
            )
        self.calls += 1
        n = len(next(iter(inputs.values()))) if inputs else 1
        return {
            o: np.array(np.broadcast_to(np.asarray(found.get(o, found.get(ONLY))), (n,)), dtype=np.float64)
            for o in data.outputs
        }

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)


def with_readable_priors(problem: Problem) -> Problem:
    """The same problem with priors that residuals can hold; what the others tell is counted apart."""
    other = set(problem.space.explicit_priors) - {name for name, _, _ in problem.prior_rows}
    if not other:
        return problem
    parameters: dict[str, Any] = dict(problem.stated_space.parameters)
    for name in other:
        value = problem.stated_space.guess_named[name]
        wide = NormalPrior(float(value), _WIDE * max(abs(float(value)), 1.0)) if np.shape(value) == () else None
        parameters[name] = dataclasses.replace(parameters[name], prior=wide)
    changed = problem.restated(parameters=parameters)
    if changed.fit_space.labels != problem.fit_space.labels:
        raise MethodError(
            "design cannot count the priors of arrays in beside a sigma that is estimated. State sigma, or leave the "
            "priors out."
        )
    return changed


def cost_of_information(problem: Problem) -> Cost:
    """Which cost of the problem has the expected information for its curvature.

    Raises:
        MethodError: its noise has none that is known, or ties measurements to one another.
    """
    for output, noise in problem.noise.items():
        if not noise.pointwise:
            raise MethodError(
                f'the noise of "{output}" ({noise.describe()}) ties measurements to one another, so that what one more '
                "would tell depends on all others; design weighs them one by one. State noise without correlations."
            )
    if Ability.RESIDUALS in problem.offers and not problem.losses():
        return Cost(least_squares=True)
    if Ability.SCORES in problem.offers:
        return Cost(least_squares=False, scores=True)
    words = ", ".join(f'"{o}": {n.describe()}' for o, n in problem.noise.items())
    raise MethodError(
        f"design needs noise whose expected information is known, and this is not ({words}). Normal, StudentT, "
        "LogNormal, Gamma, Poisson, NegativeBinomial, Binomial and lifetimes are; state one of these for the design."
    )


def _bent(problem: Problem, name: str, x: np.ndarray) -> np.ndarray:
    """Minus the second derivatives of a prior's log density along its coordinates, none below zero."""
    space, found = problem.fit_space, np.zeros(x.size)
    prior: Any = problem.space[name].prior

    def density(point: np.ndarray) -> float:
        return float(np.sum(prior.log_density(space.to_named(point)[name])))

    for c in range(space.slices[name].start, space.slices[name].stop):
        step = 1e-3 * max(abs(x[c]), 1e-2)
        middle = x.copy()
        middle[c] = np.clip(x[c], space.lower[c] + step, space.upper[c] - step)
        up, down = middle.copy(), middle.copy()
        up[c] += step
        down[c] -= step
        found[c] = max(0.0, -(density(up) - 2 * density(middle) + density(down)) / step**2)
    return np.where(np.isfinite(found), found, 0.0)


def _first_row(data: Data) -> Candidates:
    return Candidates({name: values[:1] for name, values in data.inputs.items()})


def _middle(values: np.ndarray) -> float:
    """The median that is one of the values, as a number of trials must be."""
    known = np.sort(values[np.isfinite(values)])
    return float(known[(known.size - 1) // 2]) if known.size else 1.0


def _possible(support: str) -> float:
    """A value that the noise allows; expected information does not depend on it."""
    return 1.0 if support == "positive" else 0.0


def _by_column(noise: Any) -> Any:
    """The same noise with its standard deviations beside the data."""
    if getattr(noise, "sigma", None) == "column":
        return noise
    inner = getattr(noise, "inner", None)
    if inner is not None:
        return _by_column(inner)
    return dataclasses.replace(noise, sigma="column")
