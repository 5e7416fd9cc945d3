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
        ModelError: times that are not finite or do not grow; counts that grow, or are no whole numbers of 0 or more;
            another number of the one than of the other.
    """
    time, count = np.asarray(time, dtype=float), np.asarray(count, dtype=float)
    if time.shape != count.shape or time.ndim != 1 or time.size < 2:
        raise ModelError(
            f"transitions(time, count) takes two columns of the same length, 2 or more; shapes {time.shape} and "
            f"{count.shape} came."
        )
    with np.errstate(invalid="ignore"):
        wrong_time, wrong_count = ~np.isfinite(time), ~(np.isfinite(count) & (count >= 0) & (count == np.round(count)))
    if wrong_time.any():
        first = int(np.argmax(wrong_time))
        raise ModelError(
            f"times are finite numbers; row {first + 1} has the time {time[first]:g}. Leave such rows out."
        )
    if wrong_count.any():
        first = int(np.argmax(wrong_count))
        raise ModelError(
            f"counts are whole numbers of 0 or more; row {first + 1} has {count[first]:g}. Leave out rows without a "
            "count, and turn signals into numbers of molecules first."
        )
    gap = np.diff(time)
    if not np.all(gap > 0):
        raise ModelError("the times of one course grow; put rows in the order of time, and each course by itself.")
    if np.any(np.diff(count) > 0):
        first = int(np.argmax(np.diff(count) > 0))
        raise ModelError(
            f"molecules that only decay do not become more; the count goes from {count[first]:g} to "
            f"{count[first + 1]:g} at row {first + 2}. Give each course by itself."
        )
    left = np.flatnonzero(count[:-1] > 0)
    return {"gap": gap[left], "before": count[:-1][left], "count": count[1:][left]}
