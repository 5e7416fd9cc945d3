"""Shorthands for parameters: a number, a pair, or a table of a problem file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, cast

import numpy as np

from parametra.nouns.errors import ParameterError, did_you_mean
from parametra.nouns.prior import prior_from_table
from parametra.nouns.statement import is_number, listed, shown

_TYPES = ("real", "positive", "log", "integer", "choice", "simplex")

# A key of a table that says by itself which kind of parameter it is, and the field that holds its value.
_TELLING = {
    "choices": ("choice", "options"),
    "simplex": ("simplex", "size"),
    "fixed": ("fixed", "value"),
    "tied": ("tied", "expression"),
}


def read(thing: object, kinds: Mapping[str, Callable[..., Any]]) -> Any:
    """The parameter that a shorthand states.

    Arguments:
        thing: a number, a pair, or a mapping.
        kinds: the classes of parameters by the words that tables call them.

    Raises:
        ParameterError: without the parameter's name, which is not known here.
    """
    if is_number(thing):
        return kinds["real"](guess=thing)
    if isinstance(thing, np.ndarray) and thing.ndim == 0:
        return kinds["real"](guess=thing.item())
    if isinstance(thing, (tuple, list)):
        pair = cast("list[object]", list(thing))
        if len(pair) != 2:
            raise ParameterError(f"a pair (lower, upper) has two numbers; {shown(thing)} came")
        return kinds["real"](*pair)
    if isinstance(thing, Mapping):
        return read_table(cast("Mapping[object, object]", thing), kinds)
    if isinstance(thing, str):
        raise ParameterError(
            f"a parameter cannot be the text {shown(thing)}; write a number without quotes, a formula of other "
            f"parameters as Tied({shown(thing)}), or alternatives as Choice([...])"
        )
    raise ParameterError(
        f"a parameter is Real(...), Positive(...), Log(...), Integer(...), Choice(...), Simplex(...), Fixed(...), "
        f"Tied(...), a number (its guess), a pair (lower, upper) or a table; {shown(thing)} came"
    )


def read_table(table: Mapping[Any, Any], kinds: Mapping[str, Callable[..., Any]]) -> Any:
    """The parameter that a table of a problem file states; see `parameter_from_table` for its keys."""
    stated = {str(key): value for key, value in table.items()}
    kind = _kind(stated, kinds)
    stated.pop("type", None)
    allowed = _keys(kind, kinds)
    for key in stated:
        if key not in allowed:
            everywhere = {each for word in kinds for each in _keys(word, kinds)} | {"type"}
            if key in everywhere:
                raise ParameterError(
                    f'the key "{key}" does not go with {_a(kind)} parameter, which has {listed(allowed)}'
                )
            raise ParameterError(f'a parameter has no key "{key}"; {did_you_mean(key, ["type", *allowed])}')
    if "prior" in stated:
        stated["prior"] = prior_from_table(stated["prior"])
    settings = {allowed[key]: value for key, value in stated.items()}
    needed = [key for key in _required(kind) if key not in stated]
    if needed:
        raise ParameterError(f"{_a(kind)} parameter needs {listed(needed)}; add {needed[0]} = ... to the table")
    return kinds[kind](**settings)


def _kind(stated: Mapping[str, Any], kinds: Mapping[str, Callable[..., Any]]) -> str:
    telling = [key for key in _TELLING if key in stated]
    if len(telling) > 1:
        raise ParameterError(f"a parameter has only one of {listed(telling)}; leave out the others")
    implied = _TELLING[telling[0]][0] if telling else None
    kind = stated.get("type", implied or "real")
    if kind not in kinds:
        raise ParameterError(f"there is no parameter of type {shown(kind)}; {did_you_mean(str(kind), _TYPES)}")
    if implied is not None and kind != implied:
        raise ParameterError(f'type = "{kind}" and the key "{telling[0]}" do not go together; leave one of them out')
    return str(kind)


def _keys(kind: str, kinds: Mapping[str, Callable[..., Any]]) -> dict[str, str]:
    """The keys of a table for that kind, and the fields that they set."""
    renamed = {field: key for key, (word, field) in _TELLING.items() if word == kind}
    names = [each.name for each in fields(cast("Any", kinds[kind])) if each.init and each.name != "verbatim"]
    return {renamed.get(name, name): name for name in names}


def _a(kind: str) -> str:
    return f"{'an' if kind == 'integer' else 'a'} {kind}"


def _required(kind: str) -> list[str]:
    if kind == "integer":
        return ["lower", "upper"]
    return [key for key, (word, _) in _TELLING.items() if word == kind]
