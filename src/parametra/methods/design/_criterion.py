"""What the criteria of designs have in common: what they look at, and what they are called for short."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from parametra.maths.design_criteria import Criterion
from parametra.nouns.card import Ability, Card, Source

NEEDS = frozenset({Ability.LIKELIHOOD, Ability.GRADIENT})

PUKELSHEIM = Source("F. Pukelsheim", 2006, "Optimal Design of Experiments", "doi:10.1137/1.9780898719109")

COST = "none beyond the sensitivities of the candidates: one evaluation of the model with derivatives at all of them."


class Goodness(ABC):
    """A criterion as a person asks for it.

    Attributes:
        short: the letter or word that it may be called by.
        looks_at: "coordinates", the parameters in any scale; "values", each by its own standard error; or "one".
        aim: what the design makes small, after "for".
    """

    card: ClassVar[Card]
    short: ClassVar[str]
    looks_at: ClassVar[str] = "values"
    aim: ClassVar[str]

    @property
    @abstractmethod
    def criterion(self) -> Criterion:
        """The function of the information that is made large."""
