"""Evaluations to each accuracy, a line a method, the best on top; one panel a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.nouns.bench_result import Bench
from parametra.nouns.errors import ParametraError
from parametra.report._style import BLACK, BLUE, GREEN, GREY, ORANGE, plain, shortened, styled

_COLOURS = (ORANGE, GREEN, BLUE)
_LONGEST_NAME, _LONGEST_TITLE = 40, 60
_ROW, _AROUND, _WIDTH = 0.24, 1.1, 6.8  # inches: of a method, above and below a panel, of a panel


def draw(benches: Sequence[Bench], *, size: tuple[float, float] | None = None) -> Any:
    """The figure: expected evaluations on a logarithmic axis, a point an accuracy, methods sorted within each panel.

    Arguments:
        benches: one comparison a panel.
        size: width and height in inches; chosen from the number of methods when left out.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window.

    Raises:
        ParametraError: a comparison in which nothing ran.
    """
    empty = [bench.title for bench in benches if not bench.contestants]
    if empty or not benches:
        raise ParametraError(f"no method ran in this comparison, so there is nothing to draw: {', '.join(empty)}.")
    from matplotlib.figure import Figure

    columns = min(2, len(benches))
    rows = -(-len(benches) // columns)
    tallest = [
        max(len(b.contestants) for b in benches[row * columns : (row + 1) * columns]) * _ROW + _AROUND
        for row in range(rows)
    ]
    with styled():
        figure: Any = Figure(figsize=size or (_WIDTH * columns, max(sum(tallest), 2.4)), layout="constrained")
        grid = figure.add_gridspec(rows, columns, height_ratios=tallest)
        for number, bench in enumerate(benches):
            _panel(figure.add_subplot(grid[divmod(number, columns)]), bench, legend=number == 0)
    return figure


def _panel(axes: Any, bench: Bench, *, legend: bool) -> None:
    names = bench.ranking()
    count = len(names)
    reached = np.array([[bench.contestant(n).expected(i) for i in range(len(bench.accuracies))] for n in names])
    finite = reached[np.isfinite(reached)]
    low, high = (finite.min(), finite.max()) if finite.size else (1.0, 10.0)
    never = high * 3.0
    heights = np.arange(count)
    shades = _colours(len(bench.accuracies))
    for y, row in zip(heights, reached, strict=True):
        known = row[np.isfinite(row)]
        if known.size:
            axes.plot([known.min(), known.max()], [y, y], "-", color=GREY, lw=1.0, zorder=1)
        if known.size < row.size:
            axes.plot([known.max() if known.size else low, never], [y, y], ":", color=GREY, lw=0.8, zorder=1)
    for i, accuracy in enumerate(bench.accuracies):
        known = np.isfinite(reached[:, i])
        axes.scatter(
            reached[known, i],
            heights[known],
            s=30,
            color=shades[i],
            edgecolor="white",
            linewidth=0.5,
            zorder=3 + i,
            label=f"{accuracy:.0e}",
        )
    lost = ~np.isfinite(reached[:, -1])
    axes.scatter(np.full(lost.sum(), never), heights[lost], s=26, marker="x", color=GREY, zorder=2)
    axes.set_xscale("log")
    axes.set_xlim(low / 1.5, never * 1.5)
    if lost.any():
        axes.axvline(never / 1.7, color=GREY, lw=0.6)
        axes.text(never, -0.9, "not the finest", ha="center", va="bottom", color=GREY, fontsize=8)
    axes.set_ylim(count - 0.4, -1.0)
    axes.set_yticks(heights, [plain(shortened(n, _LONGEST_NAME)) for n in names])
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        if bench.contestant(name).auto:
            label.set(fontweight="bold", color=BLACK)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GREY, alpha=0.25, lw=0.6)
    axes.set_title(plain(shortened(bench.title, _LONGEST_TITLE)))
    axes.set_xlabel("expected evaluations of the model; auto is bold")
    if legend:
        axes.legend(title="within", loc="best")


def _colours(count: int) -> list[str]:
    """Colours of the accuracies, the finest always the same."""
    return [_COLOURS[max(0, len(_COLOURS) - count + i)] if count > i else BLUE for i in range(count)]
