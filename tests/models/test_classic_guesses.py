"""Guesses of the classic models on data as ugly as they come: finite, within bounds, and in time."""

import contextlib
import dataclasses
import inspect

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue

ONE_INPUT = {
    "growth.logistic": ("time", "size", [{}]),
    "growth.gompertz": ("time", "size", [{}]),
    "growth.richards": ("time", "size", [{}]),
    "growth.weibull_growth": ("time", "size", [{}]),
    "growth.asymptotic_regression": ("time", "size", [{"start": s} for s in ("size", "time", "origin")]),
    "growth.bertalanffy": ("age", "length", [{}]),
    "growth.four_parameter_logistic": ("dose", "response", [{"axis": a} for a in ("logarithmic", "linear")]),
    "kinetics.hill": ("substrate", "rate", [{}]),
    "kinetics.michaelis_menten": ("substrate", "rate", [{}]),
    "kinetics.arrhenius": ("temperature", "rate", [{"form": f} for f in ("arrhenius", "modified")]),
    "kinetics.vogel_fulcher": ("temperature", "response", [{}]),
    "kinetics.first_order": ("time", "concentration", [{}]),
    "kinetics.second_order": ("time", "concentration", [{}]),
    "ecology.logistic_growth": ("time", "population", [{}]),
    "decay.exponential": (
        "time",
        "signal",
        [{"terms": t, "background": b} for t in (1, 2, 3) for b in ("none", "constant")],
    ),
    **{
        f"peaks.{name}": (
            "x",
            "signal",
            [{"peaks": 1}, *({"peaks": 2, "background": b} for b in ("constant", "linear", "exponential"))],
        )
        for name in (
            "gaussian",
            "lorentzian",
            "voigt",
            "pseudo_voigt",
            "moffat",
            "fano",
            "skewed_gaussian",
            "exponential_gaussian",
            "pearson4",
        )
    },
    "peaks.split": ("x", "signal", [{"profile": p, "peaks": k} for p in ("gaussian", "lorentzian") for k in (1, 2)]),
    "peaks.doniach": ("x", "signal", [{"tail": t, "peaks": k} for t in ("left", "right") for k in (1, 2)]),
    "peaks.lognormal": ("x", "signal", [{"peaks": k, "background": b} for k in (1, 2) for b in ("none", "constant")]),
    "peaks.driven_oscillator": ("x", "signal", [{"background": b} for b in ("none", "constant")]),
    "peaks.damped_harmonic_oscillator": ("x", "signal", [{"background": b} for b in ("none", "constant")]),
    "steps.step": (
        "x",
        "signal",
        [{"edge": e, "background": b} for e in ("erf", "linear") for b in ("none", "constant", "linear")],
    ),
    "steps.rectangle": ("x", "signal", [{"edge": e} for e in ("arctan", "logistic")]),
    "steps.thermal": ("x", "signal", [{"kind": k} for k in ("fermi", "bose", "maxwell")]),
    "lines.polynomial": ("x", "y", [{"degree": d, "about": a} for d in (0, 1, 4) for a in (0.0, "middle")]),
    "lines.spline": ("x", "y", [{"knots": k} for k in (4, 9)]),
}
UGLY = {
    "one point": ([3.0], [2.0]),
    "two points": ([5.0, 1.0], [1.0, 2.0]),
    "constant": ([1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0]),
    "nothing but zeros": ([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0]),
    "one x": ([2.0, 2.0, 2.0], [1.0, 3.0, 2.0]),
    "below zero": ([-3.0, -1.0, 0.0, 5.0], [-4.0, -2.0, -1.0, -8.0]),
    "unsorted": ([4.0, 1.0, 3.0, 2.0, 0.5], [1.0, 5.0, 2.0, 3.0, 9.0]),
    "huge": ([1e9, 2e9, 3e9], [1e-9, 2e-9, 1.5e-9]),
    "one missing": ([1.0, 2.0, 3.0, 5.0, 4.0], [1.0, np.nan, 3.0, 3.5, 4.0]),
    "all missing but one": ([1.0, 2.0, 3.0], [np.nan, np.nan, 3.0]),
}


def check(name, data, **options):
    """The guess states each parameter, which refuses what is not finite or beyond its bounds."""
    ready = catalogue.model(name)
    form = ready.form_of(data, **options)
    full = {**{k: each.default for k, each in ready.options.items()}, **options}
    taken = {k: v for k, v in full.items() if k in inspect.signature(ready.guess).parameters}
    guess = ready.guess(data, **taken)
    for key, value in guess.items():
        assert np.isfinite(value), (name, options, key, value)
        dataclasses.replace(form.parameters[key], guess=value)
    free = {key for key, parameter in form.parameters.items() if parameter.free}
    assert set(guess) <= free
    return free - set(guess)


@pytest.mark.parametrize("kind", sorted(UGLY))
@pytest.mark.parametrize("name", sorted(ONE_INPUT))
def test_a_guess_is_finite_and_within_bounds(name, kind):
    x, y = (np.array(each) for each in UGLY[kind])
    column, output, choices = ONE_INPUT[name]
    for options in choices:
        data = pm.Data({column: x, output: y}, inputs=[column], output=output, missing="mask")
        cold = column == "temperature" and (min(x) <= 0 or (name == "kinetics.arrhenius" and max(x) < 150))
        with pytest.raises(pm.ParametraError, match="kelvin") if cold else contextlib.nullcontext():
            assert not check(name, data, **options)


@pytest.mark.parametrize("route", ["oral", "bolus", "infusion"])
@pytest.mark.parametrize("kind", sorted(UGLY))
def test_doses(kind, route):
    time, concentration = (np.array(each) for each in UGLY[kind])
    given = {"dose": 5.0} | ({"duration": 1.0} if route == "infusion" else {})
    table = {"time": np.abs(time), "concentration": concentration}
    data = pm.Data(table, inputs=["time"], output="concentration", constants=given, missing="mask")
    for name in ("one_compartment", "two_compartment"):
        if (name, route) == ("two_compartment", "oral"):
            continue
        assert not check(f"pharmacokinetics.{name}", data, route=route)


@pytest.mark.parametrize("kind", sorted(UGLY))
def test_populations(kind):
    time, cases = (np.array(each) for each in UGLY[kind])
    people = pm.Data(
        {"time": np.abs(time), "cases": np.abs(cases)},
        inputs=["time"],
        output="cases",
        constants={"population": 100.0},
        missing="mask",
    )
    for name in ("sir", "seir"):
        assert not check(f"epidemiology.{name}", people, begin=None)
    animals = pm.Data(
        {"time": time, "prey": np.abs(np.nan_to_num(cases)) + 1, "predator": np.abs(np.nan_to_num(cases[::-1])) + 1},
        inputs=["time"],
        output=["prey", "predator"],
        missing="mask",
    )
    assert not check("ecology.lotka_volterra", animals)


def test_enzymes():
    for kind, (x, y) in UGLY.items():
        table = {"substrate": np.abs(x), "inhibitor": np.zeros(len(x)), "rate": y}
        data = pm.Data(table, inputs=["substrate", "inhibitor"], output="rate", missing="mask")
        for mechanism in ("competitive", "uncompetitive", "noncompetitive", "mixed"):
            assert not check("kinetics.competitive_inhibition", data, mechanism=mechanism), kind


@pytest.mark.parametrize("kind", sorted(UGLY))
def test_pictures(kind):
    x, signal = (np.array(each) for each in UGLY[kind])
    data = pm.Data({"x": x, "y": x[::-1], "signal": signal}, inputs=["x", "y"], output="signal", missing="mask")
    for options in ({"peaks": 1}, {"peaks": 2}, {"tilted": True}, {"background": "none"}):
        assert not check("peaks.gaussian_2d", data, **options)


def test_masked_values_and_many_points():
    x = np.linspace(0, 10, 5000)
    y = 3 / (1 + np.exp(5 - x)) + 0.05 * np.random.default_rng(1).standard_normal(x.size)
    y[::7] = np.nan
    data = pm.Data({"time": x, "size": y}, inputs=["time"], output="size", missing="mask")
    fit = pm.fit(catalogue.model("growth.logistic").problem(data), starts=1)
    assert abs(fit.estimate["asymptote"] - 3) < 0.02
