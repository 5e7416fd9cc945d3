"""What one unit's name means, from the package pint: its dimension and its scale."""

from __future__ import annotations

import difflib
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from parametra.nouns.errors import UnitError, did_you_mean

_USUAL = ("m", "s", "kg", "K", "mol", "A", "Hz", "N", "J", "W", "Pa", "V", "eV", "deg", "percent")
_NUMBERS = frozenset({"dimensionless"})


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


def symbol(name: str, text: str) -> Symbol:
    """The unit of this name.

    Arguments:
        name: one name, such as "km".
        text: the whole unit, which the message quotes.

    Raises:
        UnitError: an unknown name.
    """
    if name in _NUMBERS:
        return Symbol("1", (), 1.0, 0.0)
    found = _known(name)
    if found is None:
        raise UnitError(f'the unit "{name}" in "{text}" is not known; ' + _closest(name))
    return found


def _closest(name: str) -> str:
    for other in (name.lower(), name.capitalize(), name.upper(), name.rstrip("0123456789")):
        if other != name and other and _known(other) is not None:
            power = name[len(other) :]
            return f'did you mean "{other}**{power}"?' if power.isdigit() else f'did you mean "{other}"?'
    names = [str(each) for each in _registry()]
    return did_you_mean(name, difflib.get_close_matches(name, names, n=1, cutoff=0.6) or _USUAL)
