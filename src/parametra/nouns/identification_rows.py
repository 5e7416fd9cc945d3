"""What `identify` says of one parameter, and the profile and the contour that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.storage import storable


@storable
class Word(Enum):
    """How far a parameter is determined, in the order from good to bad."""

    IDENTIFIABLE = "identifiable"
    WEAK = "weakly identifiable"
    BOUND = "at a bound"
    PRACTICAL = "practically unidentifiable"
    STRUCTURAL = "structurally unidentifiable"
    UNKNOWN = "not known"


@storable
@dataclass(frozen=True)
class Verdict:
    """What is known of one parameter.

    Arguments:
        label: "K", "beta[1]".
        kind: the verdict as a member of `Word`.
        estimate: as people see it.
        unit: "" where none was stated.
        interval: the best one there is: of the profile where it was walked, of the curvature otherwise; infinite where
            it is open, a bound of the parameter where that came first; None where there is none.
        open: whether the interval is open below and above: there the data set no limit.
        curvature: the interval by the curvature at the estimate; None where there is none.
        profile, bootstrap, posterior: the intervals by these; None where they were not made.
        why: what the verdict rests on, in a sentence.
        remedy: what to do; "" where nothing needs to be done.
        flag: where the intervals disagree, and what that means; "" where they agree.
    """

    label: str
    kind: Word
    estimate: float
    unit: str
    interval: tuple[float, float] | None
    open: tuple[bool, bool]
    curvature: tuple[float, float] | None
    profile: tuple[float, float] | None
    bootstrap: tuple[float, float] | None
    posterior: tuple[float, float] | None
    why: str
    remedy: str
    flag: str

    @property
    def word(self) -> str:
        """The verdict in words."""
        return self.kind.value


@storable
@dataclass(frozen=True)
class Profile:
    """One parameter's profile, in the order of its values.

    Arguments:
        label: of the parameter.
        values: (n,) as people see them.
        rise: (n,) twice the rise of the cost over s^2: chi-square, or Student's t squared with an estimated sigma.
        slopes: (n,) its slope by the value.
        others: (n, k) the other coordinates there, as people see them, by `names`.
        names: of these.
        threshold: the rise at which values are refused, away from bounds.
        below, above: how it ended on either side, in words; "" at a crossing.
    """

    label: str
    values: Float[np.ndarray, " n"]
    rise: Float[np.ndarray, " n"]
    slopes: Float[np.ndarray, " n"]
    others: Float[np.ndarray, "n k"]
    names: tuple[str, ...]
    threshold: float
    below: str
    above: str

    def curve(self, count: int = 200) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
        """A smooth curve through the points: cubic, with the slopes that are known there, made no steeper than goes.

        Slopes are cut as by Fritsch and Carlson (1980, doi:10.1137/0717021), so that the curve goes beyond no point.
        """
        keep = np.concatenate([[True], np.diff(self.values) > 0]) if self.values.size else np.empty(0, bool)
        x, y, m = self.values[keep], self.rise[keep], self.slopes[keep]
        if x.size < 2:
            return x, y
        rise = np.abs(np.diff(y) / np.diff(x))
        most = 3 * np.minimum(np.append(rise, np.inf), np.append(np.inf, rise))
        m = np.clip(m, -most, most)
        grid = np.unique(np.concatenate([np.linspace(x[0], x[-1], count), x]))
        i = np.clip(np.searchsorted(x, grid, side="right") - 1, 0, x.size - 2)
        h = x[i + 1] - x[i]
        u = (grid - x[i]) / h
        at = (1 + 2 * u) * (1 - u) ** 2 * y[i] + u * (1 - u) ** 2 * h * m[i]
        at = at + u**2 * (3 - 2 * u) * y[i + 1] + u**2 * (u - 1) * h * m[i + 1]
        return grid, np.maximum(at, 0.0)


@storable
@dataclass(frozen=True)
class Contour:
    """The region that the data allow two parameters.

    Arguments:
        labels: of both.
        points: (n, 2) on the contour, as people see them, going round.
        open: (n,) 1 where the ray ended before the threshold (at a bound, or far away), 0 on the contour.
        level: of the region.
        best: the estimate.
    """

    labels: tuple[str, str]
    points: Float[np.ndarray, "n 2"]
    open: Float[np.ndarray, " n"]
    level: float
    best: tuple[float, float]
