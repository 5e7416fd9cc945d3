"""Figures of a fit: data and curve, what the starts found, how the estimates hang together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.status import Outcome
from parametra.report._correlation_figure import draw_correlation
from parametra.report._fit_figure import draw_fit
from parametra.report._path_figure import draw_path
from parametra.report._style import styled
from parametra.report._waterfall_figure import draw_waterfall

KINDS: dict[str, Callable[[Fit, Any], Any]] = {
    "fit": draw_fit,
    "waterfall": draw_waterfall,
    "correlation": draw_correlation,
    "path": draw_path,
}


def draw(fit: Fit, kind: str = "fit", *, size: tuple[float, float] | None = None) -> Any:
    """A figure of a fit.

    Good for a look at the result. `fit.views`, `fit.starts` and `fit.correlation` hold the numbers for figures of one's
    own.

    Arguments:
        fit: the result.
        kind: "fit": data with their error bars, the best curve with its 95 % band, and the residuals beneath, for up
            to 6 outputs; "waterfall": the final cost of every start, sorted, coloured by basin; "correlation": the
            correlation of the estimates; "path": the terms of a penalty at every strength, and what chose among them.
        size: width and height in inches; chosen from what is drawn when left out.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window: `figure.savefig("fit.png")`.

    Raises:
        ParametraError: an unknown kind, or a fit with nothing to draw of that kind.
    """
    if kind not in KINDS:
        raise ParametraError(f'there is no figure "{kind}"; {did_you_mean(kind, KINDS)}')
    with styled(), np.errstate(all="ignore"):
        return KINDS[kind](fit, size)


def worth_drawing(fit: Fit) -> tuple[str, ...]:
    """The kinds of figures that say something of this fit."""
    if fit.status.outcome is Outcome.FAILED:
        return ()
    kinds = ["fit"] if fit.views else []
    if np.isfinite(fit.starts.costs).sum() > 1:
        kinds.append("waterfall")
    if len(fit.covariance_labels) > 1:
        kinds.append("correlation")
    if fit.path is not None:
        kinds.append("path")
    return tuple(kinds)
