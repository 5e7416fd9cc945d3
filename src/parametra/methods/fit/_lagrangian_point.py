"""A point of a constrained search: what is known there, how far it is from optimal, and what it is worth.

    L(x, m)     = cost(x) + m'c(x)                                     the Lagrangian
    merit(x, m) = cost + sum_i P_i(c_i, m_i) + nu/2 |A grad L|^2       the exact augmented Lagrangian
    P(c, m)     = mu/2 ((c - s + m/mu)^2 - (m/mu)^2),   s = c + m/mu clipped to [lower, upper]

c: k constraints with Jacobian A and multipliers m, above 0 at an upper limit, below 0 at a lower one. For equations P
is m c + mu/2 c^2, and the merit is the exact augmented Lagrangian of Hong, Na, Mahoney and Kolar (arXiv:2305.18379); s
extends it to inequalities. In the last term A has the rows that hold a limit and the coordinates off their bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.limits import Limits

_LARGEST = 1e100
_TOGETHER = 50
"""Coordinates whose derivatives of the constraints' Jacobian are in memory together."""


@dataclass(frozen=True)
class Point:
    """What is known at a point.

    Arguments:
        x: (d,).
        cost, gradient: there.
        normal: J'J of the residuals, None without residuals.
        values, slopes: the constraints (k,) and their Jacobian (k, d).
    """

    x: Float[np.ndarray, " d"]
    cost: float
    gradient: Float[np.ndarray, " d"]
    normal: Float[np.ndarray, "d d"] | None
    values: Float[np.ndarray, " k"]
    slopes: Float[np.ndarray, "k d"]

    @property
    def ok(self) -> bool:
        """Whether everything is a number whose square is one, too."""
        parts = (self.cost, self.gradient, self.values, self.slopes)
        return all(bool(np.all(np.abs(a) < _LARGEST)) for a in parts)  # also False for NaN


@dataclass(frozen=True)
class Box:
    """The bounds and the limits of a search."""

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    limits: Limits


@dataclass(frozen=True)
class Residual:
    """By how much a point misses being optimal, each relative to its size.

    Arguments:
        stationarity: the gradient of the Lagrangian off the bounds, in units of the cost's curvature.
        infeasibility: the constraints.
        complementarity: multiplier times distance from the limit.
    """

    stationarity: float
    infeasibility: float
    complementarity: float

    @property
    def worst(self) -> float:
        """The largest of the three; infinity where one has no value."""
        found = max(self.stationarity, self.infeasibility, self.complementarity)
        return found if np.isfinite(found) else np.inf


@dataclass(frozen=True)
class Frame:
    """The units in which a merit is measured while one step is searched along.

    Arguments:
        units: (d,) of coordinates, 1 / sqrt(curvature).
        weights: (k,) penalty of each row, mu over the square of the row's length.
        exact: (k,) weight of each row in the exact term, zero for rows that hold no limit.
        free: (d,) coordinates off their bounds.
        nu: the factor of the exact term.
    """

    units: Float[np.ndarray, " d"]
    weights: Float[np.ndarray, " k"]
    exact: Float[np.ndarray, " k"]
    free: Bool[np.ndarray, " d"]
    nu: float


def units_of(hessian: Float[np.ndarray, "d d"], point: Point, box: Box) -> Float[np.ndarray, " d"]:
    """1 / sqrt(curvature) of each coordinate; where there is none, its own size."""
    size = np.maximum(np.abs(point.x), 1.0)
    with np.errstate(divide="ignore"):
        unit = np.minimum(1.0 / np.sqrt(np.abs(np.diag(hessian))), 1e2 * size)
    width = box.upper - box.lower
    return np.where(np.isfinite(width), np.minimum(unit, np.maximum(width, 1e-300)), unit)


def cost_size(point: Point, first: float) -> float:
    """What a gradient in curvature units is compared with: |r| of residuals, 1 for a log density."""
    if point.normal is None:
        return 1.0
    predicted = float(point.x @ point.normal @ point.x)
    return float(np.sqrt(max(2 * point.cost, 1e-10 * first, 1e-10 * predicted, 1e-300)))


def optimality(
    point: Point, multipliers: Float[np.ndarray, " k"], box: Box, units: Float[np.ndarray, " d"], size: float
) -> Residual:
    """How far a point and its multipliers are from the conditions of Karush, Kuhn and Tucker."""
    slope = point.gradient + point.slopes.T @ multipliers
    moved = np.clip(point.x - units * units * slope, box.lower, box.upper)
    stationarity = float(np.max(np.abs(moved - point.x) / units, initial=0.0)) / size
    limits = box.limits
    if not multipliers.size:
        return Residual(stationarity, 0.0, 0.0)
    with np.errstate(invalid="ignore"):
        above, below = np.maximum(limits.upper - point.values, 0.0), np.maximum(point.values - limits.lower, 0.0)
        products = np.where(multipliers > 0, multipliers * above, 0.0)
        products = np.where(multipliers < 0, -multipliers * below, products)
    scales = limits.sizes(point.x, point.values, point.slopes)
    missed = float(np.max(limits.missed(point.values) / scales, initial=0.0))
    return Residual(stationarity, missed, float(np.max(products, initial=0.0)) / size**2)


def pulls(point: Point, multipliers: np.ndarray, box: Box, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gap c - s, and the derivative of the penalty by c, which is the multiplier it amounts to."""
    s = np.clip(point.values + multipliers / weights, box.limits.lower, box.limits.upper)
    return point.values - s, multipliers + weights * (point.values - s)


def merit(point: Point, multipliers: Float[np.ndarray, " k"], box: Box, frame: Frame) -> float:
    """The exact augmented Lagrangian; infinity where something has no value."""
    if not point.ok:
        return np.inf
    gap, pull = pulls(point, multipliers, box, frame.weights)
    # mu/2 ((c - s + m/mu)^2 - (m/mu)^2), without the cancellation
    total = point.cost + float(np.sum(gap * (multipliers + pull))) / 2
    if frame.nu:
        q = exact_part(point, point.gradient + point.slopes.T @ multipliers, frame)
        total += 0.5 * frame.nu * float(q @ q)
    return total if np.isfinite(total) else np.inf


def exact_part(point: Point, slope: np.ndarray, frame: Frame) -> np.ndarray:
    """A times the gradient of the Lagrangian, in the frame's units."""
    return frame.exact * (point.slopes @ np.where(frame.free, frame.units**2 * slope, 0.0))


def merit_slope(
    point: Point,
    multipliers: Float[np.ndarray, " k"],
    step: Float[np.ndarray, " d"],
    change: Float[np.ndarray, " k"],
    box: Box,
    frame: Frame,
    hessian: Float[np.ndarray, "d d"],
) -> float:
    """The merit's derivative along a step in the coordinates and a change of the multipliers.

    Arguments:
        point, multipliers: where.
        step, change: along which.
        box, frame: of the merit.
        hessian: of the Lagrangian.
    """
    gap, pull = pulls(point, multipliers, box, frame.weights)
    along = point.slopes @ step
    total = float(point.gradient @ step + pull @ along + gap @ change)
    if not frame.nu:
        return total
    slope = point.gradient + point.slopes.T @ multipliers
    q = exact_part(point, slope, frame)
    moved = exact_part(point, hessian @ step + point.slopes.T @ change, frame)
    bent = _bent(point, step, box)
    moved += frame.exact * (bent @ np.where(frame.free, frame.units**2 * slope, 0.0))
    return total + frame.nu * float(q @ moved)


def _bent(point: Point, step: np.ndarray, box: Box) -> np.ndarray:
    """The change of the constraints' Jacobian along a step, by a difference."""
    if box.limits.linear.all():
        return np.zeros_like(point.slopes)
    length = float(np.max(np.abs(step) / np.maximum(np.abs(point.x), 1e-3), initial=0.0))
    h = 1e-6 / max(length, 1e-300)
    moved = np.clip(point.x + h * step, box.lower, box.upper)
    return np.nan_to_num((box.limits.jacobian(moved[None])[0] - point.slopes) / h, posinf=0.0, neginf=0.0)


def constraint_curvature(point: Point, multipliers: Float[np.ndarray, " k"], box: Box) -> Float[np.ndarray, "d d"]:
    """Sum of the multipliers times the Hessians of the constraints, by central differences of their Jacobian."""
    d = point.x.size
    curved = ~box.limits.linear & (multipliers != 0)
    if not curved.any():
        return np.zeros((d, d))
    h = 6e-6 * np.maximum(np.abs(point.x), 1e-3)
    up, down = np.minimum(point.x + h, box.upper), np.maximum(point.x - h, box.lower)
    hessian = np.zeros((d, d))
    for first in range(0, d, _TOGETHER):
        part = np.arange(first, min(first + _TOGETHER, d))
        points = np.repeat(point.x[None], 2 * part.size, axis=0)
        points[np.arange(part.size), part] = up[part]
        points[part.size + np.arange(part.size), part] = down[part]
        pulled = multipliers[curved] @ box.limits.jacobian(points)[:, curved]
        hessian[part] = (pulled[: part.size] - pulled[part.size :]) / np.maximum(up - down, 1e-300)[part, None]
    hessian = 0.5 * (hessian + hessian.T)
    return hessian if np.isfinite(hessian).all() else np.zeros((d, d))
