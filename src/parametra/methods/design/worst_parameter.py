"""The worst parameter: the smallest of the largest relative standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.maths.design_minimax import LargestVariance
from parametra.methods.design._criterion import COST, NEEDS, PUKELSHEIM, Goodness
from parametra.nouns.card import Card, Source


@dataclass(frozen=True)
class WorstParameter(Goodness):
    """Makes max_j C_jj small: the largest squared standard error, relative to its estimate unless asked otherwise."""

    card: ClassVar[Card] = Card(
        name="worst_parameter",
        verb="design",
        summary="The smallest largest standard error.",
        good_for="results in which every parameter must be known to a share of itself; the choice behind `target`.",
        prefer_instead="`d_optimal`, which is quicker, where the parameters matter together.",
        needs=NEEDS,
        honours=frozenset({"priors"}),
        cost=COST,
        sources=(
            Source(
                "H. Dette",
                1997,
                "Designing experiments with respect to standardized optimality criteria",
                "doi:10.1111/1467-9868.00056",
            ),
            PUKELSHEIM,
        ),
    )
    short: ClassVar[str] = "worst"
    looks_at: ClassVar[str] = "values"
    aim: ClassVar[str] = "the smallest relative error of the parameter that is known worst"

    @property
    def criterion(self) -> LargestVariance:
        return LargestVariance()


METHOD = WorstParameter
