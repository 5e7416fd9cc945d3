"""Rough parameters of a system of differential equations, from its observed trajectories alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.box_search import box_search
from parametra.maths.first_look import paths

_PARTS = (0.25, 0.5)
"""Shares of the time on which a search goes on, one after the other, before all of it."""
_GRID = 120
"""Steps in time of the rough integration, beside those to each observation."""


@dataclass(frozen=True)
class System:
    """A system of differential equations for many points side by side, each an array (g,).

    Arguments:
        slopes: from the parameters by name and the states to the slopes, one each.
        first: from the parameters by name to the states when it begins.
        observe: from the parameters by name, each (g, 1), and the states (g, n) to what is observed, by output.
        box: parameter to its limits, searched in the logarithm where the lower one is above zero.
    """

    slopes: Callable[[Mapping[str, Any], Any], Sequence[Any]]
    first: Callable[[Mapping[str, Any]], Sequence[Any]]
    observe: Callable[[Mapping[str, Any], Sequence[Any]], Mapping[str, Any]]
    box: Mapping[str, tuple[float, float]]

    @property
    def middle(self) -> dict[str, float]:
        """The middle of the box, in the logarithm where the lower limit is above zero."""
        return {name: math.sqrt(a) * math.sqrt(b) if a > 0 else 0.5 * (a + b) for name, (a, b) in self.box.items()}


def trajectory_search(
    system: System,
    time: Float[np.ndarray, " n"],
    outputs: Mapping[str, Float[np.ndarray, " n"]],
    *,
    grid: int = _GRID,
    **settings: Any,
) -> dict[str, float]:
    """The parameters of a system that follow observed trajectories best, roughly; see `box_search`.

    Where nothing was observed it is the middle of the box.

    Integration is by Runge-Kutta steps of a fixed length, so stiff corners of the box are lost.

    Arguments:
        system: what is integrated, from the first time on.
        time: in order, (n,); equal times are allowed.
        outputs: name to observations, (n,), NaN where there is none; each counts in units of its own spread.
        grid: steps in time at least.
        settings: as for `box_search`.
    """
    fine = np.union1d(np.linspace(time[0], time[-1], grid), time)
    rows = np.searchsorted(fine, time)
    observed: dict[str, tuple[np.ndarray, np.ndarray, float]] = {}
    for name, values in outputs.items():
        seen = np.flatnonzero(np.isfinite(values))
        if seen.size:
            spread = float(np.std(values[seen]))
            observed[name] = (seen, values[seen], spread or abs(float(values[seen][0])) or 1.0)

    if not observed:
        return system.middle

    def residuals(at: Mapping[str, Any]) -> Any:
        states = paths(lambda s: system.slopes(at, s), system.first(at), fine, 1)
        columns = {name: value[:, None] for name, value in at.items()}
        there = system.observe(columns, [each[:, rows] for each in states])
        wrong = [(there[name][:, seen] - y) / spread for name, (seen, y, spread) in observed.items()]
        return np.concatenate(wrong, axis=1)

    when = np.concatenate([time[seen] for seen, _, _ in observed.values()])
    masks = [when <= time[0] + share * (time[-1] - time[0]) for share in _PARTS] + [np.ones(when.size, dtype=bool)]
    # a part of fewer points than that tells nothing
    parts = [each for each in masks if each.all() or each.sum() >= 2 * len(system.box)]
    return box_search(residuals, system.box, parts, **settings)
