"""Numbers that models and functions of this field are given: refused in words where they cannot be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, ModelError


def above_zero(data: tuple[Data, ...] | None, *names: str, or_zero: bool = False) -> None:
    """Refuses data whose sizes are not above zero, which no power law has a value for.

    Arguments:
        data: those at hand, if any.
        names: of inputs.
        or_zero: whether zero is welcome.

    Raises:
        DataError: the first row that is not.
    """
    for each in data or ():
        for name in names:
            column = _column(each, name)
            wrong = np.flatnonzero(column < 0 if or_zero else column <= 0)
            if wrong.size:
                limit = "from zero on" if or_zero else "above zero"
                raise DataError(
                    f'sizes are {limit}; "{name}" in row {wrong[0] + 1} of the data "{each.name}" is '
                    f"{column[wrong[0]]:g}. Leave such rows out."
                )


def share_below_one(data: tuple[Data, ...] | None, name: str) -> None:
    """Refuses data with a share that is below 0, or not below 1.

    Raises:
        DataError: the first row that is not.
    """
    for each in data or ():
        column = _column(each, name)
        wrong = np.flatnonzero((column < 0) | (column >= 1))
        if wrong.size:
            raise DataError(
                f'"{name}" is a share from 0 on and below 1; row {wrong[0] + 1} of the data "{each.name}" has '
                f"{column[wrong[0]]:g}."
            )


def _column(data: Data, name: str) -> np.ndarray:
    stated: Any = {**data.constants, **data.inputs}.get(name, np.empty(0))
    return np.atleast_1d(np.asarray(stated, dtype=float))


def number(what: str, value: Any) -> float:
    """A finite number above zero.

    Raises:
        ModelError: another one, or something else.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if isinstance(value, str | bool) or not 0 < found < math.inf:
        raise ModelError(f"{what} is a number above zero; came {value!r}.")
    return found


def law(function: str, estimate: Mapping[str, Any], names: tuple[str, ...], model: str) -> tuple[float, ...]:
    """The parameters of a law by name, all above zero.

    Raises:
        ModelError: one that is missing, or that is not above zero.
    """
    missing = [name for name in names if name not in estimate]
    if missing:
        raise ModelError(
            f"{function} needs {', '.join(names[:-1])} and {names[-1]} by name; {', '.join(missing)} did not come. "
            f"Give the estimate of a fit of {model}."
        )
    return tuple(number(f'{function}: "{name}"', estimate[name]) for name in names)
