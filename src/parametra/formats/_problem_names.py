"""Whether the names that a model uses are those that a problem file gives, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from parametra.nouns.errors import ModelError, did_you_mean

_USERS = ("noise", "constraints")
"""Tables, beside other parameters, whose texts can name a parameter."""


def check_names(
    names: frozenset[str],
    optional: frozenset[str],
    tables: Mapping[str, Any],
    unknown: Callable[[str, Sequence[str]], str],
    unused: Callable[[str], str] = lambda _: "",
) -> None:
    """Check the names of a model that takes whatever has a name that it uses.

    Arguments:
        names: parameters and inputs that the model uses.
        optional: those that it can do without.
        tables: the whole file.
        unknown: makes the message of a name that nothing gives, from it and the names that are given.
        unused: says of a parameter where the model was searched for it, in a clause.

    Raises:
        ModelError: a name that nothing gives, or a parameter that nothing uses.
    """
    data = _data_tables(tables)
    parameters = table(tables.get("parameters"))
    renamed = {key: value for each in data for key, value in table(each.get("parameters")).items()}
    given = {*parameters, *renamed, *(name for each in data for name in _input_names(each))}
    for name in sorted(names - optional - given):
        raise ModelError(unknown(name, sorted(given)))
    used = names | {str(value) for key, value in renamed.items() if key in names}
    for name in parameters:
        others = [value for other, value in parameters.items() if other != name]
        if name in used or _is_known(parameters[name]) or _is_named(name, [others, *(tables.get(k) for k in _USERS)]):
            continue
        where = f": {said}" if (said := unused(name)) else ""
        raise ModelError(
            f'[model]: the parameter "{name}" is used by nothing{where}, so nothing can be learnt about it. Leave it '
            "out; " + did_you_mean(name, sorted(names))
        )


def table(value: Any) -> dict[str, Any]:
    """The value where it is a table, {} otherwise: what is wrong with it is told where it is read."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _is_known(parameter: Any) -> bool:
    """Whether a parameter is fixed or tied, so that it is no mistake that nothing uses it."""
    return any(key in table(parameter) for key in ("fixed", "tied"))


def _is_named(name: str, statements: Any) -> bool:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(word.search(text) for text in texts(statements))


def texts(value: Any) -> Iterator[str]:
    """Every text in a value of TOML, without the keys of tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for each in cast("dict[str, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value):
            yield from texts(each)


def _data_tables(tables: Mapping[str, Any]) -> list[dict[str, Any]]:
    stated = tables.get("data")
    return [table(each) for each in (cast("list[Any]", stated) if isinstance(stated, list) else [stated])]


def _input_names(data: Mapping[str, Any]) -> list[str]:
    inputs = data.get("inputs", [])
    names = (
        [inputs] if isinstance(inputs, str) else list(cast("Any", inputs)) if isinstance(inputs, (list, dict)) else []
    )
    return [*map(str, names), *table(data.get("constants"))]
