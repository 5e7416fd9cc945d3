"""The methods of `trust` on a table with named columns: what `parametra trust NAME table.csv` asks."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import DataError
from parametra.nouns.table import Table
from parametra.nouns.trust_calibration import CalibratedStream
from parametra.nouns.trust_private import PrivateTestResult
from parametra.nouns.trust_selection import SelectedInstances
from parametra.verbs._named_tests import named_test
from parametra.verbs.trust import conformal_selection, online_calibration, private_test


def select_rows(
    table: Table,
    *,
    outcome: str,
    above: float,
    scores: tuple[str, ...],
    inputs: tuple[str, ...],
    name: str | None,
    **settings: Any,
) -> SelectedInstances:
    """Select among the rows whose outcome is missing, with those that have one.

    Arguments:
        table: rows of both kinds.
        outcome: its column; blank where not known.
        above: an outcome above it is wanted.
        scores: columns, larger promises more.
        inputs: columns from which two ridge regressions, linear and with squares, are learned instead.
        name: column of names; rows are called by their place without one.
        settings: of `conformal_selection`.

    Raises:
        DataError: columns that are not there or hold text, no row of one of the two kinds.
    """
    y = table.numbers(outcome)
    old, new = np.flatnonzero(~np.isnan(y)), np.flatnonzero(np.isnan(y))
    if not old.size or not new.size:
        raise DataError(
            f'column "{outcome}" must be known in some rows and blank in those to select from; {old.size} are known '
            f"and {new.size} blank."
        )
    called = [table.place(int(row)) for row in new] if name is None else [str(v) for v in table.column(name)[new]]
    settings |= {"cutoff": above, "names": called}
    if scores:
        by_name = {column: table.numbers(column) for column in scores}
        return conformal_selection(
            y[old], {k: v[old] for k, v in by_name.items()}, {k: v[new] for k, v in by_name.items()}, **settings
        )
    if not inputs:
        raise DataError("columns of scores, or of inputs to learn scores from, are wanted; none were named.")
    X = np.column_stack([table.numbers(column) for column in inputs])
    learners = {"linear": ridge, "quadratic": quadratic_ridge}
    return conformal_selection(y[old], learners=learners, inputs=X[old], new_inputs=X[new], **settings)


def calibrate_rows(table: Table, *, score: str, outcome: str, **settings: Any) -> CalibratedStream:
    """Calibrate a column of probabilities by a column of outcomes, in the order of the rows; blank: not known yet."""
    return online_calibration(table.numbers(score), table.numbers(outcome), **settings)


def private_test_of_rows(
    table: Table, *, test: str, columns: tuple[str, ...], group: str | None, null: float, **settings: Any
) -> PrivateTestResult:
    """A private test by name; see `named_test`."""
    p_value, rows = named_test(test, table, columns, group, null)
    return private_test(p_value, rows, rehearsal=False, **settings)


def ridge(X: Float[np.ndarray, "n p"], excess: Float[np.ndarray, " n"]) -> Any:
    """A learner: least squares with a penalty of 1 on standardised inputs."""
    middle, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    Z = (X - middle) / scale
    slopes = np.linalg.solve(Z.T @ Z + np.eye(X.shape[1]), Z.T @ (excess - excess.mean()))
    return lambda at: ((at - middle) / scale) @ slopes


def quadratic_ridge(X: Float[np.ndarray, "n p"], excess: Float[np.ndarray, " n"]) -> Any:
    """The same with the squares of the inputs."""
    predict = ridge(np.hstack([X, X**2]), excess)
    return lambda at: predict(np.hstack([at, at**2]))
