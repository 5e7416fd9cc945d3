"""A fit of a ready-made model as its field looks at it."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import ReadyMade
from parametra.report._style import styled
from parametra.report.figures import draw


def draw_model(ready: ReadyMade, fit: Fit, problem: Problem, size: tuple[float, float] | None) -> Any:
    """The figure; data, curve and residuals where the model has no picture of its own."""
    if ready.picture is None:
        return draw(fit, "fit", size=size)
    from matplotlib.figure import Figure

    with styled(), np.errstate(all="ignore"):
        figure: Any = Figure(figsize=size or (6.4, 4.4), layout="constrained")
        ready.picture(fit, problem, figure.add_subplot())
        return figure
