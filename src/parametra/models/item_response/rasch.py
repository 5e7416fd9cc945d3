"""The Rasch model: the chance of a right answer rises with ability less difficulty, equally steeply for every item."""

from __future__ import annotations

from collections.abc import Sequence

from parametra.models.item_response._lsat import BOCK_LIEBERMAN, RIZOPOULOS, section_6
from parametra.models.item_response._picture import item_curves
from parametra.models.item_response._statement import (
    DIFFICULTY_PRIOR,
    DISCRIMINATION_PRIOR,
    NODES,
    UNDETERMINED,
    difficulty,
    discrimination,
    guessed_difficulty,
    items_of,
    refuse_undetermined,
    stated,
)
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ready_made import Form, Known, ReadyMade

_RASCH = Source(
    "G. H. Fischer and I. W. Molenaar",
    1995,
    "Rasch Models: Foundations, Recent Developments, and Applications",
    "doi:10.1007/978-1-4612-4230-7",
)


def form(sets: Sequence[Data] | None, nodes: int | None = None, undetermined: str = "refuse") -> Form:
    """One discrimination, and a difficulty for each item."""
    parameters = {"difficulty": difficulty(items_of(sets)), "discrimination": discrimination()}
    refuse_undetermined(sets, parameters, undetermined)
    priors = {"difficulty": DIFFICULTY_PRIOR, "discrimination": DISCRIMINATION_PRIOR}
    return stated(sets, dict(parameters), dict(priors), nodes)


def guess(data: Data) -> dict[str, object]:
    """Difficulties from the shares of right answers."""
    return {"difficulty": guessed_difficulty(data), "discrimination": 1.0}


READY = ReadyMade(
    name="item_response.rasch",
    summary="Rasch model: difficulties of items, from who answered which of them right",
    formula="P(right) = 1 / (1 + exp(-discrimination (ability - difficulty[item]))),   ability ~ N(0, 1)",
    good_for="difficulties of items that all measure one ability equally well, also from few persons",
    prefer_instead=(
        "item_response.two_parameter where items differ in how well they measure, which `compare` tells; "
        "item_response.amortised to predict difficulties of new items"
    ),
    form=form,
    guess=guess,
    options={"nodes": NODES, "undetermined": UNDETERMINED},
    known=(
        Known(
            data=section_6,
            about="Law School Admission Test, section 6: 1000 persons, 5 items",
            estimate={
                "difficulty[0]": "-3.6153",
                "difficulty[1]": "-1.3224",
                "difficulty[2]": "-0.3176",
                "difficulty[3]": "-1.7301",
                "difficulty[4]": "-2.7802",
                "discrimination": "0.7551",
            },
            second_start={"difficulty": [1.0, -3.0, 2.0, 0.5, -0.5], "discrimination": 2.5},
            source=RIZOPOULOS,
        ),
    ),
    sources=(_RASCH, BOCK_LIEBERMAN),
    picture=item_curves,
)
