"""The Fisher information at the estimate: whether it can be inverted, and what hides where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.combinations import blocks, determined
from parametra.maths.covariance import Geometry, geometry
from parametra.nouns.asker import Answers, Request, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.estimate import Estimate
from parametra.nouns.information import Determined, FisherInformation
from parametra.nouns.keys import generator

NEIGHBOURS = 2
"""Points near the estimate at which the rank is looked at too: what is flat there as well is flat by structure."""

_AWAY = 0.2


@dataclass(frozen=True)
class FisherInformationMethod:
    """F = J'J / s^2 of the whitened residuals, or the expected information of a likelihood with scores.

    Good for: a first answer at the price of one Jacobian. Prefer profile_likelihood where the errors are large or
    bounds are near: this one sees a parabola only.

    Parameters are practically identifiable where F can be inverted; the metric of coordinate i is
    K_i = |s_i - A_i A_i^+ s_i|, the part of its column s_i of J / s that no other column can replace, and
    1 / K_i is its standard error. Eigenvectors of F with an eigenvalue of zero are the directions that cannot be told;
    `FisherInformation.regularised` gives the covariance under a penalty along these alone: every other direction keeps
    its error.

    Arguments:
        neighbours: how many points near the estimate are looked at, where a direction is flat, to tell structure from
            chance.
    """

    neighbours: int = NEIGHBOURS

    card: ClassVar[Card] = Card(
        name="fisher_information",
        verb="identify",
        summary="Invertibility, eigenvalues and eigenvectors of the Fisher information at the estimate.",
        good_for="a first answer for any model at the price of one Jacobian; many parameters; names of combinations",
        prefer_instead="profile_likelihood where errors are large or a bound is near: this one sees a parabola only",
        needs=frozenset({Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors"}),
        cost="one Jacobian, three where it has not full rank",
        sources=(
            Source(
                "Wang and Hao",
                2025,
                "A Systematic Computational Framework for Practical Identifiability Analysis in Mathematical Models "
                "Arising from Biology",
                "arXiv:2501.01283",
            ),
            Source("Rothenberg", 1971, "Identification in Parametric Models", "doi:10.2307/1913267"),
        ),
    )

    def solve(self, estimate: Estimate, evaluate: Callable[[Request], Answers]) -> FisherInformation:
        """Look at the information at the estimate and at its neighbours.

        Arguments:
            estimate: where to look.
            evaluate: answers requests.
        """
        inside = np.flatnonzero(~estimate.held)
        there = evaluate(estimate.request(estimate.x[None], Want.JACOBIAN))
        if there.jacobian is None or not there.ok[0]:
            return unknown(estimate)
        jacobian = there.jacobian[0][:, inside]
        size = np.where(estimate.x != 0, np.abs(estimate.x), 1.0)[inside]
        around, points = [geometry(jacobian, tolerance=estimate.tolerance, size=size)], estimate.x[None]
        if around[0].flat.shape[1] and self.neighbours:
            near = np.stack(_near(estimate, self.neighbours))
            answers = evaluate(estimate.request(near, Want.JACOBIAN))
            if answers.jacobian is not None:
                kept = np.flatnonzero(answers.ok)
                around += [
                    geometry(answers.jacobian[i][:, inside], tolerance=estimate.tolerance, size=size) for i in kept
                ]
                points = np.vstack([points, near[kept]])
        return _information(estimate, jacobian, inside, points, around)


def unknown(estimate: Estimate) -> FisherInformation:
    """What is known where the Jacobian is not."""
    d = estimate.dimension
    nothing, no = np.full(d, np.nan), np.zeros(d, dtype=bool)
    return FisherInformation(
        estimate.labels, np.full((d, d), np.nan), nothing, np.full((d, d), np.nan), nothing, np.inf, no, no, no, ()
    )


def _near(estimate: Estimate, count: int) -> list[np.ndarray]:
    """Points some 20 % away, within the bounds; the same for the same seed."""
    found: list[np.ndarray] = []
    width = np.where(np.isfinite(estimate.upper - estimate.lower), estimate.upper - estimate.lower, np.inf)
    for i in range(count):
        step = np.minimum(np.maximum(_AWAY * estimate.sizes, estimate.strides - estimate.sizes), _AWAY * width)
        draw = generator(estimate.seed, "identify", i).uniform(0.5, 1.0, estimate.dimension)
        sign = np.where(draw < 0.75, -1.0, 1.0)
        beyond = (estimate.x + sign * step > estimate.upper) | (estimate.x + sign * step < estimate.lower)
        moved = estimate.x + np.where(beyond, -sign, sign) * step * draw
        found.append(np.clip(moved, estimate.lower, estimate.upper))
    return found


def _generic(around: list[Geometry]) -> list[int]:
    """The points of the highest rank, where some direction is flat at all: the estimate may be a special point."""
    ranks = [g.flat.shape[1] for g in around]
    return [i for i, r in enumerate(ranks) if r == min(ranks)] if len(ranks) > 1 and min(ranks) > 0 else []


def _information(
    estimate: Estimate,
    jacobian: Float[np.ndarray, "m k"],
    inside: np.ndarray,
    points: Float[np.ndarray, "p d"],
    around: list[Geometry],
) -> FisherInformation:
    d, here = estimate.dimension, around[0]
    scale = estimate.scale if np.isfinite(estimate.scale) and estimate.scale > 0 else 1.0
    sizes = estimate.sizes[inside]
    relative = jacobian * sizes / scale
    _, s, vt = np.linalg.svd(np.linalg.qr(relative, mode="r") if len(relative) > inside.size else relative)
    eigenvalues = np.concatenate([s**2, np.zeros(inside.size - s.size)])
    vectors = np.zeros((d, inside.size))
    vectors[inside] = vt.T
    covariance = np.full((d, d), np.nan)
    covariance[np.ix_(inside, inside)] = here.covariance * scale**2
    flat = here.touches_flat(np.eye(inside.size))
    metric = np.zeros(d)
    spread = np.sqrt(np.maximum(np.diag(here.covariance), 0.0)) * scale
    metric[inside] = np.where(flat, 0.0, sizes / np.where(spread > 0, spread, np.inf))
    unknown_there = np.zeros(d, dtype=bool)
    unknown_there[inside] = flat
    by_structure = np.zeros(d, dtype=bool)
    combos: tuple[Determined, ...] = ()
    if generic := _generic(around):
        by_structure[inside] = np.logical_and.reduce([around[i].touches_flat(np.eye(inside.size)) for i in generic])
        combos = _combinations(estimate, points[generic], inside, [around[i] for i in generic])
    return FisherInformation(
        labels=estimate.labels,
        covariance=covariance,
        eigenvalues=eigenvalues,
        vectors=vectors,
        metric=metric,
        condition=float(here.condition),
        flat=unknown_there,
        structural=by_structure,
        held=estimate.held.copy(),
        combinations=combos,
    )


def _combinations(
    estimate: Estimate, points: Float[np.ndarray, "p d"], inside: np.ndarray, around: list[Geometry]
) -> tuple[Determined, ...]:
    """What is determined of the parameters that are not."""
    values = np.where(estimate.logarithmic, np.exp(np.where(estimate.logarithmic, points, 0.0)), points)[:, inside]
    logarithmic = estimate.logarithmic[inside]
    names = [estimate.labels[i] for i in inside]
    flats: list[np.ndarray] = []
    for g, v in zip(around, values, strict=True):
        # a flat direction in scaled coordinates, then by the logarithm of what people see
        by_box = g.flat / g.scale[:, None]
        by_log = np.where(logarithmic[:, None], by_box, by_box / np.where(v != 0, v, 1.0)[:, None])
        flats.append(np.linalg.qr(by_log)[0])
    found: list[Determined] = []
    for block in blocks(flats[0]):
        plain = all(estimate.plain[inside[i]] and values[0, i] != 0 for i in block)
        combos, more = determined(block, values, flats) if plain else ([], len(block))
        members = tuple(names[i] for i in block)
        lost = int(np.linalg.matrix_rank(flats[0][block], tol=1e-6))
        found.append(Determined(members, tuple(c.words(names) for c in combos), more, lost, exact=True))
    return tuple(found)


METHOD = FisherInformationMethod
