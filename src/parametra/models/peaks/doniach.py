"""Doniach-Sunjic peaks: core lines of metals, with the tail that the conduction electrons make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Beta
from parametra.maths.first_look import best_shape, tidy
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, background_columns, endings, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_DONIACH = Source(
    "S. Doniach and M. Sunjic",
    1970,
    "Many-electron singularity in X-ray photoemission and X-ray line spectra from metals",
    "doi:10.1088/0022-3719/3/2/010",
)


def _profile(sign: str) -> Profile:
    u = f"({sign}2 * (x - {{center}}) / {{width}})"
    a = "{asymmetry}"
    # the top is where the angle is -pi a / (2 (2 - a)); what the profile is there makes height the height of the top
    return Profile(
        formula=f"{{height}} * cos(pi * {a} / 2 + (1 - {a}) * arctan({u})) * exp(-(1 - {a}) / 2 * log1p({u}**2)) "
        f"/ cos(pi * {a} / (2 * (2 - {a})))**(2 - {a})",
        parameters={
            "height": Real(guess=1.0, unit="{signal}", description="the height of the top above the background"),
            "center": Real(guess=0.0, unit="{x}", description="the energy of the line, a little off its top"),
            "width": Positive(
                guess=1.0, unit="{x}", description="the full width at half maximum of the Lorentzian without asymmetry"
            ),
            "asymmetry": Real(0.0, 0.9, guess=0.1, unit="1", description="the index of the singularity, 0 Lorentzian"),
        },
        priors={"width": around_guess(1.0), "asymmetry": Beta(1.0, 4.0)},
        derived={"top": f"{{center}} {'-' if not sign else '+'} {{width}} / 2 * tan(pi * {a} / (2 * (2 - {a})))"},
        shape=lorentzian,
        read=lambda center, width, height: {"height": height, "center": center, "width": width, "asymmetry": 0.1},
    )


_PROFILES = {"left": _profile(""), "right": _profile("-")}


def profile(x: Any, center: Any, width: Any, asymmetry: Any, tail: str) -> Any:
    """A line of height 1, its tail to the left or the right."""
    u = 2 * (x - center) / width * (1 if tail == "left" else -1)
    rest = 1 - asymmetry
    top = np.cos(np.pi * asymmetry / (2 * (2 - asymmetry))) ** (2 - asymmetry)
    return np.cos(np.pi * asymmetry / 2 + rest * np.arctan(u)) * np.exp(-rest / 2 * np.log1p(u**2)) / top


def platinum() -> Data:
    """Simulated core lines of platinum by their binding energy, 4f of 71.1 and 74.4 eV, their tails to the right."""
    x = np.linspace(68.0, 80.0, 241)
    signal = 30.0 + 1000.0 * profile(x, 71.1, 0.8, 0.19, "right") + 750.0 * profile(x, 74.4, 0.9, 0.19, "right")
    table = {"x": x, "signal": signal + 6.0 * np.random.default_rng(1970).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "eV", "signal": "count"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str, tail: str) -> Form:
    return _PROFILES[tail].form(data, peaks, background)


def guess(data: Data, peaks: Count, background: str, tail: str) -> dict[str, float]:
    """Where peaks are, then for each the best of a grid near it, the others held."""
    found = _PROFILES[tail].guess(data, peaks, background)
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 200)
    level = background_columns(background, x, found)

    def parts(end: str) -> Any:
        return profile(x, found[f"center{end}"], found[f"width{end}"], found[f"asymmetry{end}"], tail)

    for end in endings(peaks):
        others = [parts(each) for each in endings(peaks) if each != end]
        center, width = found[f"center{end}"], found[f"width{end}"]
        grid = {
            "center": center + width * np.linspace(-0.4, 0.4, 9),
            "width": width * np.geomspace(0.4, 1.6, 7),
            "asymmetry": np.array([0.02, 0.1, 0.2, 0.35, 0.5]),
        }
        best = best_shape(lambda *, o=others, **at: [profile(x, tail=tail, **at), *o, *level], grid, signal)
        if float(best.factors[0]) * found[f"height{end}"] > 0:
            found |= {f"{name}{end}": value for name, value in best.values.items()}
            found[f"height{end}"] = float(best.factors[0])
    return found


READY = ReadyMade(
    name="peaks.doniach",
    summary="Doniach-Sunjic peaks on a background: core lines of metals with a long tail to one side",
    formula="""signal = sum height D(u) / D(top) + background,  u = 2 (x - center) / width; -u for a tail to the right
D(u) = cos(pi asymmetry / 2 + (1 - asymmetry) arctan u) / (1 + u^2)^((1 - asymmetry) / 2)""",
    good_for="photoelectron spectra of metals; against kinetic energy the tail is to the left, against binding energy "
    "to the right",
    prefer_instead="peaks.voigt or peaks.pseudo_voigt for insulators; the area of this line is infinite, so that its "
    "far tail and the background are hardly told apart",
    form=_form,
    guess=guess,
    options={**OPTIONS, "tail": Option("left", "the side of the tail", ("left", "right"))},
    known=(
        Known(
            data=platinum,
            options={"peaks": 2, "tail": "right"},
            about="two core lines of platinum, simulated",
            estimate={"center_1": 71.1, "width_1": 0.8, "asymmetry_1": 0.19, "center_2": 74.4, "height_2": 750.0},
            second_start={"height_1": 500.0, "width_1": 1.5, "asymmetry_1": 0.4, "width_2": 0.5, "height_2": 400.0},
            source=_DONIACH,
        ),
    ),
    sources=(_DONIACH,),
)
