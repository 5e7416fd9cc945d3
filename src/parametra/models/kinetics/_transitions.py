"""Counts of a jump process as transitions, one row each."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import ModelError


def transitions(time: Float[np.ndarray, " n"], count: Float[np.ndarray, " n"]) -> dict[str, Float[np.ndarray, " m"]]:
    """Each count of one course, the one before, and the time between: what `kinetics.stochastic_degradation` takes.

        pm.Data(transitions(time, count), inputs=["gap", "before"], output="count")

    Rows after the last molecule has gone tell nothing and are left out.

    Arguments:
        time: when it was counted, in order, (n,).
        count: how many there were, (n,).

    Returns:
        Columns `gap`, `before` and `count`, one row fewer than counts, or less.

    Raises:
        ModelError: times that do not grow, counts that do, or another number of the one than of the other.
    """
    time, count = np.asarray(time, dtype=float), np.asarray(count, dtype=float)
    if time.shape != count.shape or time.ndim != 1 or time.size < 2:
        raise ModelError(
            f"transitions(time, count) takes two columns of the same length, 2 or more; shapes {time.shape} and "
            f"{count.shape} came."
        )
    gap = np.diff(time)
    if not np.all(gap > 0):
        raise ModelError("the times of one course grow; put rows in the order of time, and each course by itself.")
    if not np.all(np.diff(count) <= 0):
        first = int(np.argmax(~(np.diff(count) <= 0)))
        raise ModelError(
            f"molecules that only decay do not become more; the count goes from {count[first]:g} to "
            f"{count[first + 1]:g} at row {first + 2}. Give each course by itself, without missing counts."
        )
    left = np.flatnonzero(count[:-1] > 0)
    return {"gap": gap[left], "before": count[:-1][left], "count": count[1:][left]}
