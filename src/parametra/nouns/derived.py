"""A quantity computed from the parameters, reported with its propagated error."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.nouns._derived_unit import surely
from parametra.nouns.errors import FormulaError, ModelError, UnitError, did_you_mean
from parametra.nouns.formula import Formula
from parametra.nouns.units import named_unit


@dataclass(frozen=True)
class Derived:
    """One number computed from the parameters.

    Arguments:
        name: what it is called in tables.
        compute: from all parameters by name to the number.
        text: how it was stated.
        unit: its unit, "" when not stated and not to be told from its formula.
        formula: what it is computed by, None for a function.
        lower, upper: where it lies by its nature, as a share does between 0 and 1; its interval then keeps there.
        followed: whether the unit was told from the formula; it is told anew where the parameters' units change.
    """

    name: str
    compute: Callable[[Mapping[str, Any]], Any]
    text: str
    unit: str = ""
    formula: Formula | None = None
    lower: float = -math.inf
    upper: float = math.inf
    followed: bool = False

    @property
    def ranged(self) -> bool:
        """Whether it is stated where it lies."""
        return math.isfinite(self.lower) or math.isfinite(self.upper)

    def in_units(self, units: Mapping[str, str]) -> Derived:
        """The same with the unit that its formula gives it, where none was stated.

        Units are followed by their names alone: what would need a conversion is left without one, and so is what
        holds a number that may be one, such as `a - 273.15` and `60 * a`.

        Arguments:
            units: parameter to its unit, "" where none is stated.
        """
        if (self.unit and not self.followed) or self.formula is None:
            return self
        untold = replace(self, unit="", followed=False)
        try:
            known = {name: named_unit(units.get(name, "")) for name in self.formula.names}
            found = surely(self.formula.tape, known, self.formula.text)
        except UnitError:
            return untold
        return untold if found is None else replace(self, unit=str(found), followed=True)

    @staticmethod
    def of(name: str, thing: object, parameters: Iterable[str]) -> Derived:
        """From a formula, a table `{formula, unit, lower, upper}`, a function of parameters by name, or a `Derived`.

        Raises:
            FormulaError: a formula that cannot be read, or that names what is not a parameter; limits that are none.
            ModelError: a function with an argument that is not a parameter, or something else altogether.
        """
        known = list(parameters)
        if isinstance(thing, Derived):
            return thing
        unit, limits = "", (-math.inf, math.inf)
        if isinstance(thing, Mapping):
            unknown = [str(k) for k in thing if k not in ("formula", "unit", "lower", "upper")]
            if unknown or "formula" not in thing:
                wrong = unknown[0] if unknown else "formula (missing)"
                raise FormulaError(
                    f'derived {name}: a table has the keys formula, unit, lower and upper; "{wrong}" does not fit.'
                )
            unit, limits, thing = str(thing.get("unit", "")), _limits(name, thing), thing["formula"]
        if name in known:
            raise FormulaError(
                f'derived {name}: "{name}" is already a parameter. Give the derived quantity another name.'
            )
        if isinstance(thing, str):
            formula = Formula.parse(thing, where=f"derived {name}")
            formula.check_names(known, where=f"derived {name}")
            return Derived(name, lambda named: formula.evaluate(named, np), formula.text, unit, formula, *limits)
        if callable(thing):
            text = getattr(thing, "__name__", name)
            return Derived(name, _by_name(name, thing, known), text, unit, None, *limits)
        raise ModelError(f"derived {name}: a formula or a function is wanted; {type(thing).__name__} came.")


def _limits(name: str, table: Mapping[Any, Any]) -> tuple[float, float]:
    """Where the quantity lies, of a table that may say so."""
    low, high = table.get("lower", -math.inf), table.get("upper", math.inf)
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in (low, high)) or not low < high:
        raise FormulaError(
            f"derived {name}: lower and upper are numbers, lower the smaller one; {low!r} and {high!r} came."
        )
    return float(low), float(high)


def _by_name(name: str, function: Callable[..., Any], known: list[str]) -> Callable[[Mapping[str, Any]], Any]:
    arguments = list(inspect.signature(function).parameters)
    for argument in arguments:
        if argument not in known:
            raise ModelError(
                f'derived {name}: the function\'s argument "{argument}" is no parameter; '
                + did_you_mean(argument, known)
            )
    return lambda named: function(**{a: named[a] for a in arguments})
