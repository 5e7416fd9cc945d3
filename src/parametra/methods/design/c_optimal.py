"""c: the smallest variance of one quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.maths.design_criteria import Trace
from parametra.methods.design._criterion import COST, NEEDS, PUKELSHEIM, Goodness
from parametra.nouns.card import Card, Source


@dataclass(frozen=True)
class COptimal(Goodness):
    """Makes c' M^-1 c small: the squared standard error of one parameter or derived quantity, the rest unknown too."""

    card: ClassVar[Card] = Card(
        name="c_optimal",
        verb="design",
        summary="The smallest standard error of one quantity.",
        good_for="one parameter or derived quantity that all is done for; the others may stay unknown.",
        prefer_instead="`d_optimal` or `worst_parameter` where more than one is wanted.",
        needs=NEEDS,
        honours=frozenset({"priors"}),
        cost=COST,
        sources=(
            Source("G. Elfving", 1952, "Optimum allocation in linear regression theory", "doi:10.1214/aoms/1177729442"),
            PUKELSHEIM,
        ),
    )
    short: ClassVar[str] = "c"
    looks_at: ClassVar[str] = "one"
    aim: ClassVar[str] = "the smallest error of"

    @property
    def criterion(self) -> Trace:
        return Trace()


METHOD = COptimal
