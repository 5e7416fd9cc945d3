"""Pseudo-Voigt peaks: a Gaussian and a Lorentzian of one width, added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.distributions import Beta
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, gaussian, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_THOMPSON = Source(
    "P. Thompson, D. E. Cox and J. B. Hastings",
    1987,
    "Rietveld refinement of Debye-Scherrer synchrotron X-ray data from Al2O3",
    "doi:10.1107/S0021889887087090",
)
_PROFILE = Profile(
    formula="{height} * ({fraction} / (1 + 4 * ((x - {center}) / {fwhm})**2) "
    "+ (1 - {fraction}) * exp(-4 * log(2) * ((x - {center}) / {fwhm})**2))",
    parameters={
        "height": Real(guess=1.0, unit="{signal}", description="the height above the background"),
        "center": Real(guess=0.0, unit="{x}", description="where the peak is"),
        "fwhm": Positive(guess=1.0, unit="{x}", description="the full width at half maximum"),
        "fraction": Real(0.0, 1.0, guess=0.5, unit="1", description="the share of the height that is Lorentzian"),
    },
    priors={"fwhm": around_guess(1.0), "fraction": Beta(1.0, 1.0)},
    derived={"area": "{height} * {fwhm} * ({fraction} * pi + (1 - {fraction}) * sqrt(pi / log(2))) / 2"},
    shape=lambda distance: 0.5 * gaussian(distance) + 0.5 * lorentzian(distance),
    read=lambda center, width, height: {"height": height, "center": center, "fwhm": width, "fraction": 0.5},
)


def reflections() -> Data:
    """Two simulated reflections of a powder."""
    x = np.linspace(28.0, 34.0, 241)
    signal = 50.0 + 1.5 * (x - 31)
    for height, center, fwhm, fraction in ((900.0, 30.2, 0.25, 0.6), (400.0, 31.8, 0.35, 0.3)):
        at = (x - center) / fwhm
        signal = signal + height * (fraction * lorentzian(at) + (1 - fraction) * gaussian(at))
    noise = np.sqrt(signal) * np.random.default_rng(1987).standard_normal(x.size)
    table = {"x": x, "signal": signal + noise, "sigma": np.sqrt(signal)}
    return Data(table, inputs=["x"], output="signal", sigma="sigma", units={"x": "deg", "signal": "count"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


READY = ReadyMade(
    name="peaks.pseudo_voigt",
    summary="Pseudo-Voigt peaks on a background: a Gaussian and a Lorentzian of one width, added",
    formula="""signal = sum height (fraction L + (1 - fraction) G) + background
L = 1 / (1 + 4 u^2),  G = exp(-4 ln 2 u^2),  u = (x - center) / fwhm""",
    good_for="diffraction and photoelectron spectra, where the form of a line is a matter of fact and not of theory",
    prefer_instead="peaks.voigt where the widths of both parts mean something",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=reflections,
            options={"peaks": 2, "background": "linear"},
            about="two reflections of a powder, simulated",
            estimate={
                "center_1": 30.2,
                "fwhm_1": 0.25,
                "fraction_1": 0.6,
                "center_2": 31.8,
                "fwhm_2": 0.35,
                "fraction_2": 0.3,
            },
            second_start={"fwhm_1": 0.5, "height_1": 500.0, "fraction_1": 0.2, "fwhm_2": 0.2, "fraction_2": 0.8},
            source=_THOMPSON,
        ),
    ),
    sources=(_THOMPSON,),
)
