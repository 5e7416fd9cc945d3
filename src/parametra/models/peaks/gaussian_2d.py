"""Gaussian peaks in two dimensions: spots of light, stars, spectra of two frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal, Uniform
from parametra.maths.first_look import best_shape, extent, lifted
from parametra.models.peaks._image import image_picture
from parametra.models.peaks._spectrum import OPTIONS, Count, endings
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.interchange import Interchange
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_STETSON = Source(
    "P. B. Stetson", 1987, "DAOPHOT: a computer program for crowded-field stellar photometry", "doi:10.1086/131977"
)
_MOST_POINTS, _PLACES, _WIDTHS = 400, 120, 7


def profile(x: Any, y: Any, center_x: Any, center_y: Any, fwhm_x: Any, fwhm_y: Any, correlation: Any = 0.0) -> Any:
    """A peak of height 1."""
    a, b = (x - center_x) / fwhm_x, (y - center_y) / fwhm_y
    return np.exp(-4 * np.log(2) * (a**2 - 2 * correlation * a * b + b**2) / (1 - correlation**2))


def _picture_of(side: int, peaks: Sequence[tuple[float, ...]], level: float, noise: float, seed: int) -> Data:
    y, x = np.mgrid[0:side, 0:side].astype(float).reshape(2, -1)
    signal = level + sum(height * profile(x, y, *rest) for height, *rest in peaks)
    table = {"x": x, "y": y, "signal": signal + noise * np.random.default_rng(seed).standard_normal(x.size)}
    return Data(table, inputs=["x", "y"], output="signal", units={"x": "pixel", "y": "pixel", "signal": "count"})


def stars() -> Data:
    """Two simulated stars on a field of 24 by 24 pixels."""
    return _picture_of(24, ((900.0, 7.3, 9.1, 3.2, 2.8), (500.0, 15.6, 13.8, 3.2, 2.8)), 100.0, 12.0, 1987)


def beam() -> Data:
    """The simulated spot of a laser diode, twice as long as wide and turned by 30 degrees."""
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    wide, high = np.hypot(12.0 * c, 6.0 * s), np.hypot(12.0 * s, 6.0 * c)
    tilt = (12.0**2 - 6.0**2) * s * c / (wide * high)
    return _picture_of(24, ((200.0, 11.4, 12.2, wide, high, tilt),), 10.0, 3.0, 30)


def _units(tilted: bool) -> dict[str, Parameter]:
    parameters: dict[str, Parameter] = {
        "height": Real(guess=1.0, unit="{signal}", description="the height above the background"),
        "center_x": Real(guess=0.0, unit="{x}", description="where the peak is along x"),
        "center_y": Real(guess=0.0, unit="{y}", description="where the peak is along y"),
        "fwhm_x": Positive(guess=1.0, unit="{x}", description="the full width at half maximum along x"),
        "fwhm_y": Positive(guess=1.0, unit="{y}", description="the full width at half maximum along y"),
    }
    if tilted:
        # an angle would have four values for one peak, since its axes may be exchanged
        parameters["correlation"] = Real(-0.999, 0.999, guess=0.0, unit="1", description="of x and y, 0 where upright")
    return parameters


def _formula(end: str, tilted: bool) -> str:
    a, b = f"((x - center_x{end}) / fwhm_x{end})", f"((y - center_y{end}) / fwhm_y{end})"
    if not tilted:
        return f"height{end} * exp(-4 * log(2) * ({a}**2 + {b}**2))"
    tilt = f"correlation{end}"
    return f"height{end} * exp(-4 * log(2) * ({a}**2 - 2 * {tilt} * {a} * {b} + {b}**2) / (1 - {tilt}**2))"


def _derived(end: str, tilted: bool, alike: bool) -> dict[str, object]:
    """The volume, and for a peak that is turned its axes, which have no meaning where x and y differ in their units."""
    volume = f"pi / (4 * log(2)) * height{end} * fwhm_x{end} * fwhm_y{end}"
    if not tilted:
        return {f"volume{end}": volume}
    x, y, tilt = f"fwhm_x{end}", f"fwhm_y{end}", f"correlation{end}"
    middle, half = f"({x}**2 + {y}**2) / 2", f"hypot(({x}**2 - {y}**2) / 2, {tilt} * {x} * {y})"
    axes: dict[str, object] = {
        f"fwhm_long{end}": f"sqrt({middle} + {half})",
        f"fwhm_short{end}": f"sqrt({middle} - {half})",
        f"angle{end}": f"90 / pi * arctan2(2 * {tilt} * {x} * {y}, {x}**2 - {y}**2)",
    }
    return {f"volume{end}": f"{volume} * sqrt(1 - {tilt}**2)"} | (axes if alike else {})


def _form(data: Sequence[Data] | None, peaks: Count, background: str, tilted: bool) -> Form:
    spans = {k: extent(*(each.inputs.get(k, np.zeros(0)) for each in data or ())) for k in ("x", "y")}
    _, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()), np.zeros(1))
    own: dict[str, Any] = {
        "height": Normal(0.0, 5.0 * height),
        **{f"center_{k}": Normal(*span) for k, span in spans.items()},
        "fwhm_x": around_guess(1.0),
        "fwhm_y": around_guess(1.0),
        "correlation": Uniform(-0.999, 0.999),
    }
    alike = all(each.units.get("x") == each.units.get("y") for each in data or ())
    parameters: dict[str, Parameter] = {}
    priors: dict[str, Any] = {}
    derived: dict[str, object] = {}
    for end in endings(peaks):
        parameters |= {f"{name}{end}": each for name, each in _units(tilted).items()}
        priors |= {f"{name}{end}": own[name] for name in _units(tilted)}
        derived |= _derived(end, tilted, alike)
    formula = " + ".join(_formula(end, tilted) for end in endings(peaks))
    if background == "constant":
        parameters["background"] = Real(guess=0.0, unit="{signal}", description="the level beneath the peaks")
        priors["background"] = Normal(0.0, 5.0 * height)
        formula += " + background"
    order = ("center_x", *(name for name in _units(tilted) if name != "center_x"))
    return Form(
        model={"signal": formula},
        parameters=parameters,
        inputs={"x": "1", "y": "1"},
        outputs={"signal": "1"},
        priors=priors,
        derived=derived,
        interchangeable=Interchange(tuple(tuple(f"{name}{end}" for name in order) for end in endings(peaks))),
    )


def guess(data: Data, peaks: Count, background: str, tilted: bool) -> dict[str, float]:
    """One peak after the other where it explains most of what is left, round at first; then each by its own widths."""
    x, y, signal = _tidy(data)
    span_x, span_y = extent(x)[1], extent(y)[1]
    level = [np.ones(1)] if background == "constant" else []
    found: list[dict[str, float]] = []
    factors = np.zeros(peaks)
    for _ in range(peaks):
        found.append({})
        others = [profile(x, y, **each) for each in found[:-1]]
        found[-1] = _round_one(x, y, signal, (span_x, span_y), [*others, *level])
        for k, each in enumerate(found):
            rest = [profile(x, y, **other) for i, other in enumerate(found) if i != k]
            best = _widened(x, y, signal, each, tilted, [*rest, *level])
            found[k], factors[k] = best.values, best.factors[0]
    guessed: dict[str, float] = {"background": float(best.factors[-1])} if level else {}  # pyright: ignore[reportPossiblyUnboundVariable]
    order = sorted(range(peaks), key=lambda k: found[k]["center_x"])
    for end, k in zip(endings(peaks), order, strict=True):
        widths = {f"fwhm_{a}": lifted(found[k][f"fwhm_{a}"], s, 1e-6) for a, s in (("x", span_x), ("y", span_y))}
        tall = float(factors[k]) or 1e-3 * extent(signal)[1]
        guessed |= {f"{name}{end}": value for name, value in ({**found[k], **widths, "height": tall}).items()}
    return guessed


def _tidy(data: Data) -> tuple[Any, Any, Any]:
    """The finite points, thinned where they are many; one at zero where there are none."""
    table = np.stack([data.inputs["x"], data.inputs["y"], data.outputs["signal"]])
    table = table[:, np.isfinite(table).all(axis=0)]
    if not table.shape[1]:
        return np.zeros(1), np.zeros(1), np.zeros(1)
    if table.shape[1] > _MOST_POINTS:
        # a regular step would leave out whole columns of a picture
        table = table[:, np.sort(np.random.default_rng(0).choice(table.shape[1], _MOST_POINTS, replace=False))]
    return table[0], table[1], table[2]


def _round_one(x: Any, y: Any, signal: Any, spans: tuple[float, float], beside: list[Any]) -> dict[str, float]:
    """The best round peak, round in shares of both spans, at one of the points."""
    at = np.unique(np.linspace(0, x.size - 1, _PLACES).astype(int))
    strength = np.argsort(-np.abs(signal - np.median(signal)), kind="stable")[: _PLACES // 2]
    at = np.unique(np.concatenate([at, strength]))

    def columns(place: Any, share: Any) -> list[Any]:
        k = place.astype(int)[..., 0]
        return [profile(x, y, x[k][:, None], y[k][:, None], share * spans[0], share * spans[1]), *beside]

    best = best_shape(columns, {"place": at.astype(float), "share": np.geomspace(0.04, 0.8, _WIDTHS)}, signal)
    k, share = int(best.values["place"]), best.values["share"]
    return {
        "center_x": float(x[k]),
        "center_y": float(y[k]),
        "fwhm_x": share * spans[0],
        "fwhm_y": share * spans[1],
    }


def _widened(x: Any, y: Any, signal: Any, peak: dict[str, float], tilted: bool, beside: list[Any]) -> Any:
    """The best of a grid of places, widths and tilts near a peak."""
    grid = {name: np.array([value]) for name, value in peak.items()}
    for axis in ("x", "y"):
        width = peak[f"fwhm_{axis}"]
        grid[f"center_{axis}"] = peak[f"center_{axis}"] + width * np.linspace(-0.3, 0.3, 3 if tilted else 5)
        grid[f"fwhm_{axis}"] = width * np.geomspace(0.5, 2.0, 5)
    if tilted:
        grid["correlation"] = np.array([-0.8, -0.5, -0.2, 0.2, 0.5, 0.8])
    return best_shape(lambda **at: [profile(x, y, **at), *beside], grid, signal)


READY = ReadyMade(
    name="peaks.gaussian_2d",
    summary="Gaussian peaks in two dimensions on a level, along the axes or turned",
    formula="""signal = sum height exp(-4 ln 2 (a^2 - 2 correlation a b + b^2) / (1 - correlation^2)) + background
a = (x - center_x) / fwhm_x,  b = (y - center_y) / fwhm_y;  correlation = 0 unless tilted""",
    good_for="stars and spots of light on a detector, one row a pixel; spectra of two frequencies",
    prefer_instead="peaks.gaussian along one axis; each star alone where the field is large, since every pixel is "
    "computed for every peak",
    form=_form,
    guess=guess,
    options={
        "peaks": OPTIONS["peaks"],
        "background": Option("constant", "what is beneath them", ("none", "constant")),
        "tilted": Option(False, "whether the axes of a peak may be turned", (False, True)),
    },
    known=(
        Known(
            data=stars,
            options={"peaks": 2},
            about="two stars, simulated",
            estimate={
                "height_1": 900.0,
                "center_x_1": 7.3,
                "center_y_1": 9.1,
                "fwhm_x_1": 3.2,
                "fwhm_y_1": 2.8,
                "center_x_2": 15.6,
                "center_y_2": 13.8,
                "background": 100.0,
            },
            second_start={"center_x_1": 9.0, "center_y_1": 8.0, "fwhm_x_1": 5.0, "center_x_2": 14.0, "height_2": 200.0},
            source=_STETSON,
        ),
        Known(
            data=beam,
            options={"tilted": True},
            about="the spot of a laser diode, simulated",
            estimate={"center_x": 11.4, "center_y": 12.2, "fwhm_long": 12.0, "fwhm_short": 6.0, "angle": 30.0},
            second_start={"center_x": 14.0, "fwhm_x": 7.0, "fwhm_y": 12.0, "correlation": -0.3},
            source=_STETSON,
        ),
    ),
    sources=(_STETSON,),
    picture=image_picture,
)
