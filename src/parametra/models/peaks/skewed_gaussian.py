"""Skewed Gaussian peaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.distributions import Normal
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_AZZALINI = Source(
    "A. Azzalini",
    1985,
    "A class of distributions which includes the normal ones",
    "https://www.jstor.org/stable/4615982",
)
_SCALED = "((x - {location}) / {scale})"


def _read(center: float, width: float, height: float) -> dict[str, float]:
    """To the right or the left the fit turns by itself: a skew of zero would be a saddle."""
    return {"area": height * width * 1.06, "location": center - 0.2 * width, "scale": 0.5 * width, "skew": 0.7}


_PROFILE = Profile(
    formula=f"{{area}} / ({{scale}} * sqrt(2 * pi)) * exp(-{_SCALED}**2 / 2) * erfc(-{{skew}} * {_SCALED} / sqrt(2))",
    parameters={
        "area": Real(guess=1.0, unit="{signal}*{x}", description="the area above the background"),
        "location": Real(guess=0.0, unit="{x}", description="the location of the distribution, not its top"),
        "scale": Positive(guess=1.0, unit="{x}", description="its scale"),
        "skew": Real(-100.0, 100.0, guess=0.7, unit="1", description="above zero the right side is the longer one"),
    },
    priors={
        "area": lambda guess: Normal(0.0, 5.0 * abs(guess)),
        "scale": around_guess(1.0),
        "skew": Normal(0.0, 5.0),
    },
    derived={
        "mean": "{location} + {scale} * sqrt(2 / pi) * {skew} / sqrt(1 + {skew}**2)",
        "standard_deviation": "{scale} * sqrt(1 - 2 / pi * {skew}**2 / (1 + {skew}**2))",
    },
    read=_read,
)


def band() -> Data:
    """A simulated band with a longer right side."""
    from scipy.special import erfc

    x = np.linspace(0.0, 20.0, 101)
    at = (x - 6.0) / 3.0
    signal = 1.0 + 50.0 / (3.0 * np.sqrt(2 * np.pi)) * np.exp(-(at**2) / 2) * erfc(-3.0 * at / np.sqrt(2))
    table = {"x": x, "signal": signal + 0.1 * np.random.default_rng(1985).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal")


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


READY = ReadyMade(
    name="peaks.skewed_gaussian",
    summary="Skewed Gaussian peaks on a background",
    formula="signal = sum area / (scale sqrt(2 pi)) exp(-u^2 / 2) (1 + erf(skew u / sqrt 2)) + background,  u = (x "
    "- location) / scale",
    good_for="bands with one side a little longer than the other",
    prefer_instead="peaks.exponential_gaussian where one side tails exponentially; peaks.gaussian where the skew is "
    "not told from zero",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=band,
            options={"background": "constant"},
            about="a skewed band, simulated",
            estimate={"area": 50.0, "location": 6.0, "scale": 3.0, "skew": 3.0, "background": 1.0},
            second_start={"area": 30.0, "location": 8.0, "scale": 2.0, "skew": 1.0},
            source=_AZZALINI,
        ),
    ),
    sources=(_AZZALINI,),
)
