"""Split peaks: Gaussian or Lorentzian, with a width of its own on each side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, gaussian, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_BUYS = Source(
    "T. S. Buys and K. de Clerk", 1972, "Bi-Gaussian fitting of skewed peaks", "Analytical Chemistry 44, 1273-1275"
)
_STANCIK = Source(
    "A. L. Stancik and E. B. Brauns",
    2008,
    "A simple asymmetric lineshape for fitting infrared absorption spectra",
    "doi:10.1016/j.vibspec.2008.02.009",
)
_U = "(minimum(x - {center}, 0) / {left} + maximum(x - {center}, 0) / {right})"
_PARAMETERS: dict[str, Parameter] = {
    "height": Real(guess=1.0, unit="{signal}", description="the height above the background"),
    "center": Real(guess=0.0, unit="{x}", description="where the top is"),
    "left": Positive(guess=0.5, unit="{x}", description="the half width at half maximum on the left"),
    "right": Positive(guess=0.5, unit="{x}", description="the half width at half maximum on the right"),
}


def _halves(center: float, width: float, height: float) -> dict[str, float]:
    return {"height": height, "center": center, "left": 0.5 * width, "right": 0.5 * width}


def _profile(formula: str, area: str, shape: Callable[[Any], Any]) -> Profile:
    return Profile(
        formula=formula,
        parameters=_PARAMETERS,
        priors={"left": around_guess(1.0), "right": around_guess(1.0)},
        derived={"fwhm": "{left} + {right}", "area": area, "ratio": "{right} / {left}"},
        shape=shape,
        read=_halves,
    )


_PROFILES = {
    "gaussian": _profile(
        f"{{height}} * exp(-log(2) * {_U}**2)", "{height} * ({left} + {right}) * sqrt(pi / log(2)) / 2", gaussian
    ),
    "lorentzian": _profile(f"{{height}} / (1 + {_U}**2)", "pi / 2 * {height} * ({left} + {right})", lorentzian),
}


def band() -> Data:
    """A simulated absorption band of a liquid, twice as wide towards large wavenumbers, and a weaker one beside it."""
    x = np.linspace(1600.0, 1800.0, 201)
    signal = np.full(x.size, 0.05)
    for height, center, left, right in ((0.8, 1690.0, 8.0, 16.0), (0.3, 1745.0, 9.0, 6.0)):
        signal = signal + height / (1 + ((x - center) / np.where(x < center, left, right)) ** 2)
    table = {"x": x, "signal": signal + 0.005 * np.random.default_rng(2008).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "1/cm", "signal": "1"})


def elution() -> Data:
    """A simulated peak of a chromatogram, steeper in front than behind."""
    x = np.linspace(3.0, 7.0, 161)
    signal = 2.0 + 40.0 * np.exp(-np.log(2) * ((x - 4.6) / np.where(x < 4.6, 0.25, 0.45)) ** 2)
    table = {"x": x, "signal": signal + 0.4 * np.random.default_rng(1972).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "min", "signal": "mV"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str, profile: str) -> Form:
    return _PROFILES[profile].form(data, peaks, background)


def guess(data: Data, peaks: Count, background: str, profile: str) -> dict[str, float]:
    """Peaks alike on both sides; the fit tells them apart."""
    return _PROFILES[profile].guess(data, peaks, background)


READY = ReadyMade(
    name="peaks.split",
    summary="Split peaks on a background: Lorentzian or Gaussian, with a width of its own on each side",
    formula="""lorentzian: signal = sum height / (1 + u^2) + background
gaussian: signal = sum height exp(-ln 2 u^2) + background
u = (x - center) / left before the center, (x - center) / right behind it""",
    good_for="asymmetric bands and elution peaks, for a form whose top, half widths and area are read at once",
    prefer_instead="peaks.exponential_gaussian or peaks.doniach where the cause of the asymmetry is known; "
    "peaks.pearson4 where the wings are to be fitted too",
    form=_form,
    guess=guess,
    options={**OPTIONS, "profile": Option("lorentzian", "the form of each side", ("lorentzian", "gaussian"))},
    known=(
        Known(
            data=band,
            options={"peaks": 2},
            about="absorption bands of a liquid, simulated",
            estimate={
                "center_1": 1690.0,
                "left_1": 8.0,
                "right_1": 16.0,
                "center_2": 1745.0,
                "height_2": 0.3,
                "left_2": 9.0,
                "right_2": 6.0,
            },
            second_start={"left_1": 20.0, "right_1": 30.0, "left_2": 3.0, "height_1": 0.4, "height_2": 0.6},
            source=_STANCIK,
        ),
        Known(
            data=elution,
            options={"profile": "gaussian"},
            about="a peak of a chromatogram, simulated",
            estimate={"height": 40.0, "center": 4.6, "left": 0.25, "right": 0.45, "background": 2.0},
            second_start={"height": 20.0, "center": 5.2, "left": 0.6, "right": 0.2, "background": 5.0},
            source=_BUYS,
        ),
    ),
    sources=(_BUYS, _STANCIK),
)
