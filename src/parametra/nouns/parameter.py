"""Parameters: what a model has to be told, and what is known of it beforehand.

    Real, Positive, Log     a number or an array of numbers, between bounds or not
    Simplex                 positive weights that sum to one
    Integer, Choice         separate values
    Fixed, Tied             known, or computed from others

`Parameter.of` reads the shorthands: a number is a guess, a pair is bounds, a mapping has the keys of a problem file.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from parametra.nouns._parameter_discrete import Choice, Integer
from parametra.nouns._parameter_face import Continuous, Free, Parameter
from parametra.nouns._parameter_scalars import Bounded, Log, Positive, Real
from parametra.nouns._parameter_simplex import Simplex
from parametra.nouns.errors import ParameterError
from parametra.nouns.formula import Formula
from parametra.nouns.statement import Text, numbers, shown

if TYPE_CHECKING:
    Expression = str | Formula
else:
    # What comes is checked where it is kept.
    Expression = Any

__all__ = [
    "Bounded",
    "Choice",
    "Continuous",
    "Fixed",
    "Free",
    "Integer",
    "Log",
    "Parameter",
    "Positive",
    "Real",
    "Simplex",
    "Tied",
    "parameter_from_table",
]


@dataclass(frozen=True, repr=False)
class Fixed(Parameter, kind="fixed"):
    """A known value: `Fixed(299792.458, unit="km/s")`.

    Arguments:
        value: a number, an array of numbers (lists and tuples become arrays), or text.
        unit: of the value.
        description: a few words for reports.
        verbatim: keep the value as the object that it is, which `Space.fix` does with the option of a `Choice`.

    Raises:
        ParameterError: a Boolean or a number that is not finite, with the call as typed.
    """

    free: ClassVar[bool] = False

    value: Any
    unit: Text = field(default="", kw_only=True)
    description: Text = field(default="", kw_only=True)
    verbatim: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        self.check_words()
        if self.verbatim or isinstance(self.value, str):
            if not isinstance(self.value, Hashable):
                self.refuse("the value must be hashable: text, a number or a tuple")
            return
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return
        integral = isinstance(self.value, np.integer) or getattr(self.value, "dtype", np.dtype(float)).kind in "iu"
        value = numbers(self.value, self, "value")
        if not np.all(np.isfinite(value)):
            self.refuse("value must be finite")
        object.__setattr__(self, "value", _integers(value) if integral else value)

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]  # that of the value
        return np.shape(self.value) if self._is_array else ()

    @property
    def _is_array(self) -> bool:
        return isinstance(self.value, tuple) and not self.verbatim

    @cached_property
    def _array(self) -> np.ndarray:
        array = np.array(self.value)
        array.flags.writeable = False
        return array

    def guess_value(self) -> Any:
        """The value: an array, read-only, where it is one."""
        return self._array if self._is_array else self.value


def _integers(value: Any) -> Any:
    return tuple(_integers(each) for each in value) if isinstance(value, tuple) else int(value)


@dataclass(frozen=True, repr=False)
class Tied(Parameter, kind="tied"):
    """A value computed from other parameters: `Tied("1 - Om - Ok")`.

    Arguments:
        expression: a formula of names of other parameters of the space.
        unit: of the value.
        description: a few words for reports.

    Raises:
        FormulaError: a formula that cannot be read.
    """

    free: ClassVar[bool] = False

    expression: Expression
    unit: Text = field(default="", kw_only=True)
    description: Text = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        self.check_words()
        expression: Any = self.expression
        if isinstance(expression, Formula):
            object.__setattr__(self, "expression", expression.text)
        elif not isinstance(expression, str):
            self.refuse(f"expression must be a formula as text; {shown(expression)} came")
        _ = self.formula

    @cached_property
    def formula(self) -> Formula:
        """The expression, parsed."""
        return Formula.parse(str(self.expression), where=f"Tied({shown(self.expression)})")

    def guess_value(self) -> Any:
        """There is none of its own: raises ParameterError."""
        self.refuse("a tied parameter has no guess of its own; ask its space for guess_named")


def parameter_from_table(name: str, table: object) -> Parameter:
    """The parameter that a table of a problem file states, `H0 = { lower = 40, upper = 100, unit = "km/s/Mpc" }`.

    Arguments:
        name: the parameter's name, for messages.
        table: type ("real" unless stated, "positive", "log", "integer", "choice", "simplex"), lower, upper, guess,
            unit, shape, description, prior (`{ normal = [mean, sd] }` or `{ kind = "normal", mean = .., sd = .. }`).
            Instead of a type: choices = [...], simplex = k, fixed = value, tied = "formula".

    Raises:
        ParameterError: unknown keys, keys that do not go together, and whatever the parameter itself refuses.
        FormulaError: a tied formula that cannot be read.
    """
    if not isinstance(table, Mapping):
        raise ParameterError(f"{name}: a table of a parameter's settings is wanted; {shown(table)} came")
    return Parameter.of(table, name)
