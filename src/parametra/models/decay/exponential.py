"""A sum of exponential decays, with a background or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.interchange import Interchange
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess
from parametra.nouns.zero_of_time import refuse_far_zero

_BEVINGTON = Source(
    "P. R. Bevington and D. K. Robinson",
    2003,
    "Data Reduction and Error Analysis for the Physical Sciences, 3rd edition",
    "isbn:9780072472271",
)
_ISTRATOV = Source(
    "A. A. Istratov and O. F. Vyvenko", 1999, "Exponential analysis in physical phenomena", "doi:10.1063/1.1149581"
)
_NIST = Source(
    "NIST/ITL",
    2003,
    "Statistical Reference Datasets: nonlinear least squares regression",
    "https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml",
)


def silver() -> Data:
    """Counts of silver made radioactive, in intervals of 15 s (Bevington and Robinson 2003, table 8.1)."""
    counts = [
        775.0,
        479,
        380,
        302,
        185,
        157,
        137,
        119,
        110,
        89,
        74,
        61,
        66,
        68,
        48,
        54,
        51,
        46,
        55,
        29,
        28,
        37,
        49,
        26,
        35,
    ]
    counts += [
        29.0,
        31,
        24,
        25,
        35,
        24,
        30,
        26,
        28,
        21,
        18,
        20,
        27,
        17,
        17,
        14,
        17,
        24,
        11,
        22,
        17,
        12,
        10,
        13,
        16,
        9,
        9,
        14,
        21,
    ]
    counts += [17.0, 13, 12, 18, 10]
    table = {"time": 15.0 * np.arange(1, 60), "signal": counts}
    return Data(table, inputs=["time"], output="signal", sigma=np.sqrt(counts), units={"time": "s", "signal": "count"})


def osborne() -> Data:
    """A response that rises and falls (Osborne 1972; MGH17 of NIST)."""
    signal = [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751]
    signal += [0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490]
    signal += [0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406]
    return Data({"time": 10.0 * np.arange(33), "signal": signal}, inputs=["time"], output="signal")


def lanczos() -> Data:
    """Three exponentials, computed to five digits (Lanczos 1956; Lanczos3 of NIST)."""
    signal = [2.5134, 2.0443, 1.6684, 1.3664, 1.1232, 0.9269, 0.7679, 0.6389, 0.5338, 0.4479, 0.3776, 0.3197]
    signal += [0.2720, 0.2325, 0.1997, 0.1723, 0.1493, 0.1301, 0.1138, 0.1000, 0.0883, 0.0783, 0.0698, 0.0624]
    return Data({"time": 0.05 * np.arange(24), "signal": signal}, inputs=["time"], output="signal")


def barium() -> Data:
    """Simulated counts a minute of barium-137m, whose half-life is 2.552 min, in intervals of half a minute."""
    time = np.arange(0.0, 15.0, 0.5)
    counts = np.random.default_rng(137).poisson(2000 * np.exp(-np.log(2) / 2.552 * time))
    table = {"time": time, "signal": counts, "sigma": np.sqrt(np.maximum(counts, 1))}
    return Data(table, inputs=["time"], output="signal", sigma="sigma", units={"time": "min", "signal": "count"})


def _names(terms: int) -> list[tuple[str, str]]:
    return [("amplitude", "rate")] if terms == 1 else [(f"amplitude_{k}", f"rate_{k}") for k in range(1, terms + 1)]


def _form(data: Sequence[Data] | None, terms: int, background: str) -> Form:
    refuse_far_zero(data, "amplitudes are signals at time zero")
    _, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()), np.zeros(1))
    level = Normal(0.0, 5.0 * height)
    parameters: dict[str, Parameter] = {}
    priors: dict[str, Any] = {}
    derived: dict[str, object] = {}
    for amplitude, rate in _names(terms):
        parameters[amplitude] = Real(guess=1.0, unit="{signal}", description="the signal of this term at time zero")
        parameters[rate] = Positive(guess=1.0, unit="1/{time}", description="its rate, the reciprocal of its lifetime")
        priors |= {amplitude: level, rate: around_guess(1.5)}
        end = rate.removeprefix("rate")
        derived |= {f"lifetime{end}": f"1 / {rate}", f"half_life{end}": f"log(2) / {rate}"}
    formula = " + ".join(f"{amplitude} * exp(-{rate} * time)" for amplitude, rate in _names(terms))
    if background == "constant":
        parameters["background"] = Real(guess=0.0, unit="{signal}", description="what is left in the end")
        priors["background"] = level
        formula += " + background"
    units: dict[str, Any] = {"inputs": {"time": "s"}, "outputs": {"signal": "count"}}
    fastest_first = Interchange(tuple((rate, amplitude) for amplitude, rate in _names(terms)), falling=True)
    return Form({"signal": formula}, parameters, **units, priors=priors, derived=derived, interchangeable=fastest_first)


def guess(data: Data, terms: int, background: str) -> dict[str, float]:
    """The best of a grid of rates, fastest first; amplitudes and background are linear."""
    time, signal = tidy(data.inputs["time"], data.outputs["signal"], 300 if terms == 1 else 120)
    _, width = extent(time)
    grid = {"rate": np.geomspace(0.1, 100.0, {1: 80, 2: 30, 3: 16}[terms]) / width}
    grid |= {f"times_{k}": np.geomspace(1.3, 30.0, 20 if terms == 2 else 9) for k in range(2, terms + 1)}

    def rates(rate: Any, **times: Any) -> list[Any]:
        slowest_first = [rate]
        for each in times.values():
            slowest_first.append(slowest_first[-1] * each)
        return slowest_first[::-1]

    level = [np.ones(1)] if background == "constant" else []
    best = best_shape(lambda **at: [*(np.exp(-rate * time) for rate in rates(**at)), *level], grid, signal)
    found: dict[str, float] = {}
    for k, ((amplitude, rate), value) in enumerate(zip(_names(terms), rates(**best.values), strict=True)):
        found |= {amplitude: float(best.factors[k]), rate: float(value)}
    return found | ({"background": float(best.factors[-1])} if level else {})


READY = ReadyMade(
    name="decay.exponential",
    summary="One, two or three exponential decays, with a constant background or without",
    formula="signal = amplitude_1 exp(-rate_1 time) + ... + background",
    good_for='radioactivity (noise="poisson"), fluorescence, relaxation, discharge; the fastest term is the first',
    prefer_instead="kinetics.first_order for one concentration; fewer terms where pm.compare finds no need of more, "
    "since "
    "rates that differ by less than a factor of two or three are hardly told apart",
    form=_form,
    guess=guess,
    options={
        "terms": Option(1, "how many exponentials", (1, 2, 3)),
        "background": Option("constant", "what is left in the end", ("none", "constant")),
    },
    known=(
        Known(
            data=silver,
            options={"terms": 2, "background": "constant"},
            about="silver made radioactive, two isotopes and a background",
            estimate={"amplitude_1": "957.8", "background": "10.1"},
            second_start={
                "amplitude_1": 500.0,
                "rate_1": 0.05,
                "amplitude_2": 300.0,
                "rate_2": 0.01,
                "background": 1.0,
            },
            source=_BEVINGTON,
        ),
        Known(
            data=osborne,
            options={"terms": 2, "background": "constant"},
            about="a response that rises and falls",
            estimate={
                "amplitude_1": "-1.4646871",
                "rate_1": "0.022122700",
                "amplitude_2": "1.9358469",
                "rate_2": "0.012867535",
                "background": "0.37541005",
            },
            standard_error={"rate_1": "8.947200e-4", "rate_2": "4.486136e-4", "background": "2.0723154e-3"},
            second_start={"amplitude_1": -1.0, "rate_1": 0.02, "amplitude_2": 1.5, "rate_2": 0.01, "background": 0.5},
            source=_NIST,
        ),
        Known(
            data=lanczos,
            options={"terms": 3, "background": "none"},
            about="three exponentials, hard to tell apart",
            estimate={
                "amplitude_1": "1.58257",
                "rate_1": "4.98636",
                "amplitude_2": "0.84401",
                "rate_2": "2.95160",
                "amplitude_3": "0.086816",
                "rate_3": "0.95498",
            },
            second_start={
                "amplitude_1": 1.2,
                "rate_1": 6.0,
                "amplitude_2": 1.0,
                "rate_2": 3.5,
                "amplitude_3": 0.3,
                "rate_3": 1.5,
            },
            source=_NIST,
        ),
        Known(
            data=barium,
            options={"background": "none"},
            about="barium-137m, simulated",
            estimate={"amplitude": 2000.0, "half_life": 2.552},
            second_start={"amplitude": 1000.0, "rate": 0.1},
            source=_BEVINGTON,
        ),
    ),
    sources=(_BEVINGTON, _ISTRATOV),
)
