"""Runs of a sweep as the field looks at them: against one quantity, logarithmic, a line for each other setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.axis_label import axis_label
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_MOST_LINES = 12
"""Settings beyond these share the lines' colours, and only so many stand in the legend."""
_MOST_BESIDE = 30
"""Combinations of what else was set, each with a line of its own; of more only the middle one has."""
_FINE = 80


def sweep_picture(along: str, by: str, scale: str = "linear") -> Callable[[Fit, Problem, Any], None]:
    """A picture of what was measured against `along`, and of the fit as a line through each value of `by`.

    Arguments:
        along, by: inputs of the model.
        scale: of the axis of the output, "log" where a power law has no floor and is a straight line.
    """

    def draw(fit: Fit, problem: Problem, axes: Any) -> None:
        import matplotlib as mpl

        data = problem.data_sets[0]
        (output,) = data.outputs
        rows = data.observed[output]
        rows = np.arange(data.rows) if rows is None else rows
        inputs = {name: column[rows] for name, column in data.inputs.items()}
        inputs |= {name: np.full(len(rows), value) for name, value in data.constants.items()}
        x, setting, seen = inputs[along], inputs[by], data.observations(output)[0]
        # sizes that differ by less than a tenth are one setting, as sweeps round them
        groups = np.round(np.log(np.maximum(setting, 1e-300)) / 0.1)
        levels = np.unique(groups)
        colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(levels)))
        shown = levels[:: max(1, -(-len(levels) // _MOST_LINES))]
        own_values = problem.bindings[0].parameters_of(fit.values)
        for colour, level in zip(colours, levels, strict=True):
            own = np.flatnonzero(groups == level)
            label = f"{float(np.median(setting[own])):.3g}" if level in shown else None
            fine = np.geomspace(float(x[own].min()), float(x[own].max()), _FINE)
            beside = {name: column[own] for name, column in inputs.items() if name != along}
            for rest in _settings(beside, by):
                at = {name: np.full(_FINE, value) for name, value in rest.items()}
                (line,) = problem.model.predict(own_values, {along: fine, **at}).values()
                axes.plot(fine, np.asarray(line), "-", color=colour, linewidth=0.8, label=label)
                label = None
            axes.plot(x[own], seen[own], ".", color=colour, markersize=4)
        axes.set_xscale("log")
        axes.set_yscale(scale)
        axes.set_xlabel(axis_label(along, data.units.get(along, "")))
        axes.set_ylabel(axis_label(output, data.units.get(output, "")))
        axes.legend(title=by, fontsize=7, ncols=2)

    return draw


def _settings(columns: dict[str, Float[np.ndarray, " n"]], by: str) -> Iterator[dict[str, float]]:
    """What the lines through one value of `by` are drawn at: each combination of the other inputs, or their middle."""
    others = [name for name in columns if name != by]
    middle = {name: float(np.median(column)) for name, column in columns.items()}
    met = np.unique(np.stack([columns[name] for name in others], axis=-1), axis=0) if others else np.empty((1, 0))
    if len(met) > _MOST_BESIDE:
        yield middle
        return
    for values in met:
        yield middle | dict(zip(others, map(float, values), strict=True))
