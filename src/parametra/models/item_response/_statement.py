"""What the models of this field have in common: parameters of items and groups, and guesses of difficulties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.distributions import LogNormal, Normal
from parametra.models.item_response._marginal import AnswerProbability, enough_nodes
from parametra.models.item_response._patterns import PatternCounts
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, ModelError
from parametra.nouns.parameter import Log, Parameter, Real
from parametra.nouns.ready_made import Form, Option

NODES = Option(
    None, "how many nodes the integral over ability has, from -6 to 6; None for what so many items need, 61 or more"
)

UNDETERMINED = Option(
    "refuse",
    "what becomes of answers that cannot tell every parameter: refuse, or keep, for priors=True",
    ("refuse", "keep"),
)

LIMITS = 40.0
"""Largest absolute difficulty: beyond it an item tells nothing of anybody."""

_SHOWN = 5
"""Items of a model that has met no data."""


def items_of(sets: Sequence[Data] | None) -> int:
    """How many items the data have. Raises DataError when data sets differ, or hold something else."""
    if not sets:
        return _SHOWN
    shapes = {np.shape(data.inputs.get("answers", ())) for data in sets}
    if any(len(shape) != 2 for shape in shapes) or len({shape[1] for shape in shapes}) > 1:
        raise DataError(
            'answers are an input "answers" of shape (rows, items), with as many items in each data set. Make such '
            "data with item_response.responses(table)."
        )
    return shapes.pop()[1]


def stated(
    sets: Sequence[Data] | None,
    parameters: dict[str, Parameter],
    priors: dict[str, Any],
    nodes: int | None,
    features: Float[np.ndarray, "k m"] | None = None,
    derived: Mapping[str, object] | None = None,
) -> Form:
    """The form of a model with these parameters of items; those of groups are added. Raises ModelError."""
    items = items_of(sets)
    if nodes is None:
        nodes = enough_nodes(items)
    if nodes < 2:
        raise ModelError(f"nodes is a whole number, 2 or more, or None; {nodes!r} came.")
    for data in sets or ():
        for argument, name in data.parameters.items():
            if argument == "ability_mean":
                parameters[name] = Real(-LIMITS, LIMITS, guess=0.0, unit="1", description="the mean ability of a group")
                priors[name] = Normal(0.0, 2.0)
            if argument == "ability_spread":
                parameters[name] = Log(0.05, 20.0, guess=1.0, unit="1", description="how abilities scatter in a group")
                priors[name] = LogNormal(0.0, 0.5)
    return Form(
        model=AnswerProbability(nodes, features),
        parameters=parameters,
        inputs={"answers": "1"},
        outputs={"persons": "1"},
        noise=PatternCounts(),
        priors=priors,
        derived=dict(derived or {}),
    )


def refuse_undetermined(sets: Sequence[Data] | None, parameters: Mapping[str, Parameter], undetermined: str) -> None:
    """Raises DataError where answers have no finite most likely difficulty, or fewer persons than parameters gave them.

    Arguments:
        sets: the data.
        parameters: those of the items.
        undetermined: the option; "keep" refuses nothing.
    """
    if not sets or undetermined == "keep":
        return
    right = wrong = np.zeros(items_of(sets))
    people = 0.0
    for data in sets:
        persons, answers = np.nan_to_num(data.outputs.get("persons", np.ones(data.rows))), data.inputs["answers"]
        right, wrong = right + persons @ (answers == 1), wrong + persons @ (answers == 0)
        people += float(persons.sum())
    remedy = 'take priors=True with undetermined="keep"'
    same = np.flatnonzero((right == 0) | (wrong == 0))
    if same.size:
        listed = ", ".join(f"item {int(i)} ({'nobody' if right[i] == 0 else 'everybody'})" for i in same[:_SHOWN])
        listed += f" and {same.size - _SHOWN} more" if same.size > _SHOWN else ""
        raise DataError(
            f"an item that everybody had right, or nobody, has no finite difficulty: {listed}. Leave such items out, "
            f"or {remedy}."
        )
    free = sum(int(np.prod(getattr(each, "shape", ()))) for each in parameters.values() if each.free)
    if people < free:
        raise DataError(
            f"{people:g} persons cannot tell {free} parameters of items. Ask more persons, take a model with fewer "
            f"parameters, such as item_response.rasch, or {remedy}."
        )


def discrimination(shape: tuple[int, ...] = ()) -> Log:
    """How steeply the chance of a right answer rises."""
    return Log(
        0.01, 50.0, guess=1.0, shape=shape, unit="1", description="how steeply the chance of a right answer rises"
    )


def difficulty(items: int) -> Real:
    """Where a person knows the answer with a chance of one half."""
    return Real(
        -LIMITS,
        LIMITS,
        guess=0.0,
        shape=(items,),
        unit="1",
        description="the ability at which half of the persons know the answer",
    )


DISCRIMINATION_PRIOR = LogNormal(0.0, 0.75)
DIFFICULTY_PRIOR = Normal(0.0, 2.0)


def guessed_difficulty(data: Data, lowest: float = 0.0) -> Float[np.ndarray, " k"]:
    """Difficulties from the shares of right answers, for a discrimination of 1 and abilities of N(0, 1).

        logit(share) = -difficulty / sqrt(1 + 0.35)        a logistic averaged over a normal variable

    Arguments:
        data: answers and persons.
        lowest: the chance of a right answer by guessing alone.
    """
    answers, persons = data.inputs["answers"], np.nan_to_num(data.outputs["persons"])
    right, asked = persons @ (answers == 1), persons @ (answers >= 0)
    share = (right + 0.5) / (asked + 1.0)
    share = np.clip((share - lowest) / (1 - lowest), 0.02, 0.98)
    return -np.log(share / (1 - share)) * np.sqrt(1.35)
