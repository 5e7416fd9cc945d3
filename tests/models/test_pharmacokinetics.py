"""Pharmacokinetics: closed forms against their differential equations, R's answer, and rates that are alike."""

import json

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue
from parametra.models.pharmacokinetics.two_compartment import indomethacin

TIME = np.array([0.0, 0.1, 0.5, 1, 1.9, 2.0, 2.1, 4, 8, 24])
ONE = {"clearance": 3.0, "volume": 20.0, "absorption_rate": 1.1}
TWO = {"clearance": 3.0, "central_volume": 10.0, "exchange": 5.0, "peripheral_volume": 25.0}


def closed(name, route, values, **given):
    model = catalogue.model(f"pharmacokinetics.{name}").form_of(None, route=route).model
    return pm.Model.of(model).predict(values, {"time": TIME, **given})["concentration"]


def test_one_compartment_solves_its_equations():
    slopes = {"gut": "-absorption_rate * gut", "blood": "absorption_rate * gut - clearance / volume * blood"}
    ode = pm.ODE(
        slopes,
        initial={"gut": "dose", "blood": 0},
        observe={"c": "blood / volume"},
        time="time",
        solver="lsoda",
        relative_tolerance=1e-11,
    )
    wanted = ode(ONE, {"time": TIME, "dose": 100.0})["c"]
    np.testing.assert_allclose(closed("one_compartment", "oral", ONE, dose=100.0), wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["one_compartment", "two_compartment"])
def test_infusions_solve_their_equations(name):
    values = {**ONE, **TWO}
    slopes = {
        "one_compartment": {"blood": "where(time < 2, dose / 2, 0) - clearance / volume * blood"},
        "two_compartment": {
            "blood": "where(time < 2, dose / 2, 0) - (clearance + exchange) / central_volume * blood"
            " + exchange / peripheral_volume * tissue",
            "tissue": "exchange / central_volume * blood - exchange / peripheral_volume * tissue",
        },
    }[name]
    volume = "volume" if name == "one_compartment" else "central_volume"
    ode = pm.ODE(
        slopes,
        initial=dict.fromkeys(slopes, 0),
        observe={"c": f"blood / {volume}"},
        time="time",
        solver="lsoda",
        relative_tolerance=1e-10,
    )
    wanted = ode(values, {"time": TIME, "dose": 100.0})["c"]
    np.testing.assert_allclose(closed(name, "infusion", values, dose=100.0, duration=2.0), wanted, rtol=1e-6, atol=1e-8)


def test_a_short_infusion_is_an_injection():
    for name, values in (("one_compartment", ONE), ("two_compartment", TWO)):
        short = closed(name, "infusion", values, dose=100.0, duration=1e-7)[1:]
        np.testing.assert_allclose(short, closed(name, "bolus", values, dose=100.0)[1:], rtol=1e-6)


def test_rates_that_are_alike_have_a_limit():
    alike = {"clearance": 2.0, "volume": 20.0, "absorption_rate": 0.1}
    wanted = 100.0 / 20.0 * 0.1 * TIME * np.exp(-0.1 * TIME)
    np.testing.assert_allclose(closed("one_compartment", "oral", alike, dose=100.0), wanted, rtol=1e-12)
    nearly = {**alike, "absorption_rate": 0.1 * (1 + 1e-9)}
    np.testing.assert_allclose(closed("one_compartment", "oral", nearly, dose=100.0), wanted, rtol=1e-8)
    data = pm.Data(
        {"time": TIME, "concentration": wanted},
        inputs=["time"],
        output="concentration",
        sigma=0.1,
        constants={"dose": 100.0},
    )
    fit = pm.fit(catalogue.model("pharmacokinetics.one_compartment").problem(data), starts=1)
    assert fit.chi_square < 1e-6


@pytest.mark.external
def test_r_agrees_on_theophylline(external_data):
    reference = json.loads((external_data / "nls" / "reference_R_nls.json").read_text())["theoph_1_fol"]
    ready = catalogue.model("pharmacokinetics.one_compartment")
    fit = pm.fit(ready.problem(ready.known[0].data()), starts=1)
    for theirs, ours in (
        ("lKe", "log_elimination_rate"),
        ("lKa", "log_absorption_rate"),
        ("lCl", "log_clearance"),
    ):
        assert fit.row(ours).value == pytest.approx(reference["coef"][theirs], abs=5e-5 * reference["se"][theirs])
        assert fit.row(ours).standard_error == pytest.approx(reference["se"][theirs], rel=1e-3)


def test_two_compartments_are_two_exponentials():
    """The same fit by clearances and by amplitudes, as R's SSbiexp states it."""
    data = indomethacin()
    fit = pm.fit(catalogue.model("pharmacokinetics.two_compartment").problem(data), starts=1)
    signal = pm.Data(
        {"time": data.inputs["time"], "signal": data.outputs["concentration"]}, inputs=["time"], output="signal"
    )
    plain = pm.fit(catalogue.model("decay.exponential").problem(signal, terms=2, background="none"), starts=1)
    assert fit.chi_square == pytest.approx(plain.chi_square, rel=1e-9)
    assert fit.row("fast_rate").value == pytest.approx(plain.estimate["rate_1"], rel=1e-5)
    assert 25 * fit.row("slow_by_dose").value == pytest.approx(plain.estimate["amplitude_2"], rel=1e-4)
    auc = (
        plain.estimate["amplitude_1"] / plain.estimate["rate_1"]
        + plain.estimate["amplitude_2"] / plain.estimate["rate_2"]
    )
    assert fit.estimate["clearance"] == pytest.approx(25 / auc, rel=1e-4)


def test_doses_may_differ_by_row():
    time = np.tile([0.5, 1.0, 2.0, 4.0, 8.0], 2)
    dose = np.repeat([50.0, 100.0], 5)
    data = pm.Data(
        {"time": time, "dose": dose, "concentration": dose / 20 * np.exp(-0.15 * time)},
        inputs=["time", "dose"],
        output="concentration",
        sigma=0.01,
    )
    problem = catalogue.model("pharmacokinetics.one_compartment").problem(data, route="bolus")
    assert problem.space.guess_named["clearance"] == pytest.approx(3.0, rel=0.2)
    fit = pm.fit(problem, starts=1)
    assert fit.estimate["clearance"] == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dose": 0.0}, "dose is above zero; the constant"),
        ({"duration": -1.0}, "duration is above zero; the constant"),
        ({"time": [-0.5, 1.0, 2.0]}, "time is counted from the dose, at zero; row 1"),
    ],
)
@pytest.mark.parametrize("name", ["one_compartment", "two_compartment"])
def test_impossible_doses(name, change, message):
    given = {"time": [0.5, 1.0, 2.0], "dose": 100.0, "duration": 1.0, **change}
    data = pm.Data(
        {"time": given["time"], "concentration": [3.0, 2.0, 1.0]},
        inputs="time",
        output="concentration",
        constants={"dose": given["dose"], "duration": given["duration"]},
    )
    with pytest.raises(pm.ParametraError, match=message):
        catalogue.model(f"pharmacokinetics.{name}").problem(data, route="infusion")
