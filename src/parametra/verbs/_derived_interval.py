"""The interval of a derived quantity that says where it lies, such as a share between 0 and 1."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.derived import Derived
from parametra.nouns.problem import Problem
from parametra.verbs.fit_uncertainty import Curvature

_PLACES = 129
"""Of one parameter's interval at which the quantity is computed."""


def interval_of(
    problem: Problem,
    x: Float[np.ndarray, " d"],
    derived: Derived,
    value: float,
    error: float,
    known: Curvature,
    t: float,
) -> tuple[float, float] | None:
    """95 %, within the limits of the quantity; None where nothing is known.

    Of one parameter it is what the quantity is over that parameter's interval: it holds the quantity at least as often
    as that one holds the parameter, however much the quantity bends, and where it has no slope. Of several it is a
    straight line in the logit of the range, or in the logarithm above or below one limit.

    Arguments:
        problem: whose quantity it is.
        x: the estimate in box coordinates.
        derived: the quantity, with limits.
        value, error: its estimate and its standard error; 0 where it has no slope.
        known: what is known around the estimate.
        t: how many standard errors make half an interval.
    """
    c = _coordinate(problem, x, derived)
    if c is not None and c in known.inside and not known.flat(np.eye(x.size)[[c]])[0]:
        found = _image(problem, x, derived, c, t * float(np.sqrt(known.covariance[c, c])))
        if np.isfinite(found).all():
            return found
    return _straight(derived, value, t * error) if error > 0 else None


def _coordinate(problem: Problem, x: np.ndarray, derived: Derived) -> int | None:
    """The one box coordinate that a formula rests on, None where there are several or it is not known."""
    if derived.formula is None or problem.profiled in derived.formula.names:
        return None
    tangents = problem.fit_space.tangents(x)
    found = {c for name in derived.formula.names for c in tangents.get(name, {})}
    return found.pop() if len(found) == 1 else None


def _image(problem: Problem, x: np.ndarray, derived: Derived, c: int, reach: float) -> tuple[float, float]:
    """The least and the largest value within reach of the estimate along one coordinate."""
    space = problem.fit_space
    points = np.tile(x, (_PLACES, 1))
    points[:, c] = np.clip(np.linspace(x[c] - reach, x[c] + reach, _PLACES), space.lower[c], space.upper[c])
    with np.errstate(all="ignore"):
        values = [float(np.asarray(derived.compute(space.to_named(point)))) for point in (x, *points)]
    return float(np.min(values)), float(np.max(values))


def _straight(derived: Derived, value: float, reach: float) -> tuple[float, float]:
    """As far to both sides of the estimate; `reach` is that of a straight line in the quantity itself."""
    low, high = derived.lower, derived.upper
    if not low < value < high:
        return max(value - reach, low), min(value + reach, high)
    below, above = value - low, high - value
    with np.errstate(over="ignore"):  # an error that says nothing: the whole range
        if not np.isfinite(high):
            factor = float(np.exp(reach / below))
            return low + below / factor, low + below * factor
        if not np.isfinite(low):
            factor = float(np.exp(reach / above))
            return high - above * factor, high - above / factor
        factor = float(np.exp(reach * (high - low) / (below * above)))
    return low + (high - low) * below / (below + above * factor), low + (high - low) * below / (below + above / factor)
