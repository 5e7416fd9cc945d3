"""Figures of a design: what each candidate is worth, what becomes of the errors, where the points lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.nouns.design_result import Design, DesignField
from parametra.nouns.errors import ParametraError, did_you_mean
from parametra.report._style import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, labelled, plain, shortened, styled

_MOST_PANELS = 6
_TWO_SIDED_95 = 1.959963984540054
_WIDTH = 4.4
_LONGEST = 28


def draw(design: Design, kind: str = "weights", *, size: tuple[float, float] | None = None) -> Any:
    """A figure of a design.

    Arguments:
        design: the result.
        kind: "weights": the candidates with the weights of the best design, and the sensitivity, which touches its
            bound 1 where that measures (the equivalence theorem); "intervals": the 95 % intervals before and after, in
            shares of the values; "band": the prediction with its 95 % band before and after, and the new points.
        size: width and height in inches.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window.

    Raises:
        ParametraError: an unknown kind, or a design with nothing to draw of that kind.
    """
    if kind not in KINDS:
        raise ParametraError(f'there is no figure "{kind}"; {did_you_mean(kind, KINDS)}')
    with styled(), np.errstate(all="ignore"):
        return KINDS[kind](design, size)


def worth_drawing(design: Design) -> tuple[str, ...]:
    """The kinds of figures that say something of this design."""
    if not design.points:
        return ()
    kinds = ["weights"] if any(_axes_of(one) for one in design.candidates) else []
    if any(row.value for row in design.rows):
        kinds.append("intervals")
    if design.curves:
        kinds.append("band")
    return tuple(kinds)


def _axes_of(one: DesignField) -> list[str]:
    """The inputs that vary, at most two of them."""
    varying = [n for n, v in one.inputs.items() if np.ndim(v) == 1 and np.size(v) > 1 and np.ptp(v) > 0]
    return varying if len(varying) <= 2 else []


def _panels(count: int, size: tuple[float, float] | None, height: float) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    columns = min(2, count)
    rows = -(-count // columns)
    width = 6.4 if columns == 1 else _WIDTH * columns
    figure: Any = Figure(figsize=size or (width, height * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, n + 1) for n in range(count)]


def _weights(design: Design, size: tuple[float, float] | None) -> Any:
    drawn = [(one, _axes_of(one)) for one in design.candidates if _axes_of(one)][:_MOST_PANELS]
    if not drawn:
        raise ParametraError("more than two inputs vary at once, or none does, so the candidates cannot be drawn.")
    figure, panels = _panels(len(drawn), size, 3.9)
    for axes, (one, names) in zip(panels, drawn, strict=True):
        (_along if len(names) == 1 else _plane)(axes, one, names)
        if len(drawn) > 1:
            axes.set_title(plain(shortened(", ".join(w for w in (one.data_set, one.output) if w), _LONGEST)))
    handles, words = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, words, loc="outside upper center", ncols=len(words))
    return figure


def _along(axes: Any, one: DesignField, names: list[str]) -> None:
    x = one.inputs[names[0]]
    axes.axhline(1, color=GREY, lw=1, ls="--")
    axes.plot(x, one.sensitivity, color=BLUE, lw=1.8, label="sensitivity (bound 1)")
    there = one.weight > 0
    axes.vlines(x[there], 0, one.weight[there], color=ORANGE, lw=5, label="weight", zorder=3)
    axes.plot(x[there], one.sensitivity[there], "o", mec=BLUE, mfc="white", ms=6, zorder=4)
    for at, high, count in zip(x, one.weight, one.count, strict=True):
        if count:
            spot = {"textcoords": "offset points", "ha": "center", "fontsize": 9, "zorder": 5}
            axes.annotate(f"{int(count)}x", (at, high), (0, 4), color=BLACK, **spot)
    axes.set_ylim(0, 1.12 * max(1.0, float(np.nanmax(one.sensitivity))))
    axes.set_xlabel(labelled(names[0], one.units.get(names[0], "")))
    axes.set_ylabel("sensitivity, weight")
    if np.all(x > 0) and x.max() > 300 * x.min():
        axes.set_xscale("log")


def _plane(axes: Any, one: DesignField, names: list[str]) -> None:
    x, y = (one.inputs[name] for name in names)
    marks = axes.scatter(x, y, c=one.sensitivity, s=16, cmap="Blues", vmin=0, vmax=1, edgecolor="none")
    there = one.weight > 0
    axes.scatter(x[there], y[there], s=40 + 500 * one.weight[there], fc="none", ec=VERMILION, lw=1.8, label="weight")
    for at, up, count in zip(x, y, one.count, strict=True):
        if count:
            axes.annotate(
                f"{int(count)}x", (at, up), (7, 5), textcoords="offset points", fontsize=9, annotation_clip=False
            )
    axes.margins(0.08)
    axes.set_xlabel(labelled(names[0], one.units.get(names[0], "")))
    axes.set_ylabel(labelled(names[1], one.units.get(names[1], "")))
    axes.figure.colorbar(marks, ax=axes, label="sensitivity (bound 1)")


def _intervals(design: Design, size: tuple[float, float] | None) -> Any:
    from matplotlib.figure import Figure

    rows = [row for row in design.rows if row.value]
    if not rows:
        raise ParametraError("all values are zero, so their intervals cannot be drawn in shares of them.")
    figure: Any = Figure(figsize=size or (6.4, 1.4 + 0.5 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    shares = [[_share(row, row.interval_before), _share(row, row.interval_after)] for row in rows]
    reach = max([abs(end - 1) for _, after in shares if after for end in after], default=0.5)
    widest = max([abs(end - 1) for before, _ in shares if before for end in before], default=reach)
    edge = min(max(1.15 * reach, 1.08 * widest), 6 * max(reach, 1e-9))
    for y, (row, (before, after)) in enumerate(zip(rows, shares, strict=True)):
        if row.before is not None:
            _bar(axes, before, y - 0.16, edge, GREY, "now" if y == 0 else "")
        _bar(axes, after, y + 0.16, edge, BLUE, "with the new points" if y == 0 else "")
    axes.axvline(1, color=BLACK, lw=0.8)
    axes.set_xlim(1 - edge, 1 + edge)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [plain(shortened(row.label, _LONGEST)) for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("95 % interval, in shares of the value; an arrow goes on")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _share(row: Any, interval: tuple[float, float] | None) -> tuple[float, float] | None:
    if interval is None:
        return None
    low, high = sorted((interval[0] / row.value, interval[1] / row.value))
    return low, high


def _bar(axes: Any, ends: tuple[float, float] | None, y: float, edge: float, colour: str, label: str) -> None:
    low, high = ends or (-np.inf, np.inf)
    left, right = max(low, 1 - edge), min(high, 1 + edge)
    axes.plot([left, right], [y, y], color=colour, lw=4, solid_capstyle="butt", label=label or None)
    if low < 1 - edge:
        axes.plot(1 - edge, y, "<", color=colour, ms=8, clip_on=False)
    if high > 1 + edge:
        axes.plot(1 + edge, y, ">", color=colour, ms=8, clip_on=False)


def _band(design: Design, size: tuple[float, float] | None) -> Any:
    curves = design.curves[:_MOST_PANELS]
    if not curves:
        raise ParametraError("a band is drawn along one input that varies, and here there is none or more than one.")
    figure, panels = _panels(len(curves), size, 3.9)
    for axes, curve in zip(panels, curves, strict=True):
        now, then = _TWO_SIDED_95 * curve.before, _TWO_SIDED_95 * curve.after
        low, high = curve.prediction - now, curve.prediction + now
        if design.existing and np.isfinite(low).any():
            axes.fill_between(curve.x, low, high, color=GREY, alpha=0.3, lw=0, label="95 % band now")
        axes.fill_between(
            curve.x, curve.prediction - then, curve.prediction + then, color=SKY, alpha=0.6, lw=0, label="then"
        )
        axes.plot(curve.x, curve.prediction, color=BLUE, lw=1.8)
        if design.existing:
            axes.plot(curve.data_x, curve.data_y, "o", color=BLACK, ms=4, label="data")
        _new_points(axes, design, curve)
        reach = np.concatenate([curve.prediction, *([curve.data_y] if design.existing else [])])
        room = 0.6 * float(np.ptp(reach)) or 1.0
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, reach.min() - room), min(top, reach.max() + room))
        axes.set_xlabel(labelled(curve.input, curve.input_unit))
        axes.set_ylabel(labelled(curve.output, curve.unit))
        if np.all(curve.x > 0) and curve.x.max() > 300 * curve.x.min():
            axes.set_xscale("log")
        if len(curves) > 1:
            axes.set_title(plain(shortened(f"{curve.data_set}, {curve.output}", _LONGEST)))
    handles, words = panels[0].get_legend_handles_labels()
    figure.legend(handles, words, loc="outside upper center", ncols=len(words))
    return figure


def _new_points(axes: Any, design: Design, curve: Any) -> None:
    first = True
    for point in design.points:
        if point.data_set != curve.data_set or point.output not in ("", curve.output):
            continue
        x = point.inputs[curve.input]
        y = float(np.interp(x, curve.x, curve.prediction))
        label = "to measure" if first else None
        axes.plot(x, y, "D", mec=VERMILION, mfc="white", mew=1.8, ms=7, zorder=4, label=label, clip_on=False)
        axes.annotate(f"{point.count}x", (x, y), (0, 9), textcoords="offset points", ha="center", fontsize=9)
        first = False


KINDS: dict[str, Callable[[Design, Any], Any]] = {"weights": _weights, "intervals": _intervals, "band": _band}
