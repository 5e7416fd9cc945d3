"""One search along a line: a point that meets the strong Wolfe conditions, from costs and slopes, asked one by one.

    Armijo     f(t) <= f(0) + 1e-4 t f'(0)          or, where rounding hides that, |f(t) - f(0)| tiny and
               f'(t) <= (2e-4 - 1) f'(0)            (the approximate Wolfe condition of Hager and Zhang 2005)
    curvature  |f'(t)| <= flatness |f'(0)|

`low` is the best point that meets Armijo and still descends, `high` what is behind the minimum; the next point is the
minimum of the cubic through both, kept away from their ends. Where the line ends at a bound while it still descends,
the bound is taken.

Source: J. Nocedal and S. Wright (2006), Numerical Optimization, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_SUFFICIENT = 1e-4
_ROUNDING = 1e-14
_MOST_TRIALS = 30


@dataclass(frozen=True)
class Point:
    """A point of the line: where, its cost, and the slope of the cost there."""

    t: float
    cost: float
    slope: float


@dataclass(frozen=True)
class Line:
    """A search under way.

    Arguments:
        origin: t = 0, with a slope below zero.
        most: where the bounds end the line.
        flatness: share of the first slope that counts as flat.
        t: the point asked for.
        low, high: what is known around the minimum.
        trials: points asked so far.
        done: whether `t` is the answer; the caller takes the best point it has seen when `failed`.
    """

    origin: Point
    most: float
    flatness: float
    t: float
    low: Point
    high: Point | None = None
    trials: int = 0
    done: bool = False
    failed: bool = False


def begin(cost: float, slope: float, step: float, most: float, flatness: float) -> Line:
    """A search from a cost and its slope (below zero), whose first point is `step`."""
    origin = Point(0.0, cost, slope)
    return Line(origin, most, flatness, min(step, most), origin)


def advance(line: Line, cost: float, slope: float) -> Line:
    """The search after the cost and the slope at `line.t`; infinity and NaN where the model failed."""
    here = Point(line.t, cost, slope)
    line = replace(line, trials=line.trials + 1)
    start = line.origin
    if not math.isfinite(cost) or not math.isfinite(slope):
        return _next(replace(line, high=Point(line.t, math.inf, math.nan)))
    near = abs(cost - start.cost) <= _ROUNDING * abs(start.cost)
    falls = cost <= start.cost + _SUFFICIENT * line.t * start.slope
    falls = falls or (near and slope <= (2 * _SUFFICIENT - 1) * start.slope)
    if not falls or (not near and cost >= line.low.cost):
        return _next(replace(line, high=here))
    if abs(slope) <= -line.flatness * start.slope or (line.t >= line.most and slope < 0):
        return replace(line, done=True)
    if slope > 0:
        return _next(replace(line, high=here))
    return _next(replace(line, low=here))


def _next(line: Line) -> Line:
    """The next point to ask for."""
    low, high = line.low, line.high
    if line.trials >= _MOST_TRIALS:
        return replace(line, done=True, failed=True)
    if high is None:
        last = line.origin if low.t == 0.0 else low
        guess = _secant(line.origin, last)
        t = min(max(guess, 2.0 * low.t), 10.0 * low.t) if math.isfinite(guess) else 4.0 * low.t
        return replace(line, t=min(t, line.most))
    width = high.t - low.t
    if width <= 1e-14 * high.t:
        return replace(line, done=True, failed=True)
    if not math.isfinite(high.cost):
        return replace(line, t=low.t + 0.1 * width)
    t = _cubic(low, high)
    if not math.isfinite(t):
        t = low.t + 0.5 * width
    return replace(line, t=min(max(t, low.t + 0.05 * width), high.t - 0.05 * width))


def _secant(a: Point, b: Point) -> float:
    """Where the slope would be zero if it went on as from a to b."""
    return b.t - b.slope * (b.t - a.t) / (b.slope - a.slope) if b.slope != a.slope else math.inf


def _cubic(a: Point, b: Point) -> float:
    """The minimum of the cubic with the costs and slopes of two points (Nocedal and Wright, equation 3.59)."""
    first = a.slope + b.slope - 3.0 * (a.cost - b.cost) / (a.t - b.t)
    under = first * first - a.slope * b.slope
    if under < 0.0:
        return math.nan
    second = math.copysign(math.sqrt(under), b.t - a.t)
    bottom = b.slope - a.slope + 2.0 * second
    return b.t - (b.t - a.t) * (b.slope + second - first) / bottom if bottom != 0.0 else math.nan
