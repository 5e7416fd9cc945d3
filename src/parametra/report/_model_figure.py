"""A fit of a ready-made model as its field looks at it."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import ReadyMade
from parametra.nouns.status import Outcome
from parametra.report._style import styled
from parametra.report.figures import draw

OfModel = tuple[ReadyMade, Problem]
"""A ready-made model, and the problem with it that was fitted."""

MODEL = "model"
"""What its picture is called among the figures of a fit."""


def model_figure(fit: Fit, of_model: OfModel | None) -> Any:
    """The model's own picture; None where it has none, or where the fit failed."""
    if of_model is None or of_model[0].picture is None or fit.status.outcome is Outcome.FAILED:
        return None
    return draw_model(of_model[0], fit, of_model[1], None)


def draw_model(ready: ReadyMade, fit: Fit, problem: Problem, size: tuple[float, float] | None) -> Any:
    """The figure; data, curve and residuals where the model has no picture of its own."""
    if ready.picture is None:
        return draw(fit, "fit", size=size)
    from matplotlib.figure import Figure

    with styled(), np.errstate(all="ignore"):
        figure: Any = Figure(figsize=size or (6.4, 4.4), layout="constrained")
        ready.picture(fit, problem, figure.add_subplot())
        return figure
