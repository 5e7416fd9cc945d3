"""The correlation of the estimates as a map with its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.errors import ParametraError
from parametra.nouns.fit_result import Fit
from parametra.report._style import BLACK, plain, shortened

_NUMBERS_UP_TO = 16
_LABELS_UP_TO = 60

_ROOM = 0.15
"""Inches around: in a picture of vectors the names are wider than they were measured, and would be cut off."""


def draw_correlation(fit: Fit, size: tuple[float, float] | None) -> Any:
    """The figure. Raises ParametraError when fewer than two estimates have an error."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    names = fit.covariance_labels
    if len(names) < 2:
        raise ParametraError("a correlation needs two estimates with errors; this fit has fewer.")
    rho = np.array([[fit.correlation[a][b] for b in names] for a in names])
    side = min(max(2.6 + 0.55 * len(names), 3.6), 12.0)
    figure: Any = Figure(figsize=size or (side + 0.9, side), layout="compressed")
    figure.get_layout_engine().set(w_pad=_ROOM, h_pad=_ROOM)
    axes = figure.add_subplot()
    # blue and vermilion keep apart for all kinds of colour vision; white is no correlation
    colours = LinearSegmentedColormap.from_list("correlation", ["#0072B2", "#FFFFFF", "#D55E00"])
    image = axes.imshow(rho, vmin=-1, vmax=1, cmap=colours)
    if len(names) <= _LABELS_UP_TO:
        shown = [plain(shortened(name, 18)) for name in names]
        axes.set_xticks(range(len(names)), shown, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), shown)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if len(names) <= _NUMBERS_UP_TO:
        for i in range(len(names)):
            for j in range(len(names)):
                ink = "white" if abs(rho[i, j]) > 0.75 else BLACK
                axes.text(j, i, _number(rho[i, j], diagonal=i == j), ha="center", va="center", color=ink, fontsize=9)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.set_label("correlation")
    return figure


def _number(rho: float, *, diagonal: bool) -> str:
    """Two digits, and more where two would say 1.00 of what is not."""
    if diagonal:
        return "1"
    for digits in range(2, 6):
        text = f"{rho:+.{digits}f}"
        if not text.endswith("1." + "0" * digits):
            return text
    return f"{rho:+.0f}"
