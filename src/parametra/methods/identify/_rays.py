"""Where profiles and contours walk: from the estimate along a direction, while all other coordinates follow.

L rays, d coordinates. On a ray the held coordinates are z = origin + t along, t from 0 to `reach`; the others minimise
the cost. What is looked for is the t at which the cost has risen by the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from parametra.maths.arrays import Bool, Float, Int

FAR = 1e3
"""How far an unbounded coordinate is followed, in sizes of the estimate."""

FAR_LOG = float(np.log(1e6))
"""How far an unbounded coordinate on a logarithmic scale is followed."""


class End(IntEnum):
    """How a ray ended."""

    WALKING = 0
    CROSSED = 1
    OPEN = 2
    """The end of the reach came before the threshold."""
    LOWER = 3
    """A point with a lower cost than the estimate's was found."""
    WALL = 4
    """The model fails beyond."""
    LOST = 5
    """The other coordinates did not come to their minimum."""


@dataclass(frozen=True)
class Rays:
    """Where to walk.

    Arguments:
        origin: (L, d) the estimate.
        cost: (L,) there.
        along: (L, d) the direction of the held coordinates for a t of one; zero in the others.
        held: (L, d) which coordinates are held.
        reach: (L,) the largest t.
        replicate: (L,) whose data a ray is about; 0 everywhere for the data themselves.
        half: (L,) half of the squared scale.
        quantile: the usual rise at which values are refused, in units of `half`; how well things must be met is
            counted in it.
        threshold: (L,) the rise at which a ray ends, in units of `half`; infinity for a ray that only ends with its
            reach.
        at_bound: (L,) the rise at the bound that a ray leads to, in units of `half`; infinity where nobody looked.
        lower, upper: (d,) bounds.
        sizes: (d,) the longest step of a coordinate that follows: what hardly matters must not run away.
    """

    origin: Float[np.ndarray, "L d"]
    cost: Float[np.ndarray, " L"]
    along: Float[np.ndarray, "L d"]
    held: Bool[np.ndarray, "L d"]
    reach: Float[np.ndarray, " L"]
    replicate: Int[np.ndarray, " L"]
    half: Float[np.ndarray, " L"]
    quantile: float
    threshold: Float[np.ndarray, " L"]
    at_bound: Float[np.ndarray, " L"]
    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    sizes: Float[np.ndarray, " d"]

    @property
    def count(self) -> int:
        """How many rays there are."""
        return len(self.reach)

    def some(self, which: Int[np.ndarray, " k"]) -> Rays:
        """Some of them."""
        each = ("origin", "cost", "along", "held", "reach", "replicate", "half", "threshold", "at_bound")
        return replace(self, **{name: getattr(self, name)[which] for name in each})


@dataclass(frozen=True)
class Walked:
    """What the walk along rays found.

    Arguments:
        ends: how each ended.
        t: (L,) where: the crossing, the end of the reach, or the last point that is known.
        points: (L, d) there, the other coordinates at their minimum.
        rise: (L,) of the cost there.
        paths: per ray the points on it, in the order of t: (n, 2 + d) with t, the rise, the coordinates.
        slopes: per ray the slope of the rise at these points.
        drag: (L, d) of coordinates that followed into a bound: by how much t would go on with each unit of that bound.
        unit: (L,) t of one standard error by the curvature at the origin, infinite where it is flat.
        evaluations: how many points were asked for.
    """

    ends: tuple[End, ...]
    t: Float[np.ndarray, " L"]
    points: Float[np.ndarray, "L d"]
    rise: Float[np.ndarray, " L"]
    paths: tuple[np.ndarray, ...]
    slopes: tuple[np.ndarray, ...]
    drag: Float[np.ndarray, "L d"]
    unit: Float[np.ndarray, " L"]
    evaluations: int
