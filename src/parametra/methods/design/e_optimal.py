"""E: the smallest variance in the worst direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.maths.design_minimax import SmallestEigenvalue
from parametra.methods.design._criterion import COST, NEEDS, PUKELSHEIM, Goodness
from parametra.nouns.card import Card, Source


@dataclass(frozen=True)
class EOptimal(Goodness):
    """Makes the largest eigenvalue of C small: the longest axis of the confidence ellipsoid."""

    card: ClassVar[Card] = Card(
        name="e_optimal",
        verb="design",
        summary="The shortest longest axis of the confidence ellipsoid.",
        good_for="information that is nearly singular: it spends all on the combination that is known worst.",
        prefer_instead="`worst_parameter`, which looks at parameters alone; `d_optimal` for all alike.",
        needs=NEEDS,
        honours=frozenset({"priors"}),
        cost=COST,
        sources=(
            Source("J. Kiefer", 1974, "General equivalence theory for optimum designs", "doi:10.1214/aos/1176342810"),
            PUKELSHEIM,
        ),
    )
    short: ClassVar[str] = "E"
    looks_at: ClassVar[str] = "values"
    aim: ClassVar[str] = "the least uncertain combination of parameters in the worst direction"

    @property
    def criterion(self) -> SmallestEigenvalue:
        return SmallestEigenvalue()


METHOD = EOptimal
