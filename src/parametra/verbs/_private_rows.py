"""Rows of any kind, taken by their numbers, and the rehearsal of a p-value function on rows that are made up."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.nouns.errors import DataError, MethodError


def count_of(rows: Any) -> int:
    """How many rows there are. Raises DataError for columns of different lengths, and for nothing."""
    columns = list(rows.values()) if isinstance(rows, Mapping) else list(rows) if isinstance(rows, tuple) else [rows]
    try:
        lengths = {len(column) for column in columns}
    except TypeError:
        raise DataError(
            f"rows: an array, a tuple or mapping of arrays, or a data frame is wanted; came {type(rows).__name__}."
        ) from None
    if len(lengths) != 1:
        raise DataError(f"rows: columns of one length are wanted; came lengths {sorted(lengths) or 'none'}.")
    return lengths.pop()


def taker(rows: Any) -> Callable[[np.ndarray], Any]:
    """The function that gives the rows of these numbers, in the kind that they came in."""
    if isinstance(rows, Mapping):
        return lambda index: {name: np.asarray(column)[index] for name, column in rows.items()}
    if isinstance(rows, tuple):
        return lambda index: tuple(np.asarray(column)[index] for column in rows)
    if hasattr(rows, "iloc"):
        return lambda index: rows.iloc[index]
    whole = np.asarray(rows)
    return lambda index: whole[index]


def rehearse(p_value: Callable[[Any], Any], rows: Any, size: int, made_up: Any) -> None:
    """Call the function once on rows that are nobody's, so that a mistake in it shows before it meets the data.

    Arguments:
        p_value: the function.
        rows: whose kind the made-up rows have: standard normal numbers in place of real ones. Where a column holds
            anything else nothing can be made up, and the rehearsal is left out.
        size: how many rows.
        made_up: rows to rehearse with; None makes them, False leaves the rehearsal out.

    Raises:
        MethodError: it fails, or gives no p-value.
    """
    if made_up is False:
        return
    trial = _made_up(rows, size) if made_up is None else made_up
    if trial is None:
        return
    hint = "If it wants rows of another kind, give rehearsal=rows that are made up, or rehearsal=False."
    try:
        with quiet():
            found = p_value(trial)
    except Exception as error:  # noqa: BLE001  whatever a person's function raises
        raise MethodError(
            f"the p-value function fails on {size} made-up rows: {type(error).__name__}: {error}. {hint}"
        ) from None
    try:
        number = float(found)
    except (TypeError, ValueError):
        raise MethodError(f"the p-value function must return one number; it returned {found!r:.60}. {hint}") from None
    if not (np.isnan(number) or 0.0 <= number <= 1.0):
        raise MethodError(f"the p-value function must return a number from 0 to 1; it returned {number:g}. {hint}")


def quiet() -> warnings.catch_warnings:
    """While this lasts no warning is given: which rows a function warns of is not for telling."""
    return warnings.catch_warnings(action="ignore")


def _made_up(rows: Any, size: int) -> Any:
    random = np.random.default_rng(0)

    def column(values: Any) -> Any:
        found = np.asarray(values)
        return random.standard_normal((size, *found.shape[1:])) if found.dtype.kind == "f" else None

    if isinstance(rows, Mapping):
        made = {name: column(values) for name, values in rows.items()}
        return None if any(v is None for v in made.values()) else made
    if isinstance(rows, tuple):
        several = tuple(column(values) for values in rows)
        return None if any(v is None for v in several) else several
    return None if hasattr(rows, "iloc") else column(rows)
