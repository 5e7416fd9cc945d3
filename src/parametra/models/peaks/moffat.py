"""Moffat peaks, which are Pearson's type VII: from Lorentzian to Gaussian wings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_MOFFAT = Source(
    "A. F. J. Moffat",
    1969,
    "A theoretical investigation of focal stellar images in the photographic emulsion and application to photographic "
    "photometry",
    "https://ui.adsabs.harvard.edu/abs/1969A&A.....3..455M",
)
_PROFILE = Profile(
    formula="{height} * exp(-{exponent} * log1p(4 * expm1(log(2) / {exponent}) * ((x - {center}) / {fwhm})**2))",
    parameters={
        "height": Real(guess=1.0, unit="{signal}", description="the height above the background"),
        "center": Real(guess=0.0, unit="{x}", description="where the peak is"),
        "fwhm": Positive(guess=1.0, unit="{x}", description="the full width at half maximum"),
        "exponent": Real(0.5, 100.0, guess=2.0, unit="1", description="1 is Lorentzian, a large one Gaussian"),
    },
    priors={"fwhm": around_guess(1.0), "exponent": around_guess(1.0)},
    derived={"core": "{fwhm} / sqrt(4 * expm1(log(2) / {exponent}))", "degrees_of_freedom": "2 * {exponent} - 1"},
    shape=lambda distance: lorentzian(distance) ** 1.5,
    read=lambda center, width, height: {"height": height, "center": center, "fwhm": width, "exponent": 2.0},
)


def star() -> Data:
    """A simulated cut through the image of a star, seeing of 3.2 pixels."""
    x = np.arange(-15.0, 15.5, 0.5)
    core = 3.2 / np.sqrt(4 * np.expm1(np.log(2) / 3.0))
    signal = 20.0 + 1000.0 * (1 + ((x - 0.7) / core) ** 2) ** -3.0
    table = {"x": x, "signal": signal + 5.0 * np.random.default_rng(1969).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "pixel", "signal": "count"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


READY = ReadyMade(
    name="peaks.moffat",
    summary="Moffat peaks (Pearson VII) on a background, with wings from Lorentzian to Gaussian",
    formula="signal = sum height (1 + ((x - center) / core)^2)^-exponent + background,  fwhm = 2 core sqrt(2^(1 / "
    "exponent) - 1)",
    good_for="images of stars, and reflections of powders as Pearson's type VII",
    prefer_instead="peaks.pseudo_voigt where the wings are a mixture; peaks.lorentzian for exponent = 1",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=star,
            options={"background": "constant"},
            about="the image of a star, simulated",
            estimate={"height": 1000.0, "center": 0.7, "fwhm": 3.2, "exponent": 3.0, "background": 20.0},
            second_start={"height": 500.0, "center": 2.0, "fwhm": 6.0, "exponent": 1.2},
            source=_MOFFAT,
        ),
    ),
    sources=(_MOFFAT,),
)
