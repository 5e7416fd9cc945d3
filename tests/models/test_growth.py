"""Growth curves: R's own answers, the limits in which one curve is another, and misuse."""

import json

import numpy as np
import pytest
from scipy.optimize import curve_fit

import parametra as pm
from parametra import catalogue
from parametra.models.growth.weibull_growth import chick
from parametra.nouns.errors import ModelError
from parametra.nouns.units_check import check_units


def fitted(name, data, **options):
    return pm.fit(catalogue.model(name).problem(data, **options), starts=1)


@pytest.mark.external
@pytest.mark.parametrize(
    ("case", "model", "file", "where", "columns", "options", "names"),
    [
        (
            "dnase_run1_fpl",
            "growth.four_parameter_logistic",
            "DNase.csv",
            {"Run": 1},
            ("conc", "density", "dose", "response"),
            {"axis": "logarithmic"},
            {"A": "at_zero", "B": "at_infinity", "xmid": "log_half", "scal": "scale_of_log"},
        ),
        (
            "bod",
            "growth.asymptotic_regression",
            "BOD.csv",
            None,
            ("Time", "demand", "time", "size"),
            {"start": "origin"},
            {"A": "asymptote", "lrc": "log_rate"},
        ),
        (
            "loblolly_301",
            "growth.asymptotic_regression",
            "Loblolly.csv",
            {"Seed": 301},
            ("age", "height", "time", "size"),
            {"start": "size"},
            {"Asym": "asymptote", "R0": "size_at_zero", "lrc": "log_rate"},
        ),
    ],
)
def test_r_agrees(case, model, file, where, columns, options, names, external_data):
    reference = json.loads((external_data / "nls" / "reference_R_nls.json").read_text())[case]
    whole = pm.Data(external_data / "nls" / file, inputs=[columns[0]], output=columns[1], where=where)
    table = {columns[2]: whole.inputs[columns[0]], columns[3]: whole.outputs[columns[1]]}
    fit = fitted(model, pm.Data(table, inputs=[columns[2]], output=columns[3]), **options)
    for theirs, ours in names.items():
        assert fit.row(ours).value == pytest.approx(reference["coef"][theirs], abs=5e-5 * reference["se"][theirs])
        assert fit.row(ours).standard_error == pytest.approx(reference["se"][theirs], rel=2e-4)
    assert fit.estimate["sigma"] == pytest.approx(reference["sigma"], rel=1e-6)


def test_scipy_agrees_on_weibull_growth():
    data = chick()
    fit = fitted("growth.weibull_growth", data)

    def curve(time, asymptote, gain, scale, shape):
        return asymptote - gain * np.exp(-((time / scale) ** shape))

    theirs, covariance = curve_fit(
        curve, data.inputs["time"], data.outputs["size"], p0=[160, 110, 10, 2], xtol=1e-13, ftol=1e-13
    )
    for name, value, error in zip(
        ("asymptote", "gain", "scale", "shape"), theirs, np.sqrt(np.diag(covariance)), strict=True
    ):
        assert fit.estimate[name] == pytest.approx(value, rel=1e-6)
        assert fit.standard_error[name] == pytest.approx(error, rel=1e-3)


def prediction(name, values, time):
    ready = catalogue.model(name)
    formula = ready.form_of(None).model["size"]
    return pm.Model.of(formula).predict(values, {"time": time})[""]


def test_richards_has_logistic_and_gompertz_for_its_limits():
    time = np.linspace(0, 20, 41)
    common = {"asymptote": 3.0, "midpoint": 8.0, "scale": 2.5}
    richards = prediction("growth.richards", {**common, "shape": 1.0}, time)
    np.testing.assert_allclose(richards, prediction("growth.logistic", common, time), rtol=1e-13)
    nearly = prediction("growth.richards", {**common, "shape": 1e-7}, time)
    np.testing.assert_allclose(nearly, prediction("growth.gompertz", common, time), rtol=1e-5, atol=1e-7)


def test_richards_is_fastest_at_its_midpoint():
    time = np.linspace(7.9, 8.1, 2001)
    for shape in (0.2, 1.0, 4.0):
        size = prediction("growth.richards", {"asymptote": 1.0, "midpoint": 8.0, "scale": 2.0, "shape": shape}, time)
        assert time[np.argmax(np.gradient(size))] == pytest.approx(8.0, abs=2e-3)


def test_a_control_without_dose_has_the_lower_level():
    dose = np.array([0.0, 0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])
    response = 10 + 80 / (1 + (2.0 / np.maximum(dose, 1e-12)) ** 1.5)
    data = pm.Data({"dose": dose, "response": response}, inputs=["dose"], output="response", sigma=1.0)
    fit = fitted("growth.four_parameter_logistic", data)
    assert fit.estimate["half"] == pytest.approx(2.0, rel=1e-6)
    assert fit.estimate["at_zero"] == pytest.approx(10.0, abs=1e-5)


def test_a_response_that_falls():
    dose = np.geomspace(0.01, 100, 15)
    data = pm.Data(
        {"dose": dose, "response": 1 - 0.9 / (1 + (0.5 / dose) ** 2)}, inputs=["dose"], output="response", sigma=0.01
    )
    fit = fitted("growth.four_parameter_logistic", data)
    assert fit.estimate["half"] == pytest.approx(0.5, rel=1e-5)
    assert fit.estimate["at_infinity"] == pytest.approx(0.1, abs=1e-5)


def test_units_follow_the_data():
    problem = catalogue.model("growth.bertalanffy").problem(catalogue.model("growth.bertalanffy").known[0].data())
    assert problem.space["rate"].unit == "1/year"
    assert problem.space["asymptote"].unit == "cm"
    assert "length in cm" in check_units(problem)


def test_priors_make_a_posterior():
    ready = catalogue.model("growth.logistic")
    data = ready.known[0].data()
    plain = pm.fit(ready.problem(data), starts=1)
    with_priors = pm.fit(ready.problem(data, priors=True), starts=1)
    # the data hardly know the asymptote, so that a prior holds it
    assert with_priors.standard_error["asymptote"] < plain.standard_error["asymptote"]


def test_misuse_is_told():
    data = pm.Data({"t": [0.0, 1, 2], "size": [1.0, 2, 3]}, inputs=["t"], output="size")
    with pytest.raises(ModelError, match='needs the input "time"'):
        catalogue.model("growth.logistic").problem(data)
    good = pm.Data({"time": [0.0, 1, 2], "size": [1.0, 2, 3]}, inputs=["time"], output="size")
    with pytest.raises(ModelError, match="is one of 'size', 'time', 'origin'; 'end' came"):
        catalogue.model("growth.asymptotic_regression").problem(good, start="end")


def test_dates_leave_out_what_speaks_of_time_zero():
    data = pm.Data({"time": [2000.0, 2001, 2002, 2003], "size": [1.0, 3, 6, 7]}, inputs="time", output="size")
    for name, word in (("logistic", "size_at_zero"), ("gompertz", "b2")):
        ready = catalogue.model(f"growth.{name}")
        assert word in ready.form_of().derived and word not in ready.form_of(data).derived
    for name in ("asymptotic_regression", "weibull_growth"):
        with pytest.raises(pm.ParametraError, match="Subtract the first time"):
            catalogue.model(f"growth.{name}").problem(data)
