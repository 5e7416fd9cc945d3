"""The Arrhenius equation: how a rate constant depends on temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import lifted
from parametra.models.kinetics._picture import arrhenius_picture
from parametra.models.kinetics._readings import curve
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.kelvin import refuse_celsius
from parametra.nouns.noise_positive import LogNormal
from parametra.nouns.parameter import Fixed, Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_GAS_CONSTANT = 8.31446261815324e-3
_COLDEST = 150.0
"""Hardly a rate is measured at such temperatures in K alone, and many are in degrees Celsius."""
_ARRHENIUS = Source(
    "S. Arrhenius",
    1889,
    "Ueber die Reaktionsgeschwindigkeit bei der Inversion von Rohrzucker durch Saeuren",
    "doi:10.1515/zpch-1889-0416",
)
_DANIELS = Source(
    "F. Daniels and E. H. Johnston",
    1921,
    "The thermal decomposition of gaseous nitrogen pentoxide: a monomolecular reaction",
    "doi:10.1021/ja01434a005",
)
_EXPONENT = "activation_energy / gas_constant * (1 / reference - 1 / temperature)"
_MODELS = {
    "arrhenius": f"rate_at_reference * exp(minimum(maximum({_EXPONENT}, -300), 300))",
    "modified": "rate_at_reference "
    f"* exp(minimum(maximum(power * log(temperature / reference) + {_EXPONENT}, -300), 300))",
}


def nitrogen_pentoxide() -> Data:
    """Rate constants of the decomposition of gaseous N2O5 (Daniels and Johnston 1921)."""
    temperature = [273.0, 298, 308, 318, 328, 338]
    constant = [7.87e-7, 3.46e-5, 1.35e-4, 4.98e-4, 1.50e-3, 4.87e-3]
    units = {"temperature": "K", "rate": "1/s"}
    return Data({"temperature": temperature, "rate": constant}, inputs=["temperature"], output="rate", units=units)


def combustion() -> Data:
    """Simulated rate constants from 300 to 2500 K: a power of 2.67, 26.3 kJ/mol, and a scatter of 3 %."""
    temperature = np.linspace(300.0, 2500.0, 23)
    constant = 3.44e4 * temperature**2.67 * np.exp(-26.3 / (_GAS_CONSTANT * temperature))
    scatter = np.exp(0.03 * np.random.default_rng(267).standard_normal(temperature.size))
    units = {"temperature": "K", "rate": "cm**3/mol/s"}
    return Data(
        {"temperature": temperature, "rate": constant * scatter}, inputs=["temperature"], output="rate", units=units
    )


def reference_temperature(data: Sequence[Data] | None) -> float:
    """The temperature in the middle of the data in 1 / T, where the rate is known best."""
    measured = np.concatenate([np.zeros(0), *(np.ravel(each.inputs.get("temperature", 300.0)) for each in data or ())])
    measured = measured[np.isfinite(measured) & (measured > 0)]
    return float(1 / np.mean(1 / measured)) if measured.size else 300.0


def _form(data: Sequence[Data] | None, form: str) -> Form:
    refuse_celsius(data, coldest=_COLDEST)
    reference = reference_temperature(data)
    parameters: dict[str, Parameter] = {
        "rate_at_reference": Positive(guess=1.0, unit="{rate}", description="the rate constant at the reference"),
        "activation_energy": Real(guess=50.0, unit="kJ/mol", description="the activation energy"),
        "reference": Fixed(reference, unit="{temperature}", description="a temperature in the middle of the data"),
        "gas_constant": Fixed(_GAS_CONSTANT, unit="kJ/mol/K", description="the molar gas constant"),
    }
    priors: dict[str, Any] = {"rate_at_reference": around_guess(1.5), "activation_energy": Normal(100.0, 100.0)}
    prefactor = "rate_at_reference * exp(activation_energy / gas_constant / reference)"
    if form == "modified":
        parameters["power"] = Real(guess=0.0, unit="1", description="the power of temperature before the exponential")
        priors["power"] = Normal(0.0, 3.0)
        prefactor = "rate_at_reference * reference ** -power * exp(activation_energy / gas_constant / reference)"
    return Form(
        model={"rate": _MODELS[form]},
        parameters=parameters,
        inputs={"temperature": "K"},
        outputs={"rate": "1/s"},
        noise=LogNormal(),
        priors=priors,
        derived={"prefactor": prefactor, "log_prefactor": f"log({prefactor})"},
    )


def guess(data: Data, form: str) -> dict[str, float]:
    """A straight line through the logarithms by 1 / T."""
    temperature, rate = curve(data, "temperature", "rate")
    highest = float(np.max(np.abs(rate))) or 1.0
    logarithm = np.log(np.maximum(rate, 1e-12 * highest))
    reference = reference_temperature((data,))
    warm = np.maximum(temperature, 1e-3)
    x = (1 / reference - 1 / warm) / _GAS_CONSTANT
    columns = [np.ones(1), x, np.log(warm / reference)][: 3 if form == "modified" else 2]
    line = np.linalg.lstsq(np.stack(np.broadcast_arrays(*columns), axis=-1), logarithm, rcond=None)[0]
    # one digit is enough for a guess, and the fit has something left to do
    found = {"rate_at_reference": float(f"{lifted(np.exp(np.clip(line[0], -700, 700)), highest, 1e-300):.1g}")}
    found["activation_energy"] = float(f"{np.clip(line[1], -5e3, 5e3):.1g}")
    return found | ({"power": float(f"{np.clip(line[2], -50, 50):.1g}")} if form == "modified" else {})


READY = ReadyMade(
    name="kinetics.arrhenius",
    summary="The Arrhenius equation: how a rate constant depends on temperature",
    formula="""rate = prefactor exp(-E / (R temperature))
     = rate_at_reference exp(E / R (1 / reference - 1 / temperature))
rate = prefactor temperature^power exp(-E / (R temperature))                       form = "modified\"""",
    good_for="rate constants, diffusion and ageing between two temperatures at least; relative errors are taken as "
    "alike. Temperatures are in kelvin. "
    "The rate at a temperature in the middle of the data is fitted, for it is hardly correlated with the energy",
    prefer_instead='kinetics.vogel_fulcher near a glass transition; form="modified" for wide ranges of temperature',
    form=_form,
    guess=guess,
    options={"form": Option("arrhenius", 'the plain equation or the "modified" one with a power', tuple(_MODELS))},
    known=(
        Known(
            data=nitrogen_pentoxide,
            about="decomposition of nitrogen pentoxide",
            estimate={"activation_energy": "1.03e2"},
            second_start={"rate_at_reference": 1.0, "activation_energy": 50.0},
            source=_DANIELS,
        ),
        Known(
            data=combustion,
            options={"form": "modified"},
            about="oxygen atoms and hydrogen, simulated",
            estimate={"activation_energy": 26.3, "power": 2.67},
            second_start={"rate_at_reference": 1e10, "activation_energy": 80.0, "power": 0.5},
            source=_ARRHENIUS,
        ),
    ),
    sources=(_ARRHENIUS,),
    picture=arrhenius_picture,
)
