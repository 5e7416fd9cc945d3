"""Survival without a family: Kaplan and Meier's estimate, and Turnbull's where times are known as intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.kaplan_meier import KaplanMeier, product_limit
from parametra.maths.turnbull import Turnbull, self_consistent
from parametra.models.survival._statement import censored, limits
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, did_you_mean


def kaplan_meier(
    data: Data,
    *,
    by: str = "",
    status: str | None = None,
    event: Any = None,
    meaning: Any = None,
    level: float = 0.95,
    kind: str = "log-log",
) -> dict[str, KaplanMeier]:
    """The product-limit estimate of survival, of each group.

    Arguments:
        data: with one output, the time.
        by: the input whose values are the groups; everybody together when left out.
        status, event, meaning: as the survival models take them.
        level, kind: of the interval: "log-log", "log" (R's default) or "plain".

    Returns:
        "all", or "sex = 1" and so on, to the estimate.

    Raises:
        ModelError: times known as intervals, no such input.

    Source: Kaplan and Meier (1958), doi:10.1080/01621459.1958.10501452
    """
    codes, time, _ = limits(
        censored("exponential", [data], status=status, event=event, meaning=meaning, upper=""), data
    )
    if (codes > 1).any():
        raise ModelError(
            f"{int((codes > 1).sum())} times are left- or interval-censored, which the product-limit estimate does not "
            "know; take survival.turnbull."
        )
    return {
        label: product_limit(time[rows], codes[rows] == 0, level=level, kind=kind)
        for label, rows in groups(data, by).items()
    }


def turnbull(
    data: Data, *, by: str = "", status: str | None = None, event: Any = None, meaning: Any = None, upper: str = ""
) -> dict[str, Turnbull]:
    """Turnbull's self-consistent estimate, of each group, from times known exactly, as limits or as intervals.

    Arguments:
        data, by, status, event, meaning: as for `kaplan_meier`.
        upper: the column of upper ends of intervals.

    Source: Turnbull (1976), doi:10.1111/j.2517-6161.1976.tb01597.x
    """
    codes, lower, upper_ends = limits(
        censored("exponential", [data], status=status, event=event, meaning=meaning, upper=upper), data
    )
    low, high = intervals_of(codes, lower, upper_ends)
    return {label: self_consistent(low[rows], high[rows]) for label, rows in groups(data, by).items()}


def intervals_of(codes: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every time as an interval: exact ones with both ends the same, right-censored ones without an end."""
    return np.where(codes == 2, 0.0, lower), np.select([codes == 1, codes == 0], [np.inf, lower], upper)


def groups(data: Data, by: str) -> dict[str, np.ndarray]:
    """The rows of each value of an input; all of them where none is named."""
    (output,) = data.outputs
    index = data.observed[output]
    rows = data.rows if index is None else len(index)
    if not by:
        return {"all": np.ones(rows, dtype=bool)}
    if by not in data.inputs:
        raise ModelError(f'by="{by}": the data "{data.name}" have no such input; {did_you_mean(by, data.inputs)}')
    own = data.inputs[by] if index is None else data.inputs[by][index]
    return {f"{by} = {value:g}": own == value for value in np.unique(own)}
