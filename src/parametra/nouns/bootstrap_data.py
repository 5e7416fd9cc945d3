"""Many data sets at once, of the shape of a problem's: simulated, made of its residuals, or of its rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import MethodError
from parametra.nouns.noise_simulate import Observed, simulate
from parametra.nouns.problem import Problem, maybe_64_bits

KINDS = ("parametric", "residual", "case")


@dataclass(frozen=True)
class ReplicateData:
    """R data sets: other observed values, or the same with weights. M observations, m residuals.

    Arguments:
        count: R.
        observed: other values; None where they are those of the problem.
        shifts: (R, m), what is added to the residuals of the problem instead of other values; None for nothing.
        weights: (R, M), how often each observation counts; None for once.
        scale: the standard deviation of the errors in the world that they are drawn from, where that is not the one
            estimated: residuals scatter less than errors do. None where it is.
    """

    count: int
    observed: Observed | None = None
    shifts: Float[np.ndarray, "R m"] | None = None
    weights: Float[np.ndarray, "R M"] | None = None
    scale: float | None = None


def parametric_data(
    problem: Problem, named: Mapping[str, Any], count: int, generator: np.random.Generator
) -> ReplicateData:
    """Data sets simulated under these parameters; priors stay as they are. Raises NoiseError where none can be."""
    return ReplicateData(count, observed=simulate(problem, named, count, generator))


def residual_data(
    residuals: Float[np.ndarray, " m"],
    leverage: Float[np.ndarray, " m"],
    points: int,
    count: int,
    generator: np.random.Generator,
) -> ReplicateData:
    """Data sets whose errors are drawn from the residuals of the fit, each as large as an error is.

        e_i = r_i / sqrt(1 - h_i) less their mean         r* = r at the prediction + e*

    Arguments:
        residuals: whitened, at the estimate; rows of priors follow the points and are left as they are.
        leverage: h, the diagonal of J (J'J)^-1 J'.
        points: M, how many of the rows are observations.
        count: R.
        generator: of the random numbers.

    Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, section 6.2.3,
        doi:10.1017/CBO9780511802843
    """
    r = residuals[:points]
    room = np.clip(1 - leverage[:points], 1e-12, None)
    errors = np.where(room > 1e-9, r / np.sqrt(room), 0.0)  # a point that determines a parameter alone has no error
    errors = errors - errors.mean()
    shifts = np.zeros((count, residuals.size))
    shifts[:, :points] = errors[generator.integers(points, size=(count, points))] - r
    return ReplicateData(count, shifts=shifts, scale=float(np.sqrt((errors**2).mean())))


def case_data(problem: Problem, count: int, generator: np.random.Generator) -> ReplicateData:
    """Data sets whose rows are drawn from the rows of each data set, with replacement; outputs of a row stay together.

    Raises:
        MethodError: a noise whose points depend on one another.
    """
    refuse_cases(problem)
    drawn: list[np.ndarray] = []
    for data in problem.data_sets:
        counts = generator.multinomial(data.rows, np.full(data.rows, 1 / data.rows), size=count)
        drawn.append(counts.astype(np.float64))
    return ReplicateData(count, weights=_per_observation(problem, drawn))


def without_each_row(problem: Problem) -> ReplicateData:
    """The jackknife's data sets: one row left out of each. Raises MethodError as `case_data` does."""
    refuse_cases(problem)
    total = sum(d.rows for d in problem.data_sets)
    kept = 1 - np.eye(total)
    edges = np.cumsum([d.rows for d in problem.data_sets])[:-1]
    return ReplicateData(total, weights=_per_observation(problem, np.split(kept, edges, axis=1)))


def refuse_cases(problem: Problem) -> None:
    """Raises MethodError where rows are not independent of one another, or stand for several observations each."""
    for output, noise in problem.noise.items():
        if not noise.pointwise:
            raise MethodError(
                f'rows cannot be resampled: the errors of "{output}" are correlated. Use kind="parametric".'
            )
    if problem.repeats is not None:
        raise MethodError(
            "rows cannot be resampled: each stands for several observations. Give a row for each observation, or use "
            'kind="parametric".'
        )


def _per_observation(problem: Problem, rows: list[np.ndarray]) -> np.ndarray:
    """Weights of rows, repeated for every observation that stands in them, in the order of the residuals."""
    columns: list[np.ndarray] = []
    for i, arrays in enumerate(problem.arrays):
        for output in arrays["observed"]:
            index = arrays["index"].get(output)
            columns.append(rows[i] if index is None else rows[i][:, index])
    return np.concatenate(columns, axis=1)


def shifts_of(problem: Problem, named: Mapping[str, Any], observed: Observed) -> Float[np.ndarray, "R m"]:
    """What the residuals at these parameters change by when other values are observed; zero for rows of priors."""
    parts: list[np.ndarray] = []
    count = 0
    with np.errstate(all="ignore"), maybe_64_bits():
        for i, output, value in problem.compared(named, problem.arrays):
            noise = problem.noise[output]
            plain = problem.scatter(i, output, value, named, problem.arrays, np)
            before = np.asarray(noise.residuals(plain))
            after = np.asarray(noise.residuals(dataclasses.replace(plain, observed=observed[i][output])))
            count = len(after)
            parts.append(after - before)
    parts.append(np.zeros((count, len(problem.prior_rows))))
    return np.concatenate(parts, axis=1)
