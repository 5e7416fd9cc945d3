"""The three-parameter logistic model: an item is answered right by some who do not know, because they guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Beta
from parametra.models.item_response._bank import ItemBank
from parametra.models.item_response._lsat import BOCK_AITKIN
from parametra.models.item_response._patterns import responses
from parametra.models.item_response._picture import item_curves
from parametra.models.item_response._simulate import simulate_responses
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
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Fixed, Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_MISLEVY = Source("R. J. Mislevy", 1986, "Bayes modal estimation in item response models", "doi:10.1007/BF02293979")

_LEAST, _MOST = 1e-3, 0.9
"""A prior allows no 0, and a search that meets a bound must find a finite density there."""

_PRIOR = Beta(5.0, 17.0)
"""Mean 0.23, as for answers chosen from four or five."""

_ABOUT = (
    'what is known of guessing: "prior", which None is too, "free" for nothing, or a number from 0 to below 0.9 that '
    "holds for all items"
)


def form(
    sets: Sequence[Data] | None,
    guessing: str | float | None = None,
    nodes: int | None = None,
    undetermined: str = "refuse",
) -> Form:
    """A discrimination, a difficulty and a chance of guessing for each item."""
    items = items_of(sets)
    parameters: dict[str, Parameter] = {
        "difficulty": difficulty(items),
        "discrimination": discrimination((items,)),
        "guessing": _guessing(guessing, items),
    }
    refuse_undetermined(sets, parameters, undetermined)
    priors = {"difficulty": DIFFICULTY_PRIOR, "discrimination": DISCRIMINATION_PRIOR, "guessing": _PRIOR}
    if isinstance(parameters["guessing"], Fixed):
        del priors["guessing"]
    return stated(sets, parameters, dict(priors), nodes)


def _guessing(stated: str | float | None, items: int) -> Parameter:
    stated = "prior" if stated is None else stated
    about = "the chance of a right answer without knowing"
    if stated in ("prior", "free"):
        prior: Any = _PRIOR if stated == "prior" else None
        return Real(
            _LEAST if prior else 0.0, _MOST, guess=0.2, prior=prior, shape=(items,), unit="1", description=about
        )
    if isinstance(stated, (str, bool)) or not 0 <= stated < _MOST:
        raise ModelError(f'guessing is "prior", "free", or a number from 0 to below {_MOST}; {stated!r} came.')
    return Fixed(float(stated), unit="1", description=about)


def guess(data: Data, guessing: str | float | None = None) -> dict[str, Any]:
    """Difficulties from the shares of right answers beyond guessing."""
    lowest = 0.2 if guessing is None or isinstance(guessing, str) else guessing
    difficulties = guessed_difficulty(data, lowest)
    found: dict[str, Any] = {"difficulty": difficulties, "discrimination": [1.2] * len(difficulties)}
    return (
        {**found, "guessing": [lowest] * len(difficulties)} if guessing is None or isinstance(guessing, str) else found
    )


_TRUE_DIFFICULTY = (-1.5, -0.8, -0.4, 0.0, 0.3, 0.7, 1.1, 1.6)
_TRUE_DISCRIMINATION = (1.0, 1.4, 1.8, 1.2, 1.6, 2.0, 1.5, 1.3)


def eight_items() -> Data:
    """Answers of 8000 persons to eight items with four choices each, simulated: guessing 0.25."""
    bank = ItemBank(_TRUE_DIFFICULTY, _TRUE_DISCRIMINATION, 0.25)
    return responses(simulate_responses(bank, persons=8000, seed=3), source="simulated")


READY = ReadyMade(
    name="item_response.three_parameter",
    summary="three-parameter logistic model: difficulty, discrimination and guessing of items",
    formula=(
        "P(right) = guessing[item] + (1 - guessing[item]) / (1 + exp(-discrimination[item] (ability - "
        "difficulty[item]))),   ability ~ N(0, 1)"
    ),
    good_for=(
        "answers chosen from a few, where who does not know may be right; guessing has the prior Beta(5, 17) unless "
        "told otherwise, because few persons are so unable that data alone would tell it"
    ),
    prefer_instead=(
        "item_response.two_parameter where answers are not chosen from a list; guessing=0.25 where it is known; "
        'guessing="free" only with thousands of persons, and then `identify` tells which items it is known of'
    ),
    form=form,
    guess=guess,
    options={"guessing": Option(None, _ABOUT), "nodes": NODES, "undetermined": UNDETERMINED},
    known=(
        Known(
            data=eight_items,
            about="eight items with four choices each, 8000 persons, simulated",
            estimate={
                **{f"difficulty[{i}]": value for i, value in enumerate(_TRUE_DIFFICULTY)},
                **{f"discrimination[{i}]": value for i, value in enumerate(_TRUE_DISCRIMINATION)},
                **{f"guessing[{i}]": 0.25 for i in range(8)},
            },
            second_start={
                "difficulty": np.linspace(1.5, -1.5, 8),
                "discrimination": np.linspace(0.6, 2.5, 8),
                "guessing": np.full(8, 0.05),
            },
            source=_MISLEVY,
        ),
    ),
    sources=(_MISLEVY, BOCK_AITKIN),
    picture=item_curves,
)
