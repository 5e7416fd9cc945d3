"""The distribution of times known as intervals, without a family: the self-consistent estimate (Turnbull 1976).

    maximise  sum_i log sum over (p_j, q_j] inside (a_i, b_i] of mass_j

Mass can only lie in the innermost intervals, those from a lower end to the next upper end with no other end between.
How it is spread within each does not change the likelihood, and the data cannot tell.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float


@dataclass(frozen=True)
class Turnbull:
    """The masses of the innermost intervals (lower, upper], (k,) each; an exact time has both ends the same.

    Arguments:
        lower, upper: of each interval; the last upper end may be infinite.
        mass: sums to 1.
        survival: beyond the upper end of each.
        log_likelihood: of the data.
    """

    lower: Float[np.ndarray, " k"]
    upper: Float[np.ndarray, " k"]
    mass: Float[np.ndarray, " k"]
    survival: Float[np.ndarray, " k"]
    log_likelihood: float

    def __repr__(self) -> str:
        return f"Turnbull: {self.mass.size} intervals with mass, log-likelihood {self.log_likelihood:.6g}"


def self_consistent(lower: Any, upper: Any, *, tolerance: float = 1e-9, most: int = 20000) -> Turnbull:
    """Turnbull's estimate.

    Arguments:
        lower, upper: (n,) each time lies above its lower end and at its upper end or below; the same number twice is an
            exact time, an infinite upper end a right-censored one.
        tolerance: it ends where no interval's mass could raise the log-likelihood per observation by more.
        most: steps.

    Raises:
        ValueError: ends that differ in number or order, nobody.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    if low.ndim != 1 or low.shape != high.shape or low.size == 0 or not (low <= high).all():
        raise ValueError("as many lower as upper ends are wanted, (n,) each, none above its upper end.")
    p, q = _innermost(low, high)
    exact = p == q
    inside = (low[:, None] <= p) & (q <= high[:, None])
    inside &= ~(exact & (low[:, None] == p) & (low < high)[:, None])  # the lower end itself is not part of an interval
    mass = inside.sum(axis=0) / inside.sum()
    for _ in range(most):
        chance = inside @ mass
        gain = (inside / chance[:, None]).mean(axis=0)
        if gain.max() - 1 <= tolerance:
            break
        mass = mass * gain
    keep = mass > 1e-10
    mass = np.where(keep, mass, 0.0)[keep] / mass[keep].sum()
    return Turnbull(p[keep], q[keep], mass, 1 - np.cumsum(mass), float(np.log(inside[:, keep] @ mass).sum()))


def _innermost(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From each lower end to the next end, where that is an upper one.

    Ends are ordered by where the interval begins and ends: an exact time begins just before itself, an open lower end
    just after.
    """
    exact = low == high
    ends = [(value, 0 if is_exact else 2, 0) for value, is_exact in zip(low, exact, strict=True)]
    ends += [(value, 1, 1) for value in high]
    ends.sort()
    pairs = {(a[0], b[0]) for a, b in itertools.pairwise(ends) if a[2] == 0 and b[2] == 1}
    ordered = sorted(pairs)
    return np.array([a for a, _ in ordered]), np.array([b for _, b in ordered])
