"""First looks at a curve, from which guesses are made: its extent, and the best of many shapes.

Factors of shapes follow by linear least squares, so only what is nonlinear is searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from parametra.maths.arrays import Float

_RIDGE = 1e-12
"""Keeps the normal equations of scaled columns solvable where two shapes are one."""
_ROUNDED = 1e-10
"""Of the sum of squares: residuals from products that differ by less may differ by rounding alone."""


class Shape(NamedTuple):
    """The best of many shapes.

    Arguments:
        values: name to the value of each nonlinear parameter.
        factors: the factor of each column, (k,).
        residual: the sum of squared residuals.
    """

    values: dict[str, float]
    factors: Float[np.ndarray, " k"]
    residual: float


def tidy(
    x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], most: int = 300
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """The finite points in the order of x, evenly thinned to `most` of them; one point at zero where there are none."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if not x.size:
        return np.zeros(1), np.zeros(1)
    order = np.argsort(x, kind="stable")
    if order.size > most:
        order = order[np.linspace(0, order.size - 1, most).astype(int)]
    return x[order], y[order]


def extent(*columns: Float[np.ndarray, " _"]) -> tuple[float, float]:
    """The middle of all values, and the distance of the lowest from the highest; a width above zero, whatever comes."""
    values = np.concatenate([np.zeros(0), *(np.ravel(each) for each in columns)])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return 0.5 * (low + high), (high - low) or max(abs(high), 1.0)


def lifted(value: float, scale: float, share: float = 1e-3) -> float:
    """A positive number: the value, or a share of the scale where the value is smaller or not finite."""
    least = share * abs(scale) if np.isfinite(scale) and scale else share
    return float(value) if np.isfinite(value) and value > least else least


def best_shape(
    columns: Callable[..., Sequence[Any]],
    grid: Mapping[str, Float[np.ndarray, " _"]],
    y: Float[np.ndarray, " n"],
    accept: Callable[[Float[np.ndarray, "g k"]], Any] | None = None,
) -> Shape:
    """The best of all combinations on a grid, the factors of its columns by linear least squares.

        y = sum_k factor_k column_k(nonlinear parameters)

    The variable projection of Golub and Pereyra (1973), doi:10.1137/0710036, on a grid. It cannot be led astray by a
    start, and tells the basin. A constant among the columns takes the curve's mean, so an offset costs no digits.

    Arguments:
        columns: from the nonlinear parameters by name, each (g, 1), to the columns, each (g, n) or broadcast to it.
        grid: name to the values that are tried.
        y: the curve.
        accept: from the factors (g, k) to which combinations may be taken; all of them where none may.
    """
    mesh = np.meshgrid(*grid.values(), indexing="ij")
    points = {name: each.reshape(-1, 1) for name, each in zip(grid, mesh, strict=True)}
    count = mesh[0].size
    with np.errstate(all="ignore"):
        made = columns(**points)
        table = np.stack([np.broadcast_to(each, (count, y.size)) for each in made], axis=1).astype(float)
        if not np.isfinite(table).all():
            table = np.where(np.isfinite(table), table, 0.0)
        level, lift = _level(made, y)
        y = y - lift
        # all that is needed of so large a table are its products, so it is gone through once
        products, shared = table @ np.swapaxes(table, 1, 2), table @ y
        scale = np.sqrt(np.einsum("gii->gi", products))
        scale = np.where(scale > 0, scale, 1.0)
        normal = products / (scale[:, :, None] * scale[:, None, :]) + _RIDGE * np.eye(scale.shape[1])
        factors = np.linalg.solve(normal, (shared / scale)[..., None])[..., 0]
        squares = float(y @ y)
        residual = np.maximum(squares - (shared / scale * factors).sum(axis=1), 0.0)
        factors = factors / scale
    whole = factors
    if level is not None:
        whole = factors.copy()
        whole[:, level] += lift / table[:, level, 0]
    residual = np.where(np.isfinite(residual), residual, np.inf)
    if accept is not None:
        allowed = np.asarray(accept(whole))
        if allowed.any():
            residual = np.where(allowed, residual, np.inf)
    with np.errstate(all="ignore"):
        # the difference of two large sums tells no more than this; among those the curves themselves decide
        near = np.flatnonzero(residual <= residual.min() + _ROUNDED * squares)
        if near.size:
            left = y - (factors[near, None, :] @ table[near])[:, 0]
            told = np.einsum("gn,gn->g", left, left)
            told = np.where(np.isfinite(told), told, np.inf)
            best, least = int(near[np.argmin(told)]), float(told.min())
        else:
            best, least = int(np.argmin(residual)), float(residual.min())
    return Shape({name: float(each[best, 0]) for name, each in points.items()}, whole[best], least)


def _level(columns: Sequence[Any], y: Float[np.ndarray, " n"]) -> tuple[int | None, float]:
    """Which column is a constant other than zero, and the mean that it takes; None and 0 where none is."""
    mean = float(y.mean()) if y.size else 0.0
    for k, each in enumerate(columns):
        column = np.atleast_1d(np.asarray(each, dtype=float))
        first = column.flat[0] if column.size else 0.0
        if not (first and np.isfinite(first) and np.isfinite(mean)):
            continue
        # its first row tells most of them apart, and is short
        if np.all(column.reshape(-1, column.shape[-1])[0] == first) and np.all(column == first):
            return k, mean
    return None, 0.0


def paths(
    slopes: Callable[[Any], Sequence[Any]],
    first: Sequence[Any],
    times: Float[np.ndarray, " n"],
    substeps: int = 6,
) -> list[Float[np.ndarray, "g n"]]:
    """States at given times for many systems side by side, by Runge-Kutta steps of a fixed length; rough and fast.

    Arguments:
        slopes: from the states, each (g,), to their slopes, each (g,); time itself does not matter to them.
        first: the states at the first time, each (g,) or a number.
        times: in order; the first is where the states begin.
        substeps: steps from one time to the next.
    """
    states = np.stack(np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, dtype=float)) for each in first)))
    found = [states]

    def rates(at: Any) -> Any:
        return np.stack([np.broadcast_to(each, states.shape[1:]) for each in slopes(at)])

    with np.errstate(all="ignore"):
        for gap in np.diff(times) / substeps:
            for _ in range(substeps):
                k1 = rates(states)
                k2 = rates(states + 0.5 * gap * k1)
                k3 = rates(states + 0.5 * gap * k2)
                states = states + gap / 6 * (k1 + 2 * k2 + 2 * k3 + rates(states + gap * k3))
            found.append(states)
    return list(np.stack(found, axis=-1))
