"""D: the smallest confidence ellipsoid of all parameters together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.maths.design_criteria import LogDeterminant
from parametra.methods.design._criterion import COST, NEEDS, PUKELSHEIM, Goodness
from parametra.nouns.card import Card, Source


@dataclass(frozen=True)
class DOptimal(Goodness):
    """Makes det C^(1/r) small: the volume of the confidence ellipsoid of r parameters, whatever their scales."""

    card: ClassVar[Card] = Card(
        name="d_optimal",
        verb="design",
        summary="The smallest volume of the confidence ellipsoid.",
        good_for="all parameters alike; units and logarithms that the parameters are stated in change nothing.",
        prefer_instead="`worst_parameter` where each parameter must be known, `c_optimal` where one is wanted.",
        needs=NEEDS,
        honours=frozenset({"priors"}),
        cost=COST,
        sources=(
            Source(
                "A. Wald", 1943, "On the efficient design of statistical investigations", "doi:10.1214/aoms/1177731454"
            ),
            PUKELSHEIM,
        ),
    )
    short: ClassVar[str] = "D"
    looks_at: ClassVar[str] = "coordinates"
    aim: ClassVar[str] = "the smallest confidence region of all parameters together"

    @property
    def criterion(self) -> LogDeterminant:
        return LogDeterminant()


METHOD = DOptimal
