"""Adam and AdaMax: steps from running moments of the gradient, with their bias corrected, by optax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit import _descent_stages as stages
from parametra.methods.fit import _optax_rule as rule
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import SHARE, check_settings
from parametra.nouns.search_space import SearchSpace

VARIANTS = ("adam", "adamax")


def transformation(variant: str, beta_1: float, beta_2: float, epsilon: float) -> Any:
    """Optax's Adam or AdaMax without its learning rate."""
    optax = rule.optax_for("adam")
    if variant == "adam":
        return optax.scale_by_adam(b1=beta_1, b2=beta_2, eps=epsilon)
    # optax keeps no AdaMax without a rate: with the rate -1 it is the direction itself
    return optax.chain(optax.adamax(1.0, b1=beta_1, b2=beta_2, eps=epsilon), optax.scale(-1.0))


@dataclass(frozen=True)
class Adam(stages.Staged):
    """argmin cost(x) by x <- x - rate m / (sqrt(v) + epsilon), m and v running means of g and g^2, bias corrected.

    The variant "adamax" divides by the largest |g| of late, v <- max(beta_2 v, |g|), instead of sqrt(v). Steps are
    measured in units of 1 / sqrt(curvature) of each coordinate, so that one rate suits all; the rate follows from the
    distance that the curvature foretells, fades within a stage of steps, and is found anew at each stage.

    Good for: costs whose gradient is cheap and rough, many parameters, thousands of starts side by side. Prefer
    instead: `levenberg_marquardt` for residuals and `lbfgs` for smooth likelihoods, which need far fewer evaluations.

    Arguments:
        variant: "adam" or "adamax".
        rate: first step of a stage, as a share of the foretold distance.
        fade: the rate at the end of a stage, as a share of that at its beginning.
        learning_rate: a rate in the coordinates themselves, the same at every step, as published (there 0.001); None
            for the one that follows from the problem.
        beta_1, beta_2: memories of the moments, 0 to 1. 0.99 suits fits, whose gradients have no noise; 0.999 is the
            publication's.
        epsilon: added to sqrt(v).
        steps: steps of a stage.
        stages: where a start gives up.
        tolerance: scaled, projected gradient, relative to sqrt(|cost|), that counts as zero.

    Raises:
        MethodError: a setting that cannot be.
        MissingExtraError: optax is not installed.

    Source: arXiv:1412.6980.
    """

    card: ClassVar[Card] = Card(
        name="adam",
        verb="fit",
        summary="Adam, and AdaMax as a variant, on the cost and its gradient, many starts side by side; needs optax.",
        good_for="costs whose gradient is cheap and rough, many parameters, many starts.",
        prefer_instead="`levenberg_marquardt` for residuals, `lbfgs` for smooth likelihoods: far fewer evaluations.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side", "workers"}),
        cost="200 to 4000 evaluations with gradient a start.",
        sources=(
            Source("D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization", "arXiv:1412.6980"),
            Source(
                "DeepMind et al.", 2020, "The DeepMind JAX ecosystem (optax)", "http://github.com/google-deepmind"
            ),
        ),
        accuracy=1e-6,
    )  # fmt: skip

    variant: str = "adam"
    rate: float = 0.1
    fade: float = 0.1
    learning_rate: float | None = None
    beta_1: float = 0.9
    beta_2: float = 0.99
    epsilon: float = 1e-8
    steps: int = 100
    stages: int = 40
    tolerance: float = 3e-5

    def __post_init__(self) -> None:
        check_settings(self, {"beta_1": SHARE, "beta_2": SHARE}, {"variant": VARIANTS})

    def rules(self) -> stages.Rules:
        """The settings of the stages."""
        return stages.Rules(self.rate, self.fade, self.steps, self.stages, self.tolerance, plain=self.learning_rate)

    @property
    def _settings(self) -> tuple[Any, ...]:
        return (self.variant, self.beta_1, self.beta_2, self.epsilon)

    def begin(self, scaled: np.ndarray, seed: int) -> tuple[Any, ...]:
        """Zero moments for parameters of this shape."""
        del seed
        return rule.begin(transformation, self._settings, scaled.shape)

    def turn(self, gradient: np.ndarray, memory: tuple[Any, ...], scaled: np.ndarray) -> tuple[np.ndarray, Any]:
        """The direction to go against and the new moments; elementwise, so of arrays of any shape."""
        return rule.turn(transformation, self._settings, gradient, memory, scaled)

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> stages.Stages:
        """The state before anything was evaluated."""
        rule.optax_for("adam")
        return super().start(space, starts)


METHOD = Adam
