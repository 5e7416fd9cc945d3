"""Levenberg-Marquardt as a trust region: singular values for one start, normal equations for many side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.methods.fit._trust_region import TrustRegion
from parametra.nouns.card import Ability, Card, Source


@dataclass(frozen=True)
class LevenbergMarquardt(TrustRegion):
    """argmin 1/2 |r(x)|^2 in a box: each step minimises 1/2 |r + J p|^2 within |D p| <= radius.

    One start goes through the singular values of J, two or more go side by side through J'J, and the best of them is
    then polished through J. Bounds are honoured exactly: no point outside is ever asked for.

    Arguments:
        radius_factors: initial radii in units of |D x|; the next is tried when an attempt ends in no minimum.
        cost_tolerance, step_tolerance: relative changes that end one start.
        lanes: starts that run side by side.
        lanes_radius_factor, lanes_tolerance: the same for the lanes, whose best end is polished.
        lanes_iterations: where a lane gives up its start.
        maximum_iterations: where one start gives up.
        polishing_steps: undamped Gauss-Newton steps at the end, at most.
        polish: whether the best of many starts is taken to the last digit.
        acceleration: whether one start corrects its steps to second order (geodesic acceleration), for one evaluation
            of the residuals a step: "on", "off", or "auto", which does it where derivatives are made of differences,
            so that a step costs several evaluations anyway.

    Raises:
        MethodError: a setting that is not above zero.

    Source: doi:10.1007/BFb0067700; bounds: doi:10.1137/S1064827595289108.
    """

    card: ClassVar[Card] = Card(
        name="levenberg_marquardt",
        verb="fit",
        summary="Trust region on the residuals and their Jacobian, one start to the last digit or many side by side.",
        good_for="any fit with residuals: normal noise, Student's t with a known width, robust losses, bounds.",
        prefer_instead="`lbfgs` for a likelihood without residuals.",
        needs=frozenset({Ability.RESIDUALS, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "many starts side by side", "workers"}),
        cost="10 to 50 evaluations with Jacobian a start; d^3 for each step.",
        sources=(
            Source(
                "J. J. More",
                1978,
                "The Levenberg-Marquardt algorithm: implementation and theory",
                "doi:10.1007/BFb0067700",
            ),
            Source(
                "M. A. Branch, T. F. Coleman and Y. Li",
                1999,
                "A subspace, interior, and conjugate gradient method for large-scale bound-constrained minimization",
                "doi:10.1137/S1064827595289108",
            ),
            Source(
                "M. K. Transtrum and J. P. Sethna",
                2012,
                "Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares minimization",
                "arXiv:1201.5885",
            ),
        ),
    )

    acceleration: str = "auto"


METHOD = LevenbergMarquardt
