"""Steps, rectangles and thermal edges: rises, what they are derivatives of, guesses, and what options refuse."""

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue
from parametra.models.steps.step import knife
from parametra.nouns.errors import ModelError

EDGES = ("linear", "arctan", "erf", "logistic")


def made(name, x, noise, seed=1, options=None, **values):
    ready = catalogue.model(name)
    form = ready.form_of(None, background="none", **(options or {}))
    signal = pm.Model.of(form.model).predict(values, {"x": x})["signal"]
    signal = signal + noise * np.random.default_rng(seed).standard_normal(x.size)
    return pm.Data({"x": x, "signal": signal}, inputs="x", output="signal")


@pytest.mark.parametrize("edge", EDGES)
def test_the_rise_is_from_a_tenth_to_nine_tenths(edge):
    form = catalogue.model("steps.step").form_of(None, edge=edge, background="none")
    x = np.linspace(-10, 10, 400_001)
    signal = pm.Model.of(form.model).predict({"height": 1.0, "center": 0.0, "width": 0.7}, {"x": x})["signal"]
    rise = x[np.searchsorted(signal, 0.9)] - x[np.searchsorted(signal, 0.1)]
    assert pm.Model.of(form.derived["rise"]).predict({"width": 0.7}, {})[""] == pytest.approx(rise, abs=1e-4)


def test_a_step_of_erf_is_the_integral_of_a_gaussian():
    x = np.linspace(0, 10, 5001)
    step = made("steps.step", x, 0.0, options={"edge": "erf"}, height=2.0, center=4.0, width=0.8).outputs["signal"]
    form = catalogue.model("peaks.gaussian").form_of(None, background="none")
    values = {"height": 2.0 / (0.8 * np.sqrt(np.pi)), "center": 4.0, "fwhm": 2 * np.sqrt(np.log(2)) * 0.8}
    peak = pm.Model.of(form.model).predict(values, {"x": x})["signal"]
    np.testing.assert_allclose(np.gradient(step, x)[5:-5], peak[5:-5], atol=1e-5)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("height", [3.0, -3.0])
def test_steps_are_found_wherever_they_are(edge, height):
    x = np.linspace(0, 50, 200)
    # a straight edge between two points has no place of its own, so that no errors would be told
    narrow = 1.2 if edge == "linear" else 0.3
    for center, width in ((5.0, narrow), (31.0, 4.0), (44.0, 1.0)):
        values = {"height": height, "center": center, "width": width}
        data = made("steps.step", x, 0.03, options={"edge": edge}, **values)
        fit = pm.fit(catalogue.model("steps.step").problem(data, edge=edge), starts=1)
        assert fit.status.ok
        assert abs(fit.estimate["center"] - center) < 5 * fit.standard_error["center"]
        assert fit.estimate["height"] == pytest.approx(height, abs=0.3)


@pytest.mark.parametrize("edge", EDGES)
def test_rectangles_are_found(edge):
    x = np.linspace(0, 20, 201)
    values = {"height": 2.0, "rise": 4.0, "rise_width": 0.4, "fall": 13.0, "fall_width": 0.9}
    data = made("steps.rectangle", x, 0.02, options={"edge": edge}, **values)
    fit = pm.fit(catalogue.model("steps.rectangle").problem(data, edge=edge), starts=1)
    for name, value in values.items():
        assert abs(fit.estimate[name] - value) < 5 * fit.standard_error[name], name
    assert fit.row("length").value == pytest.approx(9.0, abs=0.1)


def test_the_radius_of_a_laser_beam():
    fit = pm.fit(catalogue.model("steps.step"), knife(), starts=1)
    assert np.sqrt(2) * fit.estimate["width"] == pytest.approx(40, abs=4 * np.sqrt(2) * fit.standard_error["width"])


def test_the_logistic_edge_that_falls_is_the_fermi_edge():
    x = np.linspace(-1, 1, 101)
    fermi = made("steps.thermal", x, 0.0, amplitude=2.0, center=0.1, thermal_energy=0.07).outputs["signal"]
    step = made("steps.step", x, 0.0, options={"edge": "logistic"}, height=2.0, center=0.1, width=0.07)
    np.testing.assert_allclose(fermi, 2.0 - step.outputs["signal"], atol=1e-14)


def test_bosons_far_above_are_classical():
    x = np.linspace(10, 20, 51)
    options, values = {"kind": "bose"}, {"amplitude": 3.0, "thermal_energy": 0.5}
    bose = made("steps.thermal", x, 0.0, options=options, center=0.0, **values).outputs["signal"]
    classical = made("steps.thermal", x, 0.0, options={"kind": "maxwell"}, **values).outputs["signal"]
    np.testing.assert_allclose(bose, classical, rtol=1e-8)


@pytest.mark.parametrize("kind", ["fermi", "bose", "maxwell"])
def test_temperatures_come_back(kind):
    x = np.linspace(0.2, 6, 120)
    values = {"amplitude": 4.0, "thermal_energy": 0.8} | ({} if kind == "maxwell" else {"center": 2.0})
    values |= {"center": 0.0} if kind == "bose" else {}
    data = made("steps.thermal", x, 0.02, options={"kind": kind}, **values)
    held = {"center": pm.Fixed(0.0)} if kind == "bose" else {}
    fit = pm.fit(catalogue.model("steps.thermal").problem(data, kind=kind, parameters=held), starts=1)
    assert abs(fit.estimate["thermal_energy"] - 0.8) < 5 * fit.standard_error["thermal_energy"]


def test_what_is_no_edge_is_told():
    with pytest.raises(ModelError, match="is one of 'linear', 'arctan', 'erf', 'logistic'; 'sharp' came"):
        catalogue.model("steps.step").problem(knife(), edge="sharp")
