"""A formula as text: read once against a list of what is allowed, then computed by NumPy or JAX, with derivatives.

The text is never evaluated as code. It becomes a tape of operations (`_formula_tape.py`), which is walked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from parametra.nouns._formula_functions import computes, whole_power
from parametra.nouns._formula_parse import one_line, read
from parametra.nouns._formula_tangents import FLAT, RULES, SLOPES, Tangents, scaled, whole_power_slope
from parametra.nouns._formula_tape import Step, Tape
from parametra.nouns.errors import FormulaError, did_you_mean

_NOTHING: Tangents = {}


class Formula:
    """A formula such as "a * exp(-b * t)": numbers, names, + - * / **, comparisons in conditions, listed functions.

    `a if x > 0 else b` and `where(x > 0, a, b)` choose point by point, `beta[0]` is one element of an array, pi is pi.
    Functions: exp expm1 log log1p log2 log10 sqrt cbrt abs sign floor ceil round, sin cos tan and their inverses, sinh
    cosh tanh and theirs, arctan2 hypot power min max, erf erfc gamma lgamma expit.

    Good for every model that can be written so: derivatives are exact, units can be checked, nothing is trusted and
    nothing compiled. Prefer a Python function for what needs a loop or a library.

    Attributes:
        text: the formula in one line.
        names: the names in it, without pi.
    """

    __slots__ = ("names", "tape", "text")

    def __init__(self, text: str, tape: Tape, names: frozenset[str]) -> None:
        self.text = text
        self.tape = tape
        self.names = names

    @staticmethod
    def parse(text: str, *, where: str = "formula") -> Formula:
        """Read a formula.

        Arguments:
            text: may have line breaks.
            where: what the formula is, the first word of every message.

        Raises:
            FormulaError: what is not allowed, where it stands, and what to write instead.
        """
        line = one_line(text)
        return _parsed(line, where)

    def check_names(self, known: Iterable[str], where: str) -> None:
        """Raises FormulaError when the formula has a name that is not among those known."""
        given = list(known)
        for name in sorted(self.names):
            if name not in given:
                raise FormulaError(f'{where}: "{name}" in "{self.text}" is not known; ' + did_you_mean(name, given))

    def evaluate(self, values: Mapping[str, Any], xp: Any = np) -> Any:
        """The value.

        Arguments:
            values: name to number or array; shapes broadcast. An array whose elements are named has them first.
            xp: numpy or jax.numpy; with the latter it can be traced.
        """
        for_jax = xp is not np
        results: list[Any] = []
        for step in self.tape.steps:
            results.append(_value(step, results, values, for_jax))
        return results[-1]

    def evaluate_with_tangents(
        self, values: Mapping[str, Any], tangents: Mapping[str, Mapping[int, Any]]
    ) -> tuple[Any, dict[int, Any]]:
        """The value and its exact derivatives, in NumPy.

        Arguments:
            values: as for `evaluate`.
            tangents: name to {coordinate: d name / d coordinate}; what is missing is zero.

        Returns:
            The value, and {coordinate: d value / d coordinate} for the coordinates that it depends on.
        """
        results: list[Any] = []
        slopes: list[Tangents] = []
        with np.errstate(all="ignore"):
            for step in self.tape.steps:
                y = _value(step, results, values, False)
                slopes.append(_slope(step, y, results, slopes, tangents))
                results.append(y)
        return results[-1], dict(slopes[-1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f'Formula("{self.text}")'

    def __reduce__(self) -> tuple[Callable[[str], Formula], tuple[str]]:
        return Formula.parse, (self.text,)


@lru_cache(maxsize=512)
def _parsed(line: str, where: str) -> Formula:
    tape, names, _ = read(line, where)
    return Formula(line, tape, names)


def _value(step: Step, results: list[Any], values: Mapping[str, Any], for_jax: bool) -> Any:
    operation = step.operation
    if operation == "constant":
        return step.number
    if operation == "name":
        return values[step.name]
    if operation == "item":
        return _item(values[step.name], step)
    if operation == "whole_power":
        return whole_power(results[step.operands[0]], int(step.number))
    return computes(operation, for_jax)(*[results[k] for k in step.operands])


def _item(value: Any, step: Step) -> Any:
    size = np.shape(value)[:1]
    if not size or step.element >= size[0]:
        has = f"{size[0]} elements, counted from 0" if size else "no elements: it is one number"
        raise FormulaError(f'"{step.name}[{step.element}]": {step.name} has {has}.')
    return value[step.element]


def _slope(
    step: Step, y: Any, results: list[Any], slopes: list[Tangents], tangents: Mapping[str, Mapping[int, Any]]
) -> Tangents:
    operation = step.operation
    if operation == "name":
        return tangents.get(step.name, _NOTHING)
    if operation == "item":
        return {k: slope[step.element] for k, slope in tangents.get(step.name, _NOTHING).items()}
    own = [slopes[k] for k in step.operands]
    if operation in FLAT or not any(own):
        return _NOTHING
    operands = [results[k] for k in step.operands]
    if operation == "whole_power":
        return scaled(whole_power_slope(operands[0], y, int(step.number)), own[0])
    if operation in RULES:
        return RULES[operation](y, operands, own)
    if operation not in SLOPES:  # a condition, which only chooses
        return _NOTHING
    return scaled(SLOPES[operation](operands[0], y), own[0])
