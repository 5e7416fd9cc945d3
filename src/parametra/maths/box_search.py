"""The best of many points of a box by least squares, polished side by side: rough parameters from data alone.

Oscillators have a basin for every cycle that may be missed, so a search from anywhere ends in one of them. The points
that are best on the first part of the data are polished there by damped Gauss-Newton steps, and carried on as the part
grows, so that a phase that has been caught is never lost again; those best on more of the data join them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

_POINTS = 600
_KEPT = 5
"""Points that are polished for each part of the data, those that are best on it."""
_STEPS, _LAST = 8, 12
"""Gauss-Newton steps on each part, and on all of the data."""
_GAIN = 1e-3
"""The share of its cost that some point has to gain, else the polishing ends."""
_HOPELESS = 1e3
"""What counts for a residual that is not finite, in units of the spread of the data."""

Residuals = Callable[[Mapping[str, Any]], Any]


def box_search(
    residuals: Residuals,
    box: Mapping[str, tuple[float, float]],
    parts: Sequence[Any] = (),
    *,
    points: int = _POINTS,
) -> dict[str, float]:
    """The point of a box with the least sum of squared residuals, roughly.

    Good for guesses of up to ten or so parameters, from which an exact fit goes on. It draws no random numbers: the
    same data give the same answer. Derivatives are differences, and points side by side cost little more than one.

    Arguments:
        residuals: from parameters by name, each (g,), to residuals (g, m) in units of the spread of the data; NaN where
            there is no answer.
        box: name to limits, searched in the logarithm where the lower one is above zero.
        parts: masks (m,) of growing parts of the residuals, the last of all of them; () for all at once.
        points: how many points are tried.

    Source: carrying a fit on as the window grows is known from chaotic series, Pisarenko and Sornette (2004),
        doi:10.1103/PhysRevE.69.036122
    """
    search = _Search.of(residuals, box)
    start = search.low + (search.high - search.low) * evenly_spread(points, search.low.size)
    wrong = search.residuals(start)
    masks = [np.asarray(each, dtype=float) for each in parts] or [np.ones(wrong.shape[1])]
    lanes: list[np.ndarray] = []
    begun: list[int] = []
    for number, mask in enumerate(masks):
        chosen = np.argsort(_cost(wrong, mask[None], _HOPELESS), kind="stable")[:_KEPT]
        lanes.append(start[chosen])
        begun += [number] * chosen.size
    at = np.concatenate(lanes)
    for number in range(len(masks)):
        last = number == len(masks) - 1
        weight = np.stack([masks[max(number, each)] for each in begun])
        if last and number:
            # one basin is enough from here on
            ahead = np.argsort(_cost(search.residuals(at), weight), kind="stable")[:_KEPT]
            at, weight = at[ahead], weight[ahead]
        at = search.polished(at, weight, _LAST if last else _STEPS)
    best = int(np.argmin(_cost(search.residuals(at), masks[-1][None])))
    # the exponential of a logarithm may leave the box by its last digit
    return {name: float(np.clip(value[best], *box[name])) for name, value in search.named(at).items()}


def evenly_spread(count: int, dimension: int) -> Float[np.ndarray, "count dimension"]:
    """Points that fill the unit cube evenly, by adding irrational numbers again and again.

    Kronecker's sequence with powers of the root of x^(dimension + 1) = x + 1, the golden ratio for one dimension.
    """
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (dimension + 1))
    return (0.5 + np.arange(1, count + 1)[:, None] * root ** -np.arange(1.0, dimension + 1)) % 1.0


def _cost(wrong: np.ndarray, weight: np.ndarray, missing: float = np.inf) -> np.ndarray:
    """Sums of squares (g,) of the residuals that count, with something instead of those that are not finite."""
    with np.errstate(all="ignore"):
        counted = np.where(weight > 0, np.where(np.isfinite(wrong), wrong, missing), 0.0)
        return (counted**2).sum(axis=1)


@dataclass(frozen=True)
class _Search:
    of_named: Residuals
    lower: dict[str, float]
    low: Float[np.ndarray, " p"]
    high: Float[np.ndarray, " p"]

    @staticmethod
    def of(residuals: Residuals, box: Mapping[str, tuple[float, float]]) -> _Search:
        sides = [(np.log(a), np.log(b)) if a > 0 else (a, b) for a, b in box.values()]
        low, high = np.array(sides, dtype=float).T
        return _Search(residuals, {name: side[0] for name, side in box.items()}, low, high)

    def named(self, at: np.ndarray) -> dict[str, np.ndarray]:
        """Parameters by name, each (g,), of points (g, p)."""
        columns = zip(self.lower.items(), at.T, strict=True)
        return {name: np.exp(column) if lower > 0 else column for (name, lower), column in columns}

    def residuals(self, at: np.ndarray) -> np.ndarray:
        """(g, m) of points (g, p)."""
        with np.errstate(all="ignore"):
            return self.of_named(self.named(at))

    def polished(self, at: np.ndarray, weight: np.ndarray, steps: int) -> np.ndarray:
        """Points (g, p) after damped Gauss-Newton steps, each with its own weights (g, m), within the box."""
        reach = 0.25 * (self.high - self.low)
        wrong, table = self._linear(at)
        cost = _cost(wrong, weight)
        damping = np.full(at.shape[0], 1e-2)
        for _ in range(steps):
            # the linear picture reaches no further than a quarter of the box
            step = np.clip(_damped_step(wrong, table, weight, damping), -reach, reach)
            tried = np.clip(at + step, self.low, self.high)
            there, next_table = self._linear(tried)
            new = _cost(there, weight)
            better = new < cost
            if not np.any(better & (new < (1.0 - _GAIN) * cost)) and np.all(damping > 0.1):
                break
            at = np.where(better[:, None], tried, at)
            wrong = np.where(better[:, None], there, wrong)
            table = np.where(better[:, None, None], next_table, table)
            cost = np.where(better, new, cost)
            damping = np.clip(np.where(better, 0.2 * damping, 8.0 * damping), 1e-9, 1e6)
        return at

    def _linear(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (g, m) and their differences by each coordinate (g, p, m), from one call for all."""
        lanes, dimension = at.shape
        size = 1e-4 * (self.high - self.low)
        points = np.concatenate([at[:, None, :], at[:, None, :] + np.diag(size)], axis=1)
        found = self.residuals(points.reshape(-1, dimension)).reshape(lanes, dimension + 1, -1)
        with np.errstate(all="ignore"):
            return found[:, 0], (found[:, 1:] - found[:, :1]) / size[:, None]


def _damped_step(wrong: np.ndarray, table: np.ndarray, weight: np.ndarray, damping: np.ndarray) -> np.ndarray:
    """Levenberg's step (g, p) of each point, Marquardt's scaling; what is not finite counts nothing."""
    counted = np.where(np.isfinite(table), table, 0.0) * weight[:, None, :]
    here = np.where(np.isfinite(wrong), wrong, 0.0) * weight
    with np.errstate(all="ignore"):
        normal = np.nan_to_num(counted @ np.swapaxes(counted, 1, 2), posinf=1e200)
        slope = np.nan_to_num((counted @ here[..., None])[..., 0], posinf=1e200, neginf=-1e200)
    diagonal = np.einsum("gii->gi", normal)
    diagonal = diagonal + 1e-9 * diagonal.sum(axis=1, keepdims=True) + 1e-12
    damped = normal + (damping[:, None] * diagonal)[:, :, None] * np.eye(diagonal.shape[1])
    return -np.linalg.solve(damped, slope[..., None])[..., 0]
