"""The profile likelihood of every parameter: what the others can make good when one is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.profile_level import quantile
from parametra.methods.identify._profile_walk import ProfileWalk
from parametra.methods.identify._rays import FAR, FAR_LOG, Rays
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.estimate import Estimate


@dataclass(frozen=True)
class ProfileLikelihood:
    """p(c) = min over all theta with theta_i = c of the cost, and the interval {c : 2 (p(c) - p_min) / s^2 <= q}.

    q is the quantile of chi-square with one degree of freedom where sigma is known, of the square of Student's t where
    one sigma is estimated, and near a bound that of an estimate that cannot lie beyond it (`maths.profile_level`).

    Good for: intervals that hold where the likelihood is no parabola, and verdicts on parameters that the data do not
    tell. Prefer fisher_information where a look at the parabola is enough, bootstrap where the assumed scatter is in
    doubt.

    All parameters and both directions walk side by side (see `_walk.py`).

    Arguments:
        level: of the intervals.
        far: how far an unbounded profile is followed, in sizes of the estimate.
    """

    level: float = 0.95
    far: float = FAR

    card: ClassVar[Card] = Card(
        name="profile_likelihood",
        verb="identify",
        summary="Profiles of all parameters side by side, in both directions, to where they meet the threshold.",
        good_for="intervals where the likelihood is no parabola; one-sided and open intervals; black-box models too",
        prefer_instead="fisher_information for a first look; bootstrap where the assumed scatter is in doubt",
        needs=frozenset({Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors"}),
        cost="6 to 20 Jacobians for each parameter and direction",
        sources=(
            Source(
                "Venzon and Moolgavkar",
                1988,
                "A Method for Computing Profile-Likelihood-Based Confidence Intervals",
                "doi:10.2307/2347496",
            ),
            Source(
                "Raue et al.",
                2009,
                "Structural and practical identifiability analysis of partially observed dynamical models by "
                "exploiting the profile likelihood",
                "doi:10.1093/bioinformatics/btp358",
            ),
            Source(
                "Feldman and Cousins",
                1998,
                "Unified approach to the classical statistical analysis of small signals",
                "doi:10.1103/PhysRevD.57.3873",
            ),
        ),
    )

    def walk(
        self, estimates: Sequence[Estimate], coordinates: Sequence[int], until: np.ndarray | None = None
    ) -> ProfileWalk:
        """The walk along the profiles of some coordinates, down and up of each, for each estimate in turn.

        Arguments:
            estimates: where the profiles begin; several where replicates of the data are looked at side by side.
            coordinates: which; their rays are 2 i (down) and 2 i + 1 (up), estimate by estimate.
            until: (L,) how far each ray is of interest, 0 where it is of none; None follows all to their ends.
        """
        return ProfileWalk(self.rays(estimates, coordinates), estimates, self.level, until)

    def rays(self, estimates: Sequence[Estimate], coordinates: Sequence[int]) -> Rays:
        """The rays of `walk`, with the threshold that holds away from bounds."""
        first = estimates[0]
        usual = quantile(self.level, first.freedom)
        c = np.repeat(np.asarray(coordinates, dtype=np.int64), 2)
        per, n = len(c), len(c) * len(estimates)
        coordinate = np.tile(c, len(estimates))
        side = np.where(np.arange(n) % 2 == 0, -1.0, 1.0)
        held = np.zeros((n, first.dimension), dtype=bool)
        held[np.arange(n), coordinate] = True
        x = np.repeat(np.stack([e.x for e in estimates]), per, axis=0)
        at = x[np.arange(n), coordinate]
        down, up = at - first.lower[coordinate], first.upper[coordinate] - at
        on = np.where(side > 0, up, down)
        logs = first.logarithmic[coordinate]
        sizes = np.repeat(np.stack([e.strides for e in estimates]), per, axis=0)[np.arange(n), coordinate]
        far = np.where(logs, FAR_LOG, self.far * sizes)
        far = np.where(np.isfinite(on), on, far)
        return Rays(
            origin=x,
            cost=np.repeat([float(e.cost) for e in estimates], per),
            along=held * side[:, None],
            held=held,
            reach=np.maximum(far, 0.0),
            replicate=np.repeat([e.replicate for e in estimates], per).astype(np.int64),
            half=np.repeat([0.5 * e.scale**2 for e in estimates], per),
            quantile=usual,
            threshold=np.full(n, usual),
            at_bound=np.full(n, np.inf),
            lower=first.lower,
            upper=first.upper,
            sizes=np.max([e.strides for e in estimates], axis=0),
        )


METHOD = ProfileLikelihood
