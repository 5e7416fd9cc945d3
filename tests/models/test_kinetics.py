"""Kinetics: limits, mechanisms told apart, and reactions against their differential equations."""

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue
from parametra.models.kinetics.competitive_inhibition import READY as INHIBITION
from parametra.models.kinetics.michaelis_menten import puromycin


def test_hill_with_one_site_is_michaelis_menten():
    plain = pm.fit(catalogue.model("kinetics.michaelis_menten").problem(puromycin()), starts=1)
    ready = catalogue.model("kinetics.hill")
    one = pm.fit(ready.problem(puromycin(), parameters={"n": pm.Fixed(1.0)}), starts=1)
    for name in ("V", "K"):
        assert one.estimate[name] == pytest.approx(plain.estimate[name], rel=1e-6)
        assert one.standard_error[name] == pytest.approx(plain.standard_error[name], rel=1e-4)
    free = pm.fit(ready.problem(puromycin()), starts=1)
    assert abs(free.estimate["n"] - 1) < 3 * free.standard_error["n"]


def test_hill_at_a_concentration_of_zero():
    substrate = np.array([0.0, 0.5, 1, 2, 4, 8])
    rate = 3 * substrate**2 / (1.5**2 + substrate**2)
    data = pm.Data({"substrate": substrate, "rate": rate}, inputs=["substrate"], output="rate", sigma=0.01)
    fit = pm.fit(catalogue.model("kinetics.hill").problem(data), starts=1)
    assert fit.estimate["n"] == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("mechanism", ["competitive", "uncompetitive", "noncompetitive"])
def test_mechanisms_are_told_apart(mechanism):
    known = next(each for each in INHIBITION.known if each.options["mechanism"] == mechanism)
    aic = {
        each: pm.fit(INHIBITION.problem(known.data(), mechanism=each), starts=1).aic
        for each in ("competitive", "uncompetitive", "noncompetitive")
    }
    assert min(aic, key=lambda each: aic[each]) == mechanism
    assert sorted(aic.values())[1] - aic[mechanism] > 10


def test_mixed_inhibition_holds_the_others():
    known = next(each for each in INHIBITION.known if each.options["mechanism"] == "noncompetitive")
    plain = pm.fit(INHIBITION.problem(known.data(), mechanism="noncompetitive"), starts=1)
    tied = pm.fit(
        INHIBITION.problem(known.data(), mechanism="mixed", parameters={"Ku": pm.Tied("Ki", unit="mmol/L")}), starts=1
    )
    assert tied.estimate["Ki"] == pytest.approx(plain.estimate["Ki"], rel=1e-6)


@pytest.mark.parametrize(("name", "slope"), [("first_order", "-rate * c"), ("second_order", "-rate * c**2")])
def test_rate_laws_solve_their_equations(name, slope):
    ready = catalogue.model(f"kinetics.{name}")
    data = ready.known[0].data()
    fit = pm.fit(ready.problem(data), starts=1)
    values = {k: float(fit.estimate[k]) for k in ("initial", "rate")}
    ode = pm.ODE(
        {"c": slope},
        initial={"c": "initial"},
        time="time",
        solver="lsoda",
        relative_tolerance=1e-12,
        absolute_tolerance=1e-14,
    )
    there = pm.Model.of(ready.form_of(None).model).predict(values, data.inputs)["concentration"]
    np.testing.assert_allclose(there, ode(values, data.inputs)["c"], rtol=1e-8)


def test_arrhenius_is_a_straight_line_of_logarithms():
    ready = catalogue.model("kinetics.arrhenius")
    data = ready.known[0].data()
    fit = pm.fit(ready.problem(data), starts=1)
    slope, intercept = np.polyfit(1 / data.inputs["temperature"], np.log(data.outputs["rate"]), 1)
    assert fit.estimate["activation_energy"] == pytest.approx(-8.31446261815324e-3 * slope, rel=1e-6)
    assert fit.row("log_prefactor").value == pytest.approx(intercept, rel=1e-6)


def test_an_inhibitor_may_be_one_number():
    known = INHIBITION.known[0].data()
    without = known.inputs["inhibitor"] == 0
    sets = [
        pm.Data(
            {"substrate": known.inputs["substrate"][rows], "rate": known.outputs["rate"][rows]},
            inputs=["substrate"],
            output="rate",
            constants={"inhibitor": level},
            name=name,
        )
        for rows, level, name in ((without, 0.0, "without"), (known.inputs["inhibitor"] == 2, 2.0, "with"))
    ]
    fit = pm.fit(INHIBITION.problem(sets), starts=1)
    assert abs(fit.estimate["Ki"] - 1.5) < 4 * fit.standard_error["Ki"]


@pytest.mark.parametrize(
    ("name", "output", "values", "message"),
    [
        ("kinetics.arrhenius", "rate", [-10.0, 20.0, 40.0], "row 1 of the data .* has -10"),
        ("kinetics.arrhenius", "rate", [25.0, 30.0, 40.0], r"Give kelvin, T \+ 273.15, or state the unit K"),
        ("kinetics.vogel_fulcher", "response", [-10.0, 20.0, 40.0], "in kelvin, above zero"),
        ("chromatography.retention_factor", "log_retention", [60.0, 80.0, 100.0], "look like degrees Celsius"),
    ],
)
def test_degrees_celsius_are_refused(name, output, values, message):
    data = pm.Data({"temperature": values, output: [1.0, 2.0, 3.0]}, inputs="temperature", output=output)
    with pytest.raises(pm.ParametraError, match=message):
        catalogue.model(name).problem(data)


def test_pictures_of_the_field():
    for name in ("kinetics.arrhenius", "kinetics.competitive_inhibition", "growth.four_parameter_logistic"):
        ready = catalogue.model(name)
        problem = ready.known_problem(ready.known[0])
        axes = ready.plot(pm.fit(problem, starts=1), problem).axes[0]
        if name == "kinetics.arrhenius":
            assert (axes.get_xlabel(), axes.get_yscale()) == ("1000 / temperature", "log")
        elif name == "kinetics.competitive_inhibition":
            assert [each.get_text() for each in axes.get_legend().get_texts()] == ["0", "1", "2", "4"]
        else:
            assert axes.get_xscale() == "log"
