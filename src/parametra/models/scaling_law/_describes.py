"""Whether a curve describes a course of counts: the share of variance, and jumps that no smooth curve has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.errors import ModelError


def r_squared(observed: Any, predicted: Any) -> float:
    """The share of the variance that a prediction describes, 1 - sum (y - f)^2 / sum (y - mean)^2.

    Arguments:
        observed, predicted: (n,).

    Raises:
        ModelError: lengths that differ, fewer than two points, or observations that are all the same.
    """
    y, f = _pair(observed, predicted)
    total = float(np.sum((y - y.mean()) ** 2))
    if total == 0:
        raise ModelError("the observations are all the same, so there is no variance to describe.")
    return 1 - float(np.sum((y - f) ** 2)) / total


@dataclass(frozen=True)
class Jump:
    """A jump of a cumulative count.

    Arguments:
        index: of the first point after it.
        size: by how much more the count rose there than the curve.
        deviations: that size in robust standard deviations of all such differences.
    """

    index: int
    size: float
    deviations: float


def abrupt_jumps(observed: Any, predicted: Any, *, threshold: float = 6.0) -> tuple[Jump, ...]:
    """Where a cumulative count rises far more than its curve, the largest first.

    The differences of steps, weighted by the standard deviation that a Poisson law would give them, are judged by
    their median absolute deviation, of at least what a Poisson law has.

    Arguments:
        observed, predicted: (n,), in the order of time.
        threshold: robust standard deviations that are too many.

    Raises:
        ModelError: lengths that differ, or fewer than two points.
    """
    y, f = _pair(observed, predicted)
    expected = np.maximum(np.diff(f), 0.0)
    excess = np.diff(y) - expected
    weighted = excess / np.sqrt(expected + 1.0)
    spread = max(1.4826 * float(np.median(np.abs(weighted - np.median(weighted)))), 1.0)
    far = weighted / spread
    order = [int(i) for i in np.argsort(-far) if far[i] > threshold]
    return tuple(Jump(i + 1, float(excess[i]), float(far[i])) for i in order)


def _pair(observed: Any, predicted: Any) -> tuple[np.ndarray, np.ndarray]:
    y, f = (np.asarray(each, dtype=np.float64).ravel() for each in (observed, predicted))
    if y.size != f.size or y.size < 2:
        raise ModelError(f"as many predictions as observations are wanted, two or more; {f.size} and {y.size} came.")
    return y, f
