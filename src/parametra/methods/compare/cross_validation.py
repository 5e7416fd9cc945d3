"""Cross-validation: fit most of the data, and ask how well the rest is foretold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.keys import generator


@dataclass(frozen=True)
class CrossValidation:
    """sum_i log p(y_i | the fit to the folds without y_i): the held-out log predictive density.

    Arguments:
        folds: parts that are left out in turn.
        leave_one_out: up to so many points each is a part of its own.
    """

    card: ClassVar[Card] = Card(
        name="cross_validation",
        verb="compare",
        summary="Held-out log predictive density by refitting, with the difference's standard error.",
        good_for="models whose parameters are counted badly by their number, and a check of every criterion.",
        prefer_instead="`information_criterion` for models that take long; where neighbouring points are alike, leave "
        "out whole stretches by hand.",
        needs=frozenset({Ability.LIKELIHOOD}),
        honours=frozenset({"bounds", "priors", "constraints"}),
        cost="as many fits as folds, each from the estimate.",
        sources=(
            Source(
                "M. Stone",
                1974,
                "Cross-validatory choice and assessment of statistical predictions",
                "doi:10.1111/j.2517-6161.1974.tb00994.x",
            ),
            Source(
                "A. Vehtari, A. Gelman and J. Gabry",
                2017,
                "Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC",
                "doi:10.1007/s11222-016-9696-4",
            ),
        ),
    )

    folds: int = 10
    leave_one_out: int = 40

    def parts(self, size: int, seed: int) -> Int[np.ndarray, " n"]:
        """Which part each observation is in: every one its own when few, else drawn, as even as can be."""
        if size <= max(self.leave_one_out, self.folds):
            return np.arange(size)
        found = np.empty(size, dtype=np.int64)
        found[generator(seed, "compare.folds", 0).permutation(size)] = np.arange(size) % self.folds
        return found

    def difference(self, one: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> tuple[float, float]:
        """Give one - other summed over the points, and its standard error sqrt(n) times their scatter."""
        apart = one - other
        return float(apart.sum()), math.sqrt(apart.size) * float(apart.std(ddof=1))


METHOD = CrossValidation
