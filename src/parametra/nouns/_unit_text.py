"""Units as text: "km/s/Mpc" is {km: 1, s: -1, Mpc: -1}; what each name means is asked of pint, and only when it matters.

Only single names ever reach pint, never a whole text, which pint would compute: "9**9**9" takes for ever. A name that
pint does not know, and a text that is no product of powers, is a unit of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

Powers = Mapping[str, Fraction]

_TOKEN = re.compile(r"\s*(\*\*|\^|[*/·()]|[-+]?\d+(?:\.\d+)?|[^\W\d]\w*|%|°\w*)")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_PARTS_OF_ONE = frozenset({"ppm", "ppb", "ppt", "percent", "%", "permille"})
_LONGEST = 200


class Meaning(NamedTuple):
    """What a unit is: powers of base dimensions, and how many base units; None where a factor says nothing."""

    dimension: tuple[tuple[str, Fraction], ...]
    scale: float | None


def powers_of(text: str) -> dict[str, Fraction]:
    """The names in a unit and their powers; "1" has none, and an unreadable text is one name."""
    if len(text) > _LONGEST:
        return {text[:_LONGEST]: Fraction(1)}
    try:
        return _Reader(text).read()
    except (ValueError, ZeroDivisionError):
        return {text.strip(): Fraction(1)}


def shown(powers: Powers) -> str:
    """Powers as text: "km/s/Mpc"; "1" for none."""
    above = [_power(name, power) for name, power in powers.items() if power > 0]
    beneath = [_power(name, -power) for name, power in powers.items() if power < 0]
    return "/".join(["*".join(above) or "1", *beneath])


def _power(name: str, power: Fraction) -> str:
    if power == 1:
        return name
    return f"{name}**{power}" if power.denominator == 1 else f"{name}**({power})"


def multiplied(a: Powers, b: Powers, power: Fraction = Fraction(1)) -> dict[str, Fraction]:
    """a times b to a power."""
    result = dict(a)
    for name, p in b.items():
        result[name] = result.get(name, Fraction(0)) + p * power
    return {name: p for name, p in result.items() if p != 0}


def meaning_of(powers: Powers) -> Meaning:
    """What a product of powers is, in base dimensions and base units."""
    dimension: dict[str, Fraction] = {}
    scale: float | None = 1.0
    for name, power in powers.items():
        base, factor = _of_name(name)
        dimension = multiplied(dimension, dict(base), power)
        scale = None if scale is None or factor is None else scale * factor ** float(power)
    return Meaning(tuple(sorted(dimension.items())), scale)


@cache
def _of_name(name: str) -> Meaning:
    """What one name is, by pint."""
    import pint

    own = Meaning(((f"[{name}]", Fraction(1)),), 1.0)
    registry: Any = pint.get_application_registry()
    try:
        dimension = registry.parse_units(name).dimensionality
        once, twice = (registry.Quantity(n, name).to_root_units().magnitude for n in (1.0, 2.0))
    except Exception:  # noqa: BLE001  pint refuses a name in many ways; whatever it does not know is a unit of its own
        return own
    proportional = math.isclose(twice, 2 * once, rel_tol=1e-12) and name not in _PARTS_OF_ONE
    base = tuple(sorted((str(key), Fraction(power).limit_denominator(1000)) for key, power in dimension.items()))
    return Meaning(base, float(once) if proportional else None)


class _Reader:
    """Reads a product of powers, left to right: km/s/Mpc, kg*m**2/s**2, W/(m**2 K), m s^-1."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(text)
            self.tokens.append(match[1])
            at = match.end()
        self.at = 0

    def read(self) -> dict[str, Fraction]:
        powers = self._product()
        if self.at < len(self.tokens):
            raise ValueError(self.tokens[self.at])
        return powers

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._next()
        self.at += 1
        return token

    def _product(self) -> dict[str, Fraction]:
        powers = self._factor()
        while self._next() not in ("", ")"):
            sign = -1 if self._next() == "/" else 1
            if self._next() in ("*", "/", "·"):
                self._take()
            powers = multiplied(powers, self._factor(), Fraction(sign))
        return powers

    def _factor(self) -> dict[str, Fraction]:
        token = self._take()
        if token == "(":
            inside = self._product()
            if self._take() != ")":
                raise ValueError(token)
        elif _NUMBER.fullmatch(token):
            if float(token) != 1:
                raise ValueError(token)  # "10 m" is a unit of its own
            inside = {}
        elif token and token not in ("*", "/", "·", ")", "**", "^"):
            inside = {token: Fraction(1)}
        else:
            raise ValueError(token)
        if self._next() in ("**", "^"):
            self._take()
            return multiplied({}, inside, self._exponent())
        return inside

    def _exponent(self) -> Fraction:
        token = self._take()
        if token != "(":
            return _small(token)
        power = _small(self._take())
        if self._next() == "/":
            self._take()
            power /= _small(self._take())
        if self._take() != ")":
            raise ValueError(token)
        return power


def _small(token: str) -> Fraction:
    if not _NUMBER.fullmatch(token) or abs(float(token)) > 100:
        raise ValueError(token)
    return Fraction(token)
