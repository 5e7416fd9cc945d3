"""Data beside prediction: what the pictures of a fit are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.nouns.view import FIRST_PHASE, View

_GRID = 200
_CYCLE_GRID = 1001
_WIDE = 300
"""A range of positive values that is wider, last over first, is drawn on a logarithmic axis."""

_RANGES = {"counts": (0.0, np.inf), "positive": (0.0, np.inf), "shares": (0.0, 1.0)}
"""Between which predictions lie, by what a noise is of."""


def views_of(problem: Problem, x: np.ndarray, named: Mapping[str, Any], steps: np.ndarray) -> tuple[View, ...]:
    """One view for each output of each data set.

    Arguments:
        problem: what was fitted.
        x: (d,) the estimate in box coordinates.
        named: the estimate by name.
        steps: (d, r) one standard error along each direction that is determined, columns that sum to the covariance.
    """
    with np.errstate(all="ignore"), maybe_64_bits():
        compared = problem.compared(named, problem.arrays)
        return tuple(_view(problem, i, output, np.asarray(f), x, named, steps) for i, output, f in compared)


def _view(
    problem: Problem,
    i: int,
    output: str,
    predicted: np.ndarray,
    x: np.ndarray,
    named: Mapping[str, Any],
    steps: np.ndarray,
) -> View:
    data = problem.data_sets[i]
    observed, _ = data.observations(output)
    scatter = problem.scatter(i, output, predicted, named, problem.arrays, np)
    spread, each = problem.noise[output].standard_deviation(scatter), problem.noise[output].per_prediction(scatter)
    censored, limit = problem.noise[output].censoring(scatter) or (None, None)
    index = data.observed[output]
    name = _drawn_along(data)
    values = data.inputs[name] if name else np.arange(1.0, data.rows + 1)
    along = values if index is None else values[index]
    ephemeris = _ephemeris(problem, i, name, named)
    grid, curve, error = _curve(problem, i, output, name, x, named, steps, ephemeris)
    folding = problem.folding
    lower, upper = _RANGES.get(problem.noise[output].support, (-np.inf, np.inf))
    return View(
        data_set=data.name,
        output=output,
        unit=data.units.get(output, ""),
        input=name,
        input_unit=data.units.get(name, ""),
        x=np.asarray(along, dtype=np.float64),
        observed=np.asarray(observed) / each,
        predicted=np.array(predicted, dtype=np.float64),
        spread=None if spread is None else np.array(np.broadcast_to(spread / each, predicted.shape), dtype=np.float64),
        curve_x=grid,
        curve=curve,
        curve_error=error,
        censored=censored,
        limit=limit,
        lower=lower,
        upper=upper,
        period=ephemeris[0] if ephemeris else None,
        epoch=ephemeris[1] if ephemeris else 0.0,
        upside_down=folding is not None and folding.upside_down,
    )


def _drawn_along(data: Data) -> str:
    """The first input with one number a row that varies."""
    for name, values in data.inputs.items():
        if values.ndim == 1 and values.size == data.rows and np.ptp(values) > 0:
            return name
    return ""


def _ephemeris(problem: Problem, i: int, name: str, named: Mapping[str, Any]) -> tuple[float, float] | None:
    """Period and epoch of a data set that is drawn by its phase; None for all else."""
    folding = problem.folding
    if folding is None or folding.input != name:
        return None
    return folding.ephemeris(problem.bindings[i].parameters_of(named))


def _curve(
    problem: Problem,
    i: int,
    output: str,
    name: str,
    x: np.ndarray,
    named: Mapping[str, Any],
    steps: np.ndarray,
    ephemeris: tuple[float, float] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction and its standard error along a grid: var = sum over directions of (d f / d direction)^2."""
    nothing = (np.empty(0), np.empty(0), np.empty(0))
    data = problem.data_sets[i]
    if not name or any(k != name and np.shape(v)[:1] == (data.rows,) for k, v in data.inputs.items()):
        return nothing
    values = data.inputs[name]
    values = values[np.isfinite(values)]  # a steady state is a point behind the curve
    if np.ptp(values) == 0:
        return nothing
    inputs = problem.arrays[i]["inputs"]
    if ephemeris is None:
        grid = _grid(values, _begin(problem, i, name, named, inputs))
    else:
        period, epoch = ephemeris
        grid = epoch + period * np.linspace(FIRST_PHASE, FIRST_PHASE + 1, _CYCLE_GRID)
    inputs = {**inputs, name: grid}
    extra = {} if problem.profiled is None else {problem.profiled: named[problem.profiled]}

    def at(values_by_name: Mapping[str, Any]) -> np.ndarray:
        found = problem.model.predict(problem.bindings[i].parameters_of(values_by_name), inputs)
        return np.broadcast_to(np.asarray(found[output] if output in found else found[ONLY]), grid.shape)

    space = problem.fit_space
    try:
        curve = np.array(at(named), dtype=np.float64)
        variance = np.zeros(grid.size)
        for step in steps.T:
            up, down = (np.clip(x + h * step, space.lower, space.upper) for h in (0.01, -0.01))
            slope = (at({**extra, **space.to_named(up)}) - at({**extra, **space.to_named(down)})) / 0.02
            variance += slope**2
    except Exception:  # noqa: BLE001  a model may know only its own inputs; then there is no curve between the points
        return nothing
    return grid, curve, np.sqrt(variance)


def _begin(problem: Problem, i: int, name: str, named: Mapping[str, Any], inputs: Mapping[str, Any]) -> float:
    """Where a curve along an input begins apart from the data: at the begin of an ODE; infinite for all else."""
    function: Any = problem.model.function
    if not hasattr(function, "begins") or name != function.time:
        return np.inf
    return function.begins(problem.bindings[i].parameters_of(named), inputs)


def _grid(values: np.ndarray, begin: float) -> np.ndarray:
    """Places of a curve: from the begin or the first value to the last one, in equal ratios over wide ranges."""
    first, last = float(values.min()), float(values.max())
    if first > 0 and last > _WIDE * first:  # where a begin at zero has no place
        return np.geomspace(min(first, begin) if begin > 0 else first, last, _GRID)
    return np.linspace(min(first, begin) if np.isfinite(begin) else first, last, _GRID)
