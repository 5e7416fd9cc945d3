"""A strictly convex quadratic program, by the dual method of Goldfarb and Idnani.

    minimise 1/2 p'B p + g'p   subject to   lower <= A p <= upper,   B positive definite

It begins at the unconstrained minimum and adds the constraint that is missed most, dropping those whose multipliers
would change sign, until none is missed or one cannot be met.

Source: Goldfarb and Idnani 1983, doi:10.1007/BF02591962.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float, Int

_DEPENDENT = 1e-12  # of a normal's square: what is left of it beside the active ones is rounding
_MISSED = 1e-14
_ENOUGH = 1e-9


@dataclass(frozen=True)
class Program:
    """The answer of a quadratic program.

    Arguments:
        step: p.
        multipliers: of each row, B p + g + A'multipliers = 0; above 0 at an upper limit, below 0 at a lower one.
        active: the rows that hold with equality.
        feasible: False when the rows cannot be met together; the rest then means nothing.
    """

    step: Float[np.ndarray, " d"]
    multipliers: Float[np.ndarray, " m"]
    active: Int[np.ndarray, " q"]
    feasible: bool


@dataclass
class _Working:
    """The active constraints n'y >= b in the order in which they were taken."""

    rows: list[int]
    signs: list[float]
    multipliers: list[float]
    equal: list[bool]


def quadratic_program(
    hessian: Float[np.ndarray, "d d"],
    gradient: Float[np.ndarray, " d"],
    rows: Float[np.ndarray, "m d"],
    lower: Float[np.ndarray, " m"],
    upper: Float[np.ndarray, " m"],
) -> Program:
    """Minimise a quadratic function within linear limits.

    Arguments:
        hessian: B, positive definite.
        gradient: g.
        rows: A.
        lower, upper: limits of A p, perhaps infinite; equal ones are equations.
    """
    d, m = gradient.size, len(lower)
    triangle = np.linalg.cholesky(hessian)
    # in y = L'p the Hessian is the identity
    inverse = np.linalg.solve(triangle, np.eye(d))
    normals = rows @ inverse.T
    y = -(inverse @ gradient)
    reach = float(np.sqrt(y @ y))  # what rounding is relative to, also where y comes to nothing later
    work = _Working([], [], [], [])
    equal = lower == upper
    lengths = np.sqrt((normals * normals).sum(axis=1))
    failed = Program(np.zeros(d), np.zeros(m), np.zeros(0, dtype=np.int64), False)
    for row in np.flatnonzero(equal):
        gap = lower[row] - normals[row] @ y
        moved = _take(normals, work, y, int(row), 1.0 if gap >= 0 else -1.0, abs(float(gap)), True)
        if moved is None:
            return failed
        y = moved
    for _ in range(20 * (m + d) + 50):
        found = _worst(normals, lengths * reach, lower, upper, y, equal, work.rows)
        if found is None:
            break
        moved = _take(normals, work, y, *found, False)
        if moved is None:
            return failed
        y = moved
    else:
        found = _worst(normals, lengths * reach, lower, upper, y, equal, work.rows)
        if found is not None and found[2] > _ENOUGH * max(lengths[found[0]] * reach, 1e-300):
            return failed
    multipliers = np.zeros(m)
    multipliers[work.rows] = -np.array(work.signs) * np.array(work.multipliers)
    return Program(inverse.T @ y, multipliers, np.array(sorted(work.rows), dtype=np.int64), True)


def _worst(
    normals: np.ndarray,
    sizes: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    y: np.ndarray,
    equal: np.ndarray,
    active: list[int],
) -> tuple[int, float, float] | None:
    """The row that is missed most, relative to its size: (row, sign, gap)."""
    if not len(lower):
        return None
    at = normals @ y
    low, high = lower - at, at - upper
    gap = np.where(equal, 0.0, np.maximum(low, high))
    bound = np.where(low > high, lower, upper)
    size = sizes + np.where(np.isfinite(bound), np.abs(bound), 0.0)
    gap = np.where(gap > _MISSED * size, gap, 0.0)
    gap[active] = 0.0
    relative = gap / np.where(sizes > 0, sizes, 1.0)
    row = int(np.argmax(relative))
    return None if relative[row] <= 0 else (row, 1.0 if low[row] > high[row] else -1.0, float(gap[row]))


def _take(
    normals: np.ndarray, work: _Working, y: np.ndarray, row: int, sign: float, gap: float, equal: bool
) -> np.ndarray | None:
    """Make one more constraint hold; None when it cannot together with the active ones."""
    normal = sign * normals[row]
    square = float(normal @ normal)
    multiplier = 0.0
    for _ in range(len(work.rows) + 2):
        rates, left = _projected(normals, work, normal)
        room = float(left @ normal)
        independent = room > _DEPENDENT * max(square, 1e-300)
        limit, drop = _first_to_leave(work, rates)
        full = gap / room if independent else np.inf
        if not independent and gap <= 1e-9 * (np.sqrt(square * (y @ y)) + abs(gap)):
            return y  # it says what the others say already
        step = min(limit, full)
        if not np.isfinite(step):
            return None
        work.multipliers = [u - step * r for u, r in zip(work.multipliers, rates, strict=True)]
        multiplier += step
        if independent:
            y = y + step * left
            gap -= step * room
        if step == full:
            work.rows.append(row)
            work.signs.append(sign)
            work.multipliers.append(multiplier)
            work.equal.append(equal)
            return y
        for part in (work.rows, work.signs, work.multipliers, work.equal):
            del part[drop]
    return None


def _projected(normals: np.ndarray, work: _Working, normal: np.ndarray) -> tuple[list[float], np.ndarray]:
    """How the active multipliers change for a unit of the new one, and the new normal beside the active ones."""
    if not work.rows:
        return [], normal
    active = (normals[work.rows] * np.array(work.signs)[:, None]).T
    q, r = np.linalg.qr(active)
    along = q.T @ normal
    left = normal - q @ along
    left = left - q @ (q.T @ left)  # once is not enough where little is left
    return np.linalg.solve(r, along).tolist(), left


def _first_to_leave(work: _Working, rates: list[float]) -> tuple[float, int]:
    limit, drop = np.inf, -1
    for j, (u, rate, equal) in enumerate(zip(work.multipliers, rates, work.equal, strict=True)):
        if rate > 0 and not equal and max(u, 0.0) / rate < limit:
            limit, drop = max(u, 0.0) / rate, j
    return limit, drop
