"""Molecules that decay one by one: a jump process whose likelihood is exact."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.first_look import extent
from parametra.models.kinetics._transitions import transitions
from parametra.nouns.axis_label import axis_label
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError
from parametra.nouns.noise import Binomial
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_ERBAN = Source(
    "R. Erban, S. J. Chapman and P. K. Maini",
    2007,
    "A practical guide to stochastic simulations of reaction-diffusion processes",
    "arXiv:0704.1908",
)
_GILLESPIE = Source(
    "D. T. Gillespie",
    1977,
    "Exact stochastic simulation of coupled chemical reactions",
    "doi:10.1021/j100540a008",
)


def molecules(seed: int = 1977) -> Data:
    """Six courses of 200 molecules that decay at 0.1 1/s, counted every second for half a minute, simulated.

    The waiting times are drawn, as by Gillespie's method: each molecule lives for an exponential time.
    """
    time = np.arange(0.0, 31.0)
    lives = np.random.default_rng(seed).exponential(10.0, size=(6, 200))
    courses = [transitions(time, (each[None, :] > time[:, None]).sum(axis=1).astype(float)) for each in lives]
    table = {name: np.concatenate([each[name] for each in courses]) for name in courses[0]}
    return Data(table, inputs=["gap", "before"], output="count", units={"gap": "s", "before": "1", "count": "1"})


_FORM = Form(
    model={"count": "exp(-rate * gap)"},
    parameters={
        "rate": Positive(guess=1.0, unit="1/{gap}", description="the chance of each molecule in a unit of time")
    },
    inputs={"gap": "s", "before": "1"},
    outputs={"count": "1"},
    noise=Binomial(trials="before"),
    priors={"rate": around_guess(1.5)},
    derived={"half_life": "log(2) / rate", "lifetime": "1 / rate"},
)


def _form(data: tuple[Data, ...] | None = None) -> Form:
    """The same for all data; a transition back in time is refused."""
    for each in data or ():
        gap = _column(each, "gap")
        wrong = np.flatnonzero(gap < 0)
        if wrong.size:
            raise DataError(
                f'the time between two counts is zero or more; "gap" in row {wrong[0] + 1} of the data "{each.name}" '
                f"is {gap[wrong[0]]:g}. Give the later count as `count` and the earlier one as `before`."
            )
    return _FORM


def guess(data: Data) -> dict[str, float]:
    """The decays over the time that molecules were there, the count between two times taken as their mean."""
    gap, before, after = (_column(data, name) for name in ("gap", "before", "count"))
    known = np.isfinite(gap) & np.isfinite(before) & np.isfinite(after)
    lost = float(np.sum((before - after)[known]))
    lived = float(np.sum((0.5 * gap * (before + after))[known]))
    _, width = extent(gap, np.zeros(1))
    return {"rate": float(np.clip(max(lost, 0.5) / lived, 1e-6 / width, 1e6 / width)) if lived > 0 else 1.0 / width}


def _column(data: Data, name: str) -> np.ndarray:
    (values,) = data.outputs.values()
    if name == "count":
        return values
    return np.broadcast_to(
        np.asarray(data.inputs.get(name, data.constants.get(name, np.nan)), dtype=float), values.shape
    )


def _courses(gap: np.ndarray, before: np.ndarray, after: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Times and counts of each course: rows of which each begins with the count that the one before ended with."""
    begins = np.flatnonzero(np.r_[True, before[1:] != after[:-1]])
    parts = np.split(np.arange(gap.size), begins[1:])
    return [(np.cumsum(np.r_[0.0, gap[rows]]), np.r_[before[rows[0]], after[rows]]) for rows in parts]


def _draw(fit: Any, problem: Any, axes: Any) -> None:
    """The share of molecules that are left, course by course, and what the fit expects of one with its spread."""
    for i, data in enumerate(problem.data_sets):
        gap, before, after = (_column(data, name) for name in ("gap", "before", "count"))
        known = np.isfinite(gap) & np.isfinite(after) & (before > 0)
        courses = _courses(gap[known], before[known], after[known])
        for time, counts in courses:
            axes.step(time, counts / counts[0], where="post", color="C0", linewidth=0.8, alpha=0.6)
            axes.plot(time[1:], counts[1:] / counts[0], ".", color="C0", markersize=3, alpha=0.6)
        fine = np.linspace(0.0, max(float(time[-1]) for time, _ in courses), 200)
        first = float(np.median([counts[0] for _, counts in courses]))
        at = {"gap": fine, "before": np.full(fine.size, first)}
        (share,) = problem.model.predict(problem.bindings[i].parameters_of(fit.values), at).values()
        width = 2 * np.sqrt(share * (1 - share) / first)
        axes.plot(fine, share, color="black", linewidth=1.2)
        axes.fill_between(fine, share - width, share + width, color="C0", alpha=0.2, linewidth=0)
    unit = problem.data_sets[0].units.get("gap", "")
    axes.set(xlabel=axis_label("time since the first count", unit), ylabel="share that is left", ylim=(0.0, 1.05))


READY = ReadyMade(
    name="kinetics.stochastic_degradation",
    summary="Molecules that decay one by one, counted again and again",
    formula="count | before ~ Binomial(before, exp(-rate gap))",
    good_for="few molecules, cells or nuclei, whose number scatters by chance: each count depends on the one before, "
    "and this is the exact likelihood of the jump process, at any distances in time. One row a transition: "
    "`pm.models.kinetics.transitions(time, count)` makes them",
    prefer_instead="kinetics.first_order for concentrations, whose scatter is that of the measurement",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=molecules,
            about="six courses of 200 molecules, simulated",
            estimate={"rate": 0.1, "lifetime": 10.0},
            second_start={"rate": 1.0},
            source=_ERBAN,
        ),
    ),
    sources=(_ERBAN, _GILLESPIE),
    picture=_draw,
)
