"""Scattering by a damped harmonic oscillator: a phonon that is made or taken up, with the thermal factor of Bose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_FAK = Source(
    "B. Fak and B. Dorner", 1997, "Phonon line shapes and excitation energies", "doi:10.1016/S0921-4526(97)00121-X"
)
_Z = "(x / thermal_energy)"
# near zero x / (1 - exp(-x / kT)) is kT + x / 2, which keeps the answer finite there
_BOSE = (
    f"where(abs({_Z}) < 1e-6, thermal_energy + x / 2, x / (-expm1(-where(abs({_Z}) < 1e-6, 1, maximum({_Z}, -600)))))"
)
_LORENTZIANS = "(((x - center)**2 + width**2) * ((x + center)**2 + width**2))"


def profile(x: Any, center: Any, width: Any, thermal_energy: Any) -> Any:
    """The profile of amplitude 1."""
    z = x / thermal_energy
    near = np.abs(z) < 1e-6
    bose = np.where(near, thermal_energy + x / 2, x / -np.expm1(-np.where(near, 1.0, np.maximum(z, -600))))
    lorentzians = ((x - center) ** 2 + width**2) * ((x + center) ** 2 + width**2)
    return 4 * width * center / np.pi * bose / lorentzians


def phonon() -> Data:
    """A simulated phonon of 4 meV at 100 K, seen by neutrons that lose and gain energy."""
    x = np.linspace(-12.0, 12.0, 193)
    signal = 3.0 + 400.0 * profile(x, 4.0, 0.8, 8.617)
    table = {"x": x, "signal": signal + 8.0 * np.random.default_rng(1997).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "meV", "signal": "count"})


def _form(data: Sequence[Data] | None, background: str) -> Form:
    _, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()), np.zeros(1))
    _, wide = extent(*(each.inputs.get("x", np.zeros(0)) for each in data or ()))
    parameters: dict[str, Parameter] = {
        "amplitude": Real(guess=1.0, unit="{signal}*{x}", description="the strength of the scattering"),
        "center": Positive(guess=1.0, unit="{x}", description="the energy of the oscillator"),
        "width": Positive(guess=0.1, unit="{x}", description="the half width at half maximum, the damping"),
        "thermal_energy": Positive(guess=1.0, unit="{x}", description="kT, 0.08617 meV times the temperature in K"),
    }
    priors: dict[str, Any] = {
        "amplitude": Normal(0.0, 5.0 * height * wide),
        "center": around_guess(1.0),
        "width": around_guess(1.5),
        "thermal_energy": around_guess(1.5),
    }
    formula = f"amplitude * 4 * width * center / pi * {_BOSE} / {_LORENTZIANS}"
    if background == "constant":
        parameters["background"] = Real(guess=0.0, unit="{signal}", description="the level beneath it")
        priors["background"] = Normal(0.0, 5.0 * height)
        formula += " + background"
    return Form(
        model={"signal": formula},
        parameters=parameters,
        inputs={"x": "meV"},
        outputs={"signal": "count"},
        priors=priors,
        derived={"natural_energy": "sqrt(center**2 + width**2)"},
    )


def guess(data: Data, background: str) -> dict[str, float]:
    """The best of a grid of energies, widths and temperatures."""
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 150)
    far = float(np.max(np.abs(x))) or 1.0
    level = [np.ones(1)] if background == "constant" else []
    shape = lambda **at: [profile(x, **at), *level]  # noqa: E731
    grid = {
        "center": far * np.linspace(0.02, 1.0, 40),
        "width": far * np.geomspace(0.005, 0.6, 9),
        "thermal_energy": far * np.geomspace(0.03, 30.0, 5),
    }
    coarse = best_shape(shape, grid, signal).values
    near = {
        "center": np.maximum(coarse["center"] + far * np.linspace(-0.03, 0.03, 9), 1e-3 * far),
        "width": coarse["width"] * np.geomspace(0.5, 2.0, 7),
        "thermal_energy": coarse["thermal_energy"] * np.geomspace(0.25, 4.0, 7),
    }
    best = best_shape(shape, near, signal)
    amplitude = float(best.factors[0]) or 1e-3 * extent(signal)[1] * far
    found = {"amplitude": amplitude} | {name: lifted(value, far, 1e-6) for name, value in best.values.items()}
    return found | ({"background": float(best.factors[1])} if level else {})


READY = ReadyMade(
    name="peaks.damped_harmonic_oscillator",
    summary="Scattering by a damped harmonic oscillator with the thermal factor of Bose: a phonon made or taken up",
    formula="""signal = amplitude width / pi (L(x - center) - L(x + center)) N(x) + background
L(e) = 1 / (e^2 + width^2),  N(x) = 1 / (1 - exp(-x / thermal_energy))""",
    good_for="inelastic scattering of neutrons, X-rays or light by one phonon, both sides of zero at once; fix the "
    "thermal_energy where the temperature is known",
    prefer_instead="peaks.lorentzian where the line is narrow and far from zero; peaks.driven_oscillator for an "
    "amplitude",
    form=_form,
    guess=guess,
    options={"background": Option("constant", "what is beneath it", ("none", "constant"))},
    known=(
        Known(
            data=phonon,
            about="a phonon at 100 K, simulated",
            estimate={"amplitude": 400.0, "center": 4.0, "width": 0.8, "thermal_energy": 8.617, "background": 3.0},
            second_start={"amplitude": 200.0, "center": 5.0, "width": 2.0, "thermal_energy": 4.0},
            source=_FAK,
        ),
    ),
    sources=(_FAK,),
)
