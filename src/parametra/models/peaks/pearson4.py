"""Pearson's type IV: peaks with wings from Lorentzian to Gaussian, one side longer than the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, tidy
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, background_columns, endings, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_PEARSON = Source(
    "K. Pearson",
    1895,
    "Contributions to the mathematical theory of evolution, II: skew variation in homogeneous material",
    "doi:10.1098/rsta.1895.0010",
)
_CORE = "({width} / sqrt(4 * expm1(log(2) / {exponent})))"
_TOP = "(-{skew} / (2 * {exponent}))"
_U = f"((x - {{center}}) / {_CORE} + {_TOP})"
_PROFILE = Profile(
    # measured from the top, so that height and center are those of the top whatever the skew
    formula=f"{{height}} * exp({{exponent}} * (log1p({_TOP}**2) - log1p({_U}**2)) "
    f"- {{skew}} * (arctan({_U}) - arctan({_TOP})))",
    parameters={
        "height": Real(guess=1.0, unit="{signal}", description="the height of the top above the background"),
        "center": Real(guess=0.0, unit="{x}", description="where the top is"),
        "width": Positive(guess=1.0, unit="{x}", description="the full width at half maximum that it has without skew"),
        "exponent": Real(0.5, 100.0, guess=2.0, unit="1", description="1 is Lorentzian, a large one Gaussian"),
        "skew": Real(-100.0, 100.0, guess=0.0, unit="1", description="below zero the right side is the longer one"),
    },
    priors={"width": around_guess(1.0), "exponent": around_guess(1.0), "skew": Normal(0.0, 5.0)},
    derived={"core": _CORE, "location": f"{{center}} - {_CORE} * {_TOP}"},
    shape=lambda distance: lorentzian(distance) ** 1.5,
    read=lambda center, width, height: {
        "height": height,
        "center": center,
        "width": width,
        "exponent": 2.0,
        "skew": 0.0,
    },
)


def profile(x: Any, center: Any, width: Any, exponent: Any, skew: Any) -> Any:
    """A peak of height 1."""
    top = -skew / (2 * exponent)
    at = (x - center) / (width / np.sqrt(4 * np.expm1(np.log(2) / exponent))) + top
    return np.exp(exponent * (np.log1p(top**2) - np.log1p(at**2)) - skew * (np.arctan(at) - np.arctan(top)))


def reflection() -> Data:
    """A simulated reflection of a powder at a low angle, where the divergence of the beam makes a tail to the left."""
    x = np.linspace(10.0, 14.0, 201)
    signal = 20.0 + 500.0 * profile(x, 12.1, 0.4, 1.8, 1.5)
    table = {"x": x, "signal": signal + 4.0 * np.random.default_rng(1895).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "deg", "signal": "count"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


def guess(data: Data, peaks: Count, background: str) -> dict[str, float]:
    """Where peaks are, then for each the best of a grid of places, widths and skews, the others held."""
    found = _PROFILE.guess(data, peaks, background)
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 200)
    level = background_columns(background, x, found)
    for end in endings(peaks):
        center, width = found[f"center{end}"], found[f"width{end}"]
        others = [
            profile(x, found[f"center{o}"], found[f"width{o}"], 2.0, found[f"skew{o}"])
            for o in endings(peaks)
            if o != end
        ]
        grid = {
            "center": center + width * np.linspace(-0.4, 0.4, 9),
            "width": width * np.geomspace(0.5, 1.6, 6),
            "skew": np.array([-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0]),
        }
        best = best_shape(lambda *, o=others, **at: [profile(x, exponent=2.0, **at), *o, *level], grid, signal)
        if float(best.factors[0]) * found[f"height{end}"] > 0:
            found |= {f"{name}{end}": value for name, value in best.values.items()}
            found[f"height{end}"] = float(best.factors[0])
    return found


READY = ReadyMade(
    name="peaks.pearson4",
    summary="Pearson IV peaks on a background: wings from Lorentzian to Gaussian, one side longer than the other",
    formula="""signal = sum height exp(exponent ln((1 + t^2) / (1 + u^2)) - skew (arctan u - arctan t)) + background
u = (x - center) / core + t,  t = -skew / (2 exponent),  core = width / (2 sqrt(2^(1 / exponent) - 1))""",
    good_for="reflections of powders and other peaks of which both the wings and the asymmetry are to be left free",
    prefer_instead="peaks.moffat where the skew is not told from zero; peaks.split where only the widths of both sides "
    "differ; peaks.exponential_gaussian for a tail with a known cause",
    form=_form,
    guess=guess,
    options=OPTIONS,
    known=(
        Known(
            data=reflection,
            options={"background": "constant"},
            about="a reflection with a tail, simulated",
            estimate={"height": 500.0, "center": 12.1, "width": 0.4, "exponent": 1.8, "skew": 1.5, "background": 20.0},
            second_start={"height": 300.0, "center": 12.8, "width": 0.8, "exponent": 3.0, "skew": -1.0},
            source=_PEARSON,
        ),
    ),
    sources=(_PEARSON,),
)
