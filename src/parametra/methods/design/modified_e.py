"""Modified E: the roundest confidence ellipsoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parametra.maths.design_minimax import Condition
from parametra.methods.design._criterion import COST, NEEDS, PUKELSHEIM, Goodness
from parametra.nouns.card import Card, Source


@dataclass(frozen=True)
class ModifiedE(Goodness):
    """Makes the condition number of the information small: the ratio of its largest to its smallest eigenvalue."""

    card: ClassVar[Card] = Card(
        name="modified_e",
        verb="design",
        summary="The smallest condition number of the information.",
        good_for="telling parameters apart that hardly differ: it looks at the shape alone and not at the size.",
        prefer_instead="`e_optimal` or `d_optimal`: a round region may be a large one.",
        needs=NEEDS,
        honours=frozenset({"priors"}),
        cost=COST,
        sources=(
            Source(
                "G. Franceschini and S. Macchietto",
                2008,
                "Model-based design of experiments for parameter precision: State of the art",
                "doi:10.1016/j.ces.2007.11.034",
            ),
            PUKELSHEIM,
        ),
    )
    short: ClassVar[str] = "modified_E"
    looks_at: ClassVar[str] = "values"
    aim: ClassVar[str] = "the roundest confidence region"

    @property
    def criterion(self) -> Condition:
        return Condition()


METHOD = ModifiedE
