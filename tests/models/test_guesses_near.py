"""On a curve without scatter a guess is near the truth: within a factor of 1.35, or a fiftieth of the axis."""

import math

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue

T = np.linspace(0.0, 20.0, 81)
X = np.linspace(0.0, 40.0, 321)
DOSE = np.geomspace(0.05, 200.0, 40)
KELVIN = np.linspace(280.0, 400.0, 25)
SUBSTRATE, INHIBITOR = (each.ravel() for each in np.meshgrid([0.5, 1, 2, 4, 8, 16, 32], [0.0, 1, 2, 4]))
SIGMOID = {"asymptote": 5.0, "midpoint": 8.0, "scale": 2.0}
EDGE = {"height": 3.0, "center": 14.0, "width": 2.0}
BOX = {"height": 3.0, "rise": 9.0, "rise_width": 1.0, "fall": 29.0, "fall_width": 1.5}

PLACES = ("age_at_zero", "center", "fall", "location", "midpoint", "onset", "rise", "zero")

CASES = [
    ("growth.logistic", {}, T, SIGMOID),
    ("growth.gompertz", {}, T, SIGMOID),
    ("growth.richards", {}, T, {**SIGMOID, "shape": 0.3}),
    ("growth.richards", {}, T, {**SIGMOID, "shape": 5.0}),
    ("growth.weibull_growth", {}, T, {"asymptote": 9.0, "gain": 7.0, "scale": 6.0, "shape": 2.5}),
    ("growth.asymptotic_regression", {"start": "size"}, T, {"asymptote": 9.0, "rate": 0.3, "size_at_zero": 2.0}),
    ("growth.asymptotic_regression", {"start": "time"}, T, {"asymptote": 9.0, "rate": 0.3, "onset": -3.0}),
    ("growth.asymptotic_regression", {"start": "origin"}, T, {"asymptote": 9.0, "rate": 0.3}),
    ("growth.bertalanffy", {}, T, {"asymptote": 60.0, "rate": 0.25, "age_at_zero": -1.5}),
    ("growth.four_parameter_logistic", {}, DOSE, {"at_zero": 1.0, "at_infinity": 4.0, "half": 2.0, "slope": 2.2}),
    (
        "growth.four_parameter_logistic",
        {"axis": "linear"},
        T,
        {"at_zero": 1.0, "at_infinity": 4.0, "half": 8.0, "scale": 1.5},
    ),
    ("kinetics.hill", {}, DOSE, {"V": 3.0, "K": 5.0, "n": 2.7}),
    ("kinetics.michaelis_menten", {}, DOSE, {"V": 3.0, "K": 5.0}),
    ("kinetics.first_order", {}, T, {"initial": 3.0, "rate": 0.3}),
    ("kinetics.second_order", {}, T, {"initial": 3.0, "rate": 0.3}),
    ("kinetics.arrhenius", {}, KELVIN, {"rate_at_reference": 2.0, "activation_energy": 60.0}),
    ("kinetics.vogel_fulcher", {}, KELVIN, {"response_at_middle": 2.0, "strength": 900.0, "zero": 180.0}),
    ("decay.exponential", {"terms": 1}, T, {"amplitude": 3.0, "rate": 0.4, "background": 1.0}),
    (
        "decay.exponential",
        {"terms": 2},
        T,
        {"amplitude_1": 3.0, "rate_1": 1.5, "amplitude_2": 2.0, "rate_2": 0.15},
    ),
    ("steps.step", {"edge": "erf"}, X, EDGE),
    ("steps.step", {"edge": "arctan"}, X, EDGE),
    ("steps.step", {"edge": "logistic"}, X, EDGE),
    ("steps.step", {"edge": "linear"}, X, EDGE),
    ("steps.rectangle", {"edge": "erf"}, X, BOX),
    ("steps.rectangle", {"edge": "logistic"}, X, BOX),
    ("steps.thermal", {"kind": "fermi"}, X, {"amplitude": 3.0, "center": 14.0, "thermal_energy": 1.5}),
    ("steps.thermal", {"kind": "maxwell"}, X, {"amplitude": 3.0, "thermal_energy": 5.0}),
    ("peaks.gaussian", {}, X, {"height": 3.0, "center": 14.0, "fwhm": 4.0}),
    ("peaks.lorentzian", {}, X, {"height": -3.0, "center": 14.0, "fwhm": 2.0}),
    ("peaks.pseudo_voigt", {}, X, {"height": 3.0, "center": 14.0, "fwhm": 2.0, "fraction": 0.5}),
    ("peaks.moffat", {}, X, {"height": 3.0, "center": 14.0, "fwhm": 2.0, "exponent": 2.0}),
    ("peaks.voigt", {}, X, {"area": 9.0, "center": 14.0, "gaussian_sigma": 0.7, "lorentzian_gamma": 0.7}),
    ("peaks.skewed_gaussian", {}, X, {"area": 9.0, "location": 14.0, "scale": 2.0, "skew": 0.9}),
    ("peaks.exponential_gaussian", {}, X, {"area": 9.0, "location": 14.0, "standard_deviation": 1.0, "tail": 1.0}),
    ("peaks.split", {"profile": "gaussian"}, X, {"height": 3.0, "center": 14.0, "left": 2.0, "right": 2.0}),
    ("peaks.split", {"profile": "lorentzian"}, X, {"height": 3.0, "center": 14.0, "left": 1.0, "right": 1.0}),
    ("peaks.doniach", {}, X, {"height": 3.0, "center": 14.0, "width": 2.0, "asymmetry": 0.1}),
    ("peaks.pearson4", {}, X, {"height": 3.0, "center": 14.0, "width": 2.0, "exponent": 2.0, "skew": 0.0}),
    ("peaks.fano", {}, X, {"amplitude": 3.0, "center": 14.0, "fwhm": 2.0, "asymmetry": 1.5}),
    ("peaks.lognormal", {}, X, {"area": 9.0, "median": 14.0, "log_deviation": 0.3}),
    ("peaks.driven_oscillator", {}, X, {"static": 3.0, "center": 14.0, "damping": 0.1}),
    (
        "pharmacokinetics.one_compartment",
        {"route": "oral"},
        T,
        {"clearance": 3.0, "volume": 20.0, "absorption_rate": 1.1},
    ),
    ("pharmacokinetics.one_compartment", {"route": "bolus"}, T, {"clearance": 3.0, "volume": 20.0}),
    ("pharmacokinetics.one_compartment", {"route": "infusion"}, T, {"clearance": 3.0, "volume": 20.0}),
    (
        "pharmacokinetics.two_compartment",
        {"route": "bolus"},
        T,
        {"clearance": 3.0, "central_volume": 10.0, "exchange": 5.0, "peripheral_volume": 25.0},
    ),
]


def guessed(name, options, x, truth):
    """What the guess says of a curve that the model itself draws."""
    ready = catalogue.model(name)
    level = "constant" if "background" in truth else "none"
    chosen = {"background": level, **options} if "background" in ready.options else options
    given = {"dose": 100.0, "duration": 2.0} if name.startswith("pharmacokinetics") else {}
    data = None
    for _ in range(2):  # what a form reads off its data, such as the middle of an axis, is that of these data then
        form = ready.form_of(data, **chosen)
        known = {k: p.value for k, p in form.parameters.items() if isinstance(p, pm.Fixed)}
        given = {k: v for k, v in given.items() if k in form.inputs}
        (along,), (output,) = [k for k in form.inputs if k not in given], form.outputs
        drawn = pm.Model.of(form.model).predict({**truth, **known}, {along: x, **given})[output]
        data = pm.Data({along: x, output: drawn}, inputs=along, output=output, constants=given)
    return ready.guess(data, **{k: chosen.get(k, each.default) for k, each in ready.options.items()})


def near(name, found, truth, axis):
    """A place by the length of the axis, for it has no zero; all else by its ratio."""
    if name in PLACES:
        return abs(found - truth) <= 0.02 * axis
    return found == truth or (found * truth > 0 and abs(math.log(found / truth)) < math.log(1.35))


@pytest.mark.parametrize(("name", "options", "x", "truth"), CASES)
def test_a_guess_is_near_the_truth(name, options, x, truth):
    found = guessed(name, options, x, truth)
    assert {k: v for k, v in truth.items() if not near(k, found[k], v, np.ptp(x))} == {}, found


@pytest.mark.parametrize(
    ("mechanism", "stops"),
    [
        ("competitive", {"Ki": 1.5}),
        ("uncompetitive", {"Ku": 3.0}),
        ("noncompetitive", {"Ki": 1.5}),
        ("mixed", {"Ki": 1.5, "Ku": 6.0}),
    ],
)
def test_a_guess_of_an_inhibitor_is_near_the_truth(mechanism, stops):
    ready, truth = catalogue.model("kinetics.competitive_inhibition"), {"V": 12.0, "K": 2.0, **stops}
    inputs = {"substrate": SUBSTRATE, "inhibitor": INHIBITOR}
    rate = pm.Model.of(ready.form_of(None, mechanism=mechanism).model).predict(truth, inputs)["rate"]
    found = ready.guess(pm.Data({**inputs, "rate": rate}, inputs=[*inputs], output="rate"), mechanism)
    assert {k: v for k, v in truth.items() if not near(k, found[k], v, 0.0)} == {}, found
