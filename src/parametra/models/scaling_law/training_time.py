"""The time of a training step by what it copies in memory and what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import INBAR
from parametra.models.scaling_law._start import clipped, usable
from parametra.models.scaling_law._transformer import transformer_cost
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.data import Data
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_BOUNDS = {"overhead": (1e-9, 1e6), "time_per_copy": (1e-18, 1.0), "time_per_flop": (1e-21, 1.0)}
_TRUTH = {"overhead": 2e-3, "time_per_copy": 1e-9}
_BOTH = {"overhead": 2e-3, "time_per_copy": 1e-9, "time_per_flop": 1e-11}
_OF = {"copies": ("copies",), "flops": ("flops",), "both": ("copies", "flops")}


def form(data: tuple[Data, ...] | None = None, *, proxy: str = "copies") -> Form:
    """An overhead, and a time for each number copied, each operation, or both."""
    above_zero(data, *_OF[proxy], or_zero=True)
    parameters: dict[str, Any] = {
        "overhead": Log(*_BOUNDS["overhead"], guess=1e-3, unit="{time}", description="the time of a step of no size")
    }
    priors: dict[str, Any] = {"overhead": LogNormal(-6.0, 3.0)}
    terms = ["overhead"]
    if "copies" in _OF[proxy]:
        parameters["time_per_copy"] = Log(
            *_BOUNDS["time_per_copy"], guess=1e-9, unit="{time}", description="the time of copying one number"
        )
        priors["time_per_copy"] = LogNormal(-22.0, 4.0)
        terms.append("time_per_copy * copies")
    if "flops" in _OF[proxy]:
        parameters["time_per_flop"] = Log(
            *_BOUNDS["time_per_flop"], guess=1e-11, unit="{time}", description="the time of one operation"
        )
        priors["time_per_flop"] = LogNormal(-26.0, 4.0)
        terms.append("time_per_flop * flops")
    return Form(
        model={"time": " + ".join(terms)},
        parameters=parameters,
        inputs=dict.fromkeys(_OF[proxy], "1"),
        outputs={"time": "s"},
        noise=LogNormalNoise(),
        priors=priors,
    )


def guess(data: Data, *, proxy: str = "copies") -> dict[str, float]:
    """Least squares of relative errors, none below zero."""
    from scipy.optimize import nnls  # loads only where a guess is wanted

    *sizes, time = usable(*(data.inputs[name] for name in _OF[proxy]), data.outputs["time"])
    centres = [float(np.mean(size)) for size in sizes]
    columns = [np.ones_like(time), *(size / centre for size, centre in zip(sizes, centres, strict=True))]
    found, _ = nnls(np.stack(columns, axis=1) / time[:, None], np.ones_like(time))
    found = np.maximum(found, 1e-3 * float(np.min(time)))
    names = {"copies": "time_per_copy", "flops": "time_per_flop"}
    made = {"overhead": float(found[0])}
    made |= {names[k]: float(v / c) for k, v, c in zip(_OF[proxy], found[1:], centres, strict=True)}
    return {name: clipped(value, *_BOUNDS[name]) for name, value in made.items()}


def _simulated(truth: Mapping[str, float]) -> Data:
    """Steps of 60 small transformers, simulated with 5 % scatter."""
    generator = np.random.default_rng(2406)
    shapes = [
        transformer_cost(depth=int(d), width=int(w), tokens=int(t))
        for d, w, t in zip(
            generator.choice([1, 2, 4, 8], 60),
            generator.choice([64, 128, 256, 512], 60),
            generator.choice([256, 1024, 4096], 60),
            strict=True,
        )
    ]
    copies = np.array([shape.copies for shape in shapes])
    flops = np.array([shape.flops for shape in shapes])
    expected = truth["overhead"] + truth["time_per_copy"] * copies + truth.get("time_per_flop", 0.0) * flops
    drawn = losses(expected, generator, scatter=0.05, heavy=False)
    inputs = {"copies": copies, "flops": flops}
    return table(inputs, "time", drawn, {"copies": "1", "flops": "1", "time": "s"})


def simulated_steps() -> Data:
    """Steps whose time goes with what is copied."""
    return _simulated(_TRUTH)


def simulated_with_flops() -> Data:
    """Steps whose time goes with both."""
    return _simulated(_BOTH)


READY = ReadyMade(
    name="scaling_law.training_time",
    summary="The time of a training step by the numbers that it copies in memory, or by its operations",
    formula="time = overhead + time_per_copy copies (+ time_per_flop flops)",
    good_for=(
        "timings of a few shapes of a network on one machine, to foretell that of others: transformer_cost counts "
        "copies and operations of a transformer, best_for_time turns the fit and a law of the loss into the shape of "
        "lowest loss in a given time"
    ),
    prefer_instead='proxy="flops" where large products of matrices take all the time; "both" where neither is enough',
    form=form,
    guess=guess,
    options={"proxy": Option("copies", "what the time goes with", ("copies", "flops", "both"))},
    known=(
        Known(
            data=simulated_steps,
            about="steps of 60 small transformers, simulated",
            estimate=dict(_TRUTH),
            second_start={"overhead": 0.1, "time_per_copy": 1e-11},
            source=INBAR,
        ),
        Known(
            data=simulated_with_flops,
            about="the same shapes, where operations take their own time",
            estimate=dict(_BOTH),
            second_start={"overhead": 0.1, "time_per_copy": 1e-11, "time_per_flop": 1e-13},
            options={"proxy": "both"},
            source=INBAR,
        ),
    ),
    sources=(INBAR,),
)
