"""What a fit leaves over: whether neighbours along an input are alike, and whether anything speaks against the fit.

A model that misses a part of the shape leaves stretches of residuals on one side. Where sigma is estimated no test of
chi-square sees that, because sigma takes it all in.

Two tests must agree. Durbin and Watson's counts on an even scatter, and says so wrongly once in a thousand fits. The
other takes nothing for granted but signs that do not depend on one another: given the sizes of the residuals, the sum
of the products of neighbours has the variance of the sum of their squares, however uneven the scatter is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.residual_tests import durbin_watson, ljung_box
from parametra.nouns._noise_limited import Limited
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.runs.recorded import RecordedModel

_FALSE_ALARM = 1e-3
"""The chance of a doubt about a model that is right, all inputs together."""
_UNEVEN = 2.33
"""Standard deviations that the products of neighbours must reach without an even scatter: a chance of 1 in 100."""
_NO_MEMORY, _RARE = 4.0, 1e-5
"""From where a fit does not pass: that of either sign, and the chance of what remains over several steps. Parameters
that were estimated make neighbours a little unlike, which is no sign against the fit."""
_LEAST = 20
"""Residuals below which nothing is said."""
_MOST_LAGS = 10
_SMALLEST = 1e-12
"""Chances below are not known to the digit."""
_ROUNDING = 1e-6
"""Residuals that are so small beside the data are of the arithmetic."""


@dataclass(frozen=True)
class LeftOver:
    """What the residuals say.

    Arguments:
        along: in which order neighbours are alike, in words, "" for none.
        chance: of neighbours so alike if nothing is wrong, one where they are not.
        plain: whether the fit passed every test that could be made, and one at least that could have failed.
    """

    along: str = ""
    chance: float = 1.0
    plain: bool = False

    @property
    def doubts(self) -> list[str]:
        """The doubt, if there is one."""
        if not self.along:
            return []
        chance = f"p = {self.chance:.1g}" if self.chance > _SMALLEST else f"p < {_SMALLEST:g}"
        doubt = (
            f"neighbours {self.along} are alike in what the fit leaves over ({chance}): the model "
            "misses a part of the shape, or the noise has a memory. Errors are then too small. Look at the residuals, "
            "and try a richer model; for a noise with a memory state AR1() or KernelNoise()."
        )
        return [doubt]


@dataclass(frozen=True)
class _Stretch:
    """Residuals of one output of one data set, with what they can be put in order by."""

    values: Float[np.ndarray, " n"]
    inputs: dict[str, Float[np.ndarray, " n"]]
    counted: bool


def left_over(
    problem: Problem, named: Mapping[str, Any], whitened: Float[np.ndarray, " m"], p_value: float | None
) -> LeftOver:
    """Look at the residuals of a fit along each of its inputs.

    Arguments:
        problem: what was fitted.
        named: the estimate by name.
        whitened: residuals of the observations, in the order of `Problem.compared`; empty where there are none.
        p_value: of chi-square, None where it is no test.
    """
    if p_value is not None and not _FALSE_ALARM <= p_value <= 1 - _FALSE_ALARM:
        return LeftOver(plain=p_value > 0.5)
    stretches = _stretches(problem, named, whitened)
    if stretches is None:
        return LeftOver(plain=p_value is not None)
    values = np.concatenate([one.values for one in stretches])
    tested = p_value is not None or all(one.counted for one in stretches)
    sized = p_value is not None or not tested or _as_large_as_stated(values)
    return _alike(stretches, values, passed=sized, tested=tested)


def _stretches(problem: Problem, named: Mapping[str, Any], whitened: np.ndarray) -> list[_Stretch] | None:
    """The residuals, None where there are none that should lie about zero, each for itself, or only roundings."""
    noises = [problem.noise[output] for data in problem.data_sets for output in data.outputs]
    if not all(noise.pointwise for noise in noises):
        return None
    if whitened.size == problem.size and whitened.size:
        values, counted = whitened, False
        if math.sqrt(float(values @ values) / values.size) <= _ROUNDING * problem.residual_size:
            return None
    else:
        foreign = any(n.support not in ("counts", "shares") or isinstance(n, Limited) for n in noises)
        if foreign or isinstance(problem.model, RecordedModel):  # whose calls may take hours
            return None
        values, counted = _pearson(problem, named), True
    if not np.isfinite(values).all() or not values.any():
        return None
    found: list[_Stretch] = []
    first = 0
    for data in problem.data_sets:
        for output in data.outputs:
            index = data.observed[output]
            rows = slice(None) if index is None else index
            size = data.rows if index is None else index.size
            inputs = {
                name: np.asarray(column, dtype=np.float64)[rows]
                for name, column in data.inputs.items()
                if column.shape == (data.rows,)
            }
            found.append(_Stretch(values[first : first + size], inputs, counted))
            first += size
    return found


def _pearson(problem: Problem, named: Mapping[str, Any]) -> Float[np.ndarray, " m"]:
    """Observed less expected counts, over their standard deviations."""
    parts: list[np.ndarray] = []
    with np.errstate(all="ignore"), maybe_64_bits():
        for i, output, predicted in problem.compared(named, problem.arrays):
            noise = problem.noise[output]
            scatter = problem.scatter(i, output, np.asarray(predicted), named, problem.arrays, np)
            sd = noise.standard_deviation(scatter)
            expected = scatter.predicted * noise.per_prediction(scatter)
            parts.append(np.asarray((scatter.observed - expected) / (np.nan if sd is None else sd), dtype=np.float64))
    return np.concatenate(parts)


def _as_large_as_stated(values: Float[np.ndarray, " n"]) -> bool:
    """Whether residuals over their standard deviations are not larger than 1, by their own scatter."""
    squares = values * values
    return float(squares.mean()) - 1.0 <= 3.1 * float(squares.std()) / math.sqrt(values.size)


def _alike(stretches: list[_Stretch], values: Float[np.ndarray, " n"], *, passed: bool, tested: bool) -> LeftOver:
    """Neighbours that are alike along an input.

    Arguments:
        stretches, values: the residuals, apart and together.
        passed: whether their size is as stated, where it is.
        tested: whether it is.
    """
    names = list(dict.fromkeys(name for one in stretches for name in one.inputs))
    names = [name for name in names if any(name in one.inputs and np.ptp(one.inputs[name]) > 0 for one in stretches)]
    if values.size < _LEAST or not names:
        return LeftOver(plain=passed and tested)
    worst, along = 1.0, ""
    for name in names:
        ordered = np.concatenate([one.values[_order(one, name)] for one in stretches])
        chance, far = _chance(ordered)
        lags = min(_MOST_LAGS, ordered.size // 5)
        passed = passed and abs(far) < _NO_MEMORY and ljung_box(ordered, lags).p_value >= _RARE
        if chance < worst:
            worst, along = chance, name
    worst = min(1.0, worst * len(names))
    if worst < _FALSE_ALARM:
        return LeftOver(f"along {along}" if len(names) == 1 else f"in the order of {along}", worst)
    return LeftOver(plain=passed)


def _order(stretch: _Stretch, name: str) -> np.ndarray:
    """By an input, rows that share its value by the other inputs; as they came where there is none."""
    if name not in stretch.inputs:
        return np.arange(stretch.values.size)
    others = [values for other, values in stretch.inputs.items() if other != name]
    return np.lexsort([*reversed(others), stretch.inputs[name]])


def _chance(ordered: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """The chance of neighbours so alike by luck, 1 where they are not; and how far their products are from none."""
    products = ordered[1:] * ordered[:-1]
    size = math.sqrt(float(products @ products))
    far = float(products.sum()) / size if size > 0 else 0.0
    if far < _UNEVEN:
        return 1.0, far
    # nothing is taken off for what was estimated, which makes neighbours a little unlike: fewer doubts, never more
    tested = durbin_watson(ordered, np.zeros((ordered.size, 0)))
    return (tested.p_value / 2 if tested.statistic < tested.expected else 1.0), far
