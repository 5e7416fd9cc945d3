"""Runs of a sweep as the field looks at them: against one quantity, logarithmic, a line for each other setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_MOST_LINES = 12
"""Settings beyond these share the lines' colours, and only so many stand in the legend."""


def sweep_picture(along: str, by: str) -> Callable[[Fit, Problem, Any], None]:
    """A picture of what was measured against `along`, and of the fit as a line through each value of `by`."""

    def draw(fit: Fit, problem: Problem, axes: Any) -> None:
        import matplotlib as mpl

        data = problem.data_sets[0]
        (output,) = data.outputs
        ((_, _, predicted),) = problem.compared(fit.values, problem.arrays)[:1]
        rows = data.observed[output]
        rows = np.arange(data.rows) if rows is None else rows
        x, setting, seen = data.inputs[along][rows], data.inputs[by][rows], data.observations(output)[0]
        # sizes that differ by less than a tenth are one setting, as sweeps round them
        groups = np.round(np.log(np.maximum(setting, 1e-300)) / 0.1)
        levels = np.unique(groups)
        colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(levels)))
        shown = levels[:: max(1, -(-len(levels) // _MOST_LINES))]
        for colour, level in zip(colours, levels, strict=True):
            own = np.flatnonzero(groups == level)
            own = own[np.argsort(x[own], kind="stable")]
            label = f"{float(np.median(setting[own])):.3g}" if level in shown else None
            axes.plot(x[own], np.asarray(predicted)[own], "-", color=colour, linewidth=1, label=label)
            axes.plot(x[own], seen[own], ".", color=colour, markersize=4)
        axes.set_xscale("log")
        axes.set_xlabel(along)
        axes.set_ylabel(output)
        axes.legend(title=by, fontsize=7, ncols=2)

    return draw
