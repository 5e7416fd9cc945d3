"""Fano resonances: a line that interferes with its background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, tidy
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, endings, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_FANO = Source(
    "U. Fano",
    1961,
    "Effects of configuration interaction on intensities and phase shifts",
    "doi:10.1103/PhysRev.124.1866",
)
_ENERGY = "(2 * (x - {center}) / {fwhm})"


_PROFILE = Profile(
    # the constant 1 far away belongs to the background
    formula=f"{{amplitude}} * ((({{asymmetry}} + {_ENERGY})**2) / (1 + {_ENERGY}**2) - 1)",
    parameters={
        "amplitude": Positive(guess=1.0, unit="{signal}", description="the part of the background that interferes"),
        "center": Real(guess=0.0, unit="{x}", description="the energy of the resonance"),
        "fwhm": Positive(guess=1.0, unit="{x}", description="the width of the resonance"),
        "asymmetry": Real(guess=1.0, unit="1", description="Fano's q: 0 is a dip, a large one a peak"),
    },
    priors={"amplitude": around_guess(2.0), "fwhm": around_guess(1.0), "asymmetry": Normal(0.0, 5.0)},
    derived={"lifetime_by_hbar": "1 / {fwhm}"},
    shape=lorentzian,
    read=lambda center, width, _: {"center": center, "fwhm": width},
)


def helium() -> Data:
    """A simulated absorption near 60.15 eV: the 2s2p resonance of helium, q = -2.75, a width of 37 meV."""
    x = np.linspace(59.8, 60.5, 141)
    energy = 2 * (x - 60.15) / 0.037
    signal = 1.4 * ((-2.75 + energy) ** 2 / (1 + energy**2) - 1) + 1.5
    table = {"x": x, "signal": signal + 0.05 * np.random.default_rng(1961).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "eV", "signal": "Mbarn"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


def guess(data: Data, peaks: Count, background: str) -> dict[str, float]:
    """Where peaks or dips are, then the best of a grid near them.

    A resonance is linear in an absorptive and a dispersive part, A = amplitude (asymmetry^2 - 1) and
    B = 2 amplitude asymmetry, so these are fitted and amplitude and asymmetry follow.
    """
    found = _PROFILE.guess(data, peaks, background)
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 400)

    def parts(center: Any, fwhm: Any) -> list[Any]:
        energy = 2 * (x - center) / fwhm
        return [1 / (1 + energy**2), energy / (1 + energy**2)]

    for end in endings(peaks):
        center, fwhm = found[f"center{end}"], found[f"fwhm{end}"]
        others = [each for o in endings(peaks) if o != end for each in parts(found[f"center{o}"], found[f"fwhm{o}"])]
        grid = {"center": center + fwhm * np.linspace(-1.0, 1.0, 21), "fwhm": fwhm * np.geomspace(0.2, 3.0, 9)}
        shape = lambda *, others=others, **at: [*parts(**at), *others, np.ones(1), x - x[0]]  # noqa: E731
        coarse = best_shape(shape, grid, signal).values
        near = {
            "center": coarse["center"] + 0.1 * fwhm * np.linspace(-1.0, 1.0, 5),
            "fwhm": coarse["fwhm"] * np.geomspace(0.7, 1.4, 5),
        }
        best = best_shape(shape, near, signal)
        absorbed, dispersed = (float(each) for each in best.factors[:2])
        size = float(np.hypot(absorbed, dispersed)) or 1e-3 * extent(signal)[1]
        dispersed = dispersed if abs(dispersed) > 1e-3 * size else 1e-3 * size
        asymmetry = (absorbed + size) / dispersed
        amplitude = 0.5 * (size - absorbed)
        found |= {f"{name}{end}": value for name, value in best.values.items()}
        found |= {f"amplitude{end}": max(amplitude, 1e-3 * size), f"asymmetry{end}": float(np.clip(asymmetry, -50, 50))}
    return found


READY = ReadyMade(
    name="peaks.fano",
    summary="Fano resonances on a background: asymmetric lines that rise on one side and dip on the other",
    formula="signal = sum amplitude ((asymmetry + e)^2 / (1 + e^2) - 1) + background,  e = 2 (x - center) / fwhm",
    good_for="autoionisation, scattering and photonics, where a discrete state meets a continuum; also called "
    "Breit-Wigner-Fano",
    prefer_instead="peaks.lorentzian where both sides are alike",
    form=_form,
    guess=guess,
    options=OPTIONS,
    known=(
        Known(
            data=helium,
            options={"background": "constant"},
            about="a resonance of helium, simulated",
            estimate={"amplitude": 1.4, "center": 60.15, "fwhm": 0.037, "asymmetry": -2.75, "background": 1.5},
            second_start={"amplitude": 3.0, "fwhm": 0.06, "asymmetry": -1.0, "background": 3.0},
            source=_FANO,
        ),
    ),
    sources=(_FANO,),
)
