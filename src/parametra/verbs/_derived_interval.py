"""The interval of a derived quantity that says where it lies, such as a share between 0 and 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.derived import Derived
from parametra.nouns.problem import Problem
from parametra.verbs.fit_uncertainty import Curvature

_PLACES = 129
"""Of one parameter's interval at which the quantity is computed."""
_HALVINGS = 40
"""Of the distance of two such places, in search of a pole between them."""
_GROWN = 1e3
"""How much higher than at all the places a quantity stands beside a pole that is looked at closely."""


def interval_of(
    problem: Problem,
    x: Float[np.ndarray, " d"],
    derived: Derived,
    value: float,
    error: float,
    known: Curvature,
    t: float,
) -> tuple[tuple[float, float] | None, str]:
    """95 %, within the limits of the quantity, and ""; None and why where there is none.

    Of one parameter it is what the quantity is over that parameter's interval: it holds the quantity at least as often
    as that one holds the parameter, however much the quantity bends, and where it has no slope. Of several it is a
    straight line in the logit of the range, or in the logarithm above or below one limit. A quantity that goes to
    infinity at a pole within the interval of its parameter has none.

    Arguments:
        problem: whose quantity it is.
        x: the estimate in box coordinates.
        derived: the quantity, with limits.
        value, error: its estimate and its standard error; 0 where it has no slope.
        known: what is known around the estimate.
        t: how many standard errors make half an interval.
    """
    outside = _outside(derived, value)
    if outside:
        return None, outside
    c = _coordinate(problem, x, derived)
    if c is not None and c in known.inside and not known.flat(np.eye(x.size)[[c]])[0]:
        space, reach = problem.fit_space, t * float(np.sqrt(known.covariance[c, c]))

        def at(place: float) -> float:
            point = x.copy()
            point[c] = place
            return float(np.asarray(derived.compute(space.to_named(point))))

        ends = np.clip([x[c] - reach, x[c] + reach], space.lower[c], space.upper[c])
        found, why = _image(derived, at, float(ends[0]), float(x[c]), float(ends[1]), space.labels[c])
        if why or found is not None:
            return found, why
    return (_straight(derived, value, t * error) if error > 0 else None), ""


def interval_by_scale(
    derived: Derived, named: Mapping[str, Any], name: str, ends: tuple[float, float]
) -> tuple[tuple[float, float] | None, str]:
    """What a quantity of the estimated scale alone is over the interval of that scale; None and why where it is none.

    Arguments:
        derived: the quantity, with limits or without.
        named: the estimate by name.
        name: of the scale.
        ends: the interval of the scale.
    """
    outside = _outside(derived, float(np.asarray(derived.compute(named))))
    if outside:
        return None, outside
    return _image(
        derived,
        lambda at: float(np.asarray(derived.compute({**named, name: at}))),
        ends[0],
        float(named[name]),
        ends[1],
        name,
    )


def _outside(derived: Derived, value: float) -> str:
    """Why an estimate that lies beyond the limits has no interval, "" where it keeps them but for rounding."""
    near = 1e-9 * max(abs(value), *(abs(each) for each in (derived.lower, derived.upper) if np.isfinite(each)), 0.0)
    if derived.lower - near <= value <= derived.upper + near or np.isnan(value):
        return ""
    side, limit = ("below", derived.lower) if value < derived.lower else ("above", derived.upper)
    return f"no interval: the estimate lies {side} the limit {limit:g} that is stated for it"


def _coordinate(problem: Problem, x: np.ndarray, derived: Derived) -> int | None:
    """The one box coordinate that a formula rests on, None where there are several or it is not known."""
    if derived.formula is None or problem.profiled in derived.formula.names:
        return None
    tangents = problem.fit_space.tangents(x)
    found = {c for name in derived.formula.names for c in tangents.get(name, {})}
    return found.pop() if len(found) == 1 else None


def _image(
    derived: Derived, compute: Callable[[float], float], low: float, middle: float, high: float, label: str
) -> tuple[tuple[float, float] | None, str]:
    """The least and the largest value from `low` to `high`, within the limits; None where not finite, or at a pole."""
    places = np.unique([*np.linspace(low, high, _PLACES), middle])
    with np.errstate(all="ignore"):
        values = np.array([compute(float(place)) for place in places])
        if np.isnan(values).any():
            return None, ""
        if _pole(compute, places, values):
            return None, f"no interval: it goes to infinity within the interval of {label}"
    values = np.clip(values, derived.lower, derived.upper)
    found = float(np.min(values)), float(np.max(values))
    return (found if np.isfinite(found).all() else None), ""


def _pole(compute: Callable[[float], float], places: np.ndarray, values: np.ndarray) -> bool:
    """Whether a quantity goes to infinity between two places.

    Whether one of the places hits the pole is chance, so the highest gaps are halved again and again towards the higher
    side: beside a pole the values go on growing, beside a narrow peak or a jump they stop.
    """
    finite = np.flatnonzero(np.isfinite(values))
    if not finite.size:
        return False
    if finite[-1] - finite[0] + 1 > finite.size:  # infinite between finite ones; at an end it may be an overflow
        return True
    places, sizes = places[finite], np.abs(values[finite])
    heights = sizes[:-1] + sizes[1:]
    beside = np.concatenate([[-np.inf], heights, [-np.inf]])
    tops = np.flatnonzero((heights >= beside[:-2]) & (heights >= beside[2:]))
    for k in tops[np.argsort(-heights[tops], kind="stable")[:3]]:
        (left, right), (a, b) = places[k : k + 2], sizes[k : k + 2]
        course = [a + b]
        for _ in range(_HALVINGS):
            place = 0.5 * (left + right)
            if not left < place < right:
                break
            size = abs(compute(float(place)))
            if np.isnan(size):
                break
            if np.isinf(size):
                return True
            left, right, a, b = (left, place, a, size) if a >= b else (place, right, size, b)
            course.append(a + b)
        if course[-1] > _GROWN * float(sizes.max()) and course[-1] > 2 * course[-6:][0]:
            return True
    return False


def _straight(derived: Derived, value: float, reach: float) -> tuple[float, float]:
    """As far to both sides of the estimate; `reach` is that of a straight line in the quantity itself."""
    low, high = derived.lower, derived.upper
    if not low < value < high:  # on a limit
        return min(max(value - reach, low), high), max(min(value + reach, high), low)
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
