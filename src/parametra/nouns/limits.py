"""Constraints as functions of box coordinates: what methods and the judge ask them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float


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
        """The constraints at points."""
        raise NotImplementedError

    def jacobian(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B k d"]:
        """Their derivatives."""
        raise NotImplementedError
