"""Something to improve that has no data: a function of named parameters with one value or several."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parametra.nouns.card import Ability
from parametra.nouns.errors import ModelError, ParametraError, did_you_mean
from parametra.nouns.space import Space

GOALS = ("minimise", "maximise")


@dataclass(frozen=True, init=False)
class Objective:
    """A function of named parameters to minimise or to maximise.

    Good for: a cost, a yield, the score of a program. Prefer a `Problem` when there are data to compare with: then the
    answer has errors.

    Arguments:
        function: called with parameters by name; gives a number, or a dict of numbers by name for several objectives.
        parameters: name to `Real`, `Log`, `Integer`, `Choice`, ... or a shorthand.
        goal: "minimise" or "maximise".
        title: one line for reports.

    Raises:
        ParametraError: an argument of the function that is no parameter, an unknown goal.
    """

    function: Callable[..., Any]
    space: Space
    goal: str
    title: str

    def __init__(
        self, function: Callable[..., Any], parameters: Mapping[str, object], *, goal: str = "minimise", title: str = ""
    ) -> None:
        if not callable(function):
            raise ModelError(f"an objective is a function of named parameters; {type(function).__name__} came.")
        if goal not in GOALS:
            raise ParametraError(f'goal="{goal}": ' + did_you_mean(goal, GOALS))
        space = Space(parameters)
        wanted = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.default is p.empty and p.kind is not p.VAR_KEYWORD
        ]
        for name in wanted:
            if name not in space.names:
                raise ModelError(
                    f'the objective\'s argument "{name}" is no parameter; ' + did_you_mean(name, space.names)
                )
        for field, value in (("function", function), ("space", space), ("goal", goal)):
            object.__setattr__(self, field, value)
        object.__setattr__(self, "title", title or getattr(function, "__name__", "objective"))

    @property
    def offers(self) -> frozenset[Ability]:
        """What a method may ask for."""
        return frozenset({Ability.OBJECTIVE} if self.space.discrete else {Ability.OBJECTIVE, Ability.CONTINUOUS})

    def evaluate(self, named: Mapping[str, Any]) -> Any:
        """The value, or values by name, as the function gives them.

        Raises:
            ModelError: it is no number.
        """
        value = self.function(**{k: named[k] for k in self.space.names})
        values = dict(value) if isinstance(value, Mapping) else {"value": value}
        for key, number in values.items():
            try:
                values[key] = float(number)
            except (TypeError, ValueError):
                raise ModelError(
                    f"the objective {self.title} gave {type(number).__name__} for {key}, where a number is wanted."
                ) from None
        return values if isinstance(value, Mapping) else values["value"]
