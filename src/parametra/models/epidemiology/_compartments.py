"""What the models of epidemics share: what is observed, when it begins, sources, and a guess from rough epidemics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import extent, lifted, paths, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ready_made import Option
from parametra.nouns.zero_of_time import begin_of

KERMACK = Source(
    "W. O. Kermack and A. G. McKendrick",
    1927,
    "A contribution to the mathematical theory of epidemics",
    "doi:10.1098/rspa.1927.0118",
)
ANDERSON_MAY = Source(
    "R. M. Anderson and R. M. May", 1991, "Infectious Diseases of Humans: Dynamics and Control", "isbn:9780198540403"
)
OPTIONS = {
    "observed": Option(
        "infectious",
        "what the cases are: those infectious now, those removed, or all ever infected",
        ("infectious", "removed", "ever"),
    ),
    "begin": Option(None, "when it begins; None is the first time of the data"),
}


def population_of(data: Data) -> float:
    """How many people there are: the input, the same for all rows; one where it is missing, which is refused later."""
    given = data.inputs.get("population", np.array([data.constants.get("population", np.inf)]))
    return lifted(float(np.max(given)), 1.0)


def rough_fit(
    data: Data,
    begin: Any,
    grid: dict[str, Any],
    slopes: Callable[..., Callable[[Any], Sequence[Any]]],
    first: Callable[[Any], Sequence[Any]],
    seen: Callable[[Any], Any],
) -> dict[str, float]:
    """The best of a grid of epidemics in a population of one; rates are by the width of the data in time.

    Arguments:
        data, begin: the cases and when it begins.
        grid: name to values; `first_share` is the share that is infectious at the begin.
        slopes: from the parameters by name to what `paths` wants.
        first: from the first share to the first states.
        seen: from the states to the share that is observed.
    """
    time, cases = tidy(data.inputs["time"], data.outputs["cases"], 60)
    start = begin_of((data,), begin)
    if not np.any(time > start):
        time, cases = np.array([start, start + 1.0]), np.zeros(2)
    keep = time >= start
    time, cases = time[keep], cases[keep] / population_of(data)
    width = extent(np.append(time, start))[1]
    at = {name: each.ravel() for name, each in zip(grid, np.meshgrid(*grid.values(), indexing="ij"), strict=True)}
    share = at.pop("first_share")
    fine = np.union1d(np.linspace(start, time[-1], 60), np.append(time, start))
    states = paths(slopes(**{name: each / width for name, each in at.items()}), first(share), fine, 2)
    wrong = ((seen(states)[:, np.searchsorted(fine, time)] - cases) ** 2).sum(axis=1)
    best = int(np.argmin(np.where(np.isfinite(wrong), wrong, np.inf)))
    rates = {name: float(each[best]) / width for name, each in at.items()}
    return {**rates, "first_infectious": float(share[best]) * population_of(data)}
