"""The path of a penalty: every term against the strength, and beneath it what the strength was chosen by."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError
from parametra.nouns.fit_result import Fit
from parametra.nouns.penalty_path import PenaltyPath
from parametra.report._style import BASINS, BLUE, GREY

_NAMED = 8
"""Terms that are named in the picture: the largest where the strength was chosen."""

_CRITERIA = {"bic": "BIC", "aic": "AIC", "extended_bic": "extended BIC", "cross_validation": "error on left-out data"}


def draw_path(fit: Fit, size: tuple[float, float] | None) -> Any:
    """The figure. Raises ParametraError when the strength was stated, so that there is no path."""
    from matplotlib.figure import Figure

    path = fit.path
    if path is None:
        raise ParametraError(
            'this fit has no path: it has no penalty, or one whose strength was stated. Use strength="bic" or '
            '"cross_validation".'
        )
    figure: Any = Figure(figsize=size or (6.8, 5.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    _terms(top, path)
    _criterion(bottom, path)
    for axes in (top, bottom):
        if path.strengths.min() > 0:
            axes.set_xscale("log")
        axes.axvline(path.strength, color=GREY, lw=0.8, ls="--", zorder=0)
    bottom.set_xlabel("strength of the penalty (more terms to the left)")
    return figure


def _terms(axes: Any, path: PenaltyPath) -> None:
    values = path.values
    order = np.argsort(-np.abs(values[path.chosen]), kind="stable")
    named = [int(j) for j in order[:_NAMED] if values[path.chosen, j] != 0]
    rest = [j for j in np.flatnonzero((values != 0).any(axis=0)) if int(j) not in named]
    if rest:
        axes.plot(path.strengths, values[:, rest], color=GREY, lw=0.6, alpha=0.6, zorder=1)
    colours = [BLUE, *BASINS]
    for k, j in enumerate(named):
        axes.plot(path.strengths, values[:, j], color=colours[k % len(colours)], lw=1.4, label=path.labels[j], zorder=2)
    axes.axhline(0.0, color=GREY, lw=0.6)
    axes.set_ylabel("term")
    kept, many = int(path.kept[path.chosen]), len(path.labels)
    axes.set_title(f"{kept} of {many} terms kept at strength {path.strength:.3g}")
    if named:
        axes.legend(loc="best", ncols=2)


def _criterion(axes: Any, path: PenaltyPath) -> None:
    if path.criterion_error.any():
        low, high = path.criterion - path.criterion_error, path.criterion + path.criterion_error
        axes.fill_between(path.strengths, low, high, color=BLUE, alpha=0.2, lw=0)
    axes.plot(path.strengths, path.criterion, color=BLUE, lw=1.4)
    axes.plot([path.strength], [path.criterion[path.chosen]], "o", color=BLUE, ms=5)
    axes.set_ylabel(_CRITERIA[path.chosen_by])
