"""Adoption over time: how citations, or models built on a model, add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal
from parametra.models.scaling_law._simulated import table
from parametra.models.scaling_law._sources import BHANDARI, WANG
from parametra.models.scaling_law._start import clipped
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Log
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_BOUNDS = {"immediacy": (1e-3, 1e6), "longevity": (0.05, 8.0), "fitness": (1e-4, 20.0)}
_TRUTH = {"immediacy": 150.0, "longevity": 1.1, "fitness": 2.6}
_POPULAR = {"immediacy": 150.0, "longevity": 1.1, "fitness": 8.0}


def form(data: tuple[Data, ...] | None = None, *, reference: float = 30.0, counts: str = "cumulative") -> Form:
    """The curve for a number of references, of counts that add up or of what arrives in each interval."""
    above_zero(data, "time", *(("since",) if counts == "new" else ()), or_zero=True)
    if isinstance(reference, bool) or not reference > 0:
        raise ModelError(
            f'the option "reference" of "scaling_law.adoption" is a number above zero; came {reference!r}.'
        )
    m = repr(float(reference))
    # The smallest ratio stands for a time of zero, of which there is no logarithm.
    reached = "fitness * 0.5 * (1 + erf(log(maximum({0} / immediacy, 1e-30)) / (longevity * sqrt(2))))"
    until, since = reached.format("time"), reached.format("since")
    model = {"count": f"{m} * expm1({until})"}
    if counts == "new":
        # what is added keeps an arrival possible where the curve stands still
        model = {"count": f"{m} * (exp({until}) - exp({since})) + 1e-9"}
    return Form(
        model=model,
        parameters={
            "immediacy": Log(
                *_BOUNDS["immediacy"],
                guess=150.0,
                unit="{time}",
                description="the time at which half its pull is spent",
            ),
            "longevity": Log(
                *_BOUNDS["longevity"], guess=1.0, unit="1", description="how slowly the pull fades, in log time"
            ),
            "fitness": Log(
                *_BOUNDS["fitness"], guess=1.0, unit="1", description="how attractive it is beside the others"
            ),
        },
        inputs={"time": "d"} if counts == "cumulative" else {"since": "d", "time": "d"},
        outputs=dict.fromkeys(model, "1"),
        noise="poisson" if counts == "new" else None,
        priors={"immediacy": LogNormal(5.0, 2.0), "longevity": LogNormal(0.0, 0.7), "fitness": LogNormal(0.5, 1.0)},
        derived={"ultimate_count": f"{m} * expm1(fitness)", "log_immediacy": "log(immediacy)"},
    )


def guess(data: Data, *, reference: float = 30.0, counts: str = "cumulative") -> dict[str, float]:
    """Fitness from the highest count, as if a fifth were to come; the times from where the curve has its quantiles."""
    time = np.asarray(data.inputs["time"], dtype=np.float64)
    count = np.asarray(data.outputs["count"], dtype=np.float64)
    kept = np.isfinite(time) & np.isfinite(count) & (time > 0)
    if not kept.any():
        return {"immediacy": 150.0, "longevity": 1.0, "fitness": 1.0}
    order = np.argsort(time[kept])
    log_time, count = np.log(time[kept][order]), np.maximum(count[kept][order], 0.0)
    count = np.cumsum(count) if counts == "new" else np.maximum.accumulate(count)
    fitness = clipped(float(np.log1p(1.2 * count[-1] / reference)), *_BOUNDS["fitness"])
    share = np.log1p(count / reference) / fitness
    half, sixth = (float(log_time[min(int(np.searchsorted(share, q)), share.size - 1)]) for q in (0.5, 0.16))
    found = {"immediacy": float(np.exp(half)), "longevity": max(half - sixth, 0.3), "fitness": fitness}
    return {name: clipped(value, *_BOUNDS[name]) for name, value in found.items()}


def expected_count(time: np.ndarray, immediacy: float, longevity: float, fitness: float) -> np.ndarray:
    """The curve itself, for 30 references."""
    from scipy.special import ndtr  # loads only where it is simulated

    share: Any = ndtr(np.log(time / immediacy) / longevity)
    return 30.0 * np.expm1(fitness * share)


def simulated_counts() -> Data:
    """Models built on a popular model, week by week for two years, simulated with Poisson arrivals."""
    time = np.arange(7.0, 735.0, 7.0)
    arrived = np.random.default_rng(2502).poisson(np.diff(expected_count(time, **_POPULAR), prepend=0.0))
    return table({"time": time}, "count", np.cumsum(arrived).astype(np.float64), {"time": "d", "count": "1"})


def simulated_arrivals() -> Data:
    """Models built on an ordinary model in each week of two years."""
    edges = np.arange(0.0, 735.0, 7.0)
    counts = np.array([0.0, *expected_count(edges[1:], **_TRUTH)])
    arrived = np.random.default_rng(2503).poisson(np.diff(counts)).astype(np.float64)
    inputs = {"since": edges[:-1], "time": edges[1:]}
    return table(inputs, "count", arrived, {"since": "d", "time": "d", "count": "1"})


READY = ReadyMade(
    name="scaling_law.adoption",
    summary="Cumulative adoption by immediacy, longevity and relative fitness, as of citations",
    formula="count = reference (exp(fitness Phi(log(time / immediacy) / longevity)) - 1)",
    good_for=(
        "cumulative citations of a paper, or models built on an open model, by the time since it appeared, and what "
        "they will come to; r_squared and abrupt_jumps flag the courses that it does not describe"
    ),
    prefer_instead=(
        'counts="new" for what arrived in each interval, which a Poisson law describes: counts that add up have '
        "correlated errors, and their standard errors are too small. A logistic curve where adopters, not attention, "
        "run out"
    ),
    form=form,
    guess=guess,
    options={
        "reference": Option(30.0, "the count that a mean item of the collection refers to, common to all items"),
        "counts": Option("cumulative", "whether counts add up or are new in each interval", ("cumulative", "new")),
    },
    known=(
        Known(
            data=simulated_counts,
            about="models built on a popular model over two years, simulated with Poisson arrivals",
            estimate={"immediacy": "1.5e2", "longevity": "1.1", "fitness": "8.0"},
            second_start={"immediacy": 20.0, "longevity": 2.5, "fitness": 3.0},
            source=BHANDARI,
        ),
        Known(
            data=simulated_arrivals,
            about="models built on an ordinary model in each week of two years, simulated",
            estimate=dict(_TRUTH),
            second_start={"immediacy": 20.0, "longevity": 2.5, "fitness": 1.0},
            options={"counts": "new"},
            source=WANG,
        ),
    ),
    sources=(WANG, BHANDARI),
)
