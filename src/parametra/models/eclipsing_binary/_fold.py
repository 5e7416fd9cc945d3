"""Folding a light curve with a period, and periods that make it one curve: coarse, for where a fit begins."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.models.eclipsing_binary._period_search import FREQUENCIES_A_PEAK, period_search

SHORTEST = 0.2
"""The shortest period that is looked for, in the unit of time: in days, that of the closest binaries of dwarfs."""

_HARMONICS = 6
_MOST_FREQUENCIES = 200_000
_MOST_POINTS = 3000


def fold(time: Float[np.ndarray, " n"], period: float, epoch: float) -> Float[np.ndarray, " n"]:
    """Phases from -0.5 to 0.5, 0 at the epoch."""
    cycles = (time - epoch) / period
    return cycles - np.round(cycles)


def thinned(count: int) -> Int[np.ndarray, " k"]:
    """Which of many points a coarse search looks at: all, or some thousands spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(np.int64))


def candidate_periods(
    time: Float[np.ndarray, " n"],
    values: Float[np.ndarray, " n"],
    root: Float[np.ndarray, " n"],
    near: float | None,
    count: int = 6,
) -> list[float]:
    """The periods of the highest peaks of a period search, each followed by its double.

    An eclipsing binary whose minima are alike seems to have half its period, hence the doubles.

    Arguments:
        time, values: the light curve, in any order.
        root: roots of the weights.
        near: a period that is roughly known, which is then only made more precise; None searches.
        count: how many peaks to look at.
    """
    span, harmonics = float(np.ptp(time)), min(_HARMONICS, (time.size - 4) // 4)
    if span <= 0 or np.ptp(values) <= 0 or harmonics < 1:
        return [near or 1.0]
    fastest = min(1 / SHORTEST, _MOST_FREQUENCIES / (FREQUENCIES_A_PEAK * harmonics * span))
    slowest = min(1 / span, 0.5 * fastest)
    if near is not None:
        width = min(2 / span, 0.05 / near)
        slowest, fastest = 1 / near - width, 1 / near + width
    found = period_search(
        time, values, 1 / root, shortest=1 / fastest, longest=1 / slowest, harmonics=harmonics, candidates=count
    ).candidates
    if near is not None:
        return [found[0].period]
    return [period for each in found for period in (each.period, 2 * each.period)]


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
