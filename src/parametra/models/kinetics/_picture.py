"""Pictures of kinetics: rates over the reciprocal of temperature, and a line for each level of an inhibitor."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_MOST_LINES = 12


def arrhenius_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Rates on a logarithmic axis over 1000 / T, where the law is a straight line."""
    for i, data in enumerate(problem.data_sets):
        temperature, rate, known = _column(data, "temperature"), *_measured(data)
        fine = 1 / np.linspace(1 / temperature.max(), 1 / temperature.min(), 200)
        label = data.name if len(problem.data_sets) > 1 else None
        points = axes.plot(1000 / temperature[known], rate[known], "o", markersize=4, label=label)
        colour = points[0].get_color() if label else "black"
        axes.plot(1000 / fine, _curve(fit, problem, i, temperature=fine), color=colour, linewidth=1.2)
    axes.set(yscale="log", xlabel="1000 / temperature", ylabel="rate")
    if len(problem.data_sets) > 1:
        axes.legend()


def inhibition_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Rates over substrate, with a line for each level of the inhibitor."""
    import matplotlib as mpl

    levels = np.unique(np.concatenate([_column(data, "inhibitor") for data in problem.data_sets]))
    # of more levels than lines can be told apart, those at equal steps
    drawn = levels[np.unique(np.linspace(0, len(levels) - 1, min(len(levels), _MOST_LINES)).round().astype(int))]
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(drawn)))
    named: set[float] = set()
    for i, data in enumerate(problem.data_sets):
        substrate, inhibitor, (rate, known) = _column(data, "substrate"), _column(data, "inhibitor"), _measured(data)
        fine = np.linspace(0.0, float(substrate.max()), 200)
        for level, colour in zip(drawn.tolist(), colours, strict=True):
            here = inhibitor == level
            if not here.any():
                continue
            axes.plot(substrate[here & known], rate[here & known], "o", color=colour, markersize=4)
            line = _curve(fit, problem, i, substrate=fine, inhibitor=np.full(fine.size, level))
            axes.plot(fine, line, color=colour, linewidth=1.2, label=None if level in named else f"{level:.3g}")
            named.add(level)
    axes.set(xlabel="substrate", ylabel="rate")
    axes.legend(title="inhibitor", fontsize=8)


def _column(data: Any, name: str) -> Float[np.ndarray, " n"]:
    return data.inputs[name] if name in data.inputs else np.full(data.rows, data.constants[name])


def _measured(data: Any) -> tuple[Any, Any]:
    """The only output by row, and where it is known."""
    (values,) = data.outputs.values()
    return values, np.isfinite(values)


def _curve(fit: Fit, problem: Problem, i: int, **inputs: Any) -> Any:
    """What the fit predicts of a data set at other inputs."""
    parameters = problem.bindings[i].parameters_of(fit.values)
    (predicted,) = problem.model.predict(parameters, {**problem.data_sets[i].constants, **inputs}).values()
    return predicted
