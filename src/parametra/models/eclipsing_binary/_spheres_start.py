"""Where a fit of two spheres begins: the period from a search, the rest from a grid of folded curves."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.eclipsing_binary._period_search import period_search
from parametra.models.eclipsing_binary._spheres import seen
from parametra.nouns.data import Data

_COARSE, _FINE = 120, 300
"""Bins of the folded curve."""
_FOLLOWED, _ROUNDS = 6, 16
"""Cells of each kind that are followed downhill, and how many steps."""
_RADII = np.geomspace(0.03, 0.42, 11)
_IMPACTS = (0.0, 0.25, 0.45, 0.62, 0.76, 0.88)
"""Least distance of the centres over the sum of the radii."""


@dataclass(frozen=True)
class Start:
    """Guesses, and how far the period and the epoch may be off them.

    Arguments:
        guess: parameter to value.
        slack: of the period: over the whole span it adds up to a tenth of a cycle.
        scatter: the standard deviation of the measured values.
    """

    guess: dict[str, float]
    slack: float
    scatter: float


@lru_cache(maxsize=16)
def look(data: Data, measured: str, period: float) -> Start:
    """Guesses from data with the input `time`.

    Arguments:
        data: the light curve.
        measured: what its only output is, "flux" or "magnitude".
        period: the orbital period where it is roughly known, 0 to search for it.
    """
    output = next(iter(data.outputs))
    index = data.observed[output]
    time = np.asarray(data.inputs["time"], dtype=np.float64)
    time = time if index is None else time[index]
    value = np.asarray(data.observations(output)[0], dtype=np.float64)
    zero = float(np.median(value))
    flux = 10 ** (-0.4 * np.clip(value - zero, -5, 5)) if measured == "magnitude" else value
    span = float(np.ptp(time)) or 1.0
    period = _searched(time, flux, period) or period or span
    middle = 0.5 * float(time.min() + time.max())
    epoch, best, brightest = _best(time, flux, period, middle)
    level = zero - 2.5 * float(np.log10(max(brightest, 1e-2))) if measured == "magnitude" else brightest
    guess = {"period": period, "time_of_minimum": epoch, **best, "level": level}
    return Start(guess, min(0.1 * period, 0.1 * period**2 / span), float(np.std(value)) or 1.0)


def _searched(time: Float[np.ndarray, " n"], flux: Float[np.ndarray, " n"], near: float) -> float:
    """The period, within a per cent of one that is known; 0 where there are too few points or nothing changes."""
    harmonics = min(6, (time.size - 4) // 4)
    if harmonics < 1 or np.ptp(time) <= 0 or np.ptp(flux) <= 0:
        return 0.0
    if near > 0:
        return period_search(time, flux, shortest=0.99 * near, longest=1.01 * near, harmonics=harmonics).period
    return period_search(time, flux, harmonics=harmonics).period


def _best(
    time: Float[np.ndarray, " n"], flux: Float[np.ndarray, " n"], period: float, middle: float
) -> tuple[float, dict[str, float], float]:
    """The epoch, the geometry and the level: the best cells of a coarse grid, each followed downhill."""
    cycle = (time - middle) / period
    phase, mean, weight = _binned(cycle, flux, _COARSE)
    tried = [np.insert(_geometries(), 3, zero, axis=1) for zero in _dips(phase, mean)]
    cells = np.concatenate(tried)
    squares = np.concatenate([_solved(phase, mean, weight, each)[0] for each in tried])
    # which disc is the larger one makes two valleys, of which the coarse grid may take the wrong one
    larger = cells[:, 0] > cells[:, 1]
    kept = [
        which[np.argsort(squares[which])[:_FOLLOWED]] for which in (np.flatnonzero(larger), np.flatnonzero(~larger))
    ]
    fine = _binned(cycle, flux, _FINE)
    found = _downhill(*fine, cells[np.concatenate(kept)])
    light_1, light_2 = (float(each[0]) for each in _solved(*fine, found[None])[1:])
    ratio = light_2 / max(light_1, 1e-9) * (found[0] / found[1]) ** 2
    geometry = {
        "radius_1": float(found[0]),
        "radius_2": float(found[1]),
        "inclination": min(float(_inclination(found[None])[0]), 89.0),
        "surface_brightness_ratio": float(np.clip(ratio, 1e-3, 1e3)),
    }
    return middle + period * float(found[3] - np.round(found[3])), geometry, (light_1 + light_2) or 1.0


def _binned(
    cycle: Float[np.ndarray, " n"], flux: Float[np.ndarray, " n"], bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Phases, mean fluxes and weights of the bins that hold something; the points themselves where they are few."""
    if cycle.size <= bins:
        return cycle - np.floor(cycle), flux, np.ones(cycle.size)
    phase = cycle - np.floor(cycle)
    place = (phase * bins).astype(np.int64) % bins
    number = np.bincount(place, minlength=bins)
    has = number > 0
    mean, centre = (np.bincount(place, weights=each, minlength=bins)[has] / number[has] for each in (flux, phase))
    return centre, mean, np.minimum(number[has], 20).astype(np.float64)


def _dips(phase: Float[np.ndarray, " b"], mean: Float[np.ndarray, " b"]) -> list[float]:
    """Phases about the faintest one: the middle of the deepest dip, and some beside it."""
    order = np.argsort(phase)
    phase, mean = phase[order], mean[order]
    around = np.arange(-1, 2)
    smooth = np.median(mean[(np.arange(mean.size)[:, None] + around) % mean.size], axis=1)
    lowest = float(phase[int(np.argmin(smooth))])
    offset = (phase - lowest + 0.5) % 1 - 0.5
    depth = np.where(np.abs(offset) < 0.12, np.clip(np.median(mean) - mean, 0, None), 0.0)
    depth = np.where(depth > 0.4 * depth.max(), depth, 0.0)
    centre = lowest + (float(np.sum(depth * offset) / depth.sum()) if depth.sum() > 0 else 0.0)
    return [centre, centre - 0.003, centre + 0.003]


@lru_cache(maxsize=1)
def _geometries() -> Float[np.ndarray, "g 3"]:
    """Radii and impacts of the grid, in which each disc is the larger one in turn."""
    return np.array([row for row in itertools.product(_RADII, _RADII, _IMPACTS) if row[0] + row[1] < 0.8])


def _inclination(cell: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip(cell[..., 2] * (cell[..., 0] + cell[..., 1]), 0.0, 0.999)))


def _solved(
    phase: Float[np.ndarray, " b"], flux: Float[np.ndarray, " b"], weight: Float[np.ndarray, " b"], cells: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For cells (g, 4) of two radii, impact and epoch: sums of squares, and the lights of both discs.

    These are linear, so they are solved for, and kept at zero or above.
    """
    cycle = phase - cells[:, 3:]
    first, second = seen(cycle, cells[:, :1], cells[:, 1:2], _inclination(cells)[:, None])
    a, b, c = (np.sum(weight * x * y, axis=1) for x, y in ((first, first), (first, second), (second, second)))
    p, q = np.sum(weight * first * flux, axis=1), np.sum(weight * second * flux, axis=1)
    a, c = np.maximum(a, 1e-12), np.maximum(c, 1e-12)
    determinant = np.maximum(a * c - b * b, 1e-12 * a * c)
    light_1, light_2 = (p * c - q * b) / determinant, (q * a - p * b) / determinant
    light_1, light_2 = np.where(light_2 < 0, p / a, light_1), np.where(light_1 < 0, q / c, light_2)
    light_1, light_2 = np.clip(light_1, 0, None), np.clip(light_2, 0, None)
    squares = np.sum(weight * (light_1[:, None] * first + light_2[:, None] * second - flux) ** 2, axis=1)
    return squares, light_1, light_2


def _downhill(
    phase: Float[np.ndarray, " b"], flux: Float[np.ndarray, " b"], weight: Float[np.ndarray, " b"], cells: np.ndarray
) -> np.ndarray:
    """The best point that steps of ever smaller size lead to from any of the cells."""
    step = np.array([0.12, 0.12, 0.1, 0.0015])
    moves = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=4)))
    for _ in range(_ROUNDS):
        by = moves * step
        tried = np.repeat(cells, len(moves), axis=0)
        tried += np.tile(by, (len(cells), 1)) * np.where(np.arange(4) < 2, tried, 1.0)
        tried[:, :2] = np.clip(tried[:, :2], 0.002, 0.49)
        tried[:, 2] = np.clip(tried[:, 2], 0.0, 0.99)
        squares = _solved(phase, flux, weight, tried)[0].reshape(len(cells), len(moves))
        best = np.argmin(squares, axis=1)
        cells = tried.reshape(len(cells), len(moves), 4)[np.arange(len(cells)), best]
        step = np.where(best[np.argmin(squares.min(axis=1))] == len(moves) // 2, 0.5 * step, step)
        # half of the trails are left when they are clearly the worse ones
        if len(cells) > 2:
            cells = cells[np.argsort(squares.min(axis=1))[: max(2, 3 * len(cells) // 4)]]
    return cells[int(np.argmin(_solved(phase, flux, weight, cells)[0]))]
