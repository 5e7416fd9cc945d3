"""Difficulties of items predicted from what is known of them: weights of features, and what these leave unexplained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.distributions import Normal
from parametra.models.item_response._bank import ItemBank
from parametra.models.item_response._patterns import responses
from parametra.models.item_response._picture import item_curves
from parametra.models.item_response._simulate import simulate_responses
from parametra.models.item_response._statement import (
    DISCRIMINATION_PRIOR,
    LIMITS,
    NODES,
    discrimination,
    guessed_difficulty,
    items_of,
    stated,
)
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_FISCHER = Source(
    "G. H. Fischer",
    1973,
    "The linear logistic test model as an instrument in educational research",
    "doi:10.1016/0001-6918(73)90003-6",
)
_DE_BOECK = Source("P. De Boeck", 2008, "Random item IRT models", "doi:10.1007/s11336-008-9092-x")
_TRUONG = Source(
    "S. Truong, Y. Tu, P. Liang, B. Li and S. Koyejo",
    2025,
    "Reliable and Efficient Amortized Model-based Evaluation",
    "arXiv:2503.13335",
)


def form(
    sets: Sequence[Data] | None,
    features: Any = None,
    residual_spread: float = 0.0,
    slopes: str = "common",
    nodes: int | None = None,
) -> Form:
    """Weights of features, the common part of difficulties, and residuals where they may differ from both."""
    # without data, the features tell how many items there are
    items = items_of(sets) if sets or features is None else len(features)
    table = _table(features, items, bool(sets))
    free: dict[str, Parameter] = {
        "intercept": Real(-LIMITS, LIMITS, guess=0.0, unit="1", description="the difficulty where all features are 0"),
        "weights": Real(
            guess=0.0, shape=(table.shape[1],), unit="1", description="what each feature adds to difficulty"
        ),
        "discrimination": discrimination(() if slopes == "common" else (items,)),
    }
    spread = float(residual_spread)
    if not 0 <= spread < np.inf:
        raise ModelError(f"residual_spread is a standard deviation, 0 or above; {residual_spread!r} came.")
    priors: dict[str, Any] = {
        "intercept": Normal(0.0, 3.0),
        "weights": Normal(0.0, 3.0),
        "discrimination": DISCRIMINATION_PRIOR,
    }
    if spread:
        own = Normal(0.0, spread)
        about = "what the features leave unexplained of each difficulty"
        free["residual"] = Real(guess=0.0, shape=(items,), prior=own, unit="1", description=about)
        priors["residual"] = own
    return stated(sets, free, priors, nodes, table)


def _table(features: Any, items: int, needed: bool) -> Float[np.ndarray, "k m"]:
    if features is None:
        if needed:
            raise ModelError(f"features are needed: a table of {items} items x features, features=[[...], ...].")
        return np.ones((items, 1))
    table = np.array(features, dtype=float)
    if table.ndim != 2 or table.shape[0] != items or not np.isfinite(table).all():
        raise ModelError(
            f"features are a table of numbers, one row for each of the {items} items; shape {table.shape} came."
        )
    if needed and np.linalg.matrix_rank(np.column_stack([np.ones(items), table])) < table.shape[1] + 1:
        raise ModelError(
            "features are not independent of one another and of a constant, so their weights have no one answer. Leave "
            "out what the others tell, reduce them to principal components, or take fewer features than items."
        )
    return table


def guess(data: Data, features: Any = None, residual_spread: float = 0.0, slopes: str = "common") -> dict[str, Any]:
    """Least squares of difficulties, guessed from the shares of right answers, on the features."""
    difficulties = guessed_difficulty(data)
    table = _table(features, len(difficulties), needed=True)
    found = np.linalg.lstsq(np.column_stack([np.ones(len(table)), table]), difficulties, rcond=None)[0]
    guessed: dict[str, Any] = {
        "intercept": float(np.clip(found[0], -0.9 * LIMITS, 0.9 * LIMITS)),
        "weights": found[1:],
        "discrimination": 1.0 if slopes == "common" else [1.0] * len(difficulties),
    }
    if residual_spread:
        guessed["residual"] = [0.0] * len(difficulties)
    return guessed


_TRUE_WEIGHTS = (0.8, -0.5)


def known_features() -> Float[np.ndarray, "10 2"]:
    """Two features of ten items: how many steps an answer takes, and whether a figure helps."""
    return np.column_stack([np.repeat([-1.0, -0.5, 0.0, 0.5, 1.0], 2), np.tile([0.0, 1.0], 5)])


def ten_items() -> Data:
    """Answers of 2000 persons to ten items, simulated: difficulty 0.2 + 0.8 steps - 0.5 figure, discrimination 1.3."""
    bank = ItemBank(0.2 + known_features() @ np.array(_TRUE_WEIGHTS), 1.3)
    return responses(simulate_responses(bank, persons=2000, seed=7), source="simulated")


READY = ReadyMade(
    name="item_response.amortised",
    summary="difficulties of items predicted from their features, also of items that nobody has answered yet",
    formula=(
        "difficulty[item] = intercept + sum of weights feature[item] + residual[item],   residual ~ N(0, "
        "residual_spread);   P(right) = 1 / (1 + exp(-discrimination (ability - difficulty[item])))"
    ),
    good_for=(
        "how features of items make them difficult, and difficulties of new items without asking anybody; without "
        "residuals the linear logistic test model"
    ),
    prefer_instead=(
        "item_response.rasch for difficulties of the items that were asked. `item_response.amortise` takes its "
        "difficulties with their errors, estimates residual_spread, and predicts new items with errors"
    ),
    form=form,
    guess=guess,
    options={
        "features": Option(None, "what is known of the items, a table of items x features"),
        "residual_spread": Option(
            0.0, "the standard deviation of what features leave unexplained; 0 for difficulties that follow from them"
        ),
        "slopes": Option("common", "one discrimination for all items, or one for each", ("common", "each")),
        "nodes": NODES,
    },
    known=(
        Known(
            data=ten_items,
            about="ten items with two features, 2000 persons, simulated",
            options={"features": known_features()},
            estimate={"intercept": 0.2, "weights[0]": 0.8, "weights[1]": -0.5, "discrimination": 1.3},
            second_start={"intercept": -1.0, "weights": [-0.5, 1.0], "discrimination": 0.5},
            source=_FISCHER,
        ),
    ),
    sources=(_FISCHER, _DE_BOECK, _TRUONG),
    picture=item_curves,
)
