"""Retention against temperature: how long a compound stays on the wall of a gas-chromatographic column.

The retention factor k is time on the wall over time in the gas; K = k times the phase ratio is the constant of
distribution. With a heat capacity that does not change, ln K has three parameters, which are written in three ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.kelvin import refuse_celsius
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_BREHMER = Source(
    "T. Brehmer, B. Duong, M. Marquart, L. Friedemann, P. J. Faust, P. Boeker, M. Wüst and J. Leppert",
    2023,
    "Retention Database for Prediction, Simulation, and Optimization of GC Separations",
    "doi:10.1021/acsomega.3c01348",
)
_CLARKE = Source(
    "E. C. W. Clarke and D. N. Glew",
    1966,
    "Evaluation of thermodynamic functions from equilibrium constants",
    "doi:10.1039/TF9666200539",
)

GAS_CONSTANT = 8.31446261815324
_COLDEST = 150.0
"""No column is run at such temperatures in K alone, and many are in degrees Celsius."""
_FORMS = ("k_centric", "abc", "thermodynamic")


def written(data: tuple[Data, ...] | None, *, form: str = "k_centric", reference: float = 363.15) -> Form:
    """The model in one of its three ways of writing; `reference` is a temperature in K."""
    if not 0 < reference < np.inf:
        raise ModelError(f"reference is a temperature in K, above 0; {reference!r} came. 90 °C is reference=363.15.")
    refuse_celsius(data, coldest=_COLDEST)
    if form == "k_centric":
        return _k_centric()
    return _abc() if form == "abc" else _thermodynamic(float(reference))


def _k_centric() -> Form:
    def log_retention(
        temperature: Any, characteristic_temperature: Any, thermal_constant: Any, heat_capacity: Any
    ) -> Any:
        curve, ratio = heat_capacity / GAS_CONSTANT, characteristic_temperature / temperature
        return (curve + characteristic_temperature / thermal_constant) * (ratio - 1) - curve * np.log(ratio)

    return Form(
        model=log_retention,
        parameters={
            "characteristic_temperature": Positive(guess=420.0, unit="K", description="T_char, where k is 1"),
            "thermal_constant": Positive(
                guess=33.0, unit="K", description="theta_char, the warming there that divides k by e"
            ),
            "heat_capacity": _HEAT_CAPACITY,
        },
        inputs={"temperature": "K"},
        outputs={"log_retention": "1"},
        priors={
            "characteristic_temperature": Normal(430.0, 120.0),
            "thermal_constant": LogNormal(3.5, 0.3),
            "heat_capacity": Normal(80.0, 60.0),
        },
    )


def _abc() -> Form:
    def log_retention(temperature: Any, phase_ratio: Any, A: Any, B: Any, C: Any) -> Any:
        return A + B / temperature + C * np.log(temperature) - np.log(phase_ratio)

    return Form(
        model=log_retention,
        parameters={
            "A": Real(guess=-65.0, unit="1", description="ln K where the other two terms cancel, with T in K"),
            "B": Real(guess=8000.0, unit="K", description="of the term in 1 / T"),
            "C": Real(guess=8.5, unit="1", description="of the term in ln T: the change of heat capacity over R"),
        },
        inputs={"temperature": "K", "phase_ratio": "1"},
        outputs={"log_retention": "1"},
        priors={"A": Normal(-65.0, 50.0), "B": Normal(8000.0, 4000.0), "C": Normal(8.5, 7.0)},
    )


def _thermodynamic(reference: float) -> Form:
    def log_retention(temperature: Any, phase_ratio: Any, enthalpy: Any, entropy: Any, heat_capacity: Any) -> Any:
        bent = np.log(temperature / reference) - 1 + reference / temperature
        return (entropy - enthalpy / temperature + heat_capacity * bent) / GAS_CONSTANT - np.log(phase_ratio)

    return Form(
        model=log_retention,
        parameters={
            "enthalpy": Real(guess=-42000.0, unit="J/mol", description="of the change to the wall, at the reference"),
            "entropy": Real(guess=-65.0, unit="J/mol/K", description="of the change to the wall, at the reference"),
            "heat_capacity": _HEAT_CAPACITY,
        },
        inputs={"temperature": "K", "phase_ratio": "1"},
        outputs={"log_retention": "1"},
        priors={
            "enthalpy": Normal(-42000.0, 20000.0),
            "entropy": Normal(-65.0, 40.0),
            "heat_capacity": Normal(80.0, 60.0),
        },
    )


_HEAT_CAPACITY = Real(guess=75.0, unit="J/mol/K", description="its change from the gas to the wall, Delta Cp")


def guess(data: Data, form: str = "k_centric", reference: float = 363.15) -> dict[str, float]:
    """The parabola of ln k in 1 / T and ln T by linear least squares, written in the form that is asked for."""
    temperature, measured = data.inputs["temperature"], data.outputs["log_retention"]
    ratio = data.constants.get("phase_ratio", data.inputs.get("phase_ratio", 1.0))
    good = np.isfinite(measured) & (temperature > 0)
    t, log_constant = temperature[good], (measured + np.log(np.maximum(ratio, 1e-300)))[good]
    if np.unique(t).size < 2:
        return {}
    middle = float(np.mean(t))
    # around the middle, where the three terms differ: enthalpy and heat capacity there
    columns = [np.ones(t.size), middle / t - 1, np.log(t / middle) - 1 + middle / t]
    some = columns if np.unique(t).size > 2 else columns[:2]
    found = [float(each) for each in np.linalg.lstsq(np.stack(some, axis=1), log_constant, rcond=None)[0]]
    level, slope, curve = (*found, 0.0)[:3]
    if form == "k_centric":
        return _at_one(level - float(np.mean(np.log(np.maximum(ratio, 1e-300)))), slope, curve, middle)
    # ln K = level - slope + slope middle / T + curve (ln T - ln middle - 1 + middle / T)
    constant, inverse = level - slope - curve * (1 + np.log(middle)), (slope + curve) * middle
    if form == "abc":
        return {"A": float(constant), "B": float(inverse), "C": curve}
    return {
        "enthalpy": float(-GAS_CONSTANT * (inverse - curve * reference)),
        "entropy": float(GAS_CONSTANT * (constant + curve * (1 + np.log(reference)))),
        "heat_capacity": GAS_CONSTANT * curve,
    }


def _at_one(level: float, slope: float, curve: float, middle: float) -> dict[str, float]:
    """Where ln k is zero, by Newton's steps kept within a factor of two of the middle, and its slope there."""
    t = middle
    for _ in range(20):
        value = level + slope * (middle / t - 1) + curve * (np.log(t / middle) - 1 + middle / t)
        falling = -slope * middle / t**2 + curve * (1 / t - middle / t**2)
        if falling == 0:
            break
        t = float(np.clip(t - value / falling, 0.5 * middle, 2 * middle))
    falling = -slope * middle / t**2 + curve * (1 / t - middle / t**2)
    constant = float(np.clip(-1 / falling, 1.0, 1e3)) if falling < 0 else 33.0
    return {
        "characteristic_temperature": t,
        "thermal_constant": constant,
        "heat_capacity": GAS_CONSTANT * curve,
    }


def _measured(celsius: list[float], log_retention: list[float]) -> Callable[[], Data]:
    """Measured ln k on a column Rxi-5Sil MS with phase ratio 125."""

    def data() -> Data:
        return Data(
            {"temperature": np.array(celsius) + 273.15, "log_retention": log_retention},
            inputs="temperature",
            output="log_retention",
            constants={"phase_ratio": 125.0},
        )

    return data


_OCTANONE = _measured(
    [59.8, 70.0, 80.1, 90.3, 100.35, 110.55, 120.7, 130.85, 141.05, 151.0, 161.075, 171.1, 181.025, 190.975, 201.15],
    [
        *(2.56144488, 2.0982069, 1.66231368, 1.26626123, 0.89598624, 0.55406946, 0.23055795, -0.0665745, -0.34487763),
        *(-0.60269339, -0.84723462, -1.0685848, -1.2853806, -1.47713094, -1.67469983),
    ],
)
_FLUOROANILINE = _measured(
    [59.8, 70.0, 80.1, 90.3, 100.35, 110.55, 120.7, 130.85, 141.05, 151.0, 161.075, 171.1, 181.025, 190.975],
    [
        *(2.64560446, 2.18844571, 1.75952785, 1.36985798, 1.00582566, 0.67105929, 0.35391477, 0.06152799, -0.20930976),
        *(-0.46529148, -0.70660528, -0.91945885, -1.13185933, -1.318134),
    ],
)


READY = ReadyMade(
    name="chromatography.retention_factor",
    summary="Retention factor against temperature, with a change of heat capacity that is constant",
    formula="ln k = (Cp/R + T_char/theta_char) (T_char/T - 1) + Cp/R ln(T/T_char) = A + B/T + C ln T - ln(phase_ratio)",
    good_for="the retention parameters of a compound from isothermal runs, which predict it at any temperature between "
    "and in programmed runs",
    prefer_instead="a line in 1/T (heat_capacity fixed at 0) for three temperatures or a narrow range; Student's t as "
    "noise where a few runs went wrong",
    form=written,
    guess=guess,
    known=(
        Known(
            data=_OCTANONE,
            about="2-octanone on Rxi-5Sil MS, 60 to 200 °C",
            estimate={"characteristic_temperature": "401.66", "thermal_constant": "34.537", "heat_capacity": "70.776"},
            standard_error={
                "characteristic_temperature": "0.044792",
                "thermal_constant": "0.024754",
                "heat_capacity": "1.3619",
            },
            second_start={"characteristic_temperature": 480.0, "thermal_constant": 20.0, "heat_capacity": 0.0},
            source=_BREHMER,
        ),
        Known(
            data=_OCTANONE,
            about="the same as A, B and C",
            estimate={"A": "-66.351", "B": "8090.4", "C": "8.5123"},
            standard_error={"C": "0.16379"},
            second_start={"A": 0.0, "B": 0.0, "C": 0.0},
            options={"form": "abc"},
            source=_BREHMER,
        ),
        Known(
            data=_OCTANONE,
            about="the same as enthalpy and entropy at 90 °C",
            estimate={"enthalpy": "-41565", "entropy": "-63.685", "heat_capacity": "70.776"},
            second_start={"enthalpy": 0.0, "entropy": 0.0, "heat_capacity": 0.0},
            options={"form": "thermodynamic"},
            source=_BREHMER,
        ),
        Known(
            data=_FLUOROANILINE,
            about="4-fluoroaniline on the same column",
            estimate={"characteristic_temperature": "406.18", "thermal_constant": "36.355", "heat_capacity": "73.625"},
            second_start={"characteristic_temperature": 350.0, "thermal_constant": 60.0, "heat_capacity": 200.0},
            source=_BREHMER,
        ),
    ),
    sources=(_BREHMER, _CLARKE),
    options={
        "form": Option("k_centric", "which three numbers are the parameters", _FORMS),
        "reference": Option(363.15, "the temperature in K of enthalpy and entropy in the form thermodynamic"),
    },
)
