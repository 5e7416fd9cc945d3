"""Survival and hazard of a fitted survival model with their bands, and the picture beside Kaplan and Meier's estimate.

S(t) = mean over people of S(t | x_i),   h(t) = mean f(t | x_i) / S(t)
bands: the delta method through the covariance of the fit, on log(-log S) and on log h
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.kaplan_meier import product_limit
from parametra.maths.turnbull import self_consistent
from parametra.models.survival._estimates import groups, intervals_of
from parametra.models.survival._statement import limits
from parametra.nouns.axis_label import axis_label
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.noise import Scatter
from parametra.nouns.noise_censored import Censored
from parametra.nouns.problem import Problem, maybe_64_bits

_TWO_SIDED_95 = 1.959963984540054
_STEP = 1e-3
"""Of a standard error, for differences."""
_GRID = 120
_MOST_GROUPS = 4
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of Okabe and Ito, which the colour-blind can tell."""


@dataclass(frozen=True)
class Curve:
    """A curve with its pointwise 95 % band, (q,) each.

    Arguments:
        time: where.
        value: of survival or of the hazard; lower, upper: the band.
    """

    time: Float[np.ndarray, " q"]
    value: Float[np.ndarray, " q"]
    lower: Float[np.ndarray, " q"]
    upper: Float[np.ndarray, " q"]

    def table(self) -> dict[str, list[float]]:
        """The columns by name."""
        return {field.name: getattr(self, field.name).tolist() for field in dataclasses.fields(self)}


def survival_curve(fit: Fit, problem: Problem, times: Any = None, *, at: Mapping[str, Any] | None = None) -> Curve:
    """The share that is still without the event, averaged over the people of the data.

    Arguments:
        fit, problem: of a survival model.
        times: (q,); a grid over the data when left out.
        at: covariates to hold at a value for everybody, {"sex": 1}: the others stay what they are.

    Raises:
        ModelError: a covariate that the problem does not have, a noise without a distribution function.
    """
    return _banded(fit, problem, _times(problem, times), at or {}, None, hazard=False)


def hazard_curve(fit: Fit, problem: Problem, times: Any = None, *, at: Mapping[str, Any] | None = None) -> Curve:
    """The rate of events among those still without, arguments as for `survival_curve`."""
    return _banded(fit, problem, _times(problem, times), at or {}, None, hazard=True)


def survival_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Survival with its band, beside Kaplan and Meier's steps (Turnbull's for intervals).

    One curve for each value of the first covariate that has two to four values.
    """
    _draw(fit, problem, axes, hazard=False)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("survival")


def hazard_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """The hazard with its band, one curve for each value as in `survival_picture`."""
    _draw(fit, problem, axes, hazard=True)
    axes.set_ylabel("hazard")
    axes.set_ylim(bottom=0)


def _draw(fit: Fit, problem: Problem, axes: Any, *, hazard: bool) -> None:
    data = problem.data_sets[0]
    (output,) = data.outputs
    times = _times(problem, None)
    for (label, rows), colour in zip(_groups(problem), _COLOURS, strict=False):
        curve = _banded(fit, problem, times, {}, rows, hazard=hazard)
        axes.fill_between(curve.time, curve.lower, curve.upper, color=colour, alpha=0.2, lw=0)
        axes.plot(curve.time, curve.value, color=colour, lw=1.8, label=label)
        if not hazard:
            axes.step(*_steps(problem, rows), where="post", color=colour, lw=1.0, ls="--")
    axes.set_xlabel(axis_label(output, data.units.get(output, "")))
    axes.set_xlim(0, float(times[-1]))
    axes.legend(frameon=False, title="" if hazard else "dashed: no family assumed")


def _groups(problem: Problem) -> list[tuple[str, Bool[np.ndarray, " n"]]]:
    """The rows of each value of the first covariate that has few, or all rows."""
    data = problem.data_sets[0]
    for name in data.inputs:
        found = groups(data, name)
        if 1 < len(found) <= _MOST_GROUPS:
            return list(found.items())
    return list(groups(data, "").items())


def _steps(problem: Problem, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    codes, lower, upper = (each[rows] for each in _known(problem))
    if (codes <= 1).all():
        found = product_limit(lower, codes == 0)
        last = float(lower.max())
        return np.r_[0.0, found.time, last], np.r_[1.0, found.survival, found.at(last)]
    found = self_consistent(*intervals_of(codes, lower, upper))
    ends = np.isfinite(found.upper)
    return np.r_[0.0, found.upper[ends]], np.r_[1.0, found.survival[ends]]


def _known(problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = problem.data_sets[0]
    (output,) = data.outputs
    return limits(problem.noise[output], data)


def _times(problem: Problem, times: Any) -> np.ndarray:
    if times is not None:
        return np.atleast_1d(np.asarray(times, dtype=np.float64))
    _, lower, upper = _known(problem)
    last = float(np.max(np.where(np.isfinite(upper), upper, lower)))
    return np.linspace(last / _GRID, last, _GRID)


def _banded(
    fit: Fit, problem: Problem, times: np.ndarray, at: Mapping[str, Any], rows: np.ndarray | None, *, hazard: bool
) -> Curve:
    """The curve, and 1.96 standard errors on a scale that has no end."""

    def scaled(label: str, step: float) -> np.ndarray:
        named = _moved(fit, problem, label, step) if label else fit.values
        survival, density = _average(problem, named, times, at, rows)
        return np.log(density / survival) if hazard else np.log(-np.log(survival))

    own = [i for i, label in enumerate(fit.covariance_labels) if fit.row(label).role != "derived"]
    covariance = fit.covariance[np.ix_(own, own)]
    slopes = np.zeros((len(own), times.size))
    with np.errstate(all="ignore"), maybe_64_bits():
        middle = scaled("", 0.0)
        for k, i in enumerate(own):
            label, step = fit.covariance_labels[i], _STEP * float(covariance[k, k]) ** 0.5
            if step > 0:
                slopes[k] = (scaled(label, step) - scaled(label, -step)) / (2 * step)
        slopes = np.where(np.isfinite(slopes), slopes, 0.0)  # level at infinity
        half = _TWO_SIDED_95 * np.sqrt(np.einsum("iq,ij,jq->q", slopes, covariance, slopes))
    if hazard:
        return Curve(times, np.exp(middle), np.exp(middle - half), np.exp(middle + half))
    value, lower, upper = (np.exp(-np.exp(each)) for each in (middle, middle + half, middle - half))
    return Curve(times, value, lower, upper)


def _moved(fit: Fit, problem: Problem, label: str, step: float) -> dict[str, Any]:
    """All values by name where one of them has moved, those that are tied to it too."""
    name = fit.row(label).name
    moved = np.array(fit.values[name], dtype=np.float64)
    place = tuple(int(i) for i in label[len(name) + 1 : -1].split(",")) if label != name else ()
    moved[place] += step
    values, space = {**fit.values, name: moved if moved.ndim else float(moved)}, problem.fit_space
    x = np.asarray(space.from_named({free: values[free] for free in space.names}))
    return {**values, **space.to_named(x)}


def _average(
    problem: Problem, named: Mapping[str, Any], times: np.ndarray, at: Mapping[str, Any], rows: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Survival and density at times, averaged over people."""
    survival, density, people = np.zeros(times.size), np.zeros(times.size), 0
    arrays = _held(problem, at)
    for i, output, predicted in problem.compared(named, arrays):
        if rows is not None and i > 0:
            break
        scatter = problem.scatter(i, output, np.asarray(predicted, dtype=np.float64), named, arrays, np)
        chosen = np.ones(scatter.predicted.size, dtype=bool) if rows is None else rows
        noise: Any = problem.noise[output]
        inner = noise.of if isinstance(noise, Censored) else noise
        many = _everywhere(scatter, chosen, times)
        log_survival = inner.log_survival(many)
        if log_survival is None:
            raise ModelError(f'the noise of "{output}" ({noise.describe()}) has no survival; choose a survival model.')
        shape = (int(chosen.sum()), times.size)
        survival += np.exp(np.reshape(log_survival, shape)).sum(axis=0)
        density += np.exp(np.reshape(inner.log_density(many), shape)).sum(axis=0)
        people += shape[0]
    return survival / people, density / people


def _everywhere(scatter: Scatter, rows: np.ndarray, times: np.ndarray) -> Scatter:
    """Each of these people at each of these times."""
    each = int(rows.sum())
    repeated = {
        name: np.repeat(np.asarray(values)[rows], times.size, axis=0)
        for name, values in scatter.columns.items()
        if np.shape(values)[:1] == rows.shape
    }
    return dataclasses.replace(
        scatter,
        predicted=np.repeat(scatter.predicted[rows], times.size),
        observed=np.tile(times, each),
        columns=repeated,
    )


def _held(problem: Problem, at: Mapping[str, Any]) -> Any:
    """The arrays of the problem with covariates held at a value."""
    known = {name for data in problem.data_sets for name in data.inputs}
    for name in at:
        if name not in known:
            raise ModelError(f'at={{"{name}": ...}}: the data have no such covariate; {did_you_mean(name, known)}')
    if not at:
        return problem.arrays
    held: list[Any] = []
    for one in problem.arrays:
        inputs = {k: np.full_like(np.asarray(v), at[k]) if k in at else v for k, v in one["inputs"].items()}
        columns = {
            output: {k: np.full_like(np.asarray(v), at[k]) if k in at else v for k, v in own.items()}
            for output, own in one["columns"].items()
        }
        held.append({**one, "inputs": inputs, "columns": columns})
    return tuple(held)
