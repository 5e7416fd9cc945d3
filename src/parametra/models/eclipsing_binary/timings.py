"""The ephemeris of an eclipsing binary: times of minima as a line, or a parabola, of the number of the cycle."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.models.eclipsing_binary._spheres_sources import DAVID, STERKEN
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_LINEAR = {"epoch": 7119.52217, "period": 2.4611357}
_PARABOLA = {"epoch": 6255.4624, "period": 1.92258268, "change": 2.09e-9}


def _simulated(truth: dict[str, float], cycle: np.ndarray, error: float) -> Data:
    generator = np.random.default_rng(5)
    time = truth["epoch"] + truth["period"] * cycle + truth.get("change", 0.0) * cycle**2
    table = {"cycle": cycle, "time": time + error * generator.standard_normal(cycle.size)}
    return Data(table, inputs=["cycle"], output="time", sigma=error, units={"cycle": "1", "time": "d"})


def one_campaign() -> Data:
    """Primary minima of 80 days with errors of 26 s."""
    return _simulated(_LINEAR, np.arange(-23.0, 9.0), 0.0003)


def decades() -> Data:
    """32 timings over 62 years with errors of 4 minutes."""
    return _simulated(_PARABOLA, np.sort(np.random.default_rng(4).integers(-5000, 7000, 32)).astype(float), 0.003)


def _form(sets: tuple[Data, ...] | None, shape: str = "linear") -> Form:
    guesses = {"epoch": 0.0, "period": 1.0} if sets is None else guess(sets[0])
    period, epoch = guesses["period"], guesses["epoch"]
    parameters: dict[str, Parameter] = {
        "epoch": Real(guess=epoch, unit="{time}", description="the time of the minimum of cycle 0"),
        "period": Real(guess=period, unit="{time}", description="from one minimum to the next, at cycle 0"),
    }
    priors: dict[str, Any] = {
        "epoch": Normal(epoch, max(abs(period), 1e-9)),
        "period": Normal(period, 1e-2 * max(abs(period), 1e-9)),
    }
    text, derived = "epoch + period * cycle", {}
    if shape == "quadratic":
        text += " + change * cycle**2"
        parameters["change"] = Real(
            guess=0.0, unit="{time}", description="half of what the period grows by from one cycle to the next"
        )
        priors["change"] = Normal(0.0, 1e-6 * max(abs(period), 1e-9))
        derived = {"rate": "2 * change / period"}
    return Form(
        model={"time": text},
        parameters=parameters,
        inputs={"cycle": "1"},
        outputs={"time": "d"},
        priors=priors,
        derived=derived,
    )


def guess(data: Data) -> dict[str, float]:
    """The straight line through the timings by least squares."""
    output = next(iter(data.outputs))
    index = data.observed[output]
    cycle = np.asarray(data.inputs["cycle"] if index is None else data.inputs["cycle"][index], dtype=np.float64)
    time = np.asarray(data.observations(output)[0], dtype=np.float64)
    middle, spread = float(cycle.mean()), float(np.sum((cycle - cycle.mean()) ** 2))
    period = float(np.sum((cycle - middle) * time)) / spread if spread > 0 else 1.0
    return {"period": period, "epoch": float(time.mean()) - period * middle}


def _draw(fit: Any, problem: Any, axes: Any) -> None:
    """Observed less computed with the straight part of the ephemeris, as the field looks at timings."""
    (data,) = problem.data_sets[:1]
    output = next(iter(data.outputs))
    cycle, (time, sigma) = data.inputs["cycle"], data.observations(output)
    rows = data.observed[output]
    seen = cycle if rows is None else cycle[rows]
    straight = fit.values["epoch"] + fit.values["period"] * seen
    axes.errorbar(seen, time - straight, yerr=sigma, fmt="o", markersize=3, linewidth=1)
    fine = np.linspace(float(cycle.min()), float(cycle.max()), 200)
    axes.plot(fine, fit.values.get("change", 0.0) * fine**2)
    axes.set_xlabel("cycle")
    axes.set_ylabel("observed - computed")


READY = ReadyMade(
    name="eclipsing_binary.timings",
    summary="the ephemeris of an eclipsing binary from times of its minima",
    formula="time = epoch + period cycle (+ change cycle^2)",
    good_for=(
        "epochs and periods with honest errors from timings of minima, of transits or of maxima, and whether the "
        "period changes; rate is dP/dt"
    ),
    prefer_instead=(
        "eclipsing_binary.spheres or .nav on the light curve itself where single minima have few points; a light-time "
        "orbit where what is left is periodic"
    ),
    form=_form,
    guess=guess,
    known=(
        Known(
            data=decades,
            about="timings of many decades whose period grows, simulated",
            estimate={**_PARABOLA, "rate": 2 * _PARABOLA["change"] / _PARABOLA["period"]},
            second_start={"epoch": 5000.0, "period": 3.0, "change": 1e-6},
            options={"shape": "quadratic"},
            source=STERKEN,
        ),
        Known(
            data=one_campaign,
            about="eighty days of HD 23642, simulated from its published ephemeris",
            estimate=_LINEAR,
            second_start={"epoch": 5000.0, "period": 1.0},
            source=DAVID,
        ),
    ),
    sources=(STERKEN,),
    options={"shape": Option("linear", "a line, or a parabola", ("linear", "quadratic"))},
    picture=_draw,
)
