"""Light curves as people hand them over: lists of numbers, and magnitudes that are fluxes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, MethodError

_FEWEST = 40
_LOPSIDED = 3.0
"""How many times further the values reach to one side of their median than to the other where they clearly dip."""


def numbers(given: Any, what: str) -> np.ndarray:
    """An array of what came.

    Raises:
        DataError: what is no list of numbers.
    """
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{what} are to be a list of numbers; {str(given)[:60]} came.") from None


def whole_numbers(**counts: object) -> None:
    """Settings of a period search that count something.

    Raises:
        MethodError: what is no whole number of 1 or more.
    """
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise MethodError(f"{name} of a period search is a whole number of 1 or more; {count!r} came.")


def above_zero(**limits: Any) -> None:
    """Limits of a period search, or None.

    Raises:
        MethodError: what is no number above zero.
    """
    for name, limit in limits.items():
        number = isinstance(limit, int | float | np.integer | np.floating) and not isinstance(limit, bool)
        if limit is not None and not (number and 0 < limit < math.inf):
            raise MethodError(f"{name} is a period above zero in the unit of time, or left out; {limit!r} came.")


def refuse_fluxes(data: Data, remedy: str) -> None:
    """Magnitudes are wanted, which rise in an eclipse.

    Arguments:
        data: the light curve.
        remedy: what to do with fluxes.

    Raises:
        DataError: values about 1 that clearly dip.
    """
    for name in data.outputs:
        values = np.asarray(data.observations(name)[0], dtype=np.float64)
        if values.size >= _FEWEST and 0.7 < float(np.median(values)) < 1.3 and _dips(values):
            raise DataError(
                f'"{name}" is near 1 and dips where magnitudes rise in an eclipse: are these fluxes? {remedy} For '
                "magnitudes that do so, subtract their median."
            )


def refuse_magnitudes(data: Data) -> None:
    """Fluxes are wanted, which dip in an eclipse.

    Arguments:
        data: the light curve.

    Raises:
        DataError: values as large as magnitudes are that clearly rise.
    """
    for name in data.outputs:
        values = np.asarray(data.observations(name)[0], dtype=np.float64)
        if values.size >= _FEWEST and 5 < float(np.median(values)) < 25 and _dips(-values):
            raise DataError(
                f'"{name}" is near {np.median(values):.3g} and rises where fluxes dip in an eclipse: are these '
                'magnitudes? Then say measured="magnitude". For fluxes that do so, divide by their median.'
            )


def _dips(values: Float[np.ndarray, " n"]) -> bool:
    """By quantiles, which a few outliers do not move."""
    low, middle, high = np.quantile(values, [0.02, 0.5, 0.98])
    return bool(middle - low > _LOPSIDED * (high - middle))
