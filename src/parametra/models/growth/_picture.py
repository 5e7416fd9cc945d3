"""The picture of a response to doses."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem


def dose_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Responses over doses, on a logarithmic axis where doses act by it; controls stand at its left end."""
    logarithmic = "slope" in {each.partition("_")[0] for each in fit.values}
    doses = np.concatenate([each.inputs["dose"] for each in problem.data_sets])
    above = doses[doses > 0]
    logarithmic = logarithmic and above.size > 0
    told = False
    control = float(above.min()) / 10 if logarithmic else 0.0
    for i, data in enumerate(problem.data_sets):
        dose, ((name, response),) = data.inputs["dose"], data.outputs.items()
        known, zero = np.isfinite(response), logarithmic & (dose <= 0)
        label = data.name if len(problem.data_sets) > 1 else None
        points = axes.plot(dose[known & ~zero], response[known & ~zero], "o", markersize=4, label=label)
        colour = points[0].get_color()
        if (known & zero).any():
            shown = np.full(int((known & zero).sum()), control)
            axes.plot(
                shown, response[known & zero], "o", color=colour, fillstyle="none", label=None if told else "dose 0"
            )
            told = True
        low, high = float(dose.min()), float(dose.max())
        fine = (
            np.geomspace(control if zero.any() else above.min(), above.max(), 300)
            if logarithmic
            else np.linspace(low, high, 300)
        )
        parameters = problem.bindings[i].parameters_of(fit.values)
        (predicted,) = problem.model.predict(parameters, {**data.constants, "dose": fine}).values()
        axes.plot(fine, predicted, color=colour if label else "black", linewidth=1.2)
        axes.set(xlabel="dose", ylabel=name, xscale="log" if logarithmic else "linear")
    if len(problem.data_sets) > 1 or (logarithmic and (doses <= 0).any()):
        axes.legend()
