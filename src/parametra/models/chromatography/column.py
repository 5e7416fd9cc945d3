"""The peaks of a chromatogram from advection, diffusion and linear adsorption kinetics in the column.

Each compound obeys a mass balance and a rate of exchange with the wall,

    c_t + u c_x + q_t = D c_xx,    q_t = k kd c - kd q,

whose Laplace transform is solved in closed form and inverted by a Fourier series, for all compounds at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.maths.laplace_inversion import TOLERANCE, fourier_line, fourier_sum
from parametra.models.chromatography._peaks import find_peaks
from parametra.models.chromatography._transport import column_transform, product, pulse_transform
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Log, Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_CABRERA = Source(
    "A. Cabrera-Codony, A. Valverde, K. Born, O. A. I. Noreldin and T. G. Myers",
    2024,
    "Mathematical modelling of flow and adsorption in a gas chromatograph",
    "arXiv:2501.00001",
)
_LAPIDUS = Source(
    "L. Lapidus and N. R. Amundson",
    1952,
    "Mathematics of Adsorption in Beds. VI. The Effect of Longitudinal Diffusion in Ion Exchange and Chromatographic "
    "Columns",
    "doi:10.1021/j150500a014",
)

_FEWEST_TERMS, _MOST_TERMS = 2048, 8192
_INJECTIONS = ("pulse", "instant")


def signal(compounds: int, injection: str, marker: bool, terms: int) -> Callable[..., Any]:
    """The model: signal against time, as a function of two dicts, for NumPy and JAX."""

    def chromatogram(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        time = inputs["time"]
        xp = time.__array_namespace__()
        named = {**parameters, **inputs}
        length, velocity, diffusivity = (one_number(named[name], xp) for name in ("length", "velocity", "diffusivity"))
        horizon = xp.maximum(xp.max(time), 1e-300)
        line = fourier_line(horizon, terms, xp=xp)
        hold_up, spread = length / velocity, 4 * diffusivity / velocity**2
        total: tuple[Any, Any] = (0.0, 0.0)
        for i in range(compounds):
            pick = ... if compounds == 1 else i
            factor, rate, area = (
                xp.asarray(parameters[name])[pick] for name in ("retention_factor", "desorption_rate", "area")
            )
            one = column_transform(line, hold_up, spread, factor, rate, xp)
            total = total[0] + area * one[0], total[1] + area * one[1]
        if marker:
            one = column_transform(line, hold_up, spread, 0.0, 1.0, xp)
            total = total[0] + parameters["marker_area"] * one[0], total[1] + parameters["marker_area"] * one[1]
        if injection == "pulse":
            total = product(total, pulse_transform(line, one_number(named["injection_duration"], xp), xp))
        peaks = fourier_sum(*total, time, horizon, TOLERANCE, xp)
        return parameters["baseline"] + xp.where(time > 0, peaks, 0.0)

    return chromatogram


def one_number(value: Any, xp: Any) -> Any:
    """A constant of the data, which may come as a column, or a parameter."""
    return xp.reshape(xp.asarray(value), (-1,))[0]


def form(
    data: tuple[Data, ...] | None,
    *,
    compounds: int = 1,
    injection: str = "pulse",
    marker: bool = False,
    terms: int = 0,
) -> Form:
    """The model for a number of compounds; the number of terms from how finely the data were sampled."""
    if isinstance(compounds, bool) or not isinstance(compounds, int) or compounds < 1:  # type: ignore[redundant-expr]
        raise ModelError(f"compounds is how many peaks there are, 1 or more; {compounds!r} came.")
    if isinstance(terms, bool) or not isinstance(terms, int) or terms < 0:  # type: ignore[redundant-expr]
        raise ModelError(f"terms is a whole number, 0 for as many as the data need; {terms!r} came.")
    _refuse_impossible(data)
    shape = () if compounds == 1 else (compounds,)
    parameters: dict[str, Parameter] = {
        "retention_factor": Log(
            1e-4, 1e4, guess=1.0, shape=shape, unit="1", description="k, time on the wall over time in the gas"
        ),
        "desorption_rate": Log(
            1e-6, 1e9, guess=10.0, shape=shape, unit="1/{time}", description="kd, at which the wall lets go"
        ),
        "area": Positive(guess=1.0, shape=shape, unit="{signal}*{time}", description="of the peak"),
        "baseline": Real(guess=0.0, unit="{signal}", description="the signal without any compound"),
    }
    priors: dict[str, Any] = {
        "retention_factor": LogNormal(1.0, 2.0),
        "desorption_rate": LogNormal(3.0, 4.0),
        "area": LogNormal(2.0, 4.0),
        "baseline": Normal(0.0, 1e4),
    }
    inputs = {"time": "s", "length": "m"}
    if marker:
        parameters |= {
            "velocity": Log(1e-6, 1e6, guess=0.3, unit="{length}/{time}", description="u, of the gas, its mean"),
            "diffusivity": Log(
                1e-12, 1e3, guess=1e-3, unit="{length}**2/{time}", description="D, of the compounds along the gas"
            ),
            "marker_area": Positive(guess=1.0, unit="{signal}*{time}", description="of the peak without retention"),
        }
        priors |= {
            "velocity": LogNormal(-1.0, 2.0),
            "diffusivity": LogNormal(-7.0, 4.0),
            "marker_area": LogNormal(2.0, 4.0),
        }
    else:
        inputs |= {"velocity": "m/s", "diffusivity": "m**2/s"}
    if injection == "pulse":
        inputs["injection_duration"] = "s"
    return Form(
        model=signal(compounds, injection, marker, terms or terms_for(data)),
        parameters=parameters,
        inputs=inputs,
        outputs={"signal": "mV"},
        priors=priors,
        derived=_derived(compounds),
    )


def _refuse_impossible(data: tuple[Data, ...] | None) -> None:
    """Raises ModelError for a column or a gas that cannot be."""
    for each in data or ():
        for name in ("length", "velocity", "injection_duration", "diffusivity"):
            given = each.inputs.get(name, each.constants.get(name))
            values = np.ravel(np.asarray([] if given is None else given, dtype=float))
            least = float(values.min()) if values.size else 1.0
            if least < 0 or (least == 0 and name != "diffusivity"):
                wanted = "zero or above" if name == "diffusivity" else "above zero"
                raise ModelError(f'{name} is {wanted}; the data "{each.name}" have {least:g}.')


def terms_for(data: tuple[Data, ...] | None) -> int:
    """Terms that resolve a peak as narrow as the spacing of the samples, its shoulder at seven standard deviations."""
    most = _FEWEST_TERMS
    for each in data or ():
        time = np.unique(each.inputs["time"]) if "time" in each.inputs else np.zeros(0)
        if time.size > 1:
            most = max(most, int(2.5 * time[-1] / float(np.median(np.diff(time)))))
    return min(most, _MOST_TERMS)


def _derived(compounds: int) -> dict[str, object]:
    """The rate of adsorption, k kd, of each compound."""
    if compounds == 1:
        return {"adsorption_rate": "retention_factor * desorption_rate"}

    def of(i: int) -> Callable[..., Any]:
        def adsorption_rate(retention_factor: Any, desorption_rate: Any) -> Any:
            return retention_factor[i] * desorption_rate[i]

        return adsorption_rate

    return {f"adsorption_rate_{i}": of(i) for i in range(compounds)}


def guess(data: Data, compounds: int = 1, injection: str = "pulse", marker: bool = False) -> dict[str, Any]:
    """Factors from where the peaks are, rates from how broad they are beyond what diffusion and injection do."""
    peaks = find_peaks(data.inputs["time"], data.outputs["signal"], compounds + marker)
    length = data.constants.get("length", 1.0)
    duration = data.constants.get("injection_duration", 0.0) if injection == "pulse" else 0.0
    own = np.maximum(peaks.width**2 - duration**2 / 12, 0.1 * peaks.width**2)
    found: dict[str, Any] = {"baseline": peaks.baseline}
    if marker:
        hold_up = max(peaks.time[0] - 0.5 * duration, 1e-3 * peaks.time[-1], 1e-9)
        velocity = float(np.clip(length / hold_up, 1e-6, 1e6))
        diffusivity = float(np.clip(0.5 * own[0] * velocity**2 / hold_up, 1e-12, 1e3))
        found |= {"velocity": velocity, "diffusivity": diffusivity, "marker_area": float(peaks.area[0])}
    else:
        velocity, diffusivity = data.constants.get("velocity", 1.0), data.constants.get("diffusivity", 0.0)
        hold_up = length / velocity
    time, own, area = (values[int(marker) :] for values in (peaks.time, own, peaks.area))
    factor = np.clip((time - 0.5 * duration) / hold_up - 1, 1e-2, 1e3)
    by_diffusion = 2 * diffusivity * hold_up * (1 + factor) ** 2 / velocity**2
    rate = np.clip(2 * hold_up * factor / np.maximum(own - by_diffusion, 0.1 * own), 1e-5, 1e8)
    named = {"retention_factor": factor, "desorption_rate": rate, "area": area}
    return found | {name: float(v[0]) if compounds == 1 else v for name, v in named.items()}


_BTEX = {
    "retention_factor": np.array([1.2, 2.1, 3.4, 3.9]),
    "desorption_rate": np.array([30.0, 25.0, 20.0, 22.0]),
    "area": np.array([520.0, 480.0, 450.0, 400.0]),
    "baseline": 2.0,
}
_ONE = {"retention_factor": 2.1, "desorption_rate": 25.0, "area": 480.0, "baseline": 2.0}
_MARKED = {**_ONE, "velocity": 0.3, "diffusivity": 2e-3, "marker_area": 150.0}
_GEOMETRY = {"length": 30.0, "velocity": 0.3, "diffusivity": 1e-4, "injection_duration": 1.0}


def _simulated(
    truth: Mapping[str, Any], time: np.ndarray, constants: Mapping[str, float], seed: int, **options: Any
) -> Data:
    settings: dict[str, Any] = {"compounds": 1, "injection": "pulse", "marker": False, "terms": _MOST_TERMS, **options}
    exact = signal(**settings)(truth, {"time": time, **constants})
    noisy = exact + 0.2 * np.random.default_rng(seed).standard_normal(time.size)
    return Data({"time": time, "signal": noisy}, inputs="time", output="signal", constants=dict(constants))


def four_peaks() -> Data:
    """Four peaks like those of benzene, toluene, ethylbenzene and xylene: 30 m, some 5000 plates, noise 0.2 mV."""
    return _simulated(_BTEX, np.arange(180.0, 560.0, 1.2), _GEOMETRY, 7, compounds=4)


def one_peak() -> Data:
    """One of them alone."""
    return _simulated(_ONE, np.arange(270.0, 350.0, 0.4), _GEOMETRY, 8)


def marked_peak() -> Data:
    """One of them with the peak of a gas that is not retained, injected at once."""
    return _simulated(_MARKED, np.arange(80.0, 350.0, 0.8), {"length": 30.0}, 9, injection="instant", marker=True)


def _labels(truth: Mapping[str, Any]) -> dict[str, str | float]:
    found: dict[str, str | float] = {}
    for name, value in truth.items():
        if np.ndim(value):
            found |= {f"{name}[{i}]": float(one) for i, one in enumerate(value)}
        else:
            found[name] = float(value)
    return found


READY = ReadyMade(
    name="chromatography.column",
    summary="A chromatogram from advection, diffusion and linear adsorption kinetics in the column",
    formula="c_t + u c_x + q_t = D c_xx,  q_t = k kd c - kd q;  signal = baseline + sum of area c(length, time)",
    good_for="two physical numbers of each compound, retention factor and desorption rate, from the place and shape of "
    "its peak in an isothermal chromatogram at low concentration",
    prefer_instead="chromatography.retention_factor for retention against temperature; a peak shape such as an "
    "exponentially modified Gaussian where only areas matter; finite differences where concentrations compete for the "
    "wall or the temperature is programmed",
    form=form,
    guess=guess,
    known=(
        Known(
            data=four_peaks,
            about="four peaks like those of benzene, toluene, ethylbenzene and xylene, simulated",
            estimate=_labels(_BTEX),
            second_start={"retention_factor": np.array([1.3, 2.25, 3.2, 4.2]), "desorption_rate": np.full(4, 0.5)},
            options={"compounds": 4},
            source=_CABRERA,
        ),
        Known(
            data=one_peak,
            about="one peak, simulated",
            estimate={**_labels(_ONE), "adsorption_rate": 52.5},
            second_start={"retention_factor": 2.3, "desorption_rate": 1.0},
            source=_CABRERA,
        ),
        Known(
            data=marked_peak,
            about="one peak beside that of a gas that is not retained, simulated",
            estimate=_labels(_MARKED),
            second_start={"velocity": 0.28, "diffusivity": 0.05, "desorption_rate": 2.0},
            options={"injection": "instant", "marker": True},
            source=_CABRERA,
        ),
    ),
    sources=(_CABRERA, _LAPIDUS),
    options={
        "compounds": Option(
            1, "how many compounds leave the column; several have arrays of parameters, in order of time"
        ),
        "injection": Option("pulse", "a pulse of the data's injection_duration, or instant", _INJECTIONS),
        "marker": Option(
            False,
            "whether the first peak is a gas without retention, from which velocity and diffusivity are estimated; "
            "they are constants of the data otherwise",
            (False, True),
        ),
        "terms": Option(0, "terms of the Fourier series; 0 takes 2048, or more where the data are sampled more finely"),
    },
)
