"""The alternatives of an audit: what each changes in the problem, and in how it is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.problem import Problem

OF_FIT = ("loss", "loss_scale", "method", "options", "starts", "seed", "evaluations", "seconds", "covariance")
"""What is handed to the fit as it is."""

OF_PROBLEM = ("noise", "model", "parameters", "fixed", "rows", "weights", "start", "data")
"""What changes the problem."""

OF_NAMES = ("parameters", "fixed", "start", "options")
"""Words whose value is a mapping of names, which several choices may share name by name."""


@dataclass(frozen=True)
class Alternative:
    """One alternative of a choice.

    Arguments:
        choice, name: what it is called.
        whole: a problem in place of the stated one, None for that one changed.
        change: what it changes in the problem, word to value.
        function: changes the problem by itself, None for nothing.
        settings: arguments of the fit.
    """

    choice: str
    name: str
    whole: Problem | None = None
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])
    function: Callable[[Problem], Problem] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def alternatives_of(choices: Mapping[str, object]) -> dict[str, tuple[Alternative, ...]]:
    """What was asked for, read.

    Raises:
        MethodError: no alternative, or one that says nothing that an audit knows.
    """
    if not choices:
        raise MethodError(
            'audit varies choices, and none came. Give {"loss": {"squares": {"loss": "linear"}}}, or further ones.'
        )
    found: dict[str, tuple[Alternative, ...]] = {}
    for choice, named in choices.items():
        if not isinstance(named, Mapping) or not named:
            came = "none came" if isinstance(named, Mapping) else f"{type(named).__name__} came"
            raise MethodError(
                f'the choice "{choice}" is a mapping of alternatives, each a name and what it changes; {came}. Give '
                f'{{"{choice}": {{"another": ...}}}}.'
            )
        alternatives = cast("Mapping[str, object]", named)
        found[choice] = tuple(_read(choice, name, each) for name, each in alternatives.items())
    return found


def _read(choice: str, name: str, thing: object) -> Alternative:
    if isinstance(thing, Problem):
        return Alternative(choice, name, whole=thing)
    if isinstance(thing, Mapping):
        words = cast("Mapping[str, Any]", thing)
        known = (*OF_PROBLEM, *OF_FIT)
        for word in words:
            if word not in known:
                raise MethodError(f'the alternative "{name}" of "{choice}" says "{word}"; ' + did_you_mean(word, known))
            if word in OF_NAMES and not isinstance(words[word], Mapping):
                raise MethodError(
                    f'"{word}" in the alternative "{name}" of "{choice}" is a mapping of names, {{"a": 1.0}}; '
                    f"{type(words[word]).__name__} came."
                )
        change = {k: v for k, v in words.items() if k in OF_PROBLEM}
        return Alternative(choice, name, change=change, settings={k: v for k, v in words.items() if k in OF_FIT})
    if callable(thing):
        return Alternative(choice, name, function=cast("Callable[[Problem], Problem]", thing))
    raise MethodError(
        f'the alternative "{name}" of "{choice}" is a problem, a function from problem to problem, or a mapping of '
        f"words such as noise, rows and loss to what they become; {type(thing).__name__} came."
    )
