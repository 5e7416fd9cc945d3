"""A formula typed as text: read once into a tape of known operations, never run as code."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.nouns._formula_evaluate import value_and_tangents, value_of
from parametra.nouns._formula_functions import FUNCTIONS
from parametra.nouns._formula_parse import one_line, read
from parametra.nouns._formula_tape import Tape
from parametra.nouns._formula_units import unit_of
from parametra.nouns.errors import FormulaError, did_you_mean
from parametra.nouns.units import Unit


@dataclass(frozen=True)
class Formula:
    """A formula such as `H0 * sqrt(Om * (1 + z)**3 + 1 - Om)`, made by `Formula.parse`.

    Formulas hold numbers, names, elements of arrays by number (`beta[0]`), `+ - * / **`, brackets, `pi`, and the
    functions below. A choice is `where(x > 0, a, b)` or `a if x > 0 else b`; conditions are comparisons joined by
    `and`, `or`, `not`. Two formulas with the same text are equal.

        exp expm1 log log1p log2 log10 sqrt cbrt power abs sign floor ceil round hypot
        sin cos tan arcsin arccos arctan arctan2 (asin, acos, atan, atan2) sinh cosh tanh arcsinh arccosh arctanh
        erf erfc gamma lgamma (gammaln) expit (sigmoid) min max minimum maximum where

    Good for any model that is one expression. Prefer a Python function where there are loops or intermediate results
    with names. `log` is the natural logarithm; Euler's number is `exp(1)`, because `e` is too often a parameter;
    `a ** b ** c` is refused until brackets say which of its two readings is meant. Angles are in radians.

    Arguments:
        text: the formula in one line.
        names: every name in it that needs a value; `pi` is a constant.
    """

    text: str
    names: frozenset[str] = field(compare=False)
    has_pi: bool = field(compare=False, repr=False)
    tape: Tape = field(compare=False, repr=False)

    @staticmethod
    def parse(text: str, *, where: str = "formula") -> Formula:
        """A formula from text; line breaks in it mean nothing.

        Arguments:
            text: the formula, at most 10,000 characters.
            where: what the formula belongs to, which opens every message.

        Raises:
            FormulaError: not an expression; anything in it that the allow-list above does not have; too long, nested
                more than 100 levels deep, or with a number beyond the range of floats.
        """
        line = one_line(text)
        tape, names, has_pi = read(line, where)
        return Formula(line, names, has_pi, tape)

    def __str__(self) -> str:
        return self.text

    @property
    def elements(self) -> dict[str, int]:
        """For each name that is used as an array, how many elements it must have at least: {"beta": 3} for beta[2]."""
        found: dict[str, int] = {}
        for step in self.tape.steps:
            if step.operation == "item":
                found[step.name] = max(found.get(step.name, 0), step.element + 1)
        return found

    def check_names(self, known: Iterable[str], where: str) -> None:
        """Refuses a formula with names that nobody declared.

        Arguments:
            known: parameters, inputs, and whatever else has a value.
            where: opens the message.

        Raises:
            FormulaError: a name that is not known, or a known name "pi" that the formula would read as the constant.
        """
        declared = list(known)
        if self.has_pi and "pi" in declared:
            raise FormulaError(f'{where}: "pi" is always {math.pi:.6f} in a formula; give your "pi" another name.')
        for name in sorted(self.names.difference(declared)):
            if name == "e":
                hint = "Euler's number is exp(1)."
            elif name in FUNCTIONS:
                hint = f"the function is called with brackets, {name}(...)."
            else:
                hint = did_you_mean(name, declared)
            raise FormulaError(f'{where}: "{name}" in the formula "{self.text}" is not known; {hint}')

    def evaluate(self, values: Mapping[str, Any], xp: Any = np) -> Any:
        """The value for these numbers or arrays, which broadcast against one another.

        The same operations serve NumPy and JAX, and nothing branches on values, so that it can be traced. Where a value
        does not exist (log(-1), 1 / 0) the result is nan or inf, without a warning. `where` computes both branches;
        JAX's reverse mode turns an infinite slope in the branch not taken into nan, unlike `evaluate_with_tangents`.

        Arguments:
            values: for every name in `names`; more names are ignored. Arrays that the formula takes elements of have
                their elements along the first axis, (k, *batch).
            xp: numpy or jax.numpy.

        Raises:
            FormulaError: a name without a value, or an element beyond the end of an array.
        """
        return value_of(self.tape.steps, values, xp, self.text)

    def evaluate_with_tangents(
        self, values: Mapping[str, Any], tangents: Mapping[str, Mapping[int, Any]]
    ) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """The value and its exact derivatives, by the chain rule along the formula's own operations (forward mode).

        Griewank and Walther 2008, Evaluating Derivatives, chapter 3. Costs about one evaluation per coordinate that
        the formula depends on, and nothing for others. At a kink (|x| at 0, equal arguments of max) the slope is the
        mean of both sides; floor, ceil, round, sign and conditions have slope 0; a slope that is infinite,
        as that of sqrt at 0, is inf.

        Arguments:
            values: as in `evaluate`, NumPy arrays or numbers.
            tangents: for each name, its derivative by each coordinate that it depends on, of the shape of the value or
                one that broadcasts to it. A name or a coordinate that is missing means zero.

        Returns:
            The value, and its derivative by each coordinate that it depends on, of the same shape; derivatives may be
            read-only views, or the arrays that came in.

        Raises:
            FormulaError: as in `evaluate`.

        Source: doi:10.1137/1.9780898717761
        """
        result, slopes = value_and_tangents(self.tape.steps, values, tangents, self.text)
        value = np.asarray(result)
        return value, {k: _shaped(slope, value) for k, slope in slopes.items()}

    def unit(self, units: Mapping[str, Unit | None]) -> Unit | None:
        """The unit of the result, or None when it cannot be told.

        A name without a unit, or with None, takes whatever unit fits. A number does so in sums (`T + 273.15`) and is
        dimensionless in products.

        Arguments:
            units: unit by name.

        Raises:
            UnitError: sums or comparisons of different units, functions such as exp of something with a unit, or a
                power of it that is not a number.
        """
        return unit_of(self.tape, units, self.text)


def _shaped(slope: Any, value: np.ndarray) -> np.ndarray:
    array = np.asarray(slope)
    return array if array.shape == value.shape else np.broadcast_to(array, value.shape)
