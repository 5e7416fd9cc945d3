"""Ecology: logistic growth against its differential equation, and the guess of predator and prey."""

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue
from parametra.models.ecology.lotka_volterra import READY, hares_and_lynxes


def test_logistic_growth_solves_its_equation():
    ready = catalogue.model("ecology.logistic_growth")
    values = {"rate": 0.1, "capacity": 50.0, "initial": 2.0}
    time = np.linspace(0, 100, 21)
    ode = pm.ODE(
        {"p": "rate * p * (1 - p / capacity)"},
        initial={"p": "initial"},
        time="time",
        solver="lsoda",
        relative_tolerance=1e-11,
    )
    there = pm.Model.of(ready.form_of(None).model).predict(values, {"time": time})["population"]
    np.testing.assert_allclose(there, ode(values, {"time": time})["p"], rtol=1e-7)


def test_it_is_growth_logistic_in_other_words():
    ready = catalogue.model("ecology.logistic_growth")
    data = ready.known[0].data()
    fit = pm.fit(ready.problem(data), starts=1)
    other = pm.Data({"time": data.inputs["time"], "size": data.outputs["population"]}, inputs=["time"], output="size")
    same = pm.fit(catalogue.model("growth.logistic").problem(other), starts=1)
    assert fit.estimate["capacity"] == pytest.approx(same.estimate["asymptote"], rel=1e-6)
    assert fit.row("midpoint").value == pytest.approx(same.estimate["midpoint"], rel=1e-6)
    assert fit.standard_error["capacity"] == pytest.approx(same.standard_error["asymptote"], rel=1e-3)


def test_the_guess_of_predator_and_prey_is_near():
    """Integral matching comes within 6 % of what Stan's case study and the likelihood find."""
    guess = READY.guess(hares_and_lynxes())
    for name, wanted in (("birth", 0.545), ("predation", 0.028), ("gain", 0.024), ("death", 0.80)):
        assert guess[name] == pytest.approx(wanted, rel=0.06)


def test_units_of_populations():
    problem = READY.problem(hares_and_lynxes())
    assert problem.space["predation"].unit == "1/thousand/year"
    assert problem.space["first_prey"].unit == "thousand"


def test_both_populations_have_one_relative_scatter():
    """Carpenter's posterior has 0.25 for each; two scatters of their own come out alike and fit no better."""
    one, each = READY.problem(hares_and_lynxes()), READY.problem(hares_and_lynxes(), scatter="each")
    assert one.profiled == "sigma"
    assert {"sigma_prey", "sigma_predator"} <= set(each.space.names)
    fit = pm.fit(one, starts=1)
    assert abs(fit.estimate["sigma"] - 0.25) < fit.standard_error["sigma"]
    named = {**each.space.guess_named, **{name: fit.values[name] for name in one.fit_space.names}}
    rows = one.residuals(named, one.arrays)
    named |= {
        f"sigma_{who}": np.sqrt(np.mean(part**2)) for who, part in zip(one.outputs, np.split(rows, 2), strict=True)
    }
    gain = float(each.log_likelihood(named)) - fit.log_likelihood
    assert 0 <= gain < 0.01


def test_years_are_counted_from_the_first():
    ready = catalogue.model("ecology.logistic_growth")
    data = ready.known[0].data()
    years = pm.Data(
        {"time": data.inputs["time"] + 1790, "population": data.outputs["population"]},
        inputs="time",
        output="population",
    )
    there, here = pm.fit(ready, years, starts=1), pm.fit(ready, data, starts=1)
    for name in ("rate", "capacity", "initial"):
        assert there.estimate[name] == pytest.approx(here.estimate[name], rel=1e-6)
    assert there.row("midpoint").value == pytest.approx(1790 + here.row("midpoint").value, rel=1e-8)
