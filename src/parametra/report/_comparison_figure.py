"""Figures of a comparison: differences of the criteria with their errors, and all models over the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.comparison import Comparison
from parametra.nouns.errors import ParametraError
from parametra.nouns.view import View
from parametra.report._style import BASINS, BLACK, BLUE, GREY, ORANGE, SKY, labelled, plain, shortened, styled

_WORDS = {"aic": "AIC", "aicc": "AICc", "bic": "BIC"}
_COLOURS = (BLUE, *BASINS)
_DASHES = ("-", "--", "-.", ":")
_MOST_PANELS = 6
_MOST_MODELS = 14
_LONGEST_NAME = 28


def draw(comparison: Comparison, kind: str, model: str = "", *, size: tuple[float, float] | None = None) -> Any:
    """The figure.

    Arguments:
        comparison: the result.
        kind: "criteria" or "predictions".
        model: is not looked at.
        size: width and height in inches; chosen from what is drawn when left out.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window.

    Raises:
        ParametraError: a comparison without models, or without views of the data.
    """
    del model
    if not comparison.candidates:
        raise ParametraError(f"no models were compared, so there is nothing to draw: {comparison.status.message}")
    with styled(), np.errstate(all="ignore"):
        return _criteria(comparison, size) if kind == "criteria" else _predictions(comparison, size)


def _criteria(comparison: Comparison, size: tuple[float, float] | None) -> Any:
    from matplotlib.figure import Figure

    names = comparison.ranking()
    figure: Any = Figure(figsize=size or (6.8, 1.3 + 0.46 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(names))
    shades = {"aic": SKY, "aicc": BLUE, "bic": ORANGE}
    height = 0.26
    for k, (key, word) in enumerate(_WORDS.items()):
        values = np.array([comparison.candidate(name).criterion(key) for name in names])
        if not np.isfinite(values).any():
            continue
        values = values - np.nanmin(values)
        offset = (k - 1) * height
        main = key == comparison.criterion
        axes.barh(
            places + offset, values, height=0.9 * height, color=shades[key], label=f"{word}{', which ranks' * main}"
        )
        if main:
            errors = [_error(comparison, name) for name in names]
            axes.errorbar(values, places + offset, xerr=errors, fmt="none", ecolor=BLACK, elinewidth=1.2, capsize=2.5)
    axes.set_yticks(places, [plain(shortened(name, _LONGEST_NAME)) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=GREY, lw=0.8)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.grid(axis="x", color=GREY, alpha=0.25, lw=0.6)
    axes.set_xlabel("above the lowest; lines: standard error of the difference from the best")
    axes.legend(loc="best")
    return figure


def _error(comparison: Comparison, name: str) -> float:
    if name == comparison.best:
        return 0.0
    error = comparison.pair(name, comparison.best).error
    return 0.0 if error is None else error


def _predictions(comparison: Comparison, size: tuple[float, float] | None) -> Any:
    from matplotlib.figure import Figure

    names = comparison.ranking()[:_MOST_MODELS]
    first = comparison.views_of(names[0])
    if not first:
        raise ParametraError("this comparison holds no views of its data, so there is nothing to draw; make it again.")
    panels = min(len(first), _MOST_PANELS)
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure: Any = Figure(figsize=size or (6.8 if columns == 1 else 4.0 * columns, 4.2 * rows), layout="constrained")
    views = {name: comparison.views_of(name) for name in names}
    for n in range(panels):
        axes = figure.add_subplot(rows, columns, n + 1)
        _data(axes, first[n])
        for k, name in enumerate(names):
            _curve(axes, views[name][n], name, k)
        if len(first) > 1:
            axes.set_title(plain(shortened(f"{first[n].data_set}, {first[n].output}", 44)))
        if n == 0:
            handles, words = axes.get_legend_handles_labels()
            first_of_all = words.index("data")
            order = [first_of_all, *(i for i in range(len(words)) if i != first_of_all)]
            many = {"loc": "outside upper center", "ncols": min(4, len(words))}
            figure.legend([handles[i] for i in order], [words[i] for i in order], **many)
    left_out = len(first) - panels
    if left_out:
        figure.supxlabel(f"{left_out} more not drawn", fontsize=9, color=GREY)
    return figure


def _data(axes: Any, view: View) -> None:
    here = np.isfinite(view.x)
    bars = None
    if view.spread is not None and np.isfinite(view.spread).all():
        bars = view.spread[here]
    many = view.x.size > 300
    axes.errorbar(
        view.x[here],
        view.observed[here],
        yerr=bars,
        fmt="o",
        color=BLACK,
        ecolor=GREY,
        markersize=2.0 if many else 4.0,
        elinewidth=0.5 if many else 1.0,
        label="data",
        rasterized=view.x.size > 3000,
        zorder=2,
    )
    axes.set_ylabel(labelled(view.output, view.unit))
    axes.set_xlabel(labelled(view.input, view.input_unit) if view.input else "number of the point")
    grid = view.curve_x
    if grid.size and (grid > 0).all() and grid.max() > 300 * grid.min():
        axes.set_xscale("log")


def _curve(axes: Any, view: View, name: str, rank: int) -> None:
    """The best is a broad line beneath the others, so that curves that lie on it are seen."""
    label = plain(shortened(name, _LONGEST_NAME))
    colour, dash = _COLOURS[rank % len(_COLOURS)], _DASHES[rank % len(_DASHES)]
    if view.curve_x.size:
        width = 3.0 if rank == 0 else 1.6
        axes.plot(view.curve_x, view.curve, dash, color=colour, lw=width, label=label, zorder=3 if rank == 0 else 4)
    else:
        axes.plot(view.x, view.predicted, "_", color=colour, ms=9, mew=1.8, label=label, zorder=3)
