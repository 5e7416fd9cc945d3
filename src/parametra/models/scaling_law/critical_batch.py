"""The critical batch size: how many steps a loss takes at each batch size."""

from __future__ import annotations

import numpy as np

from parametra.maths.distributions import LogNormal
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import MCCANDLISH, SU
from parametra.models.scaling_law._start import clipped, usable
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.data import Data
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log
from parametra.nouns.ready_made import Form, Known, ReadyMade

_BOUNDS = {"minimum_steps": (1e-3, 1e15), "critical_batch": (1e-3, 1e15)}
_TRUTH = {"minimum_steps": 3200.0, "critical_batch": 1.1e6}


def guess(data: Data) -> dict[str, float]:
    """Least squares of relative errors: the steps are linear in 1 / batch."""
    from scipy.optimize import nnls  # loads only where a guess is wanted

    batch, steps = usable(data.inputs["batch"], data.outputs["steps"])
    centre = float(np.exp(np.mean(np.log(batch))))
    (least, slope), _ = nnls(
        np.stack([np.ones_like(batch), centre / batch], axis=1) / steps[:, None], np.ones_like(steps)
    )
    least = max(float(least), 1e-3 * float(np.min(steps)))
    found = {"minimum_steps": least, "critical_batch": centre * max(float(slope), 1e-3 * least) / least}
    return {name: clipped(value, *_BOUNDS[name]) for name, value in found.items()}


def simulated_steps() -> Data:
    """Steps to one loss at 14 batch sizes in tokens, simulated."""
    batch = 2.0 ** np.arange(14, 28)
    steps = _TRUTH["minimum_steps"] * (1 + _TRUTH["critical_batch"] / batch)
    drawn = losses(steps, np.random.default_rng(1812), scatter=0.03, heavy=False)
    return table({"batch": batch}, "steps", drawn, {"batch": "1", "steps": "1"})


def form(data: tuple[Data, ...] | None = None) -> Form:
    """The law; sizes that it has no value for are refused."""
    above_zero(data, "batch")
    return Form(
        model={"steps": "minimum_steps * (1 + critical_batch / batch)"},
        parameters={
            "minimum_steps": Log(
                *_BOUNDS["minimum_steps"], guess=1000.0, unit="{steps}", description="steps at an endless batch"
            ),
            "critical_batch": Log(
                *_BOUNDS["critical_batch"], guess=1e5, unit="{batch}", description="the batch of twice those steps"
            ),
        },
        inputs={"batch": "1"},
        outputs={"steps": "1"},
        noise=LogNormalNoise(),
        priors={"minimum_steps": LogNormal(8.0, 3.0), "critical_batch": LogNormal(10.0, 5.0)},
        derived={"minimum_examples": "minimum_steps * critical_batch"},
    )


READY = ReadyMade(
    name="scaling_law.critical_batch",
    summary="The steps that a loss takes at each batch size, and the critical batch size",
    formula="steps = minimum_steps (1 + critical_batch / batch)",
    good_for=(
        "runs of one network to one loss at several batch sizes: below the critical batch twice the batch nearly "
        "halves the steps, above it hardly changes them; at it a run takes twice the least steps and twice the "
        "least examples"
    ),
    prefer_instead="scaling_law.loss_trajectory for whole curves of several networks, where the critical batch grows",
    form=form,
    guess=guess,
    known=(
        Known(
            data=simulated_steps,
            about="steps to one loss at 14 batch sizes, simulated",
            estimate=dict(_TRUTH),
            second_start={"minimum_steps": 50.0, "critical_batch": 1e3},
            source=MCCANDLISH,
        ),
    ),
    sources=(MCCANDLISH, SU),
)
