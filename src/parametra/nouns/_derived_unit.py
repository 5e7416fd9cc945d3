"""The unit that a formula gives beyond doubt: a bare number in it may carry a unit of its own or convert one.

`a - 273.15` may turn kelvin into degrees Celsius and `60 * a / b` hours into minutes. There no unit is told,
rather than a wrong one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from parametra.nouns._formula_tape import Tape
from parametra.nouns._formula_units import unit_of
from parametra.nouns.units import DIMENSIONLESS, Unit

_SUMS = frozenset({"add", "subtract"})
_ALIKE = _SUMS | {"minimum", "maximum", "hypot", "where"}
_PRODUCTS = frozenset({"multiply", "divide", "sqrt", "cbrt", "whole_power", "power"})
_CARRYING = _ALIKE | _PRODUCTS | {"negative", "abs", "floor", "ceil", "rint"}
"""Operations whose result has a unit because an operand has one."""

_PLAIN = (1, 2, 3, 4, 5, 6, 8, 9)
"""Numerators and denominators of factors that convert no unit, unlike 7, 10, 12, 24, 60, 100, 180 / pi."""

_WIDTHS = (1.0692, 0.8664, 1.8123876, 2 * math.tan(0.4 * math.pi), 2 * math.sqrt(2 * math.log(2)))
"""Factors between widths of peaks and steps: Voigt's full width, the rise from 10 to 90 % of an error function and
of an arcus tangens, and a Gaussian's full width at half its height."""

_WITH_ZERO = frozenset(
    name + end
    for name in ("degC", "celsius", "Celsius", "degree_Celsius", "degreeC", "degF", "fahrenheit", "degree_Fahrenheit")
    for end in ("", "s")
) | {"°C", "℃", "°F", "℉", "degreeF", "degRe", "degree_Reaumur", "reaumur"}
"""Scales with a zero of their own: a sum of two, or a difference, is no reading of the scale."""


def surely(tape: Tape, units: Mapping[str, Unit | None], text: str) -> Unit | None:
    """The unit of the result; None where it is not known, or where a number in the formula leaves it in doubt.

    Raises:
        UnitError: a formula that does not hold together.
    """
    found = unit_of(tape, units, text)
    return None if found is None or _in_doubt(tape, units, text) else found


def _in_doubt(tape: Tape, units: Mapping[str, Unit | None], text: str) -> bool:
    """Whether the unit of the last step is so; that of exp, log and their like is known whatever they are of."""
    bare: list[bool] = []  # made of numbers alone
    doubt: list[bool] = []
    for k, step in enumerate(tape.steps):
        operands = step.operands[-2:] if step.operation == "where" else step.operands
        bare.append(not step.name and all(bare[i] for i in step.operands))
        found = step.operation in _CARRYING and any(doubt[i] for i in operands)
        constants = {i: tape.steps[i].number for i in operands if tape.steps[i].operation == "constant"}
        if step.operation in ("multiply", "divide"):
            found = found or not all(_plain(number) for number in constants.values())
        elif step.operation in _ALIKE and not bare[k] and not found:
            unit = unit_of(Tape(tape.steps[: k + 1], tape.spans[: k + 1]), units, text)
            if unit is not None and not (unit.same_scale(DIMENSIONLESS) and not unit.parts):
                found = any(bare[i] and constants.get(i) != 0 for i in operands)
                found = found or (step.operation in _SUMS and any(name in _WITH_ZERO for name, _ in unit.parts))
        doubt.append(found)
    return doubt[-1]


def _plain(number: float) -> bool:
    """Whether a factor is p / q of small numbers, its square root, that times a power of pi, or one between widths."""
    if any(math.isclose(abs(number), width, rel_tol=1e-5) for width in _WIDTHS):
        return True
    for value in (abs(number), number * number):
        for power in (-2, -1, 0, 1, 2):
            rest = value / math.pi**power
            near = Fraction(rest).limit_denominator(9) if math.isfinite(rest) and rest < 100 else Fraction(0)
            exact = math.isclose(rest, float(near), rel_tol=1e-14)
            if exact and near.numerator in _PLAIN and near.denominator in _PLAIN:
                return True
    return False
