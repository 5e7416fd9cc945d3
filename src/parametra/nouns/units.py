"""Units: what a quantity is measured in, as a dimension and a scale, read from text such as "km/s/Mpc"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

from parametra.nouns._unit_registry import symbol
from parametra.nouns._unit_text import read_unit
from parametra.nouns.errors import UnitError

Powers = tuple[tuple[str, Fraction], ...]
"""Names with exponents, sorted by name: a product of powers."""


@dataclass(frozen=True)
class Unit:
    """A unit of measurement.

    Arguments:
        text: as it was typed, "km/s/Mpc", or put together for a product.
        dimension: base dimensions with exponents, (("[length]", 1), ("[time]", -1)); empty for a pure number.
        factor: how many base units (metre, gram, second, ...) it is; NaN once a number of a formula has multiplied it,
            because that may be a conversion.
        offset: where the zero of the scale lies in base units: 273.15 for degC; 0 for nearly all units.
        parts: the units that it is a product of, with exponents.
    """

    text: str
    dimension: Powers
    factor: float
    offset: float = 0.0
    parts: Powers = ()

    def __str__(self) -> str:
        return self.text

    def times(self, other: Unit, exponent: Fraction = Fraction(1)) -> Unit:
        """Self * other ** exponent; a scale with a zero of its own counts by its differences."""
        return _product(
            _merged(self.parts, other.parts, exponent),
            _merged(self.dimension, other.dimension, exponent),
            self.factor * other.factor ** float(exponent),
        )

    def power(self, exponent: Fraction) -> Unit:
        """Self ** exponent."""
        return DIMENSIONLESS.times(self, exponent)

    def same_scale(self, other: Unit) -> bool:
        """True when numbers in either unit can be added as they are, up to where their zeros lie."""
        open_scale = math.isnan(self.factor) or math.isnan(other.factor)
        return compatible(self, other) and (open_scale or math.isclose(self.factor, other.factor, rel_tol=1e-9))


DIMENSIONLESS = Unit("1", (), 1.0)


def compatible(a: Unit, b: Unit) -> bool:
    """True when the two measure the same kind of thing, so that a number converts one into the other."""
    return a.dimension == b.dimension


def parse_unit(text: str | None) -> Unit | None:
    """A unit from text: `"km/s/Mpc"`, `"J/(mol K)"`, `"m^2"`, `"10 um"`; None or "" when it is not stated.

    Names and prefixes are those of the package pint. "1" and "dimensionless" are the unit of pure numbers; angles are
    pure numbers too, in radians: "deg" is 0.0175. After a division write "*" or brackets: "J/mol K" is refused.

    Arguments:
        text: products, quotients, numbers as factors, and powers by numbers.

    Raises:
        UnitError: an unknown name, or text that is no unit.
    """
    if text is None or not text.strip():
        return None
    scale, powers = read_unit(text)
    dimension: dict[str, Fraction] = {}
    factor, offset = scale, 0.0
    parts: dict[str, Fraction] = {} if scale == 1.0 else {f"{scale:g}": Fraction(1)}
    for name, exponent in powers:
        one = symbol(name)
        parts[one.text] = parts.get(one.text, Fraction(0)) + exponent
        try:
            factor *= one.factor ** float(exponent)
        except OverflowError:
            factor = math.inf
        offset = one.offset if len(powers) == 1 and exponent == 1 and scale == 1.0 else 0.0
        for base, power in one.dimension:
            dimension[base] = dimension.get(base, Fraction(0)) + power * exponent
    if not 0.0 < factor < math.inf:
        raise UnitError(f'the scale of the unit "{text}" is beyond the range of numbers; write a smaller power.')
    return Unit(text.strip(), _sorted(dimension), factor, offset, _nonzero(parts))


def named_unit(text: str) -> Unit | None:
    """A unit from text whose names stand for themselves, unlike one another: to follow it, not to convert it.

    Raises:
        UnitError: text that is no unit.
    """
    if not text.strip():
        return None
    if text.strip() in ("1", "dimensionless"):
        return DIMENSIONLESS
    scale, powers = read_unit(text)
    named: dict[str, Fraction] = {}
    for name, exponent in powers:
        named[name] = named.get(name, Fraction(0)) + exponent
    parts = {} if scale == 1.0 else {f"{scale:g}": Fraction(1)}
    return Unit(text.strip(), _sorted(named), scale, 0.0, _nonzero({**parts, **named}))


@runtime_checkable
class GivesUnit(Protocol):
    """A formula, as far as units are concerned."""

    def unit(self, units: Mapping[str, Unit | None]) -> Unit | None: ...


def check_fits(formula: GivesUnit, units: Mapping[str, Unit | None], expected: Unit | None, what: str) -> None:
    """Refuses a formula whose unit is not that of the quantity it should give.

    Arguments:
        formula: the formula.
        units: unit by name, None when not stated.
        expected: the unit that the result should have; None asks for consistency within the formula only.
        what: the thing that has that unit, as in "the column H".

    Raises:
        UnitError: the two differ in dimension or in scale, or the formula does not hold together.
    """
    result = formula.unit(units)
    if result is None or expected is None or result.same_scale(expected):
        return
    came = f"the formula gives {result} but {what} is stated in {expected}; "
    if compatible(result, expected):
        raise UnitError(came + f"multiply the formula by {result.factor / expected.factor:.10g}.")
    raise UnitError(came + "mend the formula, or a unit that goes into it.")


def _merged(a: Powers, b: Powers, exponent: Fraction) -> Powers:
    total = dict(a)
    for name, power in b:
        total[name] = total.get(name, Fraction(0)) + power * exponent
    return _nonzero(total)


def _nonzero(powers: dict[str, Fraction]) -> Powers:
    return tuple((name, power) for name, power in powers.items() if power)


def _sorted(powers: dict[str, Fraction]) -> Powers:
    return tuple(sorted(_nonzero(powers)))


def _product(parts: Powers, dimension: Powers, factor: float) -> Unit:
    over = "*".join(_raised(name, power) for name, power in parts if power > 0)
    under = "".join("/" + _raised(name, -power) for name, power in parts if power < 0)
    return Unit((over or "1") + under, tuple(sorted(dimension)), factor, 0.0, parts)


def _raised(name: str, power: Fraction) -> str:
    if power == 1:
        return name
    return f"{name}**{power}" if power.denominator == 1 else f"{name}**({power})"
