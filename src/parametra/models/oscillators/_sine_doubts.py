"""Whether a sine stands out of the scatter, and whether enough of it was seen."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.periodogram import false_alarm
from parametra.models.oscillators._aliases import highest_frequency
from parametra.nouns.data import Data
from parametra.nouns.fit_result import Fit
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem

_RARE = 1e-3
"""Of fits of scatter alone, as many go without a doubt."""
_FEW = 6
"""Points below which the chance is not told: a sine has four parameters."""


def sine_doubts(fit: Fit, problem: Problem) -> tuple[str, ...]:
    """A peak of the periodogram that scatter alone would make; less than a cycle.

    Arguments:
        fit: of a sine.
        problem: what was fitted.
    """
    chances = [_chance(fit, problem, i) for i in range(len(problem.data_sets))]
    cycles = [_cycles(fit, problem, i) for i in range(len(problem.data_sets))]
    told: list[str] = []
    if chances and min(chances) > _RARE:
        told.append(
            f"scatter without any wave has a peak as high as this somewhere in the frequencies that were searched with "
            f"a chance of {min(chances):.2g}; the errors of a fit know nothing of that search. Take it for no wave, or "
            "measure more."
        )
    if cycles and max(cycles) < 1:
        told.append(
            f"the data span {max(cycles):.2g} of a cycle: that the signal turns round is the model's word, and the "
            "frequency, the amplitude and the offset rest on it. A longer span tells."
        )
    return tuple(told)


def _chance(fit: Fit, problem: Problem, i: int) -> float:
    """The chance of a peak as high as that of the fit anywhere up to the highest frequency of the search."""
    time, observed, left, root = _rows(fit, problem, i)
    if time.size < _FEW or np.ptp(time) <= 0:
        return 0.0
    middle = float(np.sum(root**2 * observed) / np.sum(root**2))
    about = float(np.sum((root * (observed - middle)) ** 2))
    power = 1.0 - float(np.sum((root * left) ** 2)) / about if about > 0 else 0.0
    spread = float(np.std(time))
    return false_alarm(min(power, 1.0), time.size, 1, spread, highest_frequency(np.unique(time)))


def _rows(fit: Fit, problem: Problem, i: int) -> tuple[Float[np.ndarray, " n"], ...]:
    """Times, values, what the fit leaves over, and one over the standard deviation where it is stated."""
    data = problem.data_sets[i]
    (output,) = data.outputs
    rows = data.observed[output]
    time = _of_rows(data, rows)
    observed, sigma = data.observations(output)
    named = problem.bindings[i].parameters_of(fit.values)
    found = problem.model.predict(named, {**data.constants, "time": time})
    values = np.asarray(observed, dtype=np.float64)
    left = values - np.asarray(found.get(output, found.get(ONLY)), dtype=np.float64)
    root = np.ones(left.size) if sigma is None else np.min(sigma) / np.asarray(sigma, dtype=np.float64)
    return time, values, left, root


def _of_rows(data: Data, rows: np.ndarray | None) -> Float[np.ndarray, " n"]:
    time = np.asarray(data.inputs["time"], dtype=np.float64)
    return time if rows is None else time[rows]


def _cycles(fit: Fit, problem: Problem, i: int) -> float:
    """How many cycles the data see."""
    data = problem.data_sets[i]
    (output,) = data.outputs
    time = _of_rows(data, data.observed[output])
    frequency = float(problem.bindings[i].parameters_of(fit.values)["frequency"])
    return float(np.ptp(time)) * frequency if time.size else 0.0
