"""Gaussian peaks on a background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.models.peaks._spectrum import NIST, OPTIONS, Count, Profile, nist
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_FRASER = Source(
    "R. D. B. Fraser and E. Suzuki",
    1969,
    "Resolution of overlapping bands: functions for simulating band shapes",
    "doi:10.1021/ac60270a007",
)
_PROFILE = Profile(
    formula="{height} * exp(-4 * log(2) * ((x - {center}) / {fwhm})**2)",
    parameters={
        "height": Real(guess=1.0, unit="{signal}", description="the height above the background"),
        "center": Real(guess=0.0, unit="{x}", description="where the peak is"),
        "fwhm": Positive(guess=1.0, unit="{x}", description="the full width at half maximum"),
    },
    priors={"fwhm": around_guess(1.0)},
    derived={
        "area": "{height} * {fwhm} * sqrt(pi / log(2)) / 2",
        "standard_deviation": "{fwhm} / sqrt(8 * log(2))",
    },
)


def transmittance() -> Data:
    """Transmittance of a filter by wavelength (Eckerle 1979; Eckerle4 of NIST)."""
    x = [400.0, 405, 410, 415, 420, 425, 430, 435, 436.5, 438, 439.5, 441, 442.5, 444, 445.5, 447, 448.5, 450]
    x += [451.5, 453, 454.5, 456, 457.5, 459, 460.5, 462, 463.5, 465, 470, 475, 480, 485, 490, 495, 500]
    signal = [0.0001575, 0.0001699, 0.0002350, 0.0003102, 0.0004917, 0.0008710, 0.0017418, 0.0046400, 0.0065895]
    signal += [0.0097302, 0.0149002, 0.0237310, 0.0401683, 0.0712559, 0.1264458, 0.2073413, 0.2902366, 0.3445623]
    signal += [0.3698049, 0.3668534, 0.3106727, 0.2078154, 0.1164354, 0.0616764, 0.0337200, 0.0194023, 0.0117831]
    signal += [0.0074357, 0.0022732, 0.0008800, 0.0004579, 0.0002345, 0.0001586, 0.0001143, 0.0000710]
    return Data({"x": x, "signal": signal}, inputs=["x"], output="signal", units={"x": "nm", "signal": "1"})


def three() -> Data:
    """Three simulated peaks, two of them overlapping, on a straight background."""
    x = np.linspace(0.0, 100.0, 251)
    signal = 5.0 + 0.03 * x
    for height, center, fwhm in ((30.0, 25.0, 6.0), (18.0, 33.0, 8.0), (12.0, 70.0, 12.0)):
        signal = signal + height * np.exp(-4 * np.log(2) * ((x - center) / fwhm) ** 2)
    return Data(
        {"x": x, "signal": signal + 0.5 * np.random.default_rng(3).standard_normal(x.size)},
        inputs=["x"],
        output="signal",
    )


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


def _overlapping(name: str, first: dict[str, float], **estimate: str) -> Known:
    return Known(
        data=lambda: nist(name),
        external="nist_strd",
        options={"peaks": 2, "background": "exponential"},
        about=f"two peaks on an exponential background, {name} of NIST",
        estimate=estimate,
        second_start={"height_1": 80.0, "height_2": 30.0, "background": 80.0, **first},
        source=NIST,
    )


READY = ReadyMade(
    name="peaks.gaussian",
    summary="Gaussian peaks on a background",
    formula="signal = sum height exp(-4 ln 2 ((x - center) / fwhm)^2) + background",
    good_for='lines whose width is that of the instrument, chromatography, gamma spectra (noise="poisson" for counts)',
    prefer_instead="peaks.voigt or peaks.pseudo_voigt where the wings are heavier; peaks.exponential_gaussian where "
    "they tail",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=transmittance,
            options={"background": "none"},
            about="the transmittance of a filter",
            estimate={"center": "451.54122", "standard_deviation": "4.0888322", "area": "3.896260"},
            standard_error={"center": "0.0468005", "standard_deviation": "0.0468030"},
            second_start={"height": 0.2, "center": 428.0, "fwhm": 30.0},
            source=NIST,
        ),
        Known(
            data=three,
            options={"peaks": 3, "background": "linear"},
            about="three peaks on a straight background, simulated",
            estimate={"center_1": 25.0, "center_2": 33.0, "center_3": 70.0, "height_2": 18.0, "fwhm_2": 8.0},
            second_start={"center_1": 23.0, "center_2": 36.0, "center_3": 66.0, "fwhm_1": 9.0, "fwhm_2": 5.0},
            source=_FRASER,
        ),
        _overlapping(
            "Gauss1",
            {"center_1": 60.0, "center_2": 195.0, "fwhm_1": 70.0},
            height_1="100.48991",
            center_1="67.481111",
            height_2="71.994503",
            center_2="178.99805",
            background="98.778211",
        ),
        _overlapping(
            "Gauss2",
            {"center_1": 95.0, "center_2": 160.0, "fwhm_1": 70.0},
            height_1="101.88023",
            center_1="107.03096",
            height_2="72.04559",
            center_2="153.27010",
            background="99.018328",
        ),
        _overlapping(
            "Gauss3",
            {"center_1": 105.0, "center_2": 165.0, "fwhm_1": 70.0},
            height_1="100.69553",
            center_1="111.63619",
            height_2="73.705031",
            center_2="147.76164",
            background="98.940369",
        ),
    ),
    sources=(_FRASER, NIST),
)
