"""Fisher scoring in a trust region: Gauss-Newton for likelihoods, by expected information in place of J'J."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.methods.fit._trust_region import TrustRegion
from parametra.nouns.card import Ability, Card, Source


@dataclass(frozen=True)
class FisherScoring(TrustRegion):
    """argmin -log density(x) in a box: each step minimises g'p + 1/2 p' I p within |D p| <= radius.

    g is the gradient of -log density and I its expected information, sum of (dq/dx)' I_q (dq/dx) over the quantities q
    that the density depends on: predictions, and the noise's own parameters. With J = sqrt(I_q) dq/dx and
    r = -score / sqrt(I_q) this is the trust region of `levenberg_marquardt`, step for step, on another cost. For a
    generalised linear model it is iteratively reweighted least squares, made safe. Bounds are honoured exactly.

    Arguments:
        radius_factors: initial radii in units of |D x|; the next is tried when an attempt ends in no minimum.
        cost_tolerance, step_tolerance: changes that end one start, relative to 1 + |cost| and to x.
        lanes: starts that run side by side.
        lanes_radius_factor, lanes_tolerance: the same for the lanes, whose best end is polished.
        lanes_iterations: where a lane gives up its start.
        maximum_iterations: where one start gives up.
        polishing_steps: undamped steps at the end, at most.
        polish: whether the best of many starts is taken to the last digit.
        acceleration: whether one start corrects its steps to second order, "on", "off" or "auto", as in
            `levenberg_marquardt`.

    Raises:
        MethodError: a setting that is not above zero.

    Source: doi:10.2307/2344614; trust region: doi:10.1007/BFb0067700.
    """

    card: ClassVar[Card] = Card(
        name="fisher_scoring",
        verb="fit",
        summary="Trust region on scores and their expected information: reweighted least squares for likelihoods.",
        good_for="counts and shares (Poisson, binomial, negative binomial), gamma, Weibull and log-logistic scatter, "
        "normal or Student's t scatter whose width is estimated or depends on the prediction; bounds.",
        prefer_instead="`levenberg_marquardt` where there are residuals; `lbfgs` for a likelihood without scores.",
        needs=frozenset({Ability.SCORES, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "many starts side by side", "workers"}),
        cost="5 to 30 evaluations with scores and Jacobian a start; d^3 for each step.",
        sources=(
            Source(
                "P. J. Green",
                1984,
                "Iteratively reweighted least squares for maximum likelihood estimation, and some robust and "
                "resistant alternatives",
                "doi:10.1111/j.2517-6161.1984.tb01288.x",
            ),
            Source("J. A. Nelder and R. W. M. Wedderburn", 1972, "Generalized linear models", "doi:10.2307/2344614"),
            Source(
                "J. J. More",
                1978,
                "The Levenberg-Marquardt algorithm: implementation and theory",
                "doi:10.1007/BFb0067700",
            ),
        ),
    )
    of_likelihood: ClassVar[bool] = True


METHOD = FisherScoring
