"""Solving a Newton system of a constrained problem by random sketches, to an accuracy that is chosen.

Randomised Kaczmarz: z <- z + row_i (b_i - row_i z) / |row_i|^2 (Strohmer and Vershynin 2009,
doi:10.1007/s00041-008-9030-4), which is sketch-and-project with a sketch of one row (Gower and Richtarik 2015,
doi:10.1137/15M1025487). A sweep takes every row once, in an order that is drawn anew, which needs fewer steps than
rows that are drawn one by one. A step costs 4 n operations, where elimination costs n^3 / 3 in all; how many steps are
needed depends on how alike the rows are: |K|_F^2 / smallest singular value^2 for each factor of e, at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float


@dataclass(frozen=True)
class Sketching:
    """How to sketch.

    Arguments:
        accuracy: |K z - b| <= accuracy |b| ends it.
        longest: sweeps (of as many steps as there are rows) after which it gives up.
        rng: what draws the rows.
    """

    accuracy: float
    longest: int
    rng: np.random.Generator


@dataclass(frozen=True)
class Sketched:
    """What was found.

    Arguments:
        solution: z.
        residual: |K z - b|.
        done: whether it is as small as asked.
        flops: operations on floats, with those of looking at the residual.
    """

    solution: Float[np.ndarray, " n"]
    residual: float
    done: bool
    flops: float


def kaczmarz(matrix: Float[np.ndarray, "n n"], right: Float[np.ndarray, " n"], how: Sketching) -> Sketched:
    """Solve K z = b by rows in random order.

    Arguments:
        matrix, right: K and b.
        how: the accuracy and the random numbers.
    """
    n = right.size
    squares = (matrix * matrix).sum(axis=1)
    goal = how.accuracy * float(np.linalg.norm(right))
    z, flops = np.zeros(n), 2.0 * n * n
    if not np.all(squares > 0):
        return Sketched(z, float(np.linalg.norm(right)), False, flops)
    rows = matrix / squares[:, None]
    residual = float(np.linalg.norm(right))
    for _ in range(how.longest):
        seen = 0.0
        for i in how.rng.permutation(n).tolist():
            gap = right[i] - matrix[i] @ z
            z += rows[i] * gap
            seen += gap * gap
        flops += 4.0 * n * n
        if not seen <= 4 * goal * goal and np.isfinite(seen):
            continue  # what the sweep saw of the residual says that it is not worth computing
        residual = float(np.linalg.norm(matrix @ z - right))
        flops += 2.0 * n * n
        if residual <= goal or not np.isfinite(residual):
            return Sketched(z, residual, residual <= goal, flops)
    return Sketched(z, residual, False, flops)


def working_step(
    system: tuple[np.ndarray, np.ndarray], how: Sketching, below: np.ndarray, above: np.ndarray
) -> Sketched:
    """The Newton step of the guessed active constraints, kept inside the bounds."""
    found = kaczmarz(*system, how)
    d = below.size
    inside = np.concatenate([np.clip(found.solution[:d], below, above), found.solution[d:]])
    return Sketched(inside, found.residual, found.done, found.flops)
