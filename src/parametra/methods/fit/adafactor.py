"""Adafactor: Adam's second moment of a matrix from its row and column means, steps clipped, by optax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit import _descent_stages as stages
from parametra.methods.fit import _optax_rule as rule
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace


def transformation(matrix: bool, decay: float, clip: float, relative: bool, smallest: float) -> Any:
    """Optax's parts of Adafactor for a stack of starts, each with its own count, factors and clipping."""
    import jax

    optax = rule.optax_for("adafactor")
    parts = [
        # the publication's epsilon_1 is added to g^2, which has no bottom of its own
        optax.scale_by_factored_rms(factored=matrix, decay_rate=decay, min_dim_size_to_factor=1, epsilon=1e-30),
        optax.clip_by_block_rms(clip),
    ]
    if relative:
        parts += [
            optax.scale_by_schedule(lambda count: jax.numpy.minimum(1e-2, 1.0 / jax.numpy.sqrt(count + 1.0))),
            optax.scale_by_param_block_rms(smallest),
        ]
    one = optax.chain(*parts)
    return optax.GradientTransformation(jax.vmap(one.init), jax.vmap(one.update))


@dataclass(frozen=True)
class Adafactor(stages.Staged):
    """argmin cost(x) by x <- x - rate g / sqrt(v), clipped: v = r c' / mean(r) from means r over rows, c over columns.

    For a matrix of rows x columns parameters only rows + columns second moments are kept, v is exact where it has rank
    one, and no first moment is kept. Parameters that are no matrix keep one second moment each. With `relative_steps`
    the step is min(1e-2, 1 / sqrt(t)) times the root mean square of the parameters, as published; else it is scaled by
    the curvature along each coordinate and follows from the problem, as in `adam`.

    Good for: large matrices of parameters, whose moments cost memory. Prefer instead: `adam` where memory is no
    matter, `levenberg_marquardt` or `lbfgs` for fits with few parameters.

    Arguments:
        matrix: (rows, columns) when the coordinates are one matrix, row by row; None for none.
        relative_steps: the published step sizes, in the coordinates themselves.
        decay: c in 1 - t^-c, the memory of the second moment.
        clip: largest root mean square of a step before its rate.
        smallest: least root mean square of the parameters that relative steps assume.
        rate: first step of a stage, as a share of the foretold distance.
        fade: the rate at the end of a stage, as a share of that at its beginning.
        steps: steps of a stage.
        stages: where a start gives up.
        tolerance: scaled, projected gradient, relative to sqrt(|cost|), that counts as zero.

    Raises:
        MethodError: a setting that cannot be, or a matrix of another size than the parameters.
        MissingExtraError: optax is not installed.

    Source: arXiv:1804.04235.
    """

    card: ClassVar[Card] = Card(
        name="adafactor",
        verb="fit",
        summary="Adafactor: second moments from rows and columns, clipped steps; needs optax.",
        good_for="matrices of very many parameters, whose moments cost memory.",
        prefer_instead="`adam` where memory is no matter; `levenberg_marquardt` or `lbfgs` for few parameters.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side", "workers"}),
        cost="200 to 10 000 evaluations with gradient a start.",
        sources=(
            Source(
                "N. Shazeer and M. Stern",
                2018,
                "Adafactor: adaptive learning rates with sublinear memory cost",
                "arXiv:1804.04235",
            ),
            Source(
                "DeepMind et al.", 2020, "The DeepMind JAX ecosystem (optax)", "http://github.com/google-deepmind"
            ),
        ),
        accuracy=1e-6,
    )  # fmt: skip

    matrix: Any = None
    relative_steps: bool = False
    decay: float = 0.8
    clip: float = 1.0
    smallest: float = 1e-3
    rate: float = 0.1
    fade: float = 0.1
    steps: int = 100
    stages: int = 100
    tolerance: float = 3e-5

    def __post_init__(self) -> None:
        if self.matrix is not None:
            shape: Any = tuple(self.matrix) if isinstance(self.matrix, (list, tuple)) else ()
            if len(shape) != 2 or not all(isinstance(n, int) and n > 0 for n in shape):
                raise MethodError(f"adafactor(matrix={self.matrix!r}): two whole numbers are wanted, (rows, columns).")
            object.__setattr__(self, "matrix", shape)  # a problem file gives a list, and settings are hashed
        check_settings(self)

    def rules(self) -> stages.Rules:
        """The settings of the stages."""
        plain = 1.0 if self.relative_steps else None
        return stages.Rules(self.rate, self.fade, self.steps, self.stages, self.tolerance, plain=plain)

    @property
    def _settings(self) -> tuple[Any, ...]:
        return (self.matrix is not None, self.decay, self.clip, self.relative_steps, self.smallest)

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        """Each start as a matrix, where one is stated."""
        return values if self.matrix is None else values.reshape(len(values), *self.matrix)

    def begin(self, scaled: np.ndarray, seed: int) -> tuple[Any, ...]:
        """Zero moments for each start."""
        del seed
        return rule.begin(transformation, self._settings, self._shaped(scaled).shape)

    def turn(self, gradient: np.ndarray, memory: tuple[Any, ...], scaled: np.ndarray) -> tuple[np.ndarray, Any]:
        """The direction to go against, and the new moments."""
        found, memory = rule.turn(transformation, self._settings, self._shaped(gradient), memory, self._shaped(scaled))
        return found.reshape(gradient.shape), memory

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> stages.Stages:
        """The state before anything was evaluated. Raises MethodError for a matrix of another size."""
        rule.optax_for("adafactor")
        if self.matrix is not None and self.matrix[0] * self.matrix[1] != space.dimension:
            rows, columns = self.matrix
            raise MethodError(
                f"adafactor(matrix=({rows}, {columns})) is for {rows * columns} coordinates, and this problem has "
                f"{space.dimension}. Give the shape of the one matrix of the problem, or leave it out."
            )
        return super().start(space, starts)


METHOD = Adafactor
