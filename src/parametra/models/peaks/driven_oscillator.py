"""The amplitude of a damped harmonic oscillator by the frequency that drives it."""

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

_FRENCH = Source("A. P. French", 1971, "Vibrations and Waves", "isbn:9780393099362")


def profile(x: Any, center: Any, damping: Any) -> Any:
    """The amplitude as a multiple of that of a slow drive."""
    ratio = x / center
    return 1 / np.sqrt((1 - ratio**2) ** 2 + (2 * damping * ratio) ** 2)


def cantilever() -> Data:
    """A simulated cantilever in air: a resonance at 75 kHz of quality 50."""
    x = np.linspace(60.0, 90.0, 151)
    signal = 0.8 * profile(x, 75.0, 0.01)
    table = {"x": x, "signal": signal + 0.2 * np.random.default_rng(1971).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "kHz", "signal": "nm"})


def _form(data: Sequence[Data] | None, background: str) -> Form:
    _, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()), np.zeros(1))
    parameters: dict[str, Parameter] = {
        "static": Real(guess=1.0, unit="{signal}", description="the amplitude under a drive that is very slow"),
        "center": Positive(guess=1.0, unit="{x}", description="the natural frequency, that of no damping"),
        "damping": Positive(upper=10.0, guess=0.1, unit="1", description="the damping ratio, 1 where it is critical"),
    }
    priors: dict[str, Any] = {
        "static": Normal(0.0, 5.0 * height),
        "center": around_guess(0.5),
        "damping": around_guess(1.5),
    }
    # the smallest root keeps the answer finite where nothing damps
    ratio = "(x / center)"
    formula = f"static / sqrt((1 - {ratio}**2)**2 + (2 * damping * {ratio})**2 + 1e-24)"
    if background == "constant":
        parameters["background"] = Real(guess=0.0, unit="{signal}", description="what is there without the oscillator")
        priors["background"] = Normal(0.0, 5.0 * height)
        formula += " + background"
    return Form(
        model={"signal": formula},
        parameters=parameters,
        inputs={"x": "Hz"},
        outputs={"signal": "1"},
        priors=priors,
        derived={
            "quality": "1 / (2 * damping)",
            "fwhm": "2 * damping * center",
            "top": "center * sqrt(maximum(1 - 2 * damping**2, 0))",
        },
    )


def guess(data: Data, background: str) -> dict[str, float]:
    """The best of a grid of frequencies and dampings, and of a finer one near it."""
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 400)
    _, width = extent(x)
    far = float(np.max(np.abs(x))) or width
    level = [np.ones(1)] if background == "constant" else []
    middle = x[np.unique(np.linspace(0, x.size - 1, 120).astype(int))]
    centers = np.unique(np.concatenate([middle[middle > 0], far * np.array([0.5, 1.0, 1.5])]))
    shape = lambda **at: [profile(x, **at), *level]  # noqa: E731
    coarse = best_shape(shape, {"center": centers, "damping": np.geomspace(1e-4, 1.5, 14)}, signal)
    center, damping = coarse.values["center"], coarse.values["damping"]
    step = max(float(np.median(np.diff(centers))), damping * center) if centers.size > 1 else 0.1 * center
    grid = {
        "center": np.maximum(center + step * np.linspace(-1, 1, 15), 1e-3 * far),
        "damping": damping * np.geomspace(0.5, 2.0, 9),
    }
    best = best_shape(shape, grid, signal)
    static = float(best.factors[0]) or 1e-3 * extent(signal)[1]
    found = {"static": static, "center": lifted(best.values["center"], far), "damping": best.values["damping"]}
    return found | ({"background": float(best.factors[1])} if level else {})


READY = ReadyMade(
    name="peaks.driven_oscillator",
    summary="The amplitude of a damped harmonic oscillator by the frequency of its drive",
    formula="signal = static / sqrt((1 - (x / center)^2)^2 + (2 damping x / center)^2) + background",
    good_for="mechanical and electrical resonances: cantilevers, quartz, circuits, loudspeakers",
    prefer_instead="peaks.lorentzian for powers, which are squares of amplitudes, near a sharp resonance; "
    "peaks.damped_harmonic_oscillator for scattering by phonons",
    form=_form,
    guess=guess,
    options={"background": Option("none", "what is there without the oscillator", ("none", "constant"))},
    known=(
        Known(
            data=cantilever,
            about="a cantilever in air, simulated",
            estimate={"static": 0.8, "center": 75.0, "damping": 0.01, "quality": 50.0},
            second_start={"static": 2.0, "center": 70.0, "damping": 0.05},
            source=_FRENCH,
        ),
    ),
    sources=(_FRENCH,),
)
