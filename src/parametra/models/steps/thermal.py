"""Thermal distributions: how states are filled by fermions, by bosons, or in the classical limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.models.steps._edges import beneath, columns_beneath, guessed_beneath, spans
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_ASHCROFT = Source("N. W. Ashcroft and N. D. Mermin", 1976, "Solid State Physics", "isbn:9780030839931")
_KELVIN = 8.617333262e-5
"""Boltzmann's constant in eV/K."""
_FORMULAS = {
    "fermi": "expit(-(x - center) / thermal_energy)",
    # at the chemical potential the filling is infinite; nothing is known of a boson below it
    "bose": "1 / expm1(minimum(maximum((x - center) / thermal_energy, 1e-9), 600))",
    "maxwell": "exp(minimum(-x / thermal_energy, 600))",
}


def occupation(kind: str, x: Any, center: Any, thermal_energy: Any) -> Any:
    """The filling of a state at x."""
    z = (x - center) / thermal_energy
    if kind == "fermi":
        return 0.5 * (1 - np.tanh(0.5 * z))
    if kind == "bose":
        return 1 / np.expm1(np.clip(z, 1e-9, 600))
    return np.exp(np.minimum(-z, 600))


def fermi_edge() -> Data:
    """A simulated Fermi edge of gold at 300 K, resolved fully."""
    x = np.linspace(-0.3, 0.3, 121)
    signal = 15.0 + 1000.0 * occupation("fermi", x, 0.012, 300 * _KELVIN)
    table = {"x": x, "signal": signal + 10.0 * np.random.default_rng(300).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "eV", "signal": "count"})


def phonons() -> Data:
    """A simulated density of low-energy excitations at 77 K, filled as by bosons."""
    x = np.linspace(1.0, 40.0, 118)
    signal = 50.0 * occupation("bose", x, 0.0, 77 * 1e3 * _KELVIN)
    table = {"x": x, "signal": signal + 2.0 * np.random.default_rng(77).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "meV", "signal": "count"})


def _form(data: Sequence[Data] | None, kind: str, background: str) -> Form:
    middle, wide, _ = spans(data)
    rest, more, also = beneath(background, data)
    parameters: dict[str, Parameter] = {
        "amplitude": Real(guess=1.0, unit="{signal}", description="the signal where a state is filled once"),
        "thermal_energy": Positive(guess=1.0, unit="{x}", description="kT, 86.17 ueV times the temperature in K"),
    }
    priors: dict[str, Any] = {
        "amplitude": lambda guess: Normal(0.0, 5.0 * abs(guess)),
        "thermal_energy": around_guess(1.5),
    }
    if kind != "maxwell":  # where a centre would be one with the amplitude
        parameters["center"] = Real(guess=0.0, unit="{x}", description="the chemical potential")
        priors["center"] = Normal(middle, wide)
    return Form(
        model={"signal": f"amplitude * {_FORMULAS[kind]}{rest}"},
        parameters={**parameters, **more},
        inputs={"x": "eV"},
        outputs={"signal": "1"},
        priors={**priors, **also},
    )


def guess(data: Data, kind: str, background: str) -> dict[str, float]:
    """The best of a grid of chemical potentials and temperatures, and of a finer one near it."""
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 300)
    _, wide = extent(x)
    level = columns_beneath(background, x)
    grid = {"thermal_energy": wide * np.geomspace(3e-3, 10.0, 18)}
    if kind == "fermi":
        grid["center"] = x[0] + wide * np.linspace(0.0, 1.0, 61)
    elif kind == "bose":
        grid["center"] = np.unique(
            np.append(x[0] - wide * np.geomspace(1e-3, 1.0, 20), 0.0 if x[0] > 0 else x[0] - wide)
        )
    else:
        grid["center"] = np.zeros(1)
    shape = lambda **at: [occupation(kind, x, **at), *level]  # noqa: E731
    coarse = best_shape(shape, grid, signal).values
    near = {"thermal_energy": coarse["thermal_energy"] * np.geomspace(0.65, 1.55, 9)}
    # bosons and the classical limit have their center from the coarse grid
    near["center"] = coarse["center"] + (wide / 60 * np.linspace(-1.0, 1.0, 9) if kind == "fermi" else np.zeros(1))
    best = best_shape(shape, near, signal)
    found = {
        "amplitude": float(best.factors[0]) or 1e-3 * extent(signal)[1],
        "thermal_energy": lifted(best.values["thermal_energy"], wide),
    }
    if kind != "maxwell":
        found["center"] = best.values["center"]
    return found | guessed_beneath(background, best.factors[1:], x)


READY = ReadyMade(
    name="steps.thermal",
    summary="Thermal distributions: Fermi-Dirac, Bose-Einstein or Maxwell-Boltzmann",
    formula="""fermi: signal = amplitude / (exp(z) + 1) + background
bose: signal = amplitude / (exp(z) - 1) + background
maxwell: signal = amplitude exp(-x / thermal_energy) + background
z = (x - center) / thermal_energy""",
    good_for="Fermi edges, whose width is the temperature, and populations by energy; fix the center of bosons where "
    "it is known, as zero for phonons and photons",
    prefer_instead="steps.step with a logistic edge for other transitions; a Fermi edge that the instrument widens "
    "needs its resolution taken off the thermal_energy",
    form=_form,
    guess=guess,
    options={
        "kind": Option("fermi", "what fills the states", ("fermi", "bose", "maxwell")),
        "background": Option("constant", "what is beneath it", ("none", "constant")),
    },
    known=(
        Known(
            data=fermi_edge,
            about="a Fermi edge of gold, simulated",
            estimate={"amplitude": 1000.0, "center": 0.012, "thermal_energy": 300 * _KELVIN, "background": 15.0},
            second_start={"amplitude": 500.0, "center": 0.08, "thermal_energy": 0.1, "background": 100.0},
            source=_ASHCROFT,
        ),
        Known(
            data=phonons,
            options={"kind": "bose", "background": "none"},
            about="excitations at 77 K, simulated",
            estimate={"amplitude": 50.0, "thermal_energy": 77 * 1e3 * _KELVIN},
            second_start={"amplitude": 30.0, "thermal_energy": 15.0},
            source=_ASHCROFT,
        ),
    ),
    sources=(_ASHCROFT,),
)
