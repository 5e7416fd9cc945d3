"""The card of a method: what it needs, gives and costs, and who published it.

Made once in the method's file; used for choosing, refusing, documentation, citations and the command line's help.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Ability(Enum):
    """What a problem may offer and a method may need. The value is how a sentence calls it."""

    RESIDUALS = "residuals"
    LIKELIHOOD = "a log-likelihood"
    GRADIENT = "a gradient"
    CONTINUOUS = "continuous parameters"
    OBJECTIVE = "an objective"
    SCORES = "scores with their expected information"
    ONE_PARAMETER = "a single parameter"
    PENALTY = "a penalty"
    CONSTRAINTS = "constraints"
    ADVERSARY = "parameters that are chosen against the fit"
    LINEAR = "parameters that the model is linear in"
    BOUNDED = "finite bounds of every parameter"


@dataclass(frozen=True)
class Source:
    """A publication: authors, year, title, and where to find it (`doi:...` or `arXiv:...`)."""

    authors: str
    year: int
    title: str
    link: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.link}"


@dataclass(frozen=True)
class Card:
    """What a person or a program needs to know of a method before running it.

    Arguments:
        name: the file's name, the textbook's name.
        verb: the verb that the method answers.
        summary: one sentence.
        good_for: when to take it.
        prefer_instead: when to take another one, and which.
        needs: what a problem must offer.
        honours: features that it takes into account beyond its needs: "bounds", "robust losses", "priors",
            "constraints", "penalty", "adversary", "many starts side by side", "workers" (starts may run in several
            processes, because none depends on the others), "one search" (one start searches the whole box). A problem
            with robust losses, constraints, a penalty or an adversary is refused by a method that does not honour them.
        cost: what one run costs, in evaluations of the model.
        sources: the publications behind it, the first is the main one.
        accuracy: by what share of the best cost it may miss it on the known problems (a few parameters), with its
            default settings. A grid is no Newton method, and says so here.
    """

    name: str
    verb: str
    summary: str
    good_for: str
    prefer_instead: str
    needs: frozenset[Ability]
    honours: frozenset[str]
    cost: str
    sources: tuple[Source, ...]
    accuracy: float = 1e-9
