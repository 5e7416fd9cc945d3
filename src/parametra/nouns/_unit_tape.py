"""The unit of a formula from the units of its names, step by step along its tape.

A unit that is not stated is unknown, and what an unknown is added to tells it. Only contradictions are refused: a number
has no unit, exp and sin want a pure number, and only like is added to like. A logarithm of a unit and a power that is
not a number are let through as unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from parametra.nouns._formula_parse import read
from parametra.nouns._formula_tape import Step, Tape, piece
from parametra.nouns._unit_text import Powers, meaning_of, multiplied, shown
from parametra.nouns.errors import UnitError

_SAME = frozenset({"add", "subtract", "hypot"})
_ALIKE = frozenset({"minimum", "maximum"})
_COMPARED = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "arctan2"})
_KEPT = frozenset({"negative", "abs", "absolute", "floor", "ceil", "rint"})
_ROOTS = {"sqrt": Fraction(1, 2), "cbrt": Fraction(1, 3)}
_LOGARITHMS = frozenset({"log", "log2", "log10", "log1p", "sign"})
_SENTENCES = {"add": "added", "subtract": "subtracted", "hypot": "added in squares", "arctan2": "divided"}
_CLOSE = 1e-9


@dataclass(frozen=True)
class Known:
    """The unit of a value.

    Arguments:
        powers: names of units and their powers.
        exact: False when numbers have multiplied the value, which may have been a conversion.
        number: the value where it is a number that stands in the formula.
    """

    powers: Powers
    exact: bool = True
    number: float | None = None


_PURE = Known({})
Fits = Callable[[Known, Known], bool]


def by_name(a: Known, b: Known) -> bool:
    """Whether two units are written with the same names: then they are the same, and pint need not be asked."""
    return dict(a.powers) == dict(b.powers)


def by_meaning(a: Known, b: Known) -> bool:
    """Whether two units are the same: the same dimension, and the same size where no number may have converted it."""
    first, second = meaning_of(a.powers), meaning_of(b.powers)
    if first.dimension != second.dimension:
        return False
    if first.scale is None or second.scale is None or not (a.exact and b.exact):
        return True
    return math.isclose(first.scale, second.scale, rel_tol=_CLOSE)


def unit_of(text: str, units: Mapping[str, Powers], fits: Fits, where: str) -> Known | None:
    """The unit of a formula's result, None when it is unknown.

    Arguments:
        text: the formula.
        units: name to unit, for the names whose unit is stated.
        fits: `by_name` or `by_meaning`.
        where: opens messages.

    Raises:
        UnitError: units that contradict one another.
    """
    tape, _, _ = read(text, where)
    return _Walk(text, tape, units, fits, where).result()


class _Walk:
    def __init__(self, text: str, tape: Tape, units: Mapping[str, Powers], fits: Fits, where: str) -> None:
        self.text, self.tape, self.units, self.fits, self.where = text, tape, units, fits, where
        self.found: list[Known | None] = []

    def result(self) -> Known | None:
        for step in self.tape.steps:
            self.found.append(self._step(step))
        return self.found[-1]

    def _step(self, step: Step) -> Known | None:
        operands = [self.found[k] for k in step.operands]
        operation = step.operation
        if operation == "constant":
            return Known({}, number=step.number)
        if operation in ("name", "item"):
            return Known(self.units[step.name]) if step.name in self.units else None
        if operation in _KEPT:
            return None if operands[0] is None else Known(operands[0].powers, operands[0].exact)
        if operation in ("multiply", "divide"):
            return _product(operands[0], operands[1], 1 if operation == "multiply" else -1)
        if operation in ("whole_power", "power", *_ROOTS):
            return self._power(step, operands)
        return self._alike(step, operands)

    def _alike(self, step: Step, operands: list[Known | None]) -> Known | None:
        operation = step.operation
        if operation in _SAME or operation in _ALIKE:
            return self._same(step, step.operands, lenient=operation in _ALIKE)
        if operation in _COMPARED:
            self._same(step, step.operands, lenient=True)
            return _PURE
        if operation == "where":
            return self._same(step, step.operands[1:], lenient=True)
        if operation in _LOGARITHMS:
            pure = operands[0] is not None and self.fits(operands[0], _PURE)
            return _PURE if pure or operation == "sign" else None
        if operation.startswith("logical"):
            return _PURE
        for k in step.operands:
            self._pure(k, operation)
        return _PURE

    def _same(self, step: Step, which: tuple[int, ...], *, lenient: bool) -> Known | None:
        """All of these must have one unit, which is returned; with `lenient`, numbers go with everything."""
        first: int | None = None
        for k in which:
            here = self.found[k]
            if here is None or (here.number is not None and (lenient or here.number == 0)):
                continue
            if first is None:
                first = k
                continue
            before = self.found[first]
            if before is not None and not self.fits(before, here):
                raise UnitError(self._unlike(step, first, k))
        return None if first is None else _without_number(self.found[first])

    def _unlike(self, step: Step, a: int, b: int) -> str:
        done = _SENTENCES.get(step.operation, "compared")
        numbers = [k for k in (a, b) if self._is_number(k)]
        remedy = (
            'A number has no unit; name it, as in T0 = { fixed = 273.15, unit = "K" }.'
            if numbers
            else "State both in one unit, or mend the formula."
        )
        return (
            f"{self.where}: {self._of(a)} and {self._of(b)} cannot be {done} in "
            f"{piece(self.text, (0, len(self.text.encode())))}. {remedy}"
        )

    def _is_number(self, k: int) -> bool:
        here = self.found[k]
        return here is not None and here.number is not None

    def _of(self, k: int) -> str:
        here = self.found[k]
        unit = "no unit" if here is None or not here.powers else f"the unit {shown(here.powers)}"
        return f"{piece(self.text, self.tape.spans[k])} with {unit}"

    def _pure(self, k: int, operation: str) -> None:
        here = self.found[k]
        if here is not None and not self.fits(here, _PURE):
            raise UnitError(
                f"{self.where}: {operation} wants a pure number, and {self._of(k)} came. Divide it by something of that "
                "unit, or state its parts in units that cancel."
            )

    def _power(self, step: Step, operands: list[Known | None]) -> Known | None:
        base = operands[0]
        if step.operation == "power":
            exponent = operands[1]
            self._pure(step.operands[1], "an exponent")
            if exponent is None or exponent.number is None:
                return base if base is not None and self.fits(base, _PURE) else None
            power = Fraction(exponent.number).limit_denominator(1000)
        elif step.operation == "whole_power":
            power = Fraction(int(step.number))
        else:
            power = _ROOTS[step.operation]
        return None if base is None else Known(multiplied({}, base.powers, power), base.exact)


def _product(a: Known | None, b: Known | None, sign: int) -> Known | None:
    if a is None or b is None:
        return None
    exact = all(each.exact and each.number in (None, 1.0, -1.0) for each in (a, b))
    return Known(multiplied(a.powers, b.powers, Fraction(sign)), exact)


def _without_number(known: Known | None) -> Known | None:
    return None if known is None else Known(known.powers, known.exact)
