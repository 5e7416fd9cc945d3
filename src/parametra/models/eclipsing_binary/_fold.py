"""Folding a light curve with a period, and periods that make it one curve: coarse, for where a fit begins."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float, Int

SHORTEST = 0.2
"""The shortest period that is looked for, in the unit of time: in days, that of the closest binaries of dwarfs."""

_BINS = 20
_STEP = 0.05
"""Of a cycle: how far the ends of the data may slip against each other from one frequency to the next."""
_MOST_FREQUENCIES = 200_000
_MOST_POINTS = 3000
_AT_ONCE = 500_000
"""Phases held at once."""


def fold(time: Float[np.ndarray, " n"], period: float, epoch: float) -> Float[np.ndarray, " n"]:
    """Phases from -0.5 to 0.5, 0 at the epoch."""
    cycles = (time - epoch) / period
    return cycles - np.round(cycles)


def thinned(count: int) -> Int[np.ndarray, " k"]:
    """Which of many points a coarse search looks at: all, or some thousands spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(np.int64))


def candidate_periods(
    time: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], near: float | None, count: int = 6
) -> list[float]:
    """Periods at which the folded values differ most from bin to bin, and twice these, best first.

    An eclipsing binary whose minima are alike seems to have half its period, hence the doubles.

    Arguments:
        time, values: the light curve, in any order.
        near: a period that is roughly known, which is then only made more precise; None searches.
        count: how many peaks to look at.
    """
    span = float(np.ptp(time))
    if span <= 0 or np.ptp(values) <= 0:
        return [near or 1.0]
    if near is not None:
        width = min(2 / span, 0.05 / near)
        frequencies = np.linspace(1 / near - width, 1 / near + width, 401)
        return [1 / _sharpened(time, values, float(frequencies[np.argmax(_between(time, values, frequencies))]), span)]
    fastest = min(1 / SHORTEST, _MOST_FREQUENCIES * _STEP / span)
    frequencies = np.arange(min(1 / span, 0.5 * fastest), fastest, _STEP / span)
    power = _between(time, values, frequencies)
    found: list[float] = []
    for peak in _peaks(power, count):
        frequency = _sharpened(time, values, float(frequencies[peak]), span)
        found += [1 / frequency, 1 / _sharpened(time, values, 0.5 * frequency, span)]
    return found


def faintest_phase(phase: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"]) -> float:
    """Where in -0.5 .. 0.5 the folded and smoothed values are highest, which in magnitudes is the primary minimum."""
    bins = 40
    place = np.minimum(((phase + 0.5) * bins).astype(np.int64), bins - 1)
    number = np.bincount(place, minlength=bins)
    total = np.bincount(place, weights=values, minlength=bins)
    mean = np.where(number > 0, total / np.maximum(number, 1), -np.inf)
    deepest = int(np.argmax(mean))
    centre = (deepest + 0.5) / bins - 0.5
    away = (phase - centre + 0.5) % 1 - 0.5
    near = np.abs(away) < 2.5 / bins
    above = np.maximum(values[near] - np.median(values), 0.0)
    moved = float(np.sum(above * away[near]) / above.sum()) if above.sum() > 0 else 0.0
    return (centre + moved + 0.5) % 1 - 0.5


def _between(
    time: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], frequencies: Float[np.ndarray, " f"]
) -> Float[np.ndarray, " f"]:
    """For each frequency the sum of squares between the bins of the folded values."""
    centred = values - values.mean()
    power = np.empty(frequencies.size)
    rows = max(1, _AT_ONCE // time.size)
    for first in range(0, frequencies.size, rows):
        chosen = frequencies[first : first + rows]
        cycles = chosen[:, None] * time
        place = ((cycles - np.floor(cycles)) * _BINS).astype(np.int64)
        place = np.minimum(place, _BINS - 1) + _BINS * np.arange(chosen.size)[:, None]
        number = np.bincount(place.ravel(), minlength=_BINS * chosen.size)
        total = np.bincount(place.ravel(), np.broadcast_to(centred, place.shape).ravel(), _BINS * chosen.size)
        power[first : first + rows] = (total**2 / np.maximum(number, 1)).reshape(-1, _BINS).sum(axis=1)
    return power


def _sharpened(time: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], frequency: float, span: float) -> float:
    """The best frequency close by, on a grid ten times as fine."""
    close = frequency + np.linspace(-1, 1, 41) * _STEP / span
    close = close[close > 0]
    return float(close[np.argmax(_between(time, values, close))])


def _peaks(power: Float[np.ndarray, " f"], count: int) -> list[int]:
    """The highest local maxima, highest first, no two of them neighbours."""
    chosen: list[int] = []
    for place in np.argsort(power)[::-1]:
        if all(abs(int(place) - other) > 10 for other in chosen):
            chosen.append(int(place))
        if len(chosen) == count:
            break
    return chosen
