"""What a method may know of where it searches: the box, and whatever else shapes the answer there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.penalties import CoordinatePenalty
from parametra.nouns.limits import Limits


@dataclass(frozen=True)
class SearchSpace:
    """The box that a method moves in, and what a problem adds to it. d coordinates.

    Arguments:
        lower, upper: (d,), possibly infinite.
        seed: of everything random in a method; see `nouns.keys.generator`.
        limits: the constraints of the problem as functions of coordinates, None without any.
        penalty: what is added to the cost (see `CoordinatePenalty`), None for nothing.
        adversary: coordinates that maximise the cost while the others minimise it, None for none.
        linear: coordinates that the residuals are linear in while the others stay, None where nobody looked.
        exponential: those of them that are logarithms of what the residuals are linear in, None where nobody looked.
        labels: names of the coordinates, for messages.
        differences: True where derivatives are made of differences, so that each costs several evaluations.
        sizes: (d,) how large a value of each coordinate is; 1 for all where nobody looked.
        shifted: coordinates whose distance from 0 tells nothing, as logarithms; None where nobody looked.
        residual_size: how large a residual is: 1 where they are in standard deviations.
        observed: how many values were observed; 0 where nobody told.
        residuals: whether the cost is one of residuals, so that their Jacobian and J'J can be asked for.
    """

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    seed: int = 0
    limits: Limits | None = None
    penalty: CoordinatePenalty | None = None
    adversary: Bool[np.ndarray, " d"] | None = None
    linear: Bool[np.ndarray, " d"] | None = None
    exponential: Bool[np.ndarray, " d"] | None = None
    labels: tuple[str, ...] = field(default=())
    differences: bool = False
    residuals: bool = False
    sizes: Float[np.ndarray, " d"] | None = None
    shifted: Bool[np.ndarray, " d"] | None = None
    residual_size: float = 1.0
    observed: int = 0

    @property
    def size(self) -> Float[np.ndarray, " d"]:
        """How large a value of each coordinate is."""
        return np.ones(self.lower.size) if self.sizes is None else self.sizes

    @property
    def without_origin(self) -> Bool[np.ndarray, " d"]:
        """Coordinates whose distance from 0 tells nothing."""
        return np.zeros(self.lower.size, dtype=bool) if self.shifted is None else self.shifted

    @property
    def dimension(self) -> int:
        """How many coordinates there are."""
        return self.lower.size
