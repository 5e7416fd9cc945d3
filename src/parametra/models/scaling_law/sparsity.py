"""The loss of mixtures of experts by parameters, tokens and sparsity."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal, Truncated
from parametra.models.scaling_law._picture import sweep_picture
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import ABNAR
from parametra.models.scaling_law._start import clipped, powers, usable
from parametra.models.scaling_law._wanted import above_zero, share_below_one
from parametra.nouns.data import Data
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade

_BOUNDS = {
    "E": (1e-4, 1e3),
    "A": (1e-6, 1e18),
    "B": (1e-6, 1e18),
    "C": (1e-6, 1e3),
    "G": (1e-6, 1e12),
    "alpha": (1e-3, 3.0),
    "beta": (1e-3, 3.0),
    "sparsity_exponent": (-2.0, 2.0),
    "joint_sparsity_exponent": (-2.0, 2.0),
    "joint_exponent": (1e-3, 3.0),
}
_TRUTH = {
    "E": 0.9,
    "A": 1.6e4,
    "B": 5.5e3,
    "C": 0.5,
    "G": 17.0,
    "alpha": 0.6,
    "beta": 0.4,
    "sparsity_exponent": -0.17,
    "joint_sparsity_exponent": 0.16,
    "joint_exponent": 0.16,
}


def guess(data: Data) -> dict[str, float]:
    """The dense law from a grid of exponents; sparsity as a small part of the constant and of the parameters' term."""
    names = ("parameters", "tokens", "sparsity")
    parameters, tokens, dense, loss = usable(
        *(data.inputs[name] for name in names[:2]), 1 - np.asarray(data.inputs["sparsity"]), data.outputs["loss"]
    )
    del dense
    floor, (a, b), (alpha, beta) = powers([parameters, tokens], loss, floor=True)
    joint = 0.15
    middle = float(np.exp(np.mean(np.log(parameters))))
    found = {"E": 0.7 * floor, "A": a, "B": b, "C": 0.15 * floor, "G": 0.15 * floor * middle**joint, "alpha": alpha}
    found |= {"beta": beta, "sparsity_exponent": -0.1, "joint_sparsity_exponent": 0.1, "joint_exponent": joint}
    return {name: clipped(value, *_BOUNDS[name]) for name, value in found.items()}


def simulated_table() -> Data:
    """900 mixtures of experts: ten sizes, nine numbers of tokens, ten sparsities."""
    sizes, tokens, sparsities = np.logspace(7.3, 10.8, 10), np.logspace(8.5, 11.5, 9), 1 - np.logspace(0, -2, 10)
    parameters, tokens, sparsity = (g.ravel() for g in np.meshgrid(sizes, tokens, sparsities, indexing="ij"))
    t = _TRUTH
    dense = 1 - sparsity
    expected = t["E"] + t["A"] / parameters ** t["alpha"] + t["B"] / tokens ** t["beta"]
    expected = expected + t["C"] * dense ** -t["sparsity_exponent"]
    expected = expected + t["G"] * dense ** -t["joint_sparsity_exponent"] / parameters ** t["joint_exponent"]
    loss = losses(expected, np.random.default_rng(2501), scatter=0.002, heavy=False)
    inputs = {"parameters": parameters, "tokens": tokens, "sparsity": sparsity}
    return table(inputs, "loss", loss, {"parameters": "1", "tokens": "1", "sparsity": "1", "loss": "1"})


def _parameters() -> dict[str, Any]:
    about = {
        "E": "the loss that nothing takes away",
        "A": "what too few parameters cost, at 1 parameter",
        "B": "what too few tokens cost, at 1 token",
        "C": "what sparsity changes at every size",
        "G": "what sparsity and few parameters cost together",
        "alpha": "how fast parameters help",
        "beta": "how fast tokens help",
        "joint_exponent": "how fast parameters help against sparsity",
    }
    real = {
        "sparsity_exponent": "of the active share, below zero where sparsity helps",
        "joint_sparsity_exponent": "of the active share beside parameters",
    }
    losses_of = ("E", "A", "B", "C", "G")
    made: dict[str, Any] = {
        k: Log(*_BOUNDS[k], guess=_TRUTH[k], unit="{loss}" if k in losses_of else "1", description=v)
        for k, v in about.items()
    }
    made |= {k: Real(*_BOUNDS[k], guess=_TRUTH[k], unit="1", description=v) for k, v in real.items()}
    return made


def form(data: tuple[Data, ...] | None = None) -> Form:
    """The law; sizes that it has no value for are refused."""
    above_zero(data, "parameters", "tokens")
    share_below_one(data, "sparsity")
    return Form(
        model={
            "loss": "E + A / parameters**alpha + B / tokens**beta + C * exp(-sparsity_exponent * log1p(-sparsity))"
            " + G * exp(-joint_sparsity_exponent * log1p(-sparsity)) / parameters**joint_exponent"
        },
        parameters=_parameters(),
        inputs={"parameters": "1", "tokens": "1", "sparsity": "1"},
        outputs={"loss": "1"},
        noise=LogNormalNoise(),
        priors={
            "E": LogNormal(0.0, 1.0),
            "A": LogNormal(9.0, 4.0),
            "B": LogNormal(8.0, 4.0),
            "C": LogNormal(-1.0, 2.0),
            "G": LogNormal(2.0, 3.0),
            "alpha": Truncated(Normal(0.5, 0.3), 1e-3, 3.0),
            "beta": Truncated(Normal(0.4, 0.3), 1e-3, 3.0),
            "sparsity_exponent": Normal(0.0, 0.3),
            "joint_sparsity_exponent": Normal(0.0, 0.3),
            "joint_exponent": Truncated(Normal(0.2, 0.3), 1e-3, 3.0),
        },
    )


READY = ReadyMade(
    name="scaling_law.sparsity",
    summary="The loss of mixtures of experts by parameters, tokens and sparsity, the share of inactive parameters",
    formula=(
        "loss = E + A / parameters^alpha + B / tokens^beta + C / (1 - sparsity)^sparsity_exponent\n"
        "       + G / ((1 - sparsity)^joint_sparsity_exponent parameters^joint_exponent)"
    ),
    good_for=(
        "final losses of mixtures of experts at many sizes, numbers of tokens and sparsities below 1; optimal_sparsity "
        "turns a fit into the sparsity of lowest loss at a number of parameters and a compute budget"
    ),
    prefer_instead=(
        "scaling_law.chinchilla for dense networks; the ten parameters are strongly correlated, so look at what is "
        "foretold, such as the best sparsity, rather than at one of them"
    ),
    form=form,
    guess=guess,
    known=(
        Known(
            data=simulated_table,
            about="900 mixtures of experts, simulated",
            estimate=dict(_TRUTH),
            second_start={"E": 1.3, "A": 1e3, "B": 3e4, "C": 0.3, "alpha": 0.45, "beta": 0.5},
            source=ABNAR,
        ),
    ),
    sources=(ABNAR,),
    picture=sweep_picture("parameters", by="tokens"),
)
