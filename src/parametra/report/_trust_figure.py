"""Pictures of `trust`: promise against delivery, p-values, reliability, answers. Any result with `panels()`."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError
from parametra.nouns.trust_result import Panel, Trace, TrustResult
from parametra.report._style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, plain, shortened, styled

_WIDTH, _HEIGHT = 5.0, 3.8  # inches, of one panel
_LONGEST_TITLE = 60
_COLOURS = {"promise": GREEN, "delivered": BLUE, "naive": VERMILION, "other": ORANGE, "bound": GREY}
_MARKERS = {"promise": "D", "delivered": "o", "naive": "X", "other": "s", "bound": "."}
_MANY, _FEW = 60, 30
_SHIFT = 0.12


def draw(result: TrustResult, *, size: tuple[float, float] | None = None) -> Any:
    """The figure: one pair of axes a panel, side by side, three in a row at most.

    Arguments:
        result: any result of `trust`.
        size: width and height in inches; chosen from the number of panels when left out.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window.

    Raises:
        ParametraError: a result with nothing to draw.
    """
    panels = [panel for panel in result.panels() if any(len(trace.x) for trace in panel.traces)]
    if not panels:
        raise ParametraError("there is nothing to draw in this result yet.")
    from matplotlib.figure import Figure

    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with styled():
        figure: Any = Figure(figsize=size or (_WIDTH * columns, _HEIGHT * rows), layout="constrained")
        for number, panel in enumerate(panels, start=1):
            _panel(figure.add_subplot(rows, columns, number), panel)
    return figure


def _panel(axes: Any, panel: Panel) -> None:
    for axis in "xy":
        if axis in panel.logarithmic:
            getattr(axes, f"set_{axis}scale")("log")
    beside = [trace for trace in panel.traces if not trace.joined] if panel.categories else []
    for trace in panel.traces:
        shift = _SHIFT * (beside.index(trace) - 0.5 * (len(beside) - 1)) if trace in beside else 0.0
        _trace(axes, trace, shift)
    if panel.categories:
        axes.set_xticks(range(len(panel.categories)), [plain(name) for name in panel.categories])
        axes.set_xlim(-0.5, len(panel.categories) - 0.5)
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(0.0, 1.15 * axes.get_ylim()[1])  # shares and errors: their size shows only from zero
    if panel.y_range:
        axes.set_ylim(*panel.y_range)
    axes.set_title(plain(shortened(panel.title, _LONGEST_TITLE)))
    axes.set_xlabel(plain(panel.x_label))
    axes.set_ylabel(plain(panel.y_label))
    axes.grid(axis="y", color=GREY, alpha=0.25, lw=0.6)
    axes.legend(loc="best")


def _trace(axes: Any, trace: Trace, shift: float) -> None:
    colour, many = _COLOURS.get(trace.role, BLACK), len(trace.x) > _MANY
    x = trace.x + shift
    if not trace.joined:
        bars = trace.error if len(trace.error) else None
        axes.errorbar(
            x, trace.y, yerr=bars, fmt=_MARKERS.get(trace.role, "o"), color=colour, ms=3 if many else 5.5,
            alpha=0.6 if many else 1.0, elinewidth=1.2, capsize=2.5, label=plain(trace.label),
            zorder=4,
        )  # fmt: skip
        return
    bound = trace.role in ("bound", "promise")
    axes.plot(x, trace.y, color=colour, lw=1.6, ls="--" if bound else "-", label=plain(trace.label), zorder=3)
    if len(trace.error):
        low, high = trace.y - trace.error, trace.y + trace.error
        axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0, zorder=2)
    if len(x) <= _FEW and not bound and len(np.unique(trace.x)) > 1:
        axes.plot(x, trace.y, _MARKERS.get(trace.role, "o"), color=colour, ms=4, zorder=4)
