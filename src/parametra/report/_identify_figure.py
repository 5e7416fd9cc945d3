"""Figures of an identification: profiles, intervals side by side, spectrum, correlation, contour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError, did_you_mean
from parametra.nouns.identification import Identification
from parametra.nouns.identification_rows import Profile, Verdict, Word
from parametra.report._correlation_figure import draw_correlation
from parametra.report._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    labelled,
    plain,
    shortened,
    styled,
)

_COLOURS = {
    Word.IDENTIFIABLE: GREEN,
    Word.WEAK: ORANGE,
    Word.BOUND: PURPLE,
    Word.PRACTICAL: VERMILION,
    Word.STRUCTURAL: VERMILION,
    Word.UNKNOWN: GREY,
}
_MOST_PROFILES = 24
_MOST_WEIGHTS = 40
_ROOM = 0.15


def draw(found: Identification, kind: str = "profiles", *, size: tuple[float, float] | None = None) -> Any:
    """A figure of an identification.

    Arguments:
        found: the result.
        kind: "profiles": each parameter's profile with its threshold; "intervals": the intervals side by side;
            "spectrum": the eigenvalues of the information with the parameters' weights; "correlation": of the
            estimates; "contour": the region of a pair.
        size: width and height in inches; chosen from what is drawn when left out.

    Returns:
        A matplotlib.figure.Figure, which belongs to no window.

    Raises:
        ParametraError: an unknown kind, or nothing to draw of that kind.
    """
    if kind not in KINDS:
        raise ParametraError(f'there is no figure "{kind}"; {did_you_mean(kind, KINDS)}')
    with styled(), np.errstate(all="ignore"):
        return KINDS[kind](found, size)


def worth_drawing(found: Identification) -> tuple[str, ...]:
    """The kinds of figures that say something of this identification."""
    kinds: list[str] = ["profiles"] if found.profiles else []
    if any(r.interval is not None and np.isfinite(r.interval).any() for r in found.rows):
        kinds.append("intervals")
    if found.information.eigenvalues.size > 1 and np.isfinite(found.information.eigenvalues).all():
        kinds.append("spectrum")
    if len(found.fit.covariance_labels) > 1:
        kinds.append("correlation")
    if found.contours:
        kinds.append("contour")
    return tuple(kinds)


def _draw_profiles(found: Identification, size: tuple[float, float] | None) -> Any:
    from matplotlib.figure import Figure

    if not found.profiles:
        raise ParametraError('this identification has no profiles; make it with method="auto".')
    shown = found.profiles[:_MOST_PROFILES]
    across = min(len(shown), 3)
    down = -(-len(shown) // across)
    figure: Any = Figure(figsize=size or (3.4 * across + 0.4, 2.7 * down + 0.3), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, wspace=0.04, hspace=0.06)
    for k, profile in enumerate(shown):
        axes = figure.add_subplot(down, across, k + 1)
        _one_profile(axes, profile, found.verdict(profile.label))
        if k % across == 0:
            axes.set_ylabel("2 (cost - lowest) / s²")
    if len(found.profiles) > len(shown):
        figure.suptitle(f"the first {len(shown)} of {len(found.profiles)} profiles")
    return figure


def _one_profile(axes: Any, profile: Profile, verdict: Verdict) -> None:
    colour = _COLOURS[verdict.kind]
    x, y = profile.curve(400)
    top = 1.6 * profile.threshold
    logarithmic = bool(x.size and x[0] > 0 and x[-1] > 50 * x[0])
    axes.axhline(profile.threshold, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(x, np.minimum(y, 3 * top), color=colour, linewidth=1.8)
    inside = profile.rise <= top
    axes.plot(profile.values[inside], profile.rise[inside], ".", color=colour, markersize=5)
    axes.plot([verdict.estimate], [0], "o", color=BLACK, markersize=5, clip_on=False, zorder=5)
    if verdict.profile is not None:
        for end, is_open in zip(verdict.profile, verdict.open, strict=True):
            if not is_open and np.isfinite(end):
                axes.axvline(end, color=colour, linewidth=0.8, alpha=0.6)
    if logarithmic:
        axes.set_xscale("log")
    near = x[y <= top]
    if near.size > 1 and near[-1] > near[0]:
        low, high = near[0], near[-1]
        if logarithmic:
            axes.set_xlim(low / (high / low) ** 0.04, high * (high / low) ** 0.04)
        else:
            axes.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    axes.set_ylim(0, top)
    axes.set_xlabel(labelled(shortened(profile.label, 24), verdict.unit))
    axes.set_title(verdict.word, color=BLACK, fontsize=9.5)
    axes.locator_params(axis="y", nbins=5)
    if not logarithmic:
        axes.locator_params(axis="x", nbins=5)


_KINDS_OF_INTERVAL = (("curvature", BLUE), ("profile", VERMILION), ("bootstrap", GREEN), ("posterior", PURPLE))


def _draw_intervals(found: Identification, size: tuple[float, float] | None) -> Any:
    from matplotlib.figure import Figure

    rows = [r for r in found.rows if r.kind is not Word.STRUCTURAL]
    if not rows:
        raise ParametraError("no parameter has an interval: all of them are structurally unidentifiable.")
    made = [(n, c) for n, c in _KINDS_OF_INTERVAL if any(getattr(r, n) is not None for r in rows)]
    figure: Any = Figure(figsize=size or (7.2, 0.8 + 0.55 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for k, row in enumerate(rows):
        scale = _half_width(row)
        for j, (name, colour) in enumerate(made):
            interval = getattr(row, name)
            if interval is None:
                continue
            height = k + 0.22 * (j - 0.5 * (len(made) - 1))
            ends = [(end - row.estimate) / scale for end in interval]
            is_open = row.open if name == "profile" else (False, False)
            drawn = [np.clip(e, -4.2, 4.2) for e in ends]
            axes.plot(drawn, [height, height], color=colour, linewidth=2.2, solid_capstyle="butt")
            for side, (end, at, leads) in enumerate(zip(ends, drawn, is_open, strict=True)):
                mark = ("<", ">")[side] if leads or abs(end) > 4.2 else "|"
                axes.plot([at], [height], mark, color=colour, markersize=7)
        axes.plot([0], [k], "o", color=BLACK, markersize=4.5, zorder=5)
    axes.set_yticks(range(len(rows)), [plain(shortened(r.label, 24)) for r in rows])
    axes.invert_yaxis()
    reached = max(1.0, *(abs(float(x)) for line in axes.lines for x in line.get_xdata()))
    axes.set_xlim(-1.12 * reached, 1.12 * reached)
    axes.set_xlabel("distance from the estimate, in half widths of the narrowest interval")
    handles = [axes.plot([], [], color=colour, linewidth=2.2, label=name)[0] for name, colour in made]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(made))
    return figure


def _half_width(row: Verdict) -> float:
    widths = [
        0.5 * (one[1] - one[0])
        for one in (row.curvature, row.profile, row.bootstrap, row.posterior)
        if one is not None and np.isfinite(one).all() and one[1] > one[0]
    ]
    return min(widths) if widths else 1.0


def _draw_spectrum(found: Identification, size: tuple[float, float] | None) -> Any:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    info = found.information
    values, vectors = info.eigenvalues, info.vectors
    if values.size < 2 or not np.isfinite(values).all():
        raise ParametraError("a spectrum needs two parameters off their bounds; this identification has fewer.")
    d, k = vectors.shape
    wide = min(max(3.2 + 0.42 * k, 4.6), 14.0)
    figure: Any = Figure(figsize=size or (wide, 2.2 + min(0.36 * d, 9.0) + 0.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=_ROOM, h_pad=_ROOM)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.9, max(0.36 * d, 1.0)])
    floor = max(values.max(), 1e-300) * 1e-18
    colours = [VERMILION if v < 1 else BLUE for v in values]
    positive = values[values > floor]
    bottom = min(0.1 * positive.min(), 0.1) if positive.size == k else floor
    above.set_yscale("log")
    above.bar(range(k), np.maximum(values, bottom) - bottom, bottom=bottom, color=colours, width=0.65)
    above.set_ylim(bottom, 5 * max(values.max(), 1.0))
    above.axhline(1, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    above.set_ylabel("1 / (relative error)²")
    above.set_title("eigenvalues; below the line: not known", fontsize=9)
    weights = vectors**2
    ramp = LinearSegmentedColormap.from_list("weights", ["#FFFFFF", BLUE])
    below.imshow(weights, aspect="auto", cmap=ramp, vmin=0, vmax=1)
    if d <= _MOST_WEIGHTS:
        below.set_yticks(range(d), [plain(shortened(n, 20)) for n in info.labels])
    if d <= 16 and k <= 16:
        for i in range(d):
            for j in range(k):
                if weights[i, j] >= 0.01:
                    ink = "white" if weights[i, j] > 0.6 else BLACK
                    text = f"{weights[i, j]:.2f}".lstrip("0") if weights[i, j] < 0.995 else "1"
                    below.text(j, i, text, ha="center", va="center", color=ink, fontsize=8)
    below.set_xticks(range(k), [str(j + 1) for j in range(k)])
    below.set_xlabel("direction, and the weight of each parameter in it")
    below.tick_params(length=0)
    return figure


def _draw_correlation(found: Identification, size: tuple[float, float] | None) -> Any:
    return draw_correlation(found.fit, size)


def _outline(axes: Any, points: np.ndarray, reached: np.ndarray) -> None:
    """Between two rays that met the threshold there is a contour, elsewhere none is known."""
    if reached.all():
        axes.fill(points[:, 0], points[:, 1], color=BLUE, alpha=0.14, linewidth=0)
    for j in np.flatnonzero(reached[:-1] & reached[1:]):
        axes.plot(points[j : j + 2, 0], points[j : j + 2, 1], color=BLUE, linewidth=1.6)


def _draw_contour(found: Identification, size: tuple[float, float] | None) -> Any:
    from matplotlib.figure import Figure

    if not found.contours:
        raise ParametraError('this identification has no contour; ask for one with contour=("a", "b").')
    figure: Any = Figure(figsize=size or (4.9 * len(found.contours), 4.2), layout="constrained")
    for k, contour in enumerate(found.contours):
        axes = figure.add_subplot(1, len(found.contours), k + 1)
        points = np.vstack([contour.points, contour.points[:1]])
        reached = contour.open == 0
        _outline(axes, points, np.append(reached, reached[0]))
        if not reached.all():
            beyond = contour.points[~reached]
            axes.plot(beyond[:, 0], beyond[:, 1], "x", color=VERMILION, markersize=6, label="open: no limit there")
            axes.legend(loc="best")
        axes.plot(*contour.best, "o", color=BLACK, markersize=5)
        for axis, label in zip("xy", contour.labels, strict=True):
            values = contour.points[:, 0 if axis == "x" else 1]
            if values.size and values.min() > 0 and values.max() > 50 * values.min():
                getattr(axes, f"set_{axis}scale")("log")
            unit = found.verdicts[label].unit if label in found.verdicts else ""
            getattr(axes, f"set_{axis}label")(labelled(shortened(label, 24), unit))
        axes.set_title(f"{100 * contour.level:g} % region, all others at their best", fontsize=9.5)
        for axis in "xy":
            if getattr(axes, f"get_{axis}scale")() == "linear":
                axes.locator_params(axis=axis, nbins=5)
    return figure


KINDS: dict[str, Callable[[Identification, Any], Any]] = {
    "profiles": _draw_profiles,
    "intervals": _draw_intervals,
    "spectrum": _draw_spectrum,
    "correlation": _draw_correlation,
    "contour": _draw_contour,
}
