"""Constraints as functions of box coordinates: what methods and the judge ask them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parametra.maths.arrays import Bool, Float

_MEANINGFUL = 1e-300


@dataclass(frozen=True)
class Limits:
    """k scalar constraints lower <= c(x) <= upper; lower = upper is an equality.

    Arguments:
        names: (k,) as a message calls each.
        lower, upper: (k,), possibly infinite.
        linear: (k,) whether each is linear in the coordinates.
    """

    names: tuple[str, ...]
    lower: Float[np.ndarray, " k"]
    upper: Float[np.ndarray, " k"]
    linear: Bool[np.ndarray, " k"]

    def values(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B k"]:
        """The constraints at points; NaN where one has no value."""
        raise NotImplementedError

    def jacobian(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B k d"]:
        """Their derivatives."""
        raise NotImplementedError

    @cached_property
    def equal(self) -> Bool[np.ndarray, " k"]:
        """Which are equalities."""
        return self.lower == self.upper

    def missed(self, values: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """By how much each value lies outside its limits, 0 inside; a value that is not finite misses by infinity."""
        with np.errstate(invalid="ignore"):
            gap = np.maximum(np.maximum(self.lower - values, values - self.upper), 0.0)
        return np.where(np.isfinite(values), gap, np.inf)

    def sizes(
        self,
        x: Float[np.ndarray, " d"],
        values: Float[np.ndarray, " k"],
        jacobian: Float[np.ndarray, "k d"],
    ) -> Float[np.ndarray, " k"]:
        """The size of the terms that each constraint weighs against one another, which rounding is relative to.

        Arguments:
            x: a point.
            values, jacobian: the constraints there.
        """
        bounds = np.where(np.isfinite(self.lower), np.abs(self.lower), 0.0)
        bounds = np.maximum(bounds, np.where(np.isfinite(self.upper), np.abs(self.upper), 0.0))
        with np.errstate(all="ignore"):
            terms = np.abs(jacobian) @ np.abs(x)
        terms = np.maximum(np.nan_to_num(terms, nan=0.0, posinf=0.0), np.nan_to_num(np.abs(values), posinf=0.0))
        return np.maximum(np.maximum(bounds, terms), _MEANINGFUL)
