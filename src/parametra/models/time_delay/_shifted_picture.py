"""Two curves as one: B moved back on A by the delay and the offset, and their common source."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.axis_label import axis_label
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_GRID = 600


def shifted_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Points of both curves where they belong on A, with A's curve; magnitudes with the bright side up."""
    data = problem.data_sets[0]
    curves, output = Curves.of(data), next(iter(data.outputs))
    values = problem.bindings[0].parameters_of(fit.values)
    delay, offset = float(values["delay"]), float(values["offset"])
    time = curves.time - curves.image * delay
    value = curves.value - curves.image * offset
    for which, label in enumerate(("A", "B less delay and offset")):
        mine = curves.image == which
        error = curves.error[mine] if curves.stated else None
        axes.errorbar(time[mine], value[mine], yerr=error, fmt="o", markersize=3.5, elinewidth=0.8, label=label)
    grid = np.linspace(float(time.min()), float(time.max()), _GRID)
    seen = {**data.constants, "time": grid, "image": np.zeros(_GRID)}
    source = next(iter(problem.model.predict(values, seen).values()))
    axes.plot(grid, source, color="black", linewidth=1, label="source", zorder=1)
    unit = data.units.get(output, "")
    if "mag" in (unit or output.lower()):
        axes.invert_yaxis()
    axes.set_xlabel(axis_label("time", data.units.get("time", "")))
    axes.set_ylabel(axis_label(output, unit))
    axes.legend()
