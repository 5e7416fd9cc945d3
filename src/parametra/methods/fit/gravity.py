"""Gravity: the parameters roll down the slope with a velocity that averages a saturating gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.methods.fit import _descent_stages as stages
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import SHARE, check_settings


@dataclass(frozen=True)
class Gravity(stages.Staged):
    """argmin cost(x) by x <- x - rate V, V <- b_t V + (1 - b_t) g / (1 + (g / m)^2), m = 1 / max |g|.

    b_t = (beta t + 1) / (t + 2) for t = 0, 1, ... grows from 1/2 to beta, and the first V is drawn from a normal
    distribution with standard deviation alpha / rate. The largest gradients saturate. Because the saturation depends on
    the scale of the cost, g is measured here by 1 / sqrt(curvature) of each coordinate and by its own size at the
    beginning of a stage, unless `learning_rate` asks for the published form.

    Good for: comparing with the publication; smooth, well-scaled costs. Prefer instead: `adam` among the methods of
    this kind, `levenberg_marquardt` or `lbfgs` for nearly every fit.

    Arguments:
        rate, alpha, beta: as published.
        learning_rate: the rate in the coordinates themselves, with the gradient as it is (published: 0.1); None for
            the one that follows from the problem.
        fade: the rate at the end of a stage, as a share of that at its beginning.
        steps: steps of a stage.
        stages: where a start gives up.
        tolerance: scaled, projected gradient, relative to sqrt(|cost|), that counts as zero.

    Raises:
        MethodError: a setting that cannot be.

    Source: arXiv:2101.09192.
    """

    card: ClassVar[Card] = Card(
        name="gravity",
        verb="fit",
        summary="Gravity: a velocity that averages saturating gradients, many starts side by side.",
        good_for="comparing with the publication; smooth costs with gradients of order one.",
        prefer_instead="`adam` among the methods of this kind; `levenberg_marquardt` or `lbfgs` for nearly every fit.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side"}),
        cost="500 to 10 000 evaluations with gradient a start.",
        sources=(
            Source(
                "D. Bahrami and S. Pouriyeh Zadeh",
                2021,
                "Gravity optimizer: a kinematic approach on optimization in deep learning",
                "arXiv:2101.09192",
            ),
        ),
        accuracy=1e-6,
    )

    rate: float = 0.1
    alpha: float = 0.01
    beta: float = 0.9
    learning_rate: float | None = None
    fade: float = 1.0
    steps: int = 100
    stages: int = 100
    tolerance: float = 3e-5

    def __post_init__(self) -> None:
        check_settings(self, {"beta": SHARE})

    def rules(self) -> stages.Rules:
        """The settings of the stages."""
        return stages.Rules(
            self.rate, self.fade, self.steps, self.stages, self.tolerance, relative=True, plain=self.learning_rate
        )

    def begin(self, scaled: np.ndarray, seed: int) -> tuple[Any, ...]:
        """The first velocities, each start's from its own generator, and t = 0."""
        deviation = self.alpha / (self.learning_rate or self.rate)
        draws = [generator(seed, "fit.gravity", i).normal(0.0, deviation, row.shape) for i, row in enumerate(scaled)]
        return np.stack(draws), 0

    def turn(self, gradient: np.ndarray, memory: tuple[Any, ...], scaled: np.ndarray) -> tuple[np.ndarray, Any]:
        """The velocity to go against, and the new memory; each start is one array of weights with one maximum."""
        del scaled
        velocity, t = memory
        beta = (self.beta * t + 1) / (t + 2)
        largest = np.abs(gradient).max(axis=tuple(range(1, gradient.ndim)), initial=0.0, keepdims=True)
        # g / m with m = 1 / max |g|
        velocity = beta * velocity + (1 - beta) * gradient / (1 + (gradient * largest) ** 2)
        return velocity, (velocity, t + 1)


METHOD = Gravity
