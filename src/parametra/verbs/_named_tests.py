"""p-value functions by name, for tables: what the command line offers to `private_test`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import DataError, MethodError, did_you_mean
from parametra.nouns.table import Table

TESTS = ("t_test", "mann_whitney", "correlation")
Rows = Mapping[str, np.ndarray]


def named_test(
    name: str, table: Table, columns: tuple[str, ...], group: str | None, null: float
) -> tuple[Callable[[Rows], float], dict[str, np.ndarray]]:
    """The p-value function and the rows that it wants, from a table.

    Arguments:
        name: "t_test" (mean of a column against `null`, or between two groups: Welch's), "mann_whitney" (between two
            groups), "correlation" (Pearson's, of two columns). Missing values are left out within each part.
        columns: one column of numbers, two for "correlation".
        group: a column with two values.
        null: the mean that is tested, where there is no group.

    Raises:
        MethodError: an unknown name, or columns that it does not take.
        DataError: an unknown column, text where numbers are wanted, a group without two values.
    """
    if name not in TESTS:
        raise MethodError(f'there is no test "{name}"; {did_you_mean(name, TESTS)}')
    wanted = 2 if name == "correlation" else 1
    if len(columns) != wanted:
        raise MethodError(f"{name} takes {wanted} column(s); came {len(columns)}: {', '.join(columns) or 'none'}.")
    if name == "mann_whitney" and group is None:
        raise MethodError("mann_whitney compares two groups; name their column as the group.")
    if name == "correlation" and group is not None:
        raise MethodError("correlation takes two columns of numbers and no group.")
    rows = {f"x{i}": table.numbers(column) for i, column in enumerate(columns)}
    if group is not None:
        rows["second"] = _second_of_two(table, group)
    if name == "correlation":
        return _correlation, rows
    if name == "mann_whitney":
        return _mann_whitney, rows
    return (_welch if group is not None else lambda part: _mean(part, null)), rows


def _second_of_two(table: Table, group: str) -> Float[np.ndarray, " n"]:
    """0 for the first value of the group and 1 for the second one."""
    column = table.column(group)
    known = np.unique(column[column != ""] if column.dtype.kind == "U" else column[~np.isnan(column)])
    if len(known) != 2:
        raise DataError(f'column "{group}" must hold two values, one a group; it holds {len(known)}.')
    return (column == known[1]).astype(np.float64)


def _two(part: Rows) -> tuple[np.ndarray, np.ndarray]:
    x, second = part["x0"], part["second"] > 0.5
    return x[~second & ~np.isnan(x)], x[second & ~np.isnan(x)]


def _mean(part: Rows, null: float) -> float:
    from scipy.stats import ttest_1samp

    x: Any = part["x0"]
    found: Any = ttest_1samp(x[~np.isnan(x)], null)
    return float(found.pvalue)


def _welch(part: Rows) -> float:
    from scipy.stats import ttest_ind

    found: Any = ttest_ind(*_two(part), equal_var=False)
    return float(found.pvalue)


def _mann_whitney(part: Rows) -> float:
    from scipy.stats import mannwhitneyu

    found: Any = mannwhitneyu(*_two(part))
    return float(found.pvalue)


def _correlation(part: Rows) -> float:
    from scipy.stats import pearsonr

    x, y = part["x0"], part["x1"]
    known = ~np.isnan(x) & ~np.isnan(y)
    found: Any = pearsonr(x[known], y[known])
    return float(found.pvalue)
