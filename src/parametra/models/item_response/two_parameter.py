"""The two-parameter logistic model: items differ in difficulty, and in how well they tell the able from others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from parametra.models.item_response._lsat import BOCK_AITKIN, RIZOPOULOS, section_6, section_7
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
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_CHALMERS = Source(
    "R. P. Chalmers",
    2012,
    "mirt: a multidimensional item response theory package for the R environment",
    "doi:10.18637/jss.v048.i06",
)


def form(
    sets: Sequence[Data] | None, nodes: int | None = None, intercepts: bool = False, undetermined: str = "refuse"
) -> Form:
    """A discrimination and a difficulty for each item."""
    items = items_of(sets)
    parameters = {"difficulty": difficulty(items), "discrimination": discrimination((items,))}
    refuse_undetermined(sets, parameters, undetermined)
    priors = {"difficulty": DIFFICULTY_PRIOR, "discrimination": DISCRIMINATION_PRIOR}
    derived = {f"intercept_{i}": _intercept(i) for i in range(items)} if intercepts else {}
    return stated(sets, dict(parameters), dict(priors), nodes, derived=derived)


def _intercept(item: int) -> Callable[[Any, Any], Any]:
    def intercept(discrimination: Any, difficulty: Any) -> Any:
        return -discrimination[item] * difficulty[item]

    return intercept


def guess(data: Data) -> dict[str, object]:
    """Difficulties from the shares of right answers; every item measures equally well at first."""
    difficulties = guessed_difficulty(data)
    return {"difficulty": difficulties, "discrimination": [1.0] * len(difficulties)}


READY = ReadyMade(
    name="item_response.two_parameter",
    summary="two-parameter logistic model: difficulty and discrimination of items, from who answered which right",
    formula="P(right) = 1 / (1 + exp(-discrimination[item] (ability - difficulty[item]))),   ability ~ N(0, 1)",
    good_for="tests and benchmarks whose items measure one ability more or less well, from some 200 persons",
    prefer_instead=(
        "item_response.rasch with few persons; item_response.three_parameter where answers can be guessed. An item "
        "whose discrimination runs to zero is keyed wrongly or measures something else"
    ),
    form=form,
    guess=guess,
    options={
        "nodes": NODES,
        "undetermined": UNDETERMINED,
        "intercepts": Option(False, "whether intercepts, -discrimination difficulty, are reported too", (False, True)),
    },
    known=(
        Known(
            data=section_7,
            about="Law School Admission Test, section 7: 1000 persons, 5 items",
            options={"intercepts": True},
            estimate={
                "discrimination[0]": "0.988",
                "discrimination[1]": "1.081",
                "discrimination[2]": "1.71",
                "discrimination[3]": "0.765",
                "discrimination[4]": "0.736",
                "intercept_0": "1.856",
                "intercept_1": "0.808",
                "intercept_2": "1.8",
                "intercept_3": "0.486",
                "intercept_4": "1.85",
            },
            second_start={"difficulty": [1.0, 1.0, -2.0, 0.5, 0.5], "discrimination": [0.4, 2.0, 0.5, 2.0, 2.0]},
            source=_CHALMERS,
        ),
        Known(
            data=section_6,
            about="Law School Admission Test, section 6: 1000 persons, 5 items",
            estimate={
                "difficulty[0]": "-3.36",
                "difficulty[1]": "-1.37",
                "difficulty[2]": "-0.280",
                "difficulty[3]": "-1.866",
                "discrimination[0]": "0.83",
                "discrimination[1]": "0.723",
                "discrimination[2]": "0.89",
                "discrimination[3]": "0.69",
            },
            second_start={"difficulty": [1.0, 1.0, -2.0, 0.5, 0.5], "discrimination": [0.4, 2.0, 0.5, 2.0, 2.0]},
            source=RIZOPOULOS,
        ),
    ),
    sources=(BOCK_AITKIN, _CHALMERS),
    picture=item_curves,
)
