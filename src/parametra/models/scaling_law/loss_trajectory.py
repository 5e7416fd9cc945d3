"""The whole course of training: loss by parameters, step and batch size."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal, Truncated
from parametra.models.scaling_law._picture import sweep_picture
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import KAPLAN, SU
from parametra.models.scaling_law._start import clipped, powers, usable
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.data import Data
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log
from parametra.nouns.ready_made import Form, Known, ReadyMade

_NEWTON_STEPS = 12
"""The function below is convex in log loss and nearly straight at both ends: fewer than eight reach rounding."""

_BOUNDS = {
    "parameter_scale": (1e3, 1e25),
    "parameter_exponent": (5e-3, 1.5),
    "step_scale": (1e-3, 1e9),
    "step_exponent": (0.05, 3.0),
    "batch_scale": (1.0, 1e15),
    "batch_exponent": (0.02, 3.0),
}
_TRUTH = {
    "parameter_scale": 6.5e13,
    "parameter_exponent": 0.077,
    "step_scale": 2.1e3,
    "step_exponent": 0.76,
    "batch_scale": 2.1e8,
    "batch_exponent": 0.21,
}
"""Of the order of Kaplan and others (2020), tables 2 and 3, for batches in tokens."""


def loss(
    parameters: Any,
    step: Any,
    batch: Any,
    parameter_scale: Any,
    parameter_exponent: Any,
    step_scale: Any,
    step_exponent: Any,
    batch_scale: Any,
    batch_exponent: Any,
) -> Any:
    """The loss L that solves L = (N_c/N)^a_N + (S_c (1 + B_crit(L)/B) / S)^a_S, B_crit(L) = B_star / L^(1/a_B).

    By Newton's method in u = log L from below: the logarithm of the right-hand side less u falls and is convex, so
    no step goes too far.
    """
    from_size = parameter_exponent * (np.log(parameter_scale) - np.log(parameters))
    from_steps = step_exponent * (np.log(step_scale) - np.log(step))
    slope = 1 / batch_exponent
    crowded = np.log(batch_scale) - np.log(batch)
    u = np.logaddexp(from_size, from_steps)
    for _ in range(_NEWTON_STEPS):
        wait = crowded - slope * u
        steps_part = from_steps + step_exponent * np.logaddexp(0.0, wait)
        right = np.logaddexp(from_size, steps_part)
        share = np.exp(steps_part - right)
        falling = share * step_exponent * slope * np.exp(wait - np.logaddexp(0.0, wait))
        u = u + (right - u) / (1 + falling)
    return np.exp(u)


def guess(data: Data) -> dict[str, float]:
    """Both powers from a grid of exponents, as if the batch were endless, which is a guess at the critical batch."""
    parameters, step, batch, observed = usable(
        data.inputs["parameters"], data.inputs["step"], data.inputs["batch"], data.outputs["loss"]
    )
    _, (by_size, by_step), (size_power, step_power) = powers([parameters, step], observed, floor=False)
    power = 0.2
    middle = float(np.exp(np.mean(np.log(observed))))
    found = {
        "parameter_scale": float(np.exp(np.clip(np.log(by_size) / size_power, 7, 57))),
        "parameter_exponent": size_power,
        "step_scale": 0.5 * float(np.exp(np.clip(np.log(by_step) / step_power, -6, 20))),
        "step_exponent": step_power,
        "batch_scale": float(np.exp(np.mean(np.log(batch)) + np.log(middle) / power)),
        "batch_exponent": power,
    }
    return {name: clipped(value, *_BOUNDS[name]) for name, value in found.items()}


def simulated_logs() -> Data:
    """Logs of seven small networks at four batch sizes, 25 points each, simulated."""
    sizes, batches, steps = np.logspace(6, 7.8, 7), 2.0 ** np.array([15, 17, 19, 21]), np.logspace(2.7, 5.3, 25)
    parameters, batch, step = (each.ravel() for each in np.meshgrid(sizes, batches, steps, indexing="ij"))
    expected = np.asarray(loss(parameters, step, batch, **_TRUTH))
    drawn = losses(expected, np.random.default_rng(2403), scatter=0.002, heavy=False)
    inputs = {"parameters": parameters, "step": step, "batch": batch}
    return table(inputs, "loss", drawn, {"parameters": "1", "step": "1", "batch": "1", "loss": "1"})


def _parameters() -> dict[str, Any]:
    about = {
        "parameter_scale": "the size at which parameters alone cost a loss of 1",
        "step_scale": "the least steps at which steps alone cost a loss of 1",
        "batch_scale": "the critical batch at a loss of 1",
    }
    made: dict[str, Any] = {
        name: Log(*_BOUNDS[name], guess=_TRUTH[name], unit="1", description=words) for name, words in about.items()
    }
    exponents = {
        "parameter_exponent": "how fast parameters help",
        "step_exponent": "how fast steps help",
        "batch_exponent": "how fast the critical batch grows as the loss falls: with loss^(-1/batch_exponent)",
    }
    # Logarithms keep them off zero, where the critical batch is past all numbers.
    made |= {name: Log(*_BOUNDS[name], guess=_TRUTH[name], unit="1", description=w) for name, w in exponents.items()}
    return made


def form(data: tuple[Data, ...] | None = None) -> Form:
    """The law; sizes that it has no value for are refused."""
    above_zero(data, "parameters", "step", "batch")
    return Form(
        model=loss,
        parameters=_parameters(),
        inputs={"parameters": "1", "step": "1", "batch": "1"},
        outputs={"loss": "1"},
        noise=LogNormalNoise(),
        priors={
            "parameter_scale": LogNormal(32.0, 6.0),
            "parameter_exponent": Truncated(Normal(0.1, 0.1), 5e-3, 1.5),
            "step_scale": LogNormal(7.5, 3.0),
            "step_exponent": Truncated(Normal(0.7, 0.4), 0.05, 3.0),
            "batch_scale": LogNormal(18.0, 4.0),
            "batch_exponent": Truncated(Normal(0.2, 0.2), 0.02, 3.0),
        },
    )


READY = ReadyMade(
    name="scaling_law.loss_trajectory",
    summary="The course of the training loss by parameters, step and batch size",
    formula=(
        "loss = (parameter_scale / parameters)^parameter_exponent + (step_scale / least_step)^step_exponent\n"
        "least_step = step / (1 + batch_scale / (batch loss^(1/batch_exponent)))"
    ),
    good_for=(
        "logs of small networks at a constant learning rate, to foretell the whole curve of a larger one at any batch "
        "size, its least steps and its critical batch"
    ),
    prefer_instead="scaling_law.chinchilla for final losses of runs whose learning rate was brought down",
    form=form,
    guess=guess,
    known=(
        Known(
            data=simulated_logs,
            about="logs of seven small networks at four batch sizes, simulated",
            estimate=dict(_TRUTH),
            second_start={
                "parameter_scale": 1e12,
                "parameter_exponent": 0.12,
                "step_scale": 400.0,
                "step_exponent": 1.2,
                "batch_scale": 1e7,
                "batch_exponent": 0.4,
            },
            source=KAPLAN,
        ),
    ),
    sources=(KAPLAN, SU),
    picture=sweep_picture("step", by="parameters"),
)
