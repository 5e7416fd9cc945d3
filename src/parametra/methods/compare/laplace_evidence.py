"""Laplace's approximation of the evidence: a normal distribution in the place of the posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.card import Ability, Card, Source


@dataclass(frozen=True)
class LaplaceEvidence:
    """log p(y) = log p(y | x) + log p(x) + d/2 log 2 pi + 1/2 log det C at the mode x with the covariance C there."""

    card: ClassVar[Card] = Card(
        name="laplace_evidence",
        verb="compare",
        summary="The probability of the data under a model with its priors, from the mode and the curvature there.",
        good_for="models with proper priors whose posterior is one narrow peak inside the bounds.",
        prefer_instead="an evidence by sampling where the posterior is wide, bent, cut by bounds or has several peaks.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "priors"}),
        cost="nothing beyond the fits.",
        sources=(
            Source(
                "L. Tierney and J. B. Kadane",
                1986,
                "Accurate approximations for posterior moments and marginal densities",
                "doi:10.1080/01621459.1986.10478240",
            ),
            Source("R. E. Kass and A. E. Raftery", 1995, "Bayes factors", "doi:10.1080/01621459.1995.10476572"),
        ),
    )

    def log_evidence(self, log_density: float, covariance: Float[np.ndarray, "d d"]) -> float:
        """The logarithm of the evidence.

        Arguments:
            log_density: log p(y | x) + log p(x) at the mode.
            covariance: in the coordinates that p(x) is a density of.
        """
        sd = np.sqrt(np.diag(covariance))
        _, log_det = np.linalg.slogdet(covariance / np.outer(sd, sd))
        volume = 0.5 * len(sd) * math.log(2 * math.pi) + float(np.log(sd).sum()) + 0.5 * float(log_det)
        return log_density + volume


METHOD = LaplaceEvidence
