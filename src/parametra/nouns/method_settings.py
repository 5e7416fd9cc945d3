"""The settings of a method, which are its frozen fields: what each may be, and what its docstring says of it.

The kind of a setting is its annotation, a number is above zero where no range is stated.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.errors import MethodError, did_you_mean


@dataclass(frozen=True)
class Range:
    """What a number may be.

    Arguments:
        above: it is larger than this; None for `at_least`.
        at_least: it is this or larger.
        below: it is smaller than this; None for no end.
    """

    above: float | None = 0.0
    at_least: float = -math.inf
    below: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the value lies inside."""
        low = value > self.above if self.above is not None else value >= self.at_least
        return low and (self.below is None or value < self.below)

    @property
    def words(self) -> str:
        """After "a number"."""
        least = self.at_least if self.above is None else self.above
        low = "zero" if least == 0 else f"{least:g}"
        if self.above is not None:
            return f" above {low}" if self.below is None else f" above {low} and below {self.below:g}"
        return f", {low} or more," if self.below is None else f" from {low} to below {self.below:g}"


ABOVE_ZERO = Range()
ZERO_TOO = Range(above=None, at_least=0.0)
SHARE = Range(above=None, at_least=0.0, below=1.0)


@dataclass(frozen=True)
class Setting:
    """One setting of a method, as a person is told of it.

    Arguments:
        name, default: of the field.
        about: what the `Arguments` of the method's docstring say of it.
    """

    name: str
    default: Any
    about: str


def settings_of(method: type[Any]) -> tuple[Setting, ...]:
    """The settings of a method's class, in their order."""
    about = _arguments(inspect.getdoc(method) or "")
    return tuple(Setting(f.name, f.default, about.get(f.name, "")) for f in dataclasses.fields(method))


def of_their_kind(method: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the kinds that the method's fields have; a list of numbers, as files give it, becomes a tuple.

    Raises:
        MethodError: one of another kind.
    """
    kinds = {f.name: _kind(f) for f in dataclasses.fields(method)}
    return {name: _of_kind(method, name, value, kinds[name], ABOVE_ZERO) for name, value in values.items()}


def check_settings(
    settings: Any,
    ranges: Mapping[str, Range] | None = None,
    one_of: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Every setting is of its kind and in its range.

    Arguments:
        settings: a method with its settings.
        ranges: what numbers may be that need not be above zero, or have an end.
        one_of: texts to choose from.

    Raises:
        MethodError: one that is not.
    """
    made, ranges, one_of = type(settings), ranges or {}, one_of or {}
    for f in dataclasses.fields(settings):
        value, within = getattr(settings, f.name), ranges.get(f.name, ABOVE_ZERO)
        _of_kind(made, f.name, value, _kind(f), within)
        known = one_of.get(f.name)
        if known is not None and value not in known:
            raise _refusal(made, f.name, value, did_you_mean(str(value), known))
        for number in value if isinstance(value, tuple) else (value,):
            if _is_number(number) and _kind(f) != "Any" and not within.holds(float(number)):
                raise _wanted(made, f.name, value, _kind(f), within)


def _kind(f: dataclasses.Field[Any]) -> str:
    return f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type))


def _of_kind(method: type[Any], name: str, value: Any, kind: str, within: Range) -> Any:
    stated: Any = tuple(value) if kind == "tuple[float, ...]" and isinstance(value, list) else value
    if not _is_of(kind, stated):
        raise _wanted(method, name, value, kind, within)
    if kind == "tuple[float, ...]":
        return tuple(float(one) for one in stated)
    return float(stated) if kind.startswith("float") and stated is not None else stated


def _is_of(kind: str, value: Any) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if kind == "str":
        return isinstance(value, str)
    if kind in ("float", "float | None"):
        return _is_number(value) or (value is None and kind != "float")
    if kind == "tuple[float, ...]":
        return isinstance(value, tuple) and len(value) > 0 and all(_is_number(one) for one in value)
    if kind.startswith("tuple[str"):
        return isinstance(value, (tuple, list)) and all(isinstance(one, str) for one in value)
    return True  # a kind of the method's own, which it checks itself


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return number and math.isfinite(value)


_KINDS = {"bool": "true or false", "str": "a text", "int": "a whole number", "float": "a number"}


def _wanted(method: type[Any], name: str, value: Any, kind: str, within: Range) -> MethodError:
    if kind in ("bool", "str"):
        words = _KINDS[kind]
    elif kind.startswith("tuple[str"):
        words = f'a list of names, such as ["{value}"],' if isinstance(value, str) else "a list of names"
    elif kind == "tuple[float, ...]":
        words = f"a list of numbers{within.words}"
    else:
        words = f"{_KINDS[kind.removesuffix(' | None')]}{within.words}"
    return _refusal(method, name, value, f"{words} is wanted.")


def _refusal(method: type[Any], name: str, value: Any, words: str) -> MethodError:
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    return MethodError(f"{method.card.name}({name}={shown}): {words}")


def _arguments(docstring: str) -> dict[str, str]:
    """What the `Arguments:` section of a docstring says of each name; names that share a line share its words."""
    section = re.search(r"^Arguments:\n((?: .*\n?|\n)+)", docstring, re.MULTILINE)
    entries = re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {5,}.*)*)", section[1] if section else "", re.MULTILINE)
    return {name: " ".join(text.split()) for names, text in entries for name in names.split(", ")}
