"""Hodgkin and Huxley's potassium current after steps of the membrane's voltage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.box_search import box_search
from parametra.maths.distributions import Normal
from parametra.maths.first_look import extent, lifted
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Log, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_HODGKIN_HUXLEY = Source(
    "A. L. Hodgkin and A. F. Huxley",
    1952,
    "A quantitative description of membrane current and its application to conduction and excitation in nerve",
    "doi:10.1113/jphysiol.1952.sp004764",
)
_TRUTH = {
    "conductance": 36.0,
    "opening_slope": 0.01,
    "opening_midpoint": -65.0,
    "opening_width": 10.0,
    "closing_rate": 0.125,
    "closing_width": 80.0,
}
_STEPS = [-69.0, -64.0, -56.0, -49.0, -43.0, -37.0, -24.0, -12.0, 1.0, 13.0, 25.0, 34.0]
_INPUTS = {"time": "ms", "voltage": "mV", "holding": "mV", "reversal": "mV"}
_MOST_ROWS = 400
_NEAR = 1e-3
"""So near the midpoint, in widths, a series takes the place of the quotient 0 / 0; it is then good to 1e-14."""


def axon(seed: int = 1952) -> Data:
    """Currents of a squid's axon after the twelve voltage steps of 1952, errors of 5 uA/cm2, simulated."""
    time, voltage = (each.ravel() for each in np.meshgrid(np.arange(0.0, 10.0, 0.25), _STEPS))
    exact = current(_TRUTH, {"time": time, "voltage": voltage, "holding": -75.0, "reversal": -88.0})
    noisy = exact + 5.0 * np.random.default_rng(seed).standard_normal(time.size)
    return Data(
        {"time": time, "voltage": voltage, "current": noisy},
        inputs=["time", "voltage"],
        output="current",
        constants={"holding": -75.0, "reversal": -88.0},
        units={**_INPUTS, "current": "uA/cm**2"},
    )


def current(at: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    """The current by parameters and inputs, numbers or arrays that broadcast."""

    def rates(voltage: Any) -> tuple[Any, Any]:
        u = (at["opening_midpoint"] - voltage) / at["opening_width"]
        near = np.abs(u) < 1e-6
        bent = np.where(near, 1.0 - u / 2, u / np.expm1(np.where(near, 1.0, u)))
        closing = at["closing_rate"] * np.exp((inputs["holding"] - voltage) / at["closing_width"])
        return at["opening_slope"] * at["opening_width"] * bent, closing

    opening, closing = rates(inputs["voltage"])
    held_opening, held_closing = rates(inputs["holding"])
    end, begin = opening / (opening + closing), held_opening / (held_opening + held_closing)
    gate = end + (begin - end) * np.exp(-(opening + closing) * inputs["time"])
    return at["conductance"] * gate**4 * (inputs["voltage"] - inputs["reversal"])


def _formula() -> str:
    """The current in one formula, so that its derivatives are exact and nothing is compiled."""

    def opening(voltage: str) -> str:
        u = f"((opening_midpoint - {voltage}) / opening_width)"
        series = f"(1 - {u} / 2 + {u}**2 / 12 - {u}**4 / 720)"
        safe = f"where(abs({u}) < {_NEAR}, 1, {u})"
        return f"opening_slope * opening_width * where(abs({u}) < {_NEAR}, {series}, {u} / expm1({safe}))"

    def closing(voltage: str) -> str:
        return f"closing_rate * exp((holding - {voltage}) / closing_width)"

    both = f"({opening('voltage')} + {closing('voltage')})"
    end = f"({opening('voltage')} / {both})"
    begin = f"({opening('holding')} / ({opening('holding')} + {closing('holding')}))"
    gate = f"({end} + ({begin} - {end}) * exp(-{both} * time))"
    return f"conductance * {gate}**4 * (voltage - reversal)"


def _form(data: Sequence[Data] | None) -> Form:
    volts = [each.inputs.get("voltage", np.zeros(0)) for each in data or ()]
    middle, spread = extent(*volts) if data else (-20.0, 100.0)
    _, width = extent(*(each.inputs.get("time", np.zeros(0)) for each in data or ())) if data else (0.0, 10.0)
    rate, slope = "1/{time}", "1/{time}/{voltage}"
    return Form(
        model={"current": _formula()},
        parameters={
            "conductance": Log(1e-12, 1e12, guess=36.0, unit="{current}/{voltage}", description="with all gates open"),
            "opening_slope": Log(
                1e-5 / (width * spread),
                1e5 / (width * spread),
                guess=10.0 / (width * spread),
                unit=slope,
                description="by how much the rate of opening grows with the voltage, far above the midpoint",
            ),
            "opening_midpoint": Real(
                middle - 2.0 * spread,
                middle + 2.0 * spread,
                guess=middle - 0.5 * spread,
                unit="{voltage}",
                description="where the rate of opening bends up",
            ),
            "opening_width": Log(
                0.01 * spread, 5.0 * spread, guess=0.1 * spread, unit="{voltage}", description="how sharply it bends"
            ),
            "closing_rate": Log(
                1e-4 / width, 1e4 / width, guess=1.0 / width, unit=rate, description="at the holding voltage"
            ),
            "closing_width": Log(
                0.02 * spread,
                50.0 * spread,
                guess=spread,
                unit="{voltage}",
                description="the step that slows closing by a factor of e",
            ),
        },
        inputs=_INPUTS,
        outputs={"current": "uA/cm**2"},
        priors={
            **dict.fromkeys(("conductance", "opening_slope", "closing_rate"), around_guess(1.5)),
            "opening_midpoint": Normal(middle - 0.5 * spread, spread),
            "opening_width": around_guess(1.2),
            "closing_width": around_guess(1.2),
        },
        derived={
            "fastest_closing_time": "1 / closing_rate",
            "opening_at_midpoint": "opening_slope * opening_width",
        },
    )


def guess(data: Data) -> dict[str, float]:
    """A search of all six in a box about the extent of time, voltage and current."""
    table = {name: _column(data, name) for name in _INPUTS}
    (seen,) = data.outputs.values()
    known = np.isfinite(seen) & np.all([np.isfinite(each) for each in table.values()], axis=0)
    if known.sum() < 4 or np.unique(table["voltage"][known]).size < 2:
        return {}
    rows = np.flatnonzero(known)
    if rows.size > _MOST_ROWS:
        rows = rows[np.linspace(0, rows.size - 1, _MOST_ROWS).astype(int)]
    table, seen = {name: each[rows] for name, each in table.items()}, seen[rows]
    middle, spread = extent(table["voltage"])
    width = extent(table["time"])[1]
    driven = np.abs(table["voltage"] - table["reversal"])
    largest = lifted(float(np.max(np.abs(seen) / np.maximum(driven, 0.05 * spread))), 1.0, 1e-9)
    box = {
        "conductance": (0.8 * largest, 6.0 * largest),
        "opening_slope": (0.3 / (width * spread), 300.0 / (width * spread)),
        "opening_midpoint": (middle - 0.9 * spread, middle + 0.4 * spread),
        "opening_width": (0.03 * spread, 0.5 * spread),
        "closing_rate": (0.02 / width, 100.0 / width),
        "closing_width": (0.1 * spread, 5.0 * spread),
    }
    scale = float(np.std(seen)) or lifted(float(np.max(np.abs(seen))), 1.0)

    def residuals(at: Mapping[str, Any]) -> Any:
        return (current({name: each[:, None] for name, each in at.items()}, table) - seen) / scale

    return box_search(residuals, box)


def _column(data: Data, name: str) -> np.ndarray:
    size = next(iter(data.outputs.values())).size
    given = data.inputs.get(name, data.constants.get(name, np.nan))
    return np.broadcast_to(np.asarray(given, dtype=float), (size,))


def _draw(fit: Any, problem: Any, axes: Any) -> None:
    """One trace for each step, on top of each other, as the currents of voltage clamps are shown."""
    for i, data in enumerate(problem.data_sets):
        volts, time = _column(data, "voltage"), _column(data, "time")
        (seen,) = data.outputs.values()  # the data call it what they like
        parameters = problem.bindings[i].parameters_of(fit.values)
        for volt in np.unique(volts):
            rows = np.flatnonzero(volts == volt)
            points = axes.plot(time[rows], seen[rows], ".", markersize=3)
            fine = np.linspace(float(time[rows].min()), float(time[rows].max()), 100)
            held = {name: _column(data, name)[rows[0]] for name in ("holding", "reversal")}
            inputs = {"time": fine, "voltage": np.full(100, volt), **held}
            axes.plot(fine, current(parameters, inputs), color=points[0].get_color(), linewidth=1, label=f"{volt:g}")
    units = problem.data_sets[0].units
    (output,) = problem.data_sets[0].outputs
    axes.set_xlabel("time since the step" + _in(units.get("time", "")))
    axes.set_ylabel("current" + _in(units.get(output, "")))
    axes.legend(title="voltage" + _in(units.get("voltage", "")), fontsize="x-small", ncol=2)


def _in(unit: str) -> str:
    return f" ({unit})" if unit else ""


READY = ReadyMade(
    name="electrophysiology.hodgkin_huxley_potassium",
    summary="Hodgkin and Huxley's potassium current after steps of the membrane's voltage",
    formula="""current = conductance n^4 (voltage - reversal)
dn/dt = a(voltage) (1 - n) - b(voltage) n, n at rest at the holding voltage before
a = opening_slope (opening_midpoint - V) / (exp((opening_midpoint - V) / opening_width) - 1)
b = closing_rate exp((holding - V) / closing_width)""",
    good_for="delayed rectifiers in voltage clamp: one row for each time since the step, with the voltage of the step; "
    "the holding and the reversal voltage are columns or constants of the data",
    prefer_instead="an ODE of your own where the voltage is no step, the current inactivates, or the gates are not "
    "four alike",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=axon,
            about="a squid's axon, twelve steps, simulated with the constants of 1952",
            estimate=_TRUTH,
            second_start={
                "conductance": 50.0,
                "opening_slope": 0.006,
                "opening_midpoint": -55.0,
                "opening_width": 15.0,
                "closing_rate": 0.2,
                "closing_width": 50.0,
            },
            source=_HODGKIN_HUXLEY,
        ),
    ),
    sources=(_HODGKIN_HUXLEY,),
    picture=_draw,
)
