"""The likelihood-ratio test of a model against a special case of it, at bounds too, and Fisher's F beside it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.keys import generator


@dataclass(frozen=True)
class LikelihoodRatio:
    """T = 2 (log L large - log L small), which is sum_j w_j chi-square_(q + j) when the small model is right.

    q parameters are set to values inside their range, b to a bound; w_j is the chance that j of the b estimates are off
    their bound. One at a bound: half of chi-square_q, half of chi-square_(q+1). A plain chi-square would ask for too
    much there.

    Arguments:
        draws: normal vectors from which the chances are counted where four or more are at a bound.
    """

    card: ClassVar[Card] = Card(
        name="likelihood_ratio",
        verb="compare",
        summary="Likelihood-ratio test of nested models, with chi-bar-square at bounds and F where sigma is estimated.",
        good_for="whether a further parameter is needed.",
        prefer_instead="`vuong` when neither model is a special case of the other.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "constraints"}),
        cost="nothing beyond the fits; finding out that models are nested takes three small fits.",
        sources=(
            Source(
                "S. S. Wilks",
                1938,
                "The large-sample distribution of the likelihood ratio for testing composite hypotheses",
                "doi:10.1214/aoms/1177732360",
            ),
            Source(
                "S. G. Self and K.-Y. Liang",
                1987,
                "Asymptotic properties of maximum likelihood estimators and likelihood ratio tests under nonstandard "
                "conditions",
                "doi:10.1080/01621459.1987.10478472",
            ),
        ),
    )

    draws: int = 200000

    def weights(self, covariance: Float[np.ndarray, "b b"]) -> tuple[float, ...]:
        """The chances w_0 ... w_b.

        w_j = sum over sets S of j parameters of P(x_S > 0 | the others 0) P(C_rest^-1 x_rest < 0), x normal with
        covariance C.

        Arguments:
            covariance: of the estimates at bounds, each counted inwards, all other parameters free.
        """
        b = len(covariance)
        weights = [0.0] * (b + 1)
        for size in range(b + 1):
            for chosen in itertools.combinations(range(b), size):
                rest = [i for i in range(b) if i not in chosen]
                inside, beside = covariance[np.ix_(chosen, chosen)], covariance[np.ix_(rest, rest)]
                precision = np.linalg.inv(beside) if rest else beside
                across = covariance[np.ix_(chosen, rest)]
                given = inside - across @ precision @ across.T
                weights[size] += self._all_above(given) * self._all_above(precision)
        total = math.fsum(weights)
        return tuple(w / total for w in weights)

    def _all_above(self, covariance: np.ndarray) -> float:
        """P(all x > 0): closed forms up to three."""
        d = len(covariance)
        if d <= 1:
            return 0.5**d
        sd = np.sqrt(np.diag(covariance))
        angles = np.arcsin(np.clip(covariance / np.outer(sd, sd), -1, 1))[np.triu_indices(d, 1)]
        if d <= 3:  # Sheppard's
            return 0.25 + float(angles[0]) / (2 * np.pi) if d == 2 else 0.125 + float(angles.sum()) / (4 * np.pi)
        drawn = generator(0, "compare.orthant", d).standard_normal((self.draws, d)) @ np.linalg.cholesky(covariance).T
        return float(np.mean((drawn > 0).all(axis=1)))

    def p_value(self, statistic: float, regular: int, weights: tuple[float, ...]) -> float:
        """P(T > statistic) when the small model is right.

        Arguments:
            statistic: T.
            regular: q.
            weights: as from `weights`; (1,) where no parameter is at a bound.
        """
        from scipy.special import chdtrc

        if statistic <= 0:
            return 1.0
        tails = (float(chdtrc(regular + j, statistic)) if regular + j else 0.0 for j in range(len(weights)))
        return math.fsum(w * t for w, t in zip(weights, tails, strict=True))

    def f_p_value(self, statistic: float, regular: int, weights: tuple[float, ...], freedom: int) -> float:
        """P((RSS small - RSS large) / (RSS large / freedom) > statistic) when the small model is right.

        Exact for linear models with normal noise of one unknown sigma: (q + j) F with q + j and `freedom` degrees of
        freedom in place of chi-square.

        Arguments:
            statistic: that ratio, not divided by the number of parameters.
            regular, weights: as for `p_value`.
            freedom: n less the parameters of the large model.
        """
        from scipy.special import fdtrc

        if statistic <= 0:
            return 1.0
        each = [regular + j for j in range(len(weights))]
        tails = (float(fdtrc(d, freedom, statistic / d)) if d else 0.0 for d in each)
        return math.fsum(w * t for w, t in zip(weights, tails, strict=True))


METHOD = LikelihoodRatio
