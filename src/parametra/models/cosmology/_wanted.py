"""Numbers that functions of this field are given: refused in words where they cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from parametra.nouns.errors import DataError, ModelError, did_you_mean

FURTHEST = 50.0
"""Beyond this redshift radiation, which all models leave out, is more than 1.5 % of the square of the expansion."""


def number(name: str, value: Any, *, above: float = -math.inf, most: float = math.inf) -> float:
    """A finite number above one limit and at most another one.

    Raises:
        ModelError: another one, or something else.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if isinstance(value, str | bool) or not (math.isfinite(found) and above < found <= most):
        limits = [f"above {above:g}"] if above > -math.inf else []
        limits += [f"at most {most:g}"] if most < math.inf else []
        raise ModelError(f"{' '.join([name, 'is a number', ', '.join(limits)]).strip()}; {value!r} came.")
    return found


def redshifts(z: Any, *, furthest: float = math.inf) -> np.ndarray:
    """Redshifts from 0 on, as an array of any shape.

    Raises:
        DataError: one below 0, one that is no number, or one that is too far.
    """
    try:
        found = np.asarray(z, dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"redshifts are numbers from 0 on; {z!r} came.") from None
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        raise DataError(f"redshifts are from 0 on; {found[wrong].flat[0]} came.")
    if (found > furthest).any():
        raise DataError(
            f"redshifts are at most {furthest:g} here, because radiation is left out; {found.max():g} came. Integrate "
            "with radiation for what is further."
        )
    return found


def known_names(what: str, given: Iterable[str], wanted: Iterable[str]) -> None:
    """Refuses a name that nothing would read.

    Raises:
        ModelError: the first such name, and the one that may be meant.
    """
    wanted = list(wanted)
    for name in given:
        if name not in wanted:
            raise ModelError(f'{what} "{name}" is not known; ' + did_you_mean(name, wanted))
