"""How oscillators read their data: rows in the order of time, first values, and boxes that a first look searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.first_look import extent, lifted
from parametra.maths.trajectory_search import System, trajectory_search
from parametra.nouns.data import Data
from parametra.nouns.ode import ODE
from parametra.nouns.ready_made import Option
from parametra.nouns.zero_of_time import begin_of

_MOST_ROWS = 80
BEGIN = Option(None, "when it begins; None is the first time of the data")


def rows_of(
    data: Data, outputs: Sequence[str], begin: Any = None, most: int = _MOST_ROWS
) -> tuple[Float[np.ndarray, " n"], dict[str, Float[np.ndarray, " n"]]]:
    """Times in order, evenly thinned, and the outputs that the data have there, NaN where one is missing.

    Where it begins before the first of them, the begin is the first time, with nothing seen.
    """
    time = data.inputs.get("time", np.zeros(0))
    seen = {name: data.outputs[name] for name in outputs if name in data.outputs}
    if not time.size or not seen:
        return np.zeros(0), {}
    known = np.isfinite(time) & np.any([np.isfinite(each) for each in seen.values()], axis=0)
    order = np.flatnonzero(known)[np.argsort(time[known], kind="stable")]
    if order.size > most:
        order = order[np.linspace(0, order.size - 1, most).astype(int)]
    time, seen = time[order], {name: each[order] for name, each in seen.items()}
    start = begin_of((data,), begin)
    if time.size and start < time[0]:
        time, seen = np.append(start, time), {name: np.append(np.nan, each) for name, each in seen.items()}
    return time, seen


def first_box(
    rows: Mapping[str, Float[np.ndarray, " n"]], name: str, unseen: tuple[float, float]
) -> tuple[float, float]:
    """Where an output may begin: near its first value, anywhere near its values where it begins before them.

    Arguments:
        rows: as from `rows_of`.
        name: the output.
        unseen: the box of one that is not seen; where it is positive, so is the other.
    """
    values = rows.get(name, np.zeros(0))
    seen = values[np.isfinite(values)]
    if not seen.size:
        return unseen
    middle, spread = extent(seen)
    first, width = (middle, 0.8 * spread) if np.isnan(values[0]) else (float(seen[0]), 0.3 * spread)
    if unseen[0] <= 0:
        return first - width, first + width
    low = lifted(first - width, max(first, width), 0.02)
    return low, max(first + width, 2.0 * low)


def first_limits(data: Sequence[Data] | None, name: str, unseen: float) -> tuple[float, float]:
    """Bounds of an amount when it begins: zero, and three times the highest that is seen of it."""
    values = np.concatenate([np.zeros(0), *(each.outputs.get(name, np.zeros(0)) for each in data or ())])
    highest = float(np.max(values[np.isfinite(values)], initial=0.0))
    return 0.0, 3.0 * highest if highest > 0 else unseen


def within(
    box: Mapping[str, tuple[float, float]], bounds: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """A box cut to the bounds of the parameters; the bounds themselves where it lies beside them."""
    cut: dict[str, tuple[float, float]] = {}
    for name, (low, high) in box.items():
        least, most = bounds.get(name, (low, high))
        lower, upper = max(low, least), min(high, most)
        cut[name] = (lower, upper) if lower < upper else (least, most)
    return cut


def search_or_middle(
    system: System,
    time: Float[np.ndarray, " n"],
    rows: Mapping[str, Float[np.ndarray, " n"]],
    **settings: Any,
) -> dict[str, float]:
    """The best of a search, or the middle of the box where data are too few to search, or do not change."""
    moving = any(np.ptp(each[np.isfinite(each)]) > 0 for each in rows.values() if np.isfinite(each).any())
    if np.unique(time).size < 4 or not moving:
        return system.middle
    return trajectory_search(system, time, rows, **settings)


def simulated(
    ode: ODE,
    truth: Mapping[str, float],
    time: Float[np.ndarray, " n"],
    sigma: Mapping[str, float],
    seed: int,
    units: Mapping[str, str] | None = None,
) -> Data:
    """Data of given parameters with normal errors.

    Arguments:
        ode: the system.
        truth: its parameters.
        time: in order, (n,).
        sigma: the standard deviation of each output that is seen; that of several is stated in the data.
        seed: of the errors.
        units: by column.
    """
    # SciPy's solver compiles nothing, and data are made once
    found = replace(ode, solver="lsoda")(truth, {"time": time})
    generator = np.random.default_rng(seed)
    seen = {name: found[name] + width * generator.standard_normal(time.size) for name, width in sigma.items()}
    stated = dict(sigma) if len(sigma) > 1 else None
    return Data({"time": time, **seen}, inputs=["time"], output=[*seen], sigma=stated, units=dict(units or {}))
