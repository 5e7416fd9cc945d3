"""The final cost of every start, lowest first: a long flat step at the left is an optimum that can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError
from parametra.nouns.fit_result import Fit
from parametra.report._style import BASINS, BLUE, GREY

_LEGEND = 6


def draw_waterfall(fit: Fit, size: tuple[float, float] | None) -> Any:
    """The figure. Raises ParametraError when no start has a finite cost."""
    from matplotlib.figure import Figure

    costs = np.array([cost for cost in fit.starts.costs if np.isfinite(cost)])
    if not costs.size:
        raise ParametraError("no start of this fit has a finite cost, so there is no waterfall to draw.")
    owner = _owners(fit, costs)
    height, label, logarithmic = _heights(costs)
    figure: Any = Figure(figsize=size or (6.4, 3.8), layout="constrained")
    axes = figure.add_subplot()
    number = np.arange(1, costs.size + 1)
    axes.plot(number, height, "-", color=GREY, lw=0.8, zorder=1)
    for n, basin in enumerate(fit.starts.basins):
        mine = owner == n
        if not mine.any():
            continue
        words = "best basin" if n == 0 else f"basin {n + 1}"
        starts = f"{basin.count} start{'s' * (basin.count != 1)}"
        same = ", as good as the best" if n and basin.same_as_best else ""
        axes.scatter(
            number[mine],
            height[mine],
            s=90 if n == 0 else 34,
            marker="*" if n == 0 else "o",
            color=BLUE if n == 0 else BASINS[(n - 1) % len(BASINS)],
            edgecolor="white",
            linewidth=0.5,
            label=f"{words}: {starts}{same}" if n < _LEGEND else None,
            zorder=3,
        )
    more = len(fit.starts.basins) - _LEGEND
    if more > 0:
        axes.plot([], [], " ", label=f"and {more} more basin{'s' * (more != 1)}")
    other = owner < 0
    if other.any():
        axes.scatter(number[other], height[other], s=26, marker="x", color=GREY, label="did not converge", zorder=2)
    if logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(*_reach(fit, costs))
    axes.set_xlabel(_counted(fit, costs.size))
    axes.set_ylabel(label)
    axes.set_xlim(0.4, costs.size + 0.6)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="best")
    return figure


def _reach(fit: Fit, costs: np.ndarray) -> tuple[float, float]:
    """The ends of the axis; what is less than a difference that data could tell is not blown up to a cliff.

    That difference is 1/2 in a log-likelihood; in a residual sum of squares with sigma estimated, 1/2 sigma^2.
    """
    low, high = float(costs.min()), float(costs.max())
    plain_squares = not fit.chi_square_tests and abs(2 * low - fit.chi_square) <= 1e-6 * abs(fit.chi_square)
    unit = fit.reduced_chi_square if plain_squares and fit.reduced_chi_square else 1.0
    margin = max(0.08 * (high - low), 0.5 * unit)
    return low - margin, high + margin


def _counted(fit: Fit, finite: int) -> str:
    lost = fit.starts.count - finite
    return "start, sorted by its final cost" + (f" ({lost} failed, not shown)" if lost else "")


def _owners(fit: Fit, costs: np.ndarray) -> np.ndarray:
    """Which basin each start ended in, by its cost; -1 for none.

    Every basin takes as many starts as it counts, those nearest to its cost first.
    """
    owner = np.full(costs.size, -1)
    for n, basin in enumerate(fit.starts.basins):
        distance = np.where(owner < 0, np.abs(costs - basin.cost), np.inf)
        nearest = np.argsort(distance, kind="stable")[: basin.count]
        owner[nearest[np.isfinite(distance[nearest])]] = n
    return owner


def _heights(costs: np.ndarray) -> tuple[np.ndarray, str, bool]:
    """What is drawn: the cost, or on a logarithmic axis how far it lies above the best when that spans decades."""
    spread = costs.max() - costs.min()
    if spread <= 1e3 * max(abs(costs.min()), 1.0):
        return costs, "final cost", False
    return costs - costs.min() + 1.0, "1 + final cost above the best", True
