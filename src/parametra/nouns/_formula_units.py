"""Dimension analysis of a formula: the unit of every step, from the units of the names.

A step has a unit, or none that is known, or is made of numbers alone: then it takes any unit in a sum and is
dimensionless in a product.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from fractions import Fraction

from parametra.nouns._formula_tape import Step, Tape, piece
from parametra.nouns.errors import UnitError
from parametra.nouns.units import DIMENSIONLESS, Unit, compatible


class _Open(Enum):
    UNKNOWN = "not stated"
    NUMBER = "any"


_Known = Unit | _Open

_ALIKE = frozenset({"add", "subtract", "minimum", "maximum", "hypot", "where"})
_COMPARED = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "arctan2"})
_KEPT = frozenset({"negative", "abs", "floor", "ceil", "rint"})
_ROOTS = {"sqrt": Fraction(1, 2), "cbrt": Fraction(1, 3)}
_CONDITIONS = frozenset({"logical_and", "logical_or", "logical_not"})
_VERBS = {"add": "add", "subtract": "subtract", "where": "choose between"}


def unit_of(tape: Tape, units: Mapping[str, Unit | None], text: str) -> Unit | None:
    """The unit of the last step, None when it is open."""
    analysis = _Analysis(tape, units, text)
    for k in range(len(tape.steps)):
        analysis.done.append(analysis.step(k))
    last = analysis.done[-1]
    return last if isinstance(last, Unit) else None


def pure_in(tape: Tape, units: Mapping[str, Unit | None], text: str) -> tuple[Unit | None, list[Unit]]:
    """The unit of the last step, and what must be a pure number for the formula to hold together; nothing is refused.

    For units with unknowns in them: `A - b` holds together where A / b is a pure number.
    """
    analysis = _Gathering(tape, units, text)
    for k in range(len(tape.steps)):
        analysis.done.append(analysis.step(k))
    last = analysis.done[-1]
    return (last if isinstance(last, Unit) else None), analysis.wanted


class _Analysis:
    def __init__(self, tape: Tape, units: Mapping[str, Unit | None], text: str) -> None:
        self.tape, self.units, self.text = tape, units, text
        self.done: list[_Known] = []

    def step(self, k: int) -> _Known:
        step = self.tape.steps[k]
        operation, operands = step.operation, [self.done[i] for i in step.operands]
        if step.name:
            return self.units.get(step.name) or _Open.UNKNOWN
        if operation == "constant":
            return _Open.NUMBER
        return self.operation(k, step, operands)

    def operation(self, k: int, step: Step, operands: list[_Known]) -> _Known:
        operation = step.operation
        if operation in _CONDITIONS:
            return DIMENSIONLESS
        if operation in _ALIKE:
            return self.alike(k, *operands[-2:])
        if operation in _COMPARED:
            self.alike(k, *operands)
            return DIMENSIONLESS
        if operation in _KEPT:
            return operands[0]
        if operation in ("multiply", "divide"):
            return _product(operands[0], operands[1], 1 if operation == "multiply" else -1)
        if operation in _ROOTS:
            return _raised(operands[0], _ROOTS[operation])
        if operation == "whole_power":
            return _raised(operands[0], Fraction(step.number))
        if operation == "power":
            return self.power(k, step, operands)
        return self.function(k, step, operands[0])

    def alike(self, k: int, a: _Known, b: _Known) -> _Known:
        """What may be added or compared has one unit; an open one takes that of the other."""
        operation = self.tape.steps[k].operation
        if isinstance(a, _Open) or isinstance(b, _Open):
            return _with_open(a, b)
        if a.same_scale(b) and a.offset == b.offset:
            return a if operation != "subtract" or not a.offset else a.times(DIMENSIONLESS)
        if a.same_scale(b) and a.parts == b.parts:
            return a if a.offset else b  # a place on a scale such as degC and a difference on it make another place
        verb = _VERBS.get(operation, "compare" if operation in _COMPARED else f"take the {operation} of")
        remedy = "they measure different things; check the units, or the formula."
        if a.same_scale(b):
            remedy = "their zeros differ; state both on one scale."
        elif compatible(a, b):
            remedy = f"write the conversion factor, 1 {b} is {b.factor / a.factor:.10g} {a}."
        raise UnitError(f"cannot {verb} {a} and {b} in {self.at(k)}: {remedy}")

    def power(self, k: int, step: Step, operands: list[_Known]) -> _Known:
        base, exponent = operands
        if isinstance(exponent, Unit):
            self.pure(exponent, f"the exponent in {self.at(k)}")
        of = self.tape.steps[step.operands[1]]
        if of.operation == "constant":
            return _raised(base, Fraction(of.number).limit_denominator(10_000))
        if isinstance(base, Unit) and not _is_pure(base):
            raise UnitError(
                f"the unit of {self.at(k)} cannot be told: its base is in {base} and its exponent is no number. Divide "
                "the base by a reference value in the same unit."
            )
        return base if isinstance(base, _Open) and base is exponent else _pure_or_unknown(base)

    def function(self, k: int, step: Step, argument: _Known) -> _Known:
        if isinstance(argument, Unit) and step.operation != "sign":
            self.pure(argument, f"the argument of {self.at(k)}")
        return _Open.NUMBER if argument is _Open.NUMBER else DIMENSIONLESS

    def pure(self, unit: Unit, what: str) -> None:
        if _is_pure(unit):
            return
        if unit.dimension:
            raise UnitError(f"{what} is in {unit}, but must be a pure number. Divide it by a value in {unit}.")
        raise UnitError(f"{what} is in {unit}, but must be a pure number. Multiply it by {unit.factor:.10g}.")

    def at(self, k: int) -> str:
        return piece(self.text, self.tape.spans[k])


class _Gathering(_Analysis):
    """Writes down what must be a pure number instead of refusing what is not."""

    def __init__(self, tape: Tape, units: Mapping[str, Unit | None], text: str) -> None:
        super().__init__(tape, units, text)
        self.wanted: list[Unit] = []

    def alike(self, k: int, a: _Known, b: _Known) -> _Known:
        del k
        if isinstance(a, _Open) or isinstance(b, _Open):
            return _with_open(a, b)
        self.pure(a.times(b, Fraction(-1)), "")
        return a

    def power(self, k: int, step: Step, operands: list[_Known]) -> _Known:
        if self.tape.steps[step.operands[1]].operation == "constant":
            return super().power(k, step, operands)
        for each in operands:
            if isinstance(each, Unit):
                self.pure(each, "")
        return DIMENSIONLESS

    def pure(self, unit: Unit, what: str) -> None:
        del what
        self.wanted.append(unit)


def _with_open(a: _Known, b: _Known) -> _Known:
    known = b if isinstance(a, _Open) else a
    if isinstance(known, _Open):
        return _Open.UNKNOWN if _Open.UNKNOWN in (a, b) else _Open.NUMBER
    # T + 273.15 moves the zero of T, and T - 25 is a difference
    return known.times(DIMENSIONLESS) if known.offset else known


def _rescaled(a: _Known, b: _Known, sign: int) -> _Known:
    """A quantity times a number of the formula, which may be a conversion: its scale is open from here on."""
    if isinstance(a, Unit):
        return replace(a, factor=math.nan)
    return replace(DIMENSIONLESS.times(b, Fraction(sign)), factor=math.nan) if isinstance(b, Unit) else _Open.NUMBER


def _is_pure(unit: Unit) -> bool:
    return unit.same_scale(DIMENSIONLESS)


def _pure_or_unknown(base: _Known) -> _Known:
    return _Open.UNKNOWN if base is _Open.UNKNOWN else DIMENSIONLESS


def _product(a: _Known, b: _Known, sign: int) -> _Known:
    if _Open.UNKNOWN in (a, b):
        return _Open.UNKNOWN
    if a is _Open.NUMBER and b is _Open.NUMBER:
        return _Open.NUMBER
    if isinstance(a, _Open) or isinstance(b, _Open):
        return _rescaled(a, b, sign)
    return a.times(b, Fraction(sign))


def _raised(base: _Known, exponent: Fraction) -> _Known:
    return base.power(exponent) if isinstance(base, Unit) else base
