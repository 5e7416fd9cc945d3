"""A fit of a ready-made model as its field looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def model_figure(fit: Fit, of_model: OfModel | None, tell: Callable[[str], None] | None = None) -> Any:
    """The model's own picture; None where it has none, where the fit failed, or where the picture does.

    Arguments:
        fit: the result.
        of_model: the ready-made model and the problem that were fitted.
        tell: takes a sentence where the picture fails; a result must not be lost for want of a picture of it.
    """
    if of_model is None or of_model[0].picture is None or fit.status.outcome is Outcome.FAILED:
        return None
    ready, problem = of_model
    try:
        return draw_model(ready, fit, problem, None)
    except Exception as error:  # noqa: BLE001 - whatever a picture, which anybody may write, does wrong
        if tell is not None:
            reason = f"{type(error).__name__}: {error}".rstrip(".: ")
            tell(f"the picture of {ready.name} could not be drawn ({reason}); the result and the other figures stand.")
        return None


def beside(fit: Fit, kinds: Sequence[str], own: Any) -> list[str]:
    """The figures beside the model's own picture, which takes the place of data and fit where these say nothing.

    They say something where a curve goes through values that scatter around it; lifetimes do not.

    Arguments:
        fit: the result.
        kinds: what is worth drawing of it.
        own: the model's picture, None where there is none.
    """
    telling = any(view.curve_x.size and view.spread is not None for view in fit.views)
    return [kind for kind in kinds if kind != "fit" or own is None or telling]


def draw_model(ready: ReadyMade, fit: Fit, problem: Problem, size: tuple[float, float] | None) -> Any:
    """The figure; data, curve and residuals where the model has no picture of its own."""
    if ready.picture is None:
        return draw(fit, "fit", size=size)
    from matplotlib.figure import Figure

    with styled(), np.errstate(all="ignore"):
        figure: Any = Figure(figsize=size or (6.4, 4.4), layout="constrained")
        ready.picture(fit, problem, figure.add_subplot())
        return figure
