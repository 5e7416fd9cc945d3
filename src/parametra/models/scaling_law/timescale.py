"""The best timescale of AdamW by tokens per parameter, from which the best weight decay follows."""

from __future__ import annotations

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.models.scaling_law._picture import sweep_picture
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import BERGSMA
from parametra.models.scaling_law._start import clipped, straight, usable
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.data import Data
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade

_BOUNDS = {"coefficient": (1e-6, 1e6), "exponent": (-4.0, 4.0)}
_TRUTH = {"coefficient": 1.1, "exponent": -0.5}


def guess(data: Data) -> dict[str, float]:
    """A straight line through the logarithms, by the middles of its thirds."""
    tokens, parameters, timescale = usable(data.inputs["tokens"], data.inputs["parameters"], data.outputs["timescale"])
    height, slope = straight(np.log(tokens / parameters), np.log(timescale))
    found = {"coefficient": float(np.exp(np.clip(height, -13, 13))), "exponent": slope}
    return {name: clipped(value, *_BOUNDS[name]) for name, value in found.items()}


def simulated_sweeps() -> Data:
    """Best timescales of 24 sweeps over weight decay, simulated."""
    parameters, ratio = (
        each.ravel() for each in np.meshgrid([1.1e8, 2.6e8, 6.1e8, 1.7e9], [2.0, 5.0, 20.0, 80.0, 200.0, 1000.0])
    )
    expected = _TRUTH["coefficient"] * ratio ** _TRUTH["exponent"]
    drawn = losses(expected, np.random.default_rng(2505), scatter=0.05, heavy=False)
    inputs = {"tokens": ratio * parameters, "parameters": parameters}
    return table(inputs, "timescale", drawn, {"tokens": "1", "parameters": "1", "timescale": "1"})


def form(data: tuple[Data, ...] | None = None) -> Form:
    """The law; sizes that it has no value for are refused."""
    above_zero(data, "tokens", "parameters")
    return Form(
        model={"timescale": "coefficient * (tokens / parameters)**exponent"},
        parameters={
            "coefficient": Log(
                *_BOUNDS["coefficient"],
                guess=1.0,
                unit="{timescale}",
                description="the timescale at one token a parameter",
            ),
            "exponent": Real(*_BOUNDS["exponent"], guess=-0.5, unit="1", description="the slope on double logarithms"),
        },
        inputs={"tokens": "1", "parameters": "1"},
        outputs={"timescale": "1"},
        noise=LogNormalNoise(),
        priors={"coefficient": LogNormal(0.0, 2.0), "exponent": Normal(-0.5, 0.5)},
    )


READY = ReadyMade(
    name="scaling_law.timescale",
    summary="The best AdamW timescale, batch / (learning rate x weight decay x tokens), by tokens per parameter",
    formula="timescale = coefficient (tokens / parameters)^exponent",
    good_for=(
        "sweeps over the weight decay at several sizes, to know the best one of a large run before it: "
        "best_weight_decay turns a timescale into it, in proportion to the batch"
    ),
    prefer_instead="scaling_law.power_law for best and critical batch sizes, which grow with the tokens alone",
    form=form,
    guess=guess,
    known=(
        Known(
            data=simulated_sweeps,
            about="best timescales of 24 sweeps, simulated",
            estimate=dict(_TRUTH),
            second_start={"coefficient": 20.0, "exponent": 0.3},
            source=BERGSMA,
        ),
    ),
    sources=(BERGSMA,),
    picture=sweep_picture("tokens", by="parameters", scale="log"),
)
