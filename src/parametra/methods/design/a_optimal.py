"""A: the smallest mean variance of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.maths.design_criteria import Trace
from parametra.methods.design._criterion import COST, NEEDS, PUKELSHEIM, Goodness
from parametra.nouns.card import Card, Source


@dataclass(frozen=True)
class AOptimal(Goodness):
    """Makes trace C small: the sum of the squared standard errors, each relative to its estimate by default."""

    card: ClassVar[Card] = Card(
        name="a_optimal",
        verb="design",
        summary="The smallest sum of squared standard errors.",
        good_for="parameters that matter alike, each in shares of itself (or in its own unit, with relative=False).",
        prefer_instead="`d_optimal` where no scale is natural, `worst_parameter` where no sum may hide a bad one.",
        needs=NEEDS,
        honours=frozenset({"priors"}),
        cost=COST,
        sources=(
            PUKELSHEIM,
            Source(
                "K. Chaloner",
                1984,
                "Optimal Bayesian experimental design for linear models",
                "doi:10.1214/aos/1176346407",
            ),
        ),
    )
    short: ClassVar[str] = "A"
    looks_at: ClassVar[str] = "values"
    aim: ClassVar[str] = "the smallest mean squared error of the parameters"

    @property
    def criterion(self) -> Trace:
        return Trace()


METHOD = AOptimal
