"""Second-order conditions of minimax points, and scales in which a Hessian's entries are of order one.

    H = [[A, C], [C', B]]   A of the minimising coordinates, B of the maximising ones, those at their bounds left out

At a local minimax point B is negative semidefinite, and the Schur complement A - C B^+ C', restricted to directions u
for which C'u lies in the range of B, is positive semidefinite (Chae, Kim and Kim 2024, arXiv:2305.16242; for a regular
B: Jin, Netrapalli and Jordan 2020, arXiv:1902.00618).
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Bool, Float

_ROUNDS = 30
_SMALL = 1e-5
"""Eigenvalues of a Hessian scaled to order one that are zero for gradients differenced once."""


def equilibrated(
    hessian: Float[np.ndarray, "d d"], size: Float[np.ndarray, " d"], most: float
) -> Float[np.ndarray, " d"]:
    """Units u such that the largest |u_i H_ij u_j| of each row is about 1 (Ruiz 2001, RAL-TR-2001-034).

    Arguments:
        hessian: symmetric.
        size: the natural size of each coordinate, the unit where a row is zero.
        most: largest unit as a multiple of the size.
    """
    unit = size.astype(np.float64)
    for _ in range(_ROUNDS):
        rows = np.max(np.abs(unit[:, None] * hessian * unit), axis=1, initial=0.0)
        unit = unit / np.sqrt(np.where(rows > 0, rows, 1.0))
    seen = np.abs(hessian).max(axis=1, initial=0.0) > 0
    return np.minimum(np.where(seen, unit, size), most * size)


def second_order(
    hessian: Float[np.ndarray, "d d"],
    against: Bool[np.ndarray, " d"],
    x: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    unit: Float[np.ndarray, " d"],
) -> str:
    """Why a stationary point is no local minimax point, or "" when nothing speaks against it.

    Arguments:
        hessian: of the cost, symmetric.
        against: the coordinates that maximise.
        x, lower, upper: the point and its box; coordinates on a bound take no part.
        unit: scales in which the Hessian is of order one.
    """
    inside = (x > lower) & (x < upper)
    unit = np.where(np.isfinite(unit), unit, 0.0)
    scaled = unit[:, None] * hessian * unit
    a = scaled[np.ix_(inside & ~against, inside & ~against)]
    b = scaled[np.ix_(inside & against, inside & against)]
    c = scaled[np.ix_(inside & ~against, inside & against)]
    values, vectors = np.linalg.eigh(b) if b.size else (np.empty(0), np.empty((0, 0)))
    if values.size and values[-1] > _SMALL:
        return "the adversary could raise the cost further: it is no maximum over the adversary's parameters"
    regular = values < -_SMALL
    along = c @ vectors
    schur = a - (along[:, regular] / values[regular]) @ along[:, regular].T if a.size else a
    # directions that move the adversary where its Hessian is flat are no test: it answers them by going to its bound
    free = _null_space(along[:, ~regular].T) if a.size else np.empty((0, 0))
    restricted = free.T @ schur @ free
    if restricted.size and np.linalg.eigvalsh(restricted)[0] < -_SMALL:
        return "the worst cost over the adversary falls in one direction: it is no minimum of it"
    return ""


def _null_space(matrix: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "n m"]:
    """An orthonormal basis of the directions that a matrix sends to zero."""
    if not matrix.size:
        return np.eye(matrix.shape[1])
    _, values, rows = np.linalg.svd(matrix)
    rank = int(np.sum(values > _SMALL))
    return rows[rank:].T
