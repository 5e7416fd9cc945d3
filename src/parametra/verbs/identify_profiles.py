"""Profiles of an estimate: walked, checked, repaired, and told in the coordinates that people see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.methods.identify import _rays
from parametra.methods.identify._rays import End, Rays, Walked
from parametra.methods.identify._walk import Walk
from parametra.methods.identify.likelihood_contour import LikelihoodContour
from parametra.methods.identify.profile_likelihood import ProfileLikelihood
from parametra.nouns.estimate import Estimate
from parametra.nouns.identification_rows import Contour, Profile
from parametra.nouns.keys import generator
from parametra.runs.drive import Drive
from parametra.verbs.identify_verdicts import Ends, is_near

_BORROWED = 0.1
"""A limit that moves by this share, or more, of what the far bound of another coordinate is moved by is none."""

_ROUGH = 0.05
"""Thresholds that a crossing may miss without a word."""

_REPAIRED = 1e-3
"""Share of a ray's length by which a second walk must reach further to count."""


@dataclass(frozen=True)
class Walks:
    """The profiles of some coordinates.

    Arguments:
        coordinates: which.
        rays: their rays: 2 i down, 2 i + 1 up.
        walked: what was found.
        repaired: labels whose profile a second walk, begun beside the first one, found lower.
        better: a point with a lower cost than the estimate's; None where there was none.
    """

    coordinates: tuple[int, ...]
    rays: Rays
    walked: Walked
    repaired: tuple[str, ...]
    better: np.ndarray | None


def walk_profiles(estimate: Estimate, coordinates: Sequence[int], drive: Drive, level: float, *, check: bool) -> Walks:
    """Walk the profiles of these coordinates; a second walk from beside each crossing looks whether it holds.

    Arguments:
        estimate: where they begin.
        coordinates: whose.
        drive: evaluates and counts.
        level: of the intervals.
        check: whether to walk a second time.
    """
    walk = ProfileLikelihood(level).walk([estimate], coordinates)
    drive.follow(walk)
    rays, walked = walk.rays, walk.walked()
    repaired: tuple[str, ...] = ()
    if check and not drive.ended:
        walked, repaired = _checked(estimate, coordinates, rays, walked, drive)
    lower = [k for k, end in enumerate(walked.ends) if end is End.LOWER]
    better = None
    if lower:
        best = min(lower, key=lambda k: float(walked.rise[k]))
        better = walked.points[best].copy()
    return Walks(tuple(coordinates), rays, walked, repaired, better)


def _checked(
    estimate: Estimate,
    coordinates: Sequence[int],
    rays: Rays,
    walked: Walked,
    drive: Drive,
) -> tuple[Walked, tuple[str, ...]]:
    """From elsewhere the followers must come back to the same minimum, or to none that is lower.

    From beside every crossing; and where some ray did not end at a crossing of its own, from the ends of all others
    too: then the valley may have branches, and ends show where these lead.
    """
    whose: list[int] = []
    begin: list[np.ndarray] = []
    plain = all(end is End.CROSSED for end in walked.ends) and not walked.drag.any()
    ends_there = [m for m, end in enumerate(walked.ends) if end in (End.CROSSED, End.OPEN, End.WALL)]
    draws = generator(estimate.seed, "identify beside", 0).standard_normal((len(walked.ends), estimate.dimension))
    for k, end in enumerate(walked.ends):
        if end not in (End.CROSSED, End.LOST) or not walked.t[k] > 0:
            continue
        point = _beside(estimate, coordinates[k // 2], walked.points[k], draws[k])
        there = [] if plain else [walked.points[m].copy() for m in ends_there if m // 2 != k // 2]
        for other in there:
            other[rays.held[k]] = walked.points[k][rays.held[k]]
        points = [p for p in (point, *there) if p is not None]
        whose += [k] * len(points)
        begin += points
    if not begin:
        return walked, ()
    again = Walk(rays.some(np.array(whose)), (walked.t[whose], np.stack(begin)))
    drive.follow(again)
    return _better(estimate, coordinates, walked, again.walked(), whose)


def _better(
    estimate: Estimate, coordinates: Sequence[int], walked: Walked, found: Walked, whose: Sequence[int]
) -> tuple[Walked, tuple[str, ...]]:
    """The first walk, with the rays on which a second one came further."""
    ends, t, points, rise, drag = (
        list(walked.ends),
        walked.t.copy(),
        walked.points.copy(),
        walked.rise.copy(),
        walked.drag.copy(),
    )
    paths, slopes = list(walked.paths), list(walked.slopes)
    repaired: list[str] = []
    for j, k in enumerate(whose):
        ended = found.ends[j] in (End.CROSSED, End.OPEN, End.WALL)
        further = ended and (found.t[j] > t[k] * (1 + _REPAIRED) or (ends[k] is End.LOST and found.t[j] >= t[k]))
        if not (further or (found.ends[j] is End.LOWER and ends[k] is not End.LOWER)):
            continue
        ends[k], t[k], points[k], rise[k] = found.ends[j], found.t[j], found.points[j], found.rise[j]
        drag[k] = found.drag[j]
        keep = walked.paths[k][:, 0] < 0.5 * walked.t[k]  # the branch that was wrong is not drawn
        paths[k] = np.vstack([walked.paths[k][keep], found.paths[j]])
        slopes[k] = np.concatenate([walked.slopes[k][keep], found.slopes[j]])
        repaired.append(estimate.labels[coordinates[k // 2]])
    better = replace(
        walked,
        ends=tuple(ends),
        t=t,
        points=points,
        rise=rise,
        drag=drag,
        paths=tuple(paths),
        slopes=tuple(slopes),
        evaluations=walked.evaluations + found.evaluations,
    )
    return better, tuple(dict.fromkeys(repaired))


def _beside(estimate: Estimate, i: int, point: np.ndarray, draw: np.ndarray) -> np.ndarray | None:
    """A point with the same coordinate i, the others drawn from what they may be when it is held, twice as wide."""
    covariance = estimate.covariance
    others = [j for j in range(estimate.dimension) if j != i and np.isfinite(covariance[j, j]) and covariance[j, j] > 0]
    if not others or not covariance[i, i] > 0:
        return None
    block = covariance[np.ix_(others, others)]
    tie = covariance[others, i]
    left = block - np.outer(tie, tie) / covariance[i, i]
    values, vectors = np.linalg.eigh(0.5 * (left + left.T))
    moved = point.copy()
    moved[others] += 2 * vectors @ (np.sqrt(np.maximum(values, 0.0)) * draw[others])
    return np.clip(moved, estimate.lower, estimate.upper)


def all_ends(estimate: Estimate, walks: Walks) -> list[Ends | None]:
    """The intervals of the walked coordinates; a limit that only stems from a far bound of another one is none."""
    found = [ends_of(estimate, walks, k) for k in range(len(walks.coordinates))]
    for _ in found:  # a limit that is lost may have been what another one stood on
        lost = [_without_borrowed(estimate, walks, k, found) for k in range(len(found))]
        if lost == found:
            break
        found = lost
    return found


def _without_borrowed(estimate: Estimate, walks: Walks, position: int, found: list[Ends | None]) -> Ends | None:
    ends, w = found[position], walks.walked
    if ends is None:
        return None
    is_open, borrowed = list(ends.open), list(ends.borrowed)
    i = walks.coordinates[position]
    for side, ray in enumerate((2 * position, 2 * position + 1)):
        if is_open[side]:
            continue
        for other, j in enumerate(walks.coordinates):
            theirs = found[other]
            # by what share the limit moves where the bound moves by its own size
            tied = w.drag[ray, j] * _size(estimate, j, w.points[ray, j]) / _size(estimate, i, w.points[ray, i])
            if theirs is None or tied < _BORROWED:
                continue
            upper = w.points[ray, j] >= 0.5 * (estimate.lower[j] + estimate.upper[j])
            if theirs.open[int(upper)] and not is_near(estimate, j, theirs, int(upper)):
                is_open[side], borrowed[side] = True, estimate.labels[j]
    return replace(ends, open=(is_open[0], is_open[1]), borrowed=(borrowed[0], borrowed[1]))


def rough_ends(estimate: Estimate, walks: Walks) -> list[str]:
    """Parameters with an end that stands for a crossing and meets no threshold: the profile jumps, or stops, there."""
    rays, w = walks.rays, walks.walked
    off = np.abs(w.rise - rays.half * rays.threshold) > _ROUGH * rays.half * rays.quantile
    ended = np.array([end is End.CROSSED for end in w.ends])
    return list(dict.fromkeys(estimate.labels[walks.coordinates[k // 2]] for k in np.flatnonzero(off & ended)))


def _size(estimate: Estimate, i: int, value: float) -> float:
    """What a share of a coordinate's value is a share of: 1 on a logarithmic scale, where shares are differences."""
    return 1.0 if estimate.logarithmic[i] else max(abs(float(value)), float(estimate.strides[i]))


def ends_of(estimate: Estimate, walks: Walks, position: int) -> Ends | None:
    """The interval of a walked coordinate; None where one of its rays got lost."""
    i, w = walks.coordinates[position], walks.walked
    down, up = 2 * position, 2 * position + 1
    sides = (w.ends[down], w.ends[up])
    if any(end in (End.LOST, End.LOWER, End.WALKING) for end in sides):
        return None
    low, high = float(estimate.x[i] - w.t[down]), float(estimate.x[i] + w.t[up])
    risen = min(_risen(estimate, walks, ray) for ray in (down, up) if len(w.paths[ray]))
    wall = (sides[0] is End.WALL, sides[1] is End.WALL)
    ends = Ends(low, high, (sides[0] is not End.CROSSED, sides[1] is not End.CROSSED), risen, wall)
    # a bound that the usual threshold would not refuse is no limit by the data, unless it is near
    beyond = [bool(walks.rays.at_bound[ray] < walks.rays.quantile) for ray in (down, up)]
    far = [b and not is_near(estimate, i, ends, side) for side, b in enumerate(beyond)]
    return replace(ends, open=(ends.open[0] or far[0], ends.open[1] or far[1]))


def _risen(estimate: Estimate, walks: Walks, ray: int) -> float:
    """The largest rise on a ray in thresholds, as far as no coordinate has run into a bound, itself among them.

    At a bound of zero a product is zero whatever its other factors are, and a factor at its bound can follow no more.
    """
    path, threshold = walks.walked.paths[ray], float(walks.rays.half[ray]) * walks.rays.quantile
    path = path[path[:, 0] <= walks.walked.t[ray]]  # beyond its end there may be other branches
    off = ~estimate.held
    z, low, high = path[:, 2:][:, off], estimate.lower[off], estimate.upper[off]
    width = np.where(np.isfinite(high - low), high - low, 1.0)
    free = ((z > low + 1e-9 * width) & (z < high - 1e-9 * width)).all(axis=1)
    return float(np.max(np.abs(path[free, 1]), initial=0.0)) / threshold if threshold > 0 else 0.0


_SAID = {
    End.CROSSED: "",
    End.OPEN: "open: the threshold was not reached",
    End.LOWER: "a lower cost than the estimate's was found",
    End.WALL: "the model fails beyond",
    End.LOST: "the other parameters did not come to their best values",
    End.WALKING: "broken off",
}


def profile_of(estimate: Estimate, walks: Walks, position: int) -> Profile:
    """A profile as people see it."""
    i, w = walks.coordinates[position], walks.walked
    down, up = 2 * position, 2 * position + 1
    factor = 1 / float(walks.rays.half[down]) if walks.rays.half[down] > 0 else np.nan
    box = np.concatenate([w.paths[down][::-1, 2 + i], w.paths[up][:, 2 + i]])
    rise = np.concatenate([w.paths[down][::-1, 1], w.paths[up][:, 1]]) * factor
    slope = np.concatenate([-w.slopes[down][::-1], w.slopes[up]]) * factor
    rows = np.vstack([w.paths[down][::-1, 2:], w.paths[up][:, 2:]])
    keep = np.concatenate([[True], np.diff(box) > 0]) if box.size else np.empty(0, dtype=bool)
    values = estimate.natural(i, box)
    slope = slope / values if estimate.logarithmic[i] else slope
    others = [j for j in range(estimate.dimension) if j != i]
    return Profile(
        label=estimate.labels[i],
        values=values[keep],
        rise=np.maximum(rise[keep], 0.0) if walks.better is None else rise[keep],
        slopes=slope[keep],
        others=np.column_stack([estimate.natural(j, rows[keep, j]) for j in others])
        if others
        else np.empty((int(keep.sum()), 0)),
        names=tuple(estimate.labels[j] for j in others),
        threshold=float(walks.rays.quantile),
        below=_SAID[w.ends[down]],
        above=_SAID[w.ends[up]],
    )


def contour_of(estimate: Estimate, pair: tuple[int, int], drive: Drive, level: float) -> Contour:
    """The contour of a pair of coordinates."""
    walk = LikelihoodContour(level).walk(estimate, pair, estimate.covariance)
    drive.follow(walk)
    walked: Any = walk.walked()
    known = [k for k, end in enumerate(walked.ends) if end in (End.CROSSED, End.OPEN, End.WALL)]
    points = np.column_stack([estimate.natural(j, walked.points[known, j]) for j in pair])
    beyond = np.array([0.0 if walked.ends[k] is _rays.End.CROSSED else 1.0 for k in known])
    best = (
        float(estimate.natural(pair[0], estimate.x[pair[0]])),
        float(estimate.natural(pair[1], estimate.x[pair[1]])),
    )
    return Contour((estimate.labels[pair[0]], estimate.labels[pair[1]]), points, beyond, level, best)
