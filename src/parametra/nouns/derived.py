"""A quantity computed from the parameters, reported with its propagated error."""

from __future__ import annotations

import inspect
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
    """

    name: str
    compute: Callable[[Mapping[str, Any]], Any]
    text: str
    unit: str = ""
    formula: Formula | None = None

    def in_units(self, units: Mapping[str, str]) -> Derived:
        """The same with the unit that its formula gives it, where none was stated.

        Units are followed by their names alone: what would need a conversion is left without one, and so is what
        holds a number that may be one, such as `a - 273.15` and `60 * a`.

        Arguments:
            units: parameter to its unit, "" where none is stated.
        """
        if self.unit or self.formula is None:
            return self
        try:
            known = {name: named_unit(units.get(name, "")) for name in self.formula.names}
            found = surely(self.formula.tape, known, self.formula.text)
        except UnitError:
            return self
        return self if found is None else replace(self, unit=str(found))

    @staticmethod
    def of(name: str, thing: object, parameters: Iterable[str]) -> Derived:
        """From a formula, a table `{formula, unit}`, a function of parameters by name, or a `Derived`.

        Raises:
            FormulaError: a formula that cannot be read, or that names what is not a parameter.
            ModelError: a function with an argument that is not a parameter, or something else altogether.
        """
        known = list(parameters)
        if isinstance(thing, Derived):
            return thing
        unit = ""
        if isinstance(thing, Mapping):
            unknown = [str(k) for k in thing if k not in ("formula", "unit")]
            if unknown or "formula" not in thing:
                wrong = unknown[0] if unknown else "formula (missing)"
                raise FormulaError(f'derived {name}: a table has the keys formula and unit; "{wrong}" does not fit.')
            unit, thing = str(thing.get("unit", "")), thing["formula"]
        if name in known:
            raise FormulaError(
                f'derived {name}: "{name}" is already a parameter. Give the derived quantity another name.'
            )
        if isinstance(thing, str):
            formula = Formula.parse(thing, where=f"derived {name}")
            formula.check_names(known, where=f"derived {name}")
            return Derived(name, lambda named: formula.evaluate(named, np), formula.text, unit, formula)
        if callable(thing):
            return Derived(name, _by_name(name, thing, known), getattr(thing, "__name__", name), unit)
        raise ModelError(f"derived {name}: a formula or a function is wanted; {type(thing).__name__} came.")


def _by_name(name: str, function: Callable[..., Any], known: list[str]) -> Callable[[Mapping[str, Any]], Any]:
    arguments = list(inspect.signature(function).parameters)
    for argument in arguments:
        if argument not in known:
            raise ModelError(
                f'derived {name}: the function\'s argument "{argument}" is no parameter; '
                + did_you_mean(argument, known)
            )
    return lambda named: function(**{a: named[a] for a in arguments})
