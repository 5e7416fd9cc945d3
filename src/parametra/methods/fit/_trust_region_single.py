"""One start of a trust region: its rules, where it stands, and what an answer tells of the point that was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.gauss_newton import GaussNewton, gauss_newton
from parametra.maths.trust_region import strictly_inside
from parametra.nouns.asker import Answers, Ending

COSINE = 1e-4  # of the residuals with what the Jacobian can still change: above it, another radius is tried
SMALL_STEP = 1e-6  # a relative Gauss-Newton step that is nothing, also where the residuals themselves are nothing


class Phase(Enum):
    """Where a start stands."""

    FIRST = 0
    DESCENT = 1
    ACCELERATE = 2
    POLISH = 3
    LOOK = 4
    DONE = 5


@dataclass(frozen=True)
class Rules:
    """The settings that one start needs: initial radii in turn, tolerances, limits, and how large a cost is.

    `cost_size` is what changes of the cost are compared with; None for the cost itself, where it is a sum of squares.
    """

    radius_factors: tuple[float, ...]
    cost_tolerance: float
    step_tolerance: float
    maximum_iterations: int
    polishing_steps: int
    cost_size: float | None = None

    def size(self, anchor: Anchor) -> float:
        """What changes of the cost are compared with."""
        return abs(anchor.cost) if self.cost_size is None else self.cost_size


@dataclass(frozen=True)
class Anchor:
    """The point reached, with the triangle of its Jacobian (k = min(m, d)) and the lengths of its columns."""

    x: Float[np.ndarray, " d"]
    cost: float
    triangle: Float[np.ndarray, "k d"]
    rotated: Float[np.ndarray, " k"]
    gradient: Float[np.ndarray, " d"]
    columns: Float[np.ndarray, " d"]
    norm: float
    residuals: Float[np.ndarray, " m"]
    jacobian: Float[np.ndarray, "m d"]


@dataclass(frozen=True)
class Frame:
    """The scaled problem at an anchor: units d, the diagonal of C, and the singular values of [R d; sqrt(C)]."""

    units: Float[np.ndarray, " d"]
    curvature: Float[np.ndarray, " d"] | None
    singular: Float[np.ndarray, " k"]
    projected: Float[np.ndarray, " k"]
    right: Float[np.ndarray, "k d"]


@dataclass(frozen=True)
class Trial:
    """The point asked next, the length of its scaled step, the fall of cost that the model predicts, and C's share."""

    x: Float[np.ndarray, " d"]
    length: float
    predicted: float
    correction: float


@dataclass(frozen=True)
class End:
    """Where an attempt ended: the point, what a Gauss-Newton step says of it, and why it ended ("" for a limit)."""

    anchor: Anchor
    judged: GaussNewton
    reason: str

    @property
    def certain(self) -> bool:
        """Whether this is a minimum beyond doubt, so that no other initial radius need be tried."""
        still = self.judged.cosine <= COSINE or self.judged.relative_step <= SMALL_STEP
        return still and self.judged.full_rank and self.reason != ""


@dataclass(frozen=True)
class Single:
    """The whole state of one start; nothing in it changes in place."""

    index: int
    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    bounded: bool
    accelerate: bool
    start: Float[np.ndarray, " d"]
    phase: Phase
    attempt: int
    iterations: int
    attempt_iterations: int
    trial: Trial
    plain: Trial
    anchor: Anchor | None
    frame: Frame | None
    scale: Float[np.ndarray, " d"]
    radius: float
    damping: float
    polished: int
    first: Anchor | None
    kept: End | None
    reason: str
    ending: Ending
    size: Float[np.ndarray, " d"]
    residual_size: float
    shifted: Bool[np.ndarray, " d"]
    undamped: bool = False
    seen: tuple[Float[np.ndarray, " d"], ...] = ()


def replace(state: Single, **changes: Any) -> Single:
    """`dataclasses.replace`, which costs 8 microseconds, a tenth of a step of a small fit, without its checks."""
    changed = object.__new__(Single)
    changed.__dict__.update(state.__dict__)
    changed.__dict__.update(changes)
    return changed


def begin(
    index: int,
    start: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    *,
    size: Float[np.ndarray, " d"],
    residual_size: float,
    shifted: Bool[np.ndarray, " d"],
    accelerate: bool = False,
) -> Single:
    """A start that has not been evaluated yet; it is moved strictly inside the bounds."""
    x = strictly_inside(start, lower, upper, 1e-10, size)
    return Single(
        index=index,
        lower=lower,
        upper=upper,
        bounded=bool(np.isfinite(lower).any() or np.isfinite(upper).any()),
        accelerate=accelerate,
        start=x,
        phase=Phase.FIRST,
        attempt=0,
        iterations=0,
        attempt_iterations=0,
        trial=Trial(x, 0.0, 0.0, 0.0),
        plain=Trial(x, 0.0, 0.0, 0.0),
        anchor=None,
        frame=None,
        scale=np.zeros(x.size),
        radius=0.0,
        damping=0.0,
        polished=0,
        first=None,
        kept=None,
        reason="",
        ending=Ending.RUNNING,
        size=size,
        residual_size=residual_size,
        shifted=shifted,
    )


def magnitude(x: Float[np.ndarray, "*B d"], shifted: Bool[np.ndarray, " d"]) -> Float[np.ndarray, "*B d"]:
    """How large a value of each coordinate is: |x|, and 1 where the distance from 0 tells nothing, as of a logarithm.

    So a first region reaches as far whatever the unit: a factor of x, or as much of log x.
    """
    return np.where(shifted, 1.0, np.abs(x))


def unmoved_scale(
    x: Float[np.ndarray, "*B d"],
    shifted: Bool[np.ndarray, " d"],
    size: Float[np.ndarray, " d"],
    whole: float | Float[np.ndarray, "B 1"],
) -> Float[np.ndarray, "*B d"]:
    """The scale of coordinates that do not move the residuals: as if their whole value moved them by their own length.

    A scale is residuals per coordinate. A plain 1 for it would make of the same fit another one in other units.

    Arguments:
        x: the point.
        shifted: as for `magnitude`.
        size: how large a value of each coordinate is, which tells where x is 0.
        whole: the length of the residuals, see `whole_length`.
    """
    own = magnitude(x, shifted)
    return whole / np.where(own > 0.0, own, size)


def whole_length(cost_size: Float[np.ndarray, " B"]) -> Float[np.ndarray, " B"]:
    """The length of the residuals of which half the squares are this cost; 1 where there are none left, or no cost."""
    length = np.sqrt(2.0 * cost_size)
    return np.where(np.isfinite(length) & (length > 0.0), length, 1.0)


def best_point(state: Single) -> tuple[Float[np.ndarray, " d"], float]:
    """The lowest point so far and its cost; the start and infinity before anything was evaluated."""
    anchor = state.anchor
    if anchor is None:
        return state.start, math.inf
    if (
        state.phase in (Phase.DESCENT, Phase.ACCELERATE)
        and state.kept is not None
        and state.kept.anchor.cost < anchor.cost
    ):
        anchor = state.kept.anchor
    return anchor.x, anchor.cost


@lru_cache(maxsize=64)
def _upper(rows: int, columns: int) -> Float[np.ndarray, "rows columns"]:
    return np.triu(np.ones((rows, columns)))


def reduced(x: Float[np.ndarray, " d"], answers: Answers) -> Anchor | None:
    """The anchor of an answer, or None where the model failed or gave no finite Jacobian."""
    residuals, jacobian = answers.residuals, answers.jacobian
    if residuals is None or jacobian is None or not answers.ok[0]:
        return None
    cost = float(answers.cost[0])
    augmented = np.concatenate([jacobian[0], residuals[0][:, None]], axis=1)
    if not (math.isfinite(cost) and math.isfinite(augmented.sum())):
        return None
    # LAPACK's own form holds R above the diagonal and reflections below it; the mask is cheaper than mode="r"
    packed: np.ndarray = np.linalg.qr(augmented, mode="raw")[0].T
    size = x.size
    rows = min(packed.shape)
    triangle = packed[:rows] * _upper(rows, size + 1)
    # The last row holds what no parameter can explain: its length, and no direction.
    last = triangle[:, size]
    norm = math.sqrt(last.dot(last))
    rotated, triangle = triangle[:size, size], triangle[:size, :size]
    columns = np.sqrt((triangle * triangle).sum(0))
    return Anchor(x, cost, triangle, rotated, rotated.dot(triangle), columns, norm, residuals[0], jacobian[0])


def judged_at(state: Single, anchor: Anchor) -> GaussNewton:
    return gauss_newton(
        x=anchor.x,
        triangle=anchor.triangle,
        rotated=anchor.rotated,
        norm=anchor.norm,
        lower=state.lower,
        upper=state.upper,
        magnitude=magnitude(anchor.x, state.shifted),
    )
