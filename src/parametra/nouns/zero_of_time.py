"""Where time begins: at the first time of the data, where it is stated, or at a zero that must not be far away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.statement import is_number, shown

_FAR = 10.0
"""A zero so many spans of the data before them: what a model says of it is an extrapolation without any meaning."""


def begin_of(data: Sequence[Data] | None, begin: object = None, *, column: str = "time") -> float:
    """The time that was stated, or the first of the data; 0 without data.

    Raises:
        ModelError: what was stated is no number.
    """
    if begin is None:
        return min((float(np.min(each)) for each in _columns(data, column)), default=0.0)
    value: object = begin.item() if isinstance(begin, np.generic) else begin
    if not is_number(value) or not np.isfinite(float(value)):  # type: ignore[arg-type]
        raise ModelError(f"begin is a time, or None for the first time of the data; {shown(begin)} came.")
    return float(value)  # type: ignore[arg-type]


def far_from_zero(data: Sequence[Data] | None, *, zero: float = 0.0, column: str = "time") -> bool:
    """Whether all times lie further from zero than ten times their span."""
    times = np.concatenate([np.zeros(0), *(np.ravel(each) for each in _columns(data, column))]) - zero
    if np.unique(times).size < 3:
        return False
    return bool(np.abs(times).min() > _FAR * np.ptp(times))


def refuse_far_zero(data: Sequence[Data] | None, says: str, *, column: str = "time") -> None:
    """Raises ModelError where a parameter speaks of time zero and the data are far away from it.

    Arguments:
        data: with a column of times.
        says: what speaks of time zero, for the message: "amplitude is the signal at time zero".
        column: the name of that column.
    """
    if not far_from_zero(data, column=column):
        return
    times = np.concatenate([np.ravel(each) for each in _columns(data, column)])
    raise ModelError(
        f"{says}, and the data lie far away from it, from {times.min():g} to {times.max():g}. Subtract the first time "
        f"from the column of {column}."
    )


def _columns(data: Sequence[Data] | None, column: str) -> list[np.ndarray]:
    return [each.inputs[column] for each in data or () if column in each.inputs and each.inputs[column].size]
