"""Pictures of refits: how estimates scatter, how often intervals cover, how the risk falls with the sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.bootstrap_result import Bootstrap, BootstrapRow
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.errors import ParametraError
from parametra.nouns.sample_size_result import SampleSize
from parametra.report._style import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, labelled, plain, styled

_MOST = 12
_COLUMNS = 3


def draw(result: Bootstrap, *, size: tuple[float, float] | None = None) -> Any:
    """Histograms of the refits with the estimate and both intervals, one a number, for the first twelve.

    Raises:
        ParametraError: a bootstrap without a single number.
    """
    from matplotlib.figure import Figure

    rows = result.rows[:_MOST]
    if not rows:
        raise ParametraError("there is nothing to draw: too few refits converged.")
    columns = 2 if len(rows) == 4 else min(_COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    with styled():
        figure = Figure(figsize=size or (3.3 * columns, 2.5 * lines + 0.5), layout="constrained")
        axes = figure.subplots(lines, columns, squeeze=False).ravel()
        for ax, row in zip(axes, rows, strict=False):
            _histogram(ax, row, result.replicates[:, result.labels.index(row.label)])
        for ax in axes[len(rows) :]:
            ax.set_axis_off()
        handles, words = axes[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="outside upper center", ncols=len(words))
    return figure


def _histogram(ax: Any, row: BootstrapRow, values: np.ndarray) -> None:
    found = values[np.isfinite(values)]
    low, high = np.quantile(found, [0.002, 0.998])
    low, high = min(low, row.estimate, row.interval[0]), max(high, row.estimate, row.interval[1])
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, _, _ = ax.hist(found, bins=36, range=(low, high), color=SKY, edgecolor="white", linewidth=0.4)
    top = float(np.max(counts))
    ax.axvline(row.estimate, color=BLACK, lw=1.2, label="estimate")
    if not row.negligible:
        ax.axvline(row.corrected, color=VERMILION, lw=1.2, ls="--", label="without bias")
    ax.plot(row.percentile, [-0.06 * top] * 2, color=BLUE, lw=3, solid_capstyle="butt", label="percentile")
    if row.accelerated is not None:
        ax.plot(row.accelerated, [-0.13 * top] * 2, color=ORANGE, lw=3, solid_capstyle="butt", label="BCa")
    ax.set_ylim(-0.18 * top, 1.08 * top)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(labelled(row.label, row.unit))
    ax.locator_params(axis="x", nbins=5)


def draw_coverage(result: Coverage, *, size: tuple[float, float] | None = None) -> Any:
    """The share of intervals that hold the truth, with twice its standard error, beside what was promised.

    Raises:
        ParametraError: nothing was counted.
    """
    from matplotlib.figure import Figure

    rows = [row for row in result.rows if row.of]
    if not rows:
        raise ParametraError("there is nothing to draw: too few refits converged.")
    colours = {"as stated": GREEN, "too short": VERMILION, "too long": BLUE, "cannot tell": GREY}
    many = len({row.intervals for row in rows}) > 1
    with styled():
        figure = Figure(figsize=size or (6.4, 1.5 + 0.4 * len(rows)), layout="constrained")
        ax = figure.add_subplot()
        for level in {row.level for row in rows}:
            ax.axvline(100 * level, color=GREY, lw=1.0, label="promised")
        for i, row in enumerate(rows):
            bar = 200 * row.error
            ax.errorbar(100 * row.share, i, xerr=bar, fmt="o", color=colours[row.verdict], capsize=3, ms=5)
            ax.annotate(row.verdict, (100 * row.share, i), (0, 5), textcoords="offset points", ha="center", fontsize=9)
        names = [plain(f"{row.label}, {row.intervals}" if many else row.label) for row in rows]
        ax.set_yticks(range(len(rows)), names)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.margins(x=0.15)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1))
        ax.set_xlabel("share of intervals that hold the truth (%), ± 2 standard errors")
    return figure


def draw_sample_size(result: SampleSize, *, size: tuple[float, float] | None = None) -> Any:
    """The risk by sample size, with the threshold, this sample, and the one that is needed."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    ends = sorted((result.n, result.needed))
    grid = np.geomspace(max(ends[0] / 3, 2.0), ends[1] * 3, 200)
    with styled():
        figure = Figure(figsize=size or (5.4, 3.4), layout="constrained")
        ax = figure.add_subplot()
        ax.plot(grid, [result.risk_at(float(n)) for n in grid], color=BLUE, label="expansion of the risk")
        ax.plot(grid, result.p / (2 * grid), color=GREY, ls=":", label="p / (2 n)")
        ax.axhline(result.threshold, color=VERMILION, lw=1.0, label="threshold")
        ax.plot(result.n, result.risk, "o", color=BLACK, label=f"this sample, n = {result.n}")
        ax.plot(result.needed, result.threshold, "o", color=VERMILION, label=f"enough from n = {result.needed}")
        ax.set_xscale("log")
        ax.set_yscale("log")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(LogLocator(subs=(2.0, 3.0, 5.0)))
            axis.set_minor_formatter("{x:g}")
        ax.tick_params(axis="both", which="minor", labelsize=8)
        ax.set_xlabel("sample size n")
        ax.set_ylabel("expected divergence")
        ax.legend()
    return figure
