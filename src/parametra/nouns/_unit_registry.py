"""What one unit's name means, from the package pint: its dimension and its scale."""

from __future__ import annotations

import difflib
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

_NUMBERS = frozenset({"dimensionless"})


_ALIKE = 0.85
"""Of two names: "Vlt" and "volt", but not "people" and "pole"."""

OWN = "unit of its own: "
"""Begins the dimension of a unit that pint does not know."""


class Symbol(NamedTuple):
    """One unit: its short name, base dimensions with exponents, scale and zero in base units."""

    text: str
    dimension: tuple[tuple[str, Fraction], ...]
    factor: float
    offset: float


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(cache_folder=None)


@lru_cache(maxsize=1024)
def _known(name: str) -> Symbol | None:
    """The unit of this name, or None when there is none."""
    import pint

    registry = _registry()
    try:
        unit = registry.parse_units(name)
        factor, _ = registry.get_root_units(unit, check_nonmult=False)
        dimension = {str(base): Fraction(power) for base, power in unit.dimensionality.items()}
        offset = 0.0 if registry._is_multiplicative(str(unit)) else _zero(registry, unit)  # noqa: SLF001
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError, KeyError):
        return None
    return Symbol(name, tuple(sorted(dimension.items())), float(factor), offset)


def _zero(registry: Any, unit: Any) -> float:
    return float(registry.Quantity(0.0, unit).to_root_units().magnitude)


@lru_cache(maxsize=256)
def nearest(name: str) -> str:
    """The known unit whose name is spelt almost like this one, "" when there is none."""
    known = {each.lower(): each for each in _registry() if len(each) > 3 and each.isidentifier()}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=_ALIKE)
    return known[close[0]] if close else ""


def symbol(name: str) -> Symbol:
    """The unit of this name, such as "km"; a name that pint does not know is a unit and a dimension of its own."""
    if name in _NUMBERS:
        return Symbol("1", (), 1.0, 0.0)
    # "mag", "cells", "OD600": people measure in more than pint knows, and such a unit fits only itself
    return _known(name) or Symbol(name, ((OWN + name, Fraction(1)),), 1.0, 0.0)
