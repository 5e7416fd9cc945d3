"""What the inputs of a data set tell before an ODE is integrated: times before its begin, and rows that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns._ode_statement import Statement, number_of
from parametra.nouns.errors import DataError

_FEWEST = 4
"""Rows and times that make a course; fewer are a comparison of experiments."""

_NEARLY = 0.9
"""Share of rows with values of their own: a logged temperature may come twice."""


def check_times(statement: Statement, inputs: Mapping[str, Any]) -> None:
    """Refuse a time before the begin, where this is a plain number.

    Raises:
        DataError: such a time.
    """
    begin = number_of(statement.begin)
    if begin is None or statement.time not in inputs:
        return
    time = np.atleast_1d(np.asarray(inputs[statement.time], dtype=float))
    early = time[time < begin]
    if early.size:
        raise DataError(
            f"a time of the data, {early.min():.10g}, lies before the ODE begins, at {begin:.10g}. "
            f"State begin={early.min():.10g} or earlier, or leave the row out."
        )


def lone_rows(statement: Statement, inputs: Mapping[str, Any]) -> list[str]:
    """Inputs that make each row an experiment of its own although times run on, as a covariate that was logged does.

    Arguments:
        statement: the ODE.
        inputs: those of one data set by name, a number a row, or one for all.
    """
    columns = {name: np.asarray(value) for name, value in inputs.items()}
    time = columns.get(statement.time)
    if time is None or time.ndim != 1 or len(np.unique(time)) < _FEWEST:
        return []
    rows, found = len(time), list[str]()
    moving = {n: value for n, value in columns.items() if n in statement.moving and value.shape == (rows,)}
    for name, value in moving.items():
        kinds = len(np.unique(value))
        if kinds >= _NEARLY * rows:
            often = "every row" if kinds == rows else "nearly every row"
            found.append(
                f'the input "{name}" has another value in {often}: each row is an experiment of its own, with {name} '
                "constant from the begin on. A quantity that changes along the way belongs into a formula of time."
            )
    return found
