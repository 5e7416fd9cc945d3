"""The contour of the likelihood in two parameters, all others at their best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.profile_level import quantile
from parametra.methods.identify._rays import FAR, FAR_LOG, Rays
from parametra.methods.identify._walk import Walk
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.estimate import Estimate


@dataclass(frozen=True)
class LikelihoodContour:
    """{(a, b) : 2 (p(a, b) - p_min) / s^2 <= q}, p the cost with two parameters held and the others at their minimum.

    q is the quantile of chi-square with two degrees of freedom, or twice that of Fisher's F where sigma is estimated.

    Good for: two parameters that replace one another. Prefer profile_likelihood for intervals.

    Rays leave the estimate at equal angles of the ellipse that the curvature gives, and walk side by side.

    Arguments:
        level: of the region.
        angles: how many rays.
    """

    level: float = 0.95
    angles: int = 48

    card: ClassVar[Card] = Card(
        name="likelihood_contour",
        verb="identify",
        summary="The region of two parameters that the data allow, all others at their best values.",
        good_for="two parameters that replace one another; bent valleys",
        prefer_instead="profile_likelihood for intervals of single parameters",
        needs=frozenset({Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors"}),
        cost="48 rays of 5 to 20 Jacobians",
        sources=(
            Source(
                "Bates and Watts",
                1988,
                "Nonlinear Regression Analysis and Its Applications",
                "doi:10.1002/9780470316757",
            ),
        ),
    )

    def walk(self, estimate: Estimate, pair: tuple[int, int], covariance: Float[np.ndarray, "d d"]) -> Walk:
        """The walk along the rays of a pair of coordinates.

        Arguments:
            estimate: where the rays begin.
            pair: the two coordinates.
            covariance: (d, d) of the coordinates, which shapes the fan of the rays; where it is unknown, sizes do.
        """
        i, j = pair
        block = covariance[np.ix_([i, j], [i, j])]
        sizes = estimate.sizes[[i, j]]
        usable = np.isfinite(block).all() and (np.diag(block) > 0).all()
        if usable:
            spread = np.sqrt(np.diag(block))
            turned = block / np.outer(spread, spread)
            values, vectors = np.linalg.eigh(turned)
            frame = spread[:, None] * vectors * np.sqrt(np.maximum(values, 1e-12))
        else:
            frame = np.diag(sizes)
        angle = 2 * np.pi * np.arange(self.angles) / self.angles
        legs = (frame @ np.stack([np.cos(angle), np.sin(angle)])).T
        n, d = self.angles, estimate.dimension
        along, held = np.zeros((n, d)), np.zeros((n, d), dtype=bool)
        along[:, [i, j]] = legs
        held[:, [i, j]] = True
        usual = quantile(self.level, estimate.freedom, 2)
        return Walk(
            Rays(
                origin=np.tile(estimate.x, (n, 1)),
                cost=np.full(n, float(estimate.cost)),
                along=along,
                held=held,
                reach=_reach(estimate, pair, legs),
                replicate=np.full(n, estimate.replicate, dtype=np.int64),
                half=np.full(n, 0.5 * estimate.scale**2),
                quantile=usual,
                threshold=np.full(n, usual),
                at_bound=np.full(n, np.inf),
                lower=estimate.lower,
                upper=estimate.upper,
                sizes=estimate.strides,
            )
        )


def _reach(estimate: Estimate, pair: tuple[int, int], legs: np.ndarray) -> np.ndarray:
    """How long rays may be: to the first bound of the pair, or far."""
    index = list(pair)
    x, low, high = estimate.x[index], estimate.lower[index], estimate.upper[index]
    far = np.where(estimate.logarithmic[index], FAR_LOG, FAR * estimate.sizes[index])
    low = np.where(np.isfinite(low), low, x - far)
    high = np.where(np.isfinite(high), high, x + far)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(legs > 0, (high - x) / legs, np.where(legs < 0, (low - x) / legs, np.inf))
    return np.maximum(np.nan_to_num(steps, nan=np.inf).min(axis=1), 0.0)


METHOD = LikelihoodContour
