"""What a model leaves over: residuals in order and against the prediction, their shape, and their memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.residual_tests import autocorrelation
from parametra.nouns.comparison import Comparison
from parametra.nouns.comparison_parts import Candidate
from parametra.nouns.errors import ParametraError
from parametra.report._style import BLACK, BLUE, GREY, SKY, VERMILION, plain, shortened, styled

_MOST_LAGS = 20
_WILD = 3.0


def draw(comparison: Comparison, kind: str, model: str, *, size: tuple[float, float] | None = None) -> Any:
    """The figure: four panels of one model, each with the p-value of the test that looks at the same.

    Arguments:
        comparison: the result.
        kind: is not looked at.
        model: whose residuals.
        size: width and height in inches.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window.

    Raises:
        ParametraError: an unknown model, or one without residuals.
    """
    del kind
    from matplotlib.figure import Figure

    one = comparison.candidate(model)
    if one.residuals.kind == "none":
        raise ParametraError(f'"{model}" has no residuals to draw: {one.residuals.why}.')
    with styled(), np.errstate(all="ignore"):
        figure: Any = Figure(figsize=size or (9.0, 6.4), layout="constrained")
        panels = figure.subplots(2, 2)
        _in_order(panels[0, 0], one)
        _by_prediction(panels[0, 1], one)
        _shape(panels[1, 0], one)
        _memory(panels[1, 1], one)
        kind_word = "randomised quantile residuals" if one.residuals.kind == "quantile" else "standardised residuals"
        figure.suptitle(plain(f"{shortened(model, 60)}: {kind_word}"), fontsize=11, x=0.02, ha="left")
    return figure


def _p(one: Candidate, *names: str) -> str:
    found = {check.name: check.p_value for check in one.checks}
    told = [f"{name}: p = {p:.2g}" for name in names if (p := found.get(name)) is not None]
    return "; ".join(told)


def _points(axes: Any, x: np.ndarray, values: np.ndarray) -> None:
    wild = np.abs(values) > _WILD
    size = 2.0 if values.size > 300 else 4.0
    axes.axhspan(-2, 2, color=GREY, alpha=0.15, lw=0)
    axes.axhline(0, color=BLUE, lw=1)
    axes.plot(x[~wild], values[~wild], "o", color=BLACK, ms=size, rasterized=values.size > 3000)
    axes.plot(x[wild], values[wild], "o", color=VERMILION, ms=size + 1)
    reach = max(2.4, float(np.abs(values).max()) * 1.1)
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("residual")


def _in_order(axes: Any, one: Candidate) -> None:
    r = one.residuals
    alone = len(r.groups) == 1 and bool(r.along) and bool(np.isfinite(r.x).all())
    _points(axes, r.x if alone else np.arange(1.0, r.values.size + 1), r.values)
    if not alone:
        for end in np.cumsum(r.groups)[:-1]:
            axes.axvline(end + 0.5, color=GREY, lw=0.6, ls=":")
    elif (r.x > 0).all() and r.x.max() > 300 * r.x.min():
        axes.set_xscale("log")
    axes.set_xlabel(plain(r.along) if alone else "order" + f" along {plain(r.along)}" * bool(r.along))
    axes.set_title(_p(one, "runs", "neighbours"))


def _by_prediction(axes: Any, one: Candidate) -> None:
    _points(axes, one.residuals.predicted, one.residuals.values)
    axes.set_xlabel("prediction")
    axes.set_title(_p(one, "spread by prediction"))


def _shape(axes: Any, one: Candidate) -> None:
    """Quantiles beside those of a normal distribution, with the band of 95 % for each point by itself."""
    from scipy.special import betaincinv, ndtri

    values = np.sort(one.residuals.values)
    n = values.size
    rank = np.arange(1, n + 1)
    wanted = ndtri((rank - 0.375) / (n + 0.25))
    low, high = (ndtri(betaincinv(rank, n + 1 - rank, p)) for p in (0.025, 0.975))
    axes.fill_between(wanted, low, high, color=SKY, alpha=0.4, lw=0)
    axes.plot(wanted, wanted, color=BLUE, lw=1)
    axes.plot(wanted, values, "o", color=BLACK, ms=2.0 if n > 300 else 4.0, rasterized=n > 3000)
    axes.set_xlabel("quantile of a normal distribution")
    axes.set_ylabel("residual")
    axes.set_title(_p(one, "shape"))


def _memory(axes: Any, one: Candidate) -> None:
    values = one.residuals.values
    lags = max(1, min(_MOST_LAGS, values.size // 3))
    r = autocorrelation(values, lags)
    within = 1.96 / np.sqrt(values.size)
    axes.axhspan(-within, within, color=SKY, alpha=0.4, lw=0)
    axes.axhline(0, color=GREY, lw=0.8)
    axes.vlines(np.arange(1, lags + 1), 0, r, color=BLACK, lw=2)
    axes.set_ylim(-1, 1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("steps apart")
    axes.set_ylabel("autocorrelation")
    axes.set_title(_p(one, "memory"))
