"""Data and curve, residuals beneath: one column for each output of each data set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError
from parametra.nouns.fit_result import Fit
from parametra.nouns.view import View
from parametra.report._style import BLACK, BLUE, GREY, SKY, VERMILION, labelled, plain, shortened

MOST = 6
_COLUMNS = 3
_MANY_POINTS = 300
_TOO_MANY_FOR_VECTORS = 3000
_TWO_SIDED_95 = 1.959963984540054
_LOG_RANGE = 300
_BEHIND = 0.12
"""Of the width of the data: how far behind them steady states are drawn."""
_CENSORED = (("right-censored", "^"), ("left-censored", "v"), ("interval-censored", "_"))
"""How limits are drawn, in the order of their codes from 1: an arrow head towards where the value lies."""
_LEGEND = ("data", *(word for word, _ in _CENSORED), "best fit", "95 % band")


def draw_fit(fit: Fit, size: tuple[float, float] | None) -> Any:
    """The figure. Raises ParametraError for a fit without data beside its prediction."""
    from matplotlib.figure import Figure

    if not fit.views:
        raise ParametraError("this fit holds no views of its data, so there is nothing to draw; make the fit again.")
    views = fit.views[:MOST]
    columns = 2 if len(views) == 4 else min(len(views), _COLUMNS)
    rows = -(-len(views) // columns)
    width = 6.4 if columns == 1 else 4.0 * columns
    figure: Any = Figure(figsize=size or (width, 4.8 * rows), layout="constrained")
    ratios = [3, 1] * rows
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=ratios)
    for n, view in enumerate(views):
        row, column = divmod(n, columns)
        above = figure.add_subplot(grid[2 * row, column])
        beneath = figure.add_subplot(grid[2 * row + 1, column], sharex=above)
        folded = view.folded()
        drawn = replace(folded, x=_places(folded.x))
        _curve(above, drawn)
        _residuals(beneath, drawn)
        _at_rest((above, beneath), folded, drawn)
        if len(fit.views) > 1:
            above.set_title(plain(shortened(_title(view, fit.views), 44)))
        if n == 0:
            _legend(figure, above)
    left_out = len(fit.views) - len(views)
    if left_out:
        figure.supxlabel(f"{left_out} more not drawn", fontsize=9, color=GREY)
    return figure


def _places(x: np.ndarray) -> np.ndarray:
    """Where points are drawn: steady states, at infinite times, a little behind all others."""
    known = x[np.isfinite(x)]
    if known.size == x.size:
        return x
    first, last = (known.min(), known.max()) if known.size else (0.0, 0.0)
    return np.where(np.isfinite(x), x, last + (_BEHIND * (last - first) or 1.0))


def _at_rest(axes: tuple[Any, Any], view: View, drawn: View) -> None:
    """Mark the steady states, which the curve does not reach."""
    rest = ~np.isfinite(view.x)
    if not rest.any():
        return
    place = float(drawn.x[rest][0])
    above, beneath = axes
    if view.curve_x.size:
        above.plot(drawn.x[rest], view.predicted[rest], "_", color=BLUE, ms=9, mew=1.8, zorder=3)
    spot, across = ("data", "axes fraction"), {"rotation": 90, "ha": "right", "va": "top", "fontsize": "small"}
    above.annotate("at rest", (place, 1), (-3, -4), spot, "offset points", color=GREY, **across)
    for each in (above, beneath):
        each.axvline(place, color=GREY, lw=0.8, ls=":", zorder=0)


def _legend(figure: Any, axes: Any) -> None:
    """Above the figure, where it hides no data."""
    handles, words = axes.get_legend_handles_labels()
    order = sorted(range(len(words)), key=lambda i: _LEGEND.index(words[i]))
    columns = 3 if len(words) <= 3 else -(-len(words) // 2)
    figure.legend([handles[i] for i in order], [words[i] for i in order], loc="outside upper center", ncols=columns)


def _title(view: View, views: tuple[View, ...]) -> str:
    several_outputs = len({each.output for each in views}) > 1
    several_sets = len({each.data_set for each in views}) > 1
    return ", ".join([view.data_set] * several_sets + [view.output] * several_outputs) or view.data_set


def _curve(axes: Any, view: View) -> None:
    many = view.x.size > _MANY_POINTS
    vectors = view.x.size <= _TOO_MANY_FOR_VECTORS
    exact = _exact(view)
    bars = _finite_bars(view)
    axes.errorbar(
        view.x[exact],
        view.observed[exact],
        yerr=None if bars is None else bars[:, exact],
        fmt="o",
        color=BLACK,
        ecolor=GREY,
        markersize=2.0 if many else 4.0,
        elinewidth=0.5 if many else 1.0,
        alpha=0.6 if many else 1.0,
        label="data",
        rasterized=not vectors,
        zorder=2,
    )
    _limits(axes, view, many)
    if view.curve_x.size:
        half = _TWO_SIDED_95 * view.curve_error
        low, high = (np.clip(edge, view.lower, view.upper) for edge in (view.curve - half, view.curve + half))
        axes.fill_between(view.curve_x, low, high, color=SKY, alpha=0.45, lw=0, label="95 % band", zorder=1)
        axes.plot(view.curve_x, view.curve, color=BLUE, lw=1.8, label="best fit", zorder=3)
    else:
        axes.plot(view.x, view.predicted, "_", color=BLUE, ms=9, mew=1.8, label="best fit", zorder=3)
    if _logarithmic(view.curve_x):
        axes.set_xscale("log")
    if view.upside_down:
        axes.invert_yaxis()
    axes.set_ylabel(labelled(view.output, view.unit))
    axes.tick_params(labelbottom=False)


def _exact(view: View) -> np.ndarray:
    return np.ones(view.x.size, dtype=bool) if view.censored is None else view.censored == 0


def _limits(axes: Any, view: View, many: bool) -> None:
    """Censored values: open marks at their limits, and a line over an interval."""
    if view.censored is None or view.limit is None:
        return
    for code, (word, mark) in enumerate(_CENSORED, start=1):
        which = view.censored == code
        if not which.any():
            continue
        if word == "interval-censored":
            axes.vlines(view.x[which], view.observed[which], view.limit[which], color=GREY, lw=1, label=word, zorder=2)
            continue
        size = 3.0 if many else 5.0
        axes.plot(view.x[which], view.limit[which], mark, mec=BLACK, mfc="white", ms=size, label=word, zorder=2)


def _residuals(axes: Any, view: View) -> None:
    residual = view.observed - view.predicted
    if view.censored is not None and view.limit is not None:
        middle = 0.5 * (view.observed + view.limit)
        residual = np.where(view.censored == 3, middle, view.limit) - view.predicted
    scaled = view.spread is not None and bool(np.all(np.isfinite(view.spread) & (view.spread > 0)))
    if scaled:
        residual = residual / view.spread
        axes.axhspan(-2, 2, color=GREY, alpha=0.15, lw=0)
        wild = (np.abs(residual) > 3) & _exact(view)
        axes.plot(view.x[wild], residual[wild], "o", color=VERMILION, ms=4, zorder=3)
    axes.axhline(0, color=BLUE, lw=1)
    many = view.x.size > _MANY_POINTS
    marks = "." if many else "o"
    vectors = view.x.size <= _TOO_MANY_FOR_VECTORS
    size, exact = 2 if many else 3.5, _exact(view)
    axes.plot(view.x[exact], residual[exact], marks, color=BLACK, ms=size, rasterized=not vectors, zorder=2)
    if view.censored is not None:
        for code, (_, mark) in enumerate(_CENSORED, start=1):
            which = view.censored == code
            axes.plot(view.x[which], residual[which], mark, mec=BLACK, mfc="white", ms=size, zorder=2)
    reach = float(np.nanmax(np.abs(residual), initial=0.0)) * 1.15
    reach = max(reach, 2.4) if scaled else reach
    if np.isfinite(reach) and reach > 0:
        axes.set_ylim(-reach, reach)
    axes.set_ylabel("residual / sigma" if scaled else "residual", fontsize="small")
    axes.set_xlabel(labelled(view.input, view.input_unit) if view.input else "number of the point")
    if not view.input:
        axes.xaxis.get_major_locator().set_params(integer=True)


def _finite_bars(view: View) -> np.ndarray | None:
    """The standard deviations below and above (2, n), cut where the family of the noise ends; 0 where there is none."""
    if view.spread is None:
        return None
    spread = np.where(np.isfinite(view.spread), view.spread, 0.0)  # matplotlib takes no infinite bar
    room = np.stack([view.observed - view.lower, view.upper - view.observed])
    return np.clip(np.minimum(spread, room), 0.0, None)


def _logarithmic(x: np.ndarray) -> bool:
    return bool(x.size and np.all(x > 0) and x.max() > _LOG_RANGE * x.min())
