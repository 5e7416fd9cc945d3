"""A measured diffusion couple: its profile as a smooth curve, once as measured and many times with redrawn noise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.regression_spline import FEWEST, regression_spline
from parametra.nouns.errors import DataError

Volume = float | Callable[..., Any] | tuple[Sequence[float] | np.ndarray, Sequence[float] | np.ndarray]

_BETWEEN = 8  # nodes of the curve for each measured point
_OUTER = 12  # the twelfth part of the points at either end tells the composition there
_LEFT_OVER = 0.002  # of the step: so much may the outermost points, by the form of the tail, be away from its end
_TAIL = ((0.05, 1.1631), (0.2, 0.5951))  # shares of the step, and where 0.5 erfc takes them


@dataclass(frozen=True, eq=False)
class Couple:
    """Curves of one couple: the first row as measured, the others with redrawn noise.

    Arguments:
        x: nodes, rising; twice where the composition jumps.
        fraction, slope: at the nodes (curves, nodes).
        left, right: the fractions at the ends (curves,).
        volume: molar volume at a fraction.
        time: of annealing.
        sigma: the standard deviation of a measured fraction.
        measured: positions and fractions, in order of position.
    """

    x: Float[np.ndarray, " nodes"]
    fraction: Float[np.ndarray, "curves nodes"]
    slope: Float[np.ndarray, "curves nodes"]
    left: Float[np.ndarray, " curves"]
    right: Float[np.ndarray, " curves"]
    volume: Callable[[np.ndarray], np.ndarray]
    time: float
    sigma: float
    measured: tuple[np.ndarray, np.ndarray]

    @property
    def normalised(self) -> np.ndarray:
        """Y, 0 at the left end and 1 at the right, by fraction."""
        return (self.fraction - self.left[:, None]) / (self.right - self.left)[:, None]

    def below(self, values: np.ndarray) -> np.ndarray:
        """The integral of values (curves, nodes) from the left end up to each node."""
        steps = 0.5 * (values[:, 1:] + values[:, :-1]) * np.diff(self.x)
        return np.concatenate([np.zeros((len(values), 1)), np.cumsum(steps, axis=1)], axis=1)

    def above(self, values: np.ndarray) -> np.ndarray:
        """The integral from each node up to the right end."""
        risen = self.below(values)
        return risen[:, -1:] - risen


def couple_of(
    position: Any,
    fraction: Any,
    time: float,
    *,
    molar_volume: Volume = 1.0,
    interfaces: Sequence[float] = (),
    ends: tuple[float, float] | None = None,
    sigma: float | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Couple:
    """The curves of measured points; see `wagner` for the arguments.

    Raises:
        DataError: points that are too few or the same, a time or volume not above zero, a profile that has not ended.
    """
    x, n = _ordered(position, fraction, time)
    edges = [-np.inf, *sorted(float(each) for each in interfaces), np.inf]
    draw = np.random.default_rng(seed)
    pieces = [
        _piece(x[inside], n[inside], sigma, replicates, draw, low, high)
        for low, high in itertools.pairwise(edges)
        if (inside := (x > low) & (x < high)).any()
    ]
    nodes, curves, slopes = (np.concatenate([piece[i] for piece in pieces], axis=-1) for i in range(3))
    scatter = float(sigma if sigma is not None else np.sqrt(np.mean([piece[3] ** 2 for piece in pieces])))
    found = [_end(x, n, curves, nodes, scatter, side, None if ends is None else ends[side]) for side in (0, 1)]
    if abs(found[1][0] - found[0][0]) <= 5 * scatter:
        raise DataError(
            f"the two ends of the couple have the fractions {found[0][0]:.4g} and {found[1][0]:.4g}, which are hardly "
            "different: nothing has diffused that could be seen."
        )
    if ends is None and not len(interfaces):
        found = [_uncertain(x, curves[0], nodes, found, side, draw) for side in (0, 1)]
    return Couple(nodes, curves, slopes, found[0], found[1], _volume(molar_volume), float(time), scatter, (x, n))


def _ordered(position: Any, fraction: Any, time: float) -> tuple[np.ndarray, np.ndarray]:
    x, n = np.asarray(position, dtype=float), np.asarray(fraction, dtype=float)
    if x.ndim != 1 or x.shape != n.shape:
        raise DataError(f"position and fraction are two lists of one length; {x.shape} and {n.shape} came.")
    if not (np.isfinite(x).all() and np.isfinite(n).all()):
        raise DataError("position and fraction must not have missing values; leave those points out.")
    if not time > 0:
        raise DataError(f"time is how long the couple was annealed, above zero; {time!r} came.")
    places, of = np.unique(x, return_inverse=True)  # points at one place become their mean
    if places.size < FEWEST:
        raise DataError(f"a profile needs {FEWEST} places or more; {places.size} came.")
    return places, np.bincount(of, weights=n) / np.bincount(of)


def _piece(
    x: np.ndarray,
    n: np.ndarray,
    sigma: float | None,
    replicates: int,
    draw: np.random.Generator,
    low: float,
    high: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Nodes, curves, slopes and scatter between two jumps; a few points alone are one value."""
    ends = [low if np.isfinite(low) else x[0], high if np.isfinite(high) else x[-1]]
    if x.size < FEWEST:
        nodes = np.array(ends)
        scatter = float(sigma if sigma is not None else (np.std(n, ddof=1) if x.size > 1 else 0.0))
        level = np.concatenate([[n.mean()], n.mean() + scatter / np.sqrt(x.size) * draw.standard_normal(replicates)])
        return nodes, np.repeat(level[:, None], 2, axis=1), np.zeros((replicates + 1, 2)), scatter
    spline = regression_spline(x)
    strength = spline.strength(n)
    scatter = float(sigma if sigma is not None else spline.scatter(n, strength))
    smooth = spline.basis @ spline.coefficients(n, strength)
    redrawn = smooth[:, None] + scatter * draw.standard_normal((x.size, replicates))
    coefficients = spline.coefficients(np.concatenate([n[:, None], redrawn], axis=1), strength)
    # where a fraction of a step is missing to the jump, the curve goes on as a line
    nodes = np.interp(np.arange(_BETWEEN * (x.size - 1) + 1) / _BETWEEN, np.arange(x.size), x)
    nodes = np.unique(np.concatenate([nodes, ends]))
    within = np.clip(nodes, x[0], x[-1])
    curves, slopes = (spline.curve(coefficients, within, derivative).T for derivative in (0, 1))
    return nodes, curves + slopes * (nodes - within), slopes, scatter


def _end(
    x: np.ndarray, n: np.ndarray, curves: np.ndarray, nodes: np.ndarray, sigma: float, side: int, given: float | None
) -> np.ndarray:
    """The fraction at one end, of every curve: as given, or the mean over the outermost points."""
    if given is not None:
        return np.full(len(curves), float(given))
    few = max(3, x.size // _OUTER)
    outer, next_to = (n[:few], n[few : 2 * few]) if side == 0 else (n[-few:], n[-2 * few : -few])
    change, span = abs(float(outer.mean() - next_to.mean())), float(np.ptp(n))
    if change > 4 * sigma * np.sqrt(2 / few) and change > 0.01 * span:
        raise DataError(
            f"the profile has not ended on the {('left', 'right')[side]}: its outermost {few} points differ from the "
            f"next {few} by {change:.3g}. Measure further out, or give the compositions there by ends=(left, right)."
        )
    inside = nodes <= x[few - 1] if side == 0 else nodes >= x[-few]
    return curves[:, inside].mean(axis=1)


def _uncertain(
    x: np.ndarray, curve: np.ndarray, nodes: np.ndarray, ends: list[np.ndarray], side: int, draw: np.random.Generator
) -> np.ndarray:
    """The fraction at one end, redrawn by what the outermost points may still be away from it, were the tail an erfc.

    A mean over points hardly shows that a tail goes on; how wide the tail is, where it is steep, shows it well.
    """
    from scipy.special import erfc

    here, there = float(ends[side][0]), float(ends[1 - side][0])
    inwards = (nodes, curve, x) if side == 0 else (-nodes[::-1], curve[::-1], -x[::-1])
    place, share = inwards[0], np.maximum.accumulate((inwards[1] - here) / (there - here))
    (low, z_low), (high, z_high) = _TAIL
    at_low, at_high = (float(np.interp(each, share, place)) for each in (low, high))
    width = max((at_high - at_low) / (z_low - z_high), 1e-9 * float(np.ptp(x)))
    outer = inwards[2][: max(3, x.size // _OUTER)]
    left_over = float(np.mean(0.5 * erfc((at_low + z_low * width - outer) / width)))
    if left_over > _LEFT_OVER:
        raise DataError(
            f"the profile has not ended on the {('left', 'right')[side]}: by the width of its tail the outermost "
            f"{outer.size} points are still {100 * left_over:.2g} % of the step away. Measure further out, or give the "
            "compositions there by ends=(left, right)."
        )
    redrawn = left_over * (there - here) * draw.standard_normal(ends[side].size)
    redrawn[0] = 0.0
    return ends[side] + redrawn


def _volume(given: Volume) -> Callable[[np.ndarray], np.ndarray]:
    """Molar volume as a function of fraction."""
    if callable(given):
        found = given
    elif isinstance(given, tuple):
        from scipy.interpolate import PchipInterpolator

        at, values = (np.asarray(each, dtype=float) for each in given)
        if at.shape != values.shape or at.size < 2 or not (np.diff(at) > 0).all():
            raise DataError(
                "molar_volume as a table is (fractions, volumes), two lists of one length, fractions rising."
            )
        table = PchipInterpolator(at, values)
        found = lambda n: table(np.clip(n, at[0], at[-1]))  # noqa: E731  a table knows nothing beyond its ends
    else:
        value = float(given)
        found = lambda n: np.full(np.shape(n), value)  # noqa: E731
    tried = np.asarray(found(np.linspace(0.0, 1.0, 5)), dtype=float)
    if tried.shape != (5,) or not (tried > 0).all():
        raise DataError(
            "molar_volume is a number above zero, (fractions, volumes), or a function from an array of fractions to an "
            f"array of volumes above zero; between 0 and 1 it gave {tried}."
        )
    return lambda n: np.asarray(found(n), dtype=float)
