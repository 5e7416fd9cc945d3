"""Nelder and Mead's simplex with the adaptive coefficients of Gao and Han: values of the cost alone, no derivative.

sorted vertices x_0 ... x_d, centroid c of all but the worst; the worst is replaced by, or the simplex does,
reflect c + (c - x_d)          expand  c + b (c - x_d)      b = 1 + 2/d
outside c + g (c - x_d)        inside  c - g (c - x_d)      g = 3/4 - 1/(2d)
shrink  x_i towards x_0, to the part 1 - 1/d
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._side_by_side import NOT_EVALUATED, SideBySide, Told, Walk
from parametra.methods.fit._units import sizes
from parametra.nouns.asker import Ending
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_FLAT = 1e-10
"""Shortest by longest axis of a simplex, in units of the coordinates, below which it has lost a dimension."""

_NOISE = 1e-18
"""Of the cost at the start: a cost below it is zero."""


class Move(Enum):
    """What the points that were asked for are."""

    BUILD = 0
    REFLECT = 1
    EXPAND = 2
    OUTSIDE = 3
    INSIDE = 4
    SHRINK = 5


@dataclass(frozen=True)
class Simplex(Walk):
    """One start: d + 1 vertices, best first, and what is being tried.

    Arguments:
        vertices, values: the simplex; while it is built, only those that are known.
        move: what was asked for.
        tried, tried_value: the reflected vertex, while another is compared with it.
        size: natural changes of the coordinates, which edges are measured in.
        before: the best cost when the simplex was last built.
        noise: costs nearer than this are the same where the best one goes to zero.
        builds: how often it was.
    """

    vertices: Float[np.ndarray, "v d"]
    values: Float[np.ndarray, " v"]
    move: Move
    tried: Float[np.ndarray, " d"]
    tried_value: float
    size: Float[np.ndarray, " d"]
    before: float
    noise: float
    builds: int


@dataclass(frozen=True)
class NelderMead(SideBySide):
    """argmin cost(x) in a box by a simplex that moves downhill, from values of the cost alone.

    A vertex outside the bounds is put on them. Where the simplex ends, or has lost a dimension on the way, it is built
    anew around its best vertex, until that gains nothing: a collapsed simplex is no minimum.

    Arguments:
        first_edge: edges of the first simplex, in sizes of the coordinates (the value, or a tenth of the bounds).
        next_edge: edges of the simplices that are built where one has ended.
        tolerance: spread of the vertices' costs, relative to the cost, that ends a simplex.
        step_tolerance: extent of the simplex, in sizes of the coordinates, that ends it.
        builds: how many simplices a start may have.
        maximum_iterations: where a start gives up.

    Raises:
        MethodError: a setting that is not above zero.

    Source: doi:10.1093/comjnl/7.4.308, doi:10.1007/s10589-010-9329-3.
    """

    card: ClassVar[Card] = Card(
        name="nelder_mead",
        verb="fit",
        summary="A simplex that walks downhill by values of the cost alone, all starts side by side.",
        good_for="a model that has no usable derivative: it is noisy, has steps, or fails in places; up to about ten "
        "parameters.",
        prefer_instead="`levenberg_marquardt` or `lbfgs` where the model is smooth; `cma_es` for more parameters or a "
        "rugged cost.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side", "workers"}),
        cost="100 to 300 evaluations of the cost for each parameter and start.",
        sources=(
            Source("J. A. Nelder and R. Mead", 1965, "A simplex method for function minimization",
                   "doi:10.1093/comjnl/7.4.308"),
            Source("F. Gao and L. Han", 2012,
                   "Implementing the Nelder-Mead simplex algorithm with adaptive parameters",
                   "doi:10.1007/s10589-010-9329-3"),
        ),
        accuracy=1e-8,
    )  # fmt: skip

    first_edge: float = 0.1
    next_edge: float = 1e-3
    tolerance: float = 1e-12
    step_tolerance: float = 1e-9
    builds: int = 20
    maximum_iterations: int = 10_000

    def __post_init__(self) -> None:
        check_settings(self)

    def begin(self, space: SearchSpace, start: Float[np.ndarray, " d"]) -> Simplex:
        """The first simplex: the start, and one point along each coordinate."""
        size = sizes(start, space.lower, space.upper)
        around = _around(space, start, self.first_edge * size)
        return Simplex(
            np.concatenate([start[None], around]), start, np.inf, Ending.RUNNING, 0, "",
            np.zeros((0, start.size)), np.zeros(0), Move.BUILD, start, np.inf, size, np.inf, 0.0, 1,
        )  # fmt: skip

    def advance(self, space: SearchSpace, walk: Simplex, told: Told) -> Simplex:
        """Take the better vertex, and ask for the next."""
        d = max(walk.x.size, 2)
        if walk.move in (Move.BUILD, Move.SHRINK):
            vertices = np.concatenate([walk.vertices, walk.asked])
            values = np.concatenate([walk.values, told.cost])
            return self._sorted(space, walk, vertices, values)
        x, value = walk.asked[0], float(told.cost[0])
        best, second, worst = walk.values[0], walk.values[-2], walk.values[-1]
        if walk.move is Move.REFLECT:
            reflected = replace(walk, tried=x, tried_value=value)
            if value < best:
                return self._ask(space, reflected, Move.EXPAND, 1 + 2 / d)
            if value < second:
                return self._taken(space, walk, x, value)
            outside = value < worst
            return self._ask(space, reflected, Move.OUTSIDE if outside else Move.INSIDE, 0.75 - 1 / (2 * d))
        if walk.move is Move.EXPAND:
            if value < walk.tried_value:
                return self._taken(space, walk, x, value)
            return self._taken(space, walk, walk.tried, walk.tried_value)
        if value < min(walk.tried_value, worst):
            return self._taken(space, walk, x, value)
        if walk.tried_value < worst:
            # Gao and Han shrink here too; a reflection that is better than the worst costs nothing and keeps the size
            return self._taken(space, walk, walk.tried, walk.tried_value)
        nearer = walk.vertices[0] + (1 - 1 / d) * (walk.vertices[1:] - walk.vertices[0])
        return replace(
            walk, asked=nearer, move=Move.SHRINK, vertices=walk.vertices[:1], values=walk.values[:1]
        )  # fmt: skip

    def _ask(self, space: SearchSpace, walk: Simplex, move: Move, factor: float) -> Simplex:
        """Ask for the point that lies `factor` beyond the centroid as seen from the worst vertex, or before it."""
        centroid = walk.vertices[:-1].mean(axis=0)
        sign = -1.0 if move is Move.INSIDE else 1.0
        point = np.clip(centroid + sign * factor * (centroid - walk.vertices[-1]), space.lower, space.upper)
        if move in (Move.EXPAND, Move.OUTSIDE) and np.array_equal(point, walk.tried):  # the bounds hold both
            return self._taken(space, walk, walk.tried, walk.tried_value)
        return replace(walk, asked=point[None], move=move)

    def _taken(self, space: SearchSpace, walk: Simplex, x: np.ndarray, value: float) -> Simplex:
        """The worst vertex gives way to a better one."""
        vertices = np.concatenate([walk.vertices[:-1], x[None]])
        return self._sorted(space, walk, vertices, np.append(walk.values[:-1], value))

    def _sorted(self, space: SearchSpace, walk: Simplex, vertices: np.ndarray, values: np.ndarray) -> Simplex:
        """The next iteration: best first; ended, built anew, or reflected."""
        order = np.argsort(values, kind="stable")
        vertices, values = vertices[order], values[order]
        if not np.isfinite(values[0]):
            return walk.ended(Ending.FAILED, NOT_EVALUATED)
        walk = replace(
            walk, vertices=vertices, values=values, x=vertices[0], cost=float(values[0]), iterations=walk.iterations + 1
        )
        if walk.noise == 0.0:
            walk = replace(walk, noise=_NOISE * abs(walk.cost))
        if walk.iterations >= self.maximum_iterations:
            return walk.ended(Ending.LIMIT, f"{walk.iterations} iterations were not enough")
        extent = float(np.max(np.abs(vertices[1:] - vertices[0]) / walk.size))
        spread = float(values[-1] - values[0])
        small = spread <= self.tolerance * abs(walk.cost) + walk.noise or extent <= self.step_tolerance
        if small or (walk.iterations % (5 * walk.x.size) == 0 and _flat(space, walk)):
            return self._again(space, walk, ended=small)
        return self._ask(space, walk, Move.REFLECT, 1.0)

    def _again(self, space: SearchSpace, walk: Simplex, *, ended: bool) -> Simplex:
        """A new simplex around the best vertex, or the end when the last one gained nothing."""
        gain = walk.before - walk.cost
        if ended and gain <= 10 * (self.tolerance * abs(walk.cost) + walk.noise):
            return walk.ended(Ending.CONVERGED, "a new simplex around the best point found nothing lower")
        if walk.builds >= self.builds:
            return walk.ended(Ending.LIMIT, f"{walk.builds} simplices were not enough")
        size = sizes(walk.x, space.lower, space.upper)
        return replace(
            walk,
            asked=_around(space, walk.x, self.next_edge * size * (1 if walk.builds % 2 else -1)),
            vertices=walk.vertices[:1],
            values=walk.values[:1],
            move=Move.BUILD,
            size=size,
            before=walk.cost,
            builds=walk.builds + 1,
        )


def _around(space: SearchSpace, x: Float[np.ndarray, " d"], step: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
    """One point beside x along each coordinate, on the side where there is more room if a bound is near."""
    ahead, behind = np.clip(x + step, space.lower, space.upper), np.clip(x - step, space.lower, space.upper)
    moved = np.where(np.abs(ahead - x) >= np.abs(behind - x), ahead, behind)
    return np.where(np.eye(x.size, dtype=bool), moved, x)


def _flat(space: SearchSpace, walk: Simplex) -> bool:
    """Whether the simplex has lost a dimension, apart from those in which all of it lies on one bound."""
    edges = (walk.vertices[1:] - walk.vertices[0]) / walk.size
    held = np.all(walk.vertices == walk.vertices[0], axis=0)
    held &= (walk.vertices[0] == space.lower) | (walk.vertices[0] == space.upper)
    free = edges[:, ~held]
    if free.shape[1] == 0:
        return True
    singular = np.linalg.svd(free, compute_uv=False)
    return bool(singular[-1] <= _FLAT * singular[0])


METHOD = NelderMead
