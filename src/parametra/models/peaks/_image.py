"""A fit of two inputs as two images: what was measured with the centres that were found, and what is left over."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.axis_label import axis_label
from parametra.nouns.data import Data
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_PANELS = {"data": 0.0, "residuals": 0.58}
_PANEL, _BAR = 0.34, (1.04, 0.0, 0.06, 1.0)
_SPARSE = 4
"""A grid with so many times more places than points is none."""


def image_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """The first data set and the residuals of the fit, side by side, the centres marked."""
    data, view = problem.data_sets[0], fit.views[0]
    index = data.observed[next(iter(data.outputs))]
    rows = slice(None) if index is None else index
    x, y = (np.asarray(data.inputs[name], dtype=np.float64)[rows] for name in ("x", "y"))
    residual = view.observed - view.predicted
    reach = float(np.max(np.abs(residual), initial=0.0)) or 1.0
    values = {"data": view.observed, "residuals": residual}
    colours: dict[str, dict[str, Any]] = {
        "data": {"cmap": "viridis"},
        "residuals": {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach},
    }
    axes.set_axis_off()
    for title, left in _PANELS.items():
        panel = axes.inset_axes((left, 0.0, _PANEL, 1.0))
        shown = _map(panel, x, y, values[title], colours[title])
        bar = axes.figure.colorbar(shown, cax=panel.inset_axes(_BAR))
        bar.set_label(axis_label(view.output, view.unit))
        panel.set(title=title, xlabel=_label(data, "x"), ylabel=_label(data, "y"))
        if data.units.get("x") == data.units.get("y"):
            panel.set_aspect("equal")
        for at in _centres(problem.bindings[0].parameters_of(fit.values)):
            panel.plot(*at, "+", color="white" if title == "data" else "black", markersize=9, markeredgewidth=1.5)


def _map(panel: Any, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], value: np.ndarray, colours: Any) -> Any:
    """Pixels where the points make a grid, coloured points where they do not."""
    (across, i), (up, j) = (np.unique(each, return_inverse=True) for each in (x, y))
    if min(across.size, up.size) > 1 and across.size * up.size <= _SPARSE * x.size:
        pixels = np.full((up.size, across.size), np.nan)
        pixels[j, i] = value
        return panel.pcolormesh(across, up, pixels, shading="nearest", rasterized=True, **colours)
    return panel.scatter(x, y, c=value, s=12.0, linewidths=0, rasterized=x.size > 3000, **colours)


def _label(data: Data, name: str) -> str:
    return axis_label(name, data.units.get(name, ""))


def _centres(values: Any) -> list[tuple[float, float]]:
    return [
        (float(value), float(values[name.replace("center_x", "center_y")]))
        for name, value in values.items()
        if name.startswith("center_x")
    ]
