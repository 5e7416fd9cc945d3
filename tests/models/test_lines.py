"""Polynomials and splines: NumPy's and SciPy's answers, other origins, and what options refuse."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import parametra as pm
from parametra import catalogue
from parametra.models.lines.polynomial import women
from parametra.nouns.errors import ModelError

POLYNOMIAL = catalogue.model("lines.polynomial")


def test_numpy_agrees():
    x = np.linspace(-2, 5, 40)
    y = 1 - x + 0.3 * x**3 + 0.2 * np.random.default_rng(1).standard_normal(x.size)
    data = pm.Data({"x": x, "y": y}, inputs="x", output="y")
    for degree in (0, 1, 2, 3, 6):
        fit = pm.fit(POLYNOMIAL.problem(data, degree=degree), starts=1)
        theirs, covariance = np.polynomial.polynomial.polyfit(x, y, degree), np.polyfit(x, y, degree, cov=True)[1]
        errors = np.sqrt(np.diag(covariance))[::-1]
        for k in range(degree + 1):
            assert fit.estimate[f"c{k}"] == pytest.approx(theirs[k], rel=1e-7, abs=1e-9)
            assert fit.standard_error[f"c{k}"] == pytest.approx(errors[k], rel=1e-7)


def test_another_origin_is_the_same_curve():
    year = np.arange(1990.0, 2021.0)
    y = 3 + 0.02 * (year - 2005) ** 2 + 0.1 * np.random.default_rng(2).standard_normal(year.size)
    data = pm.Data({"x": year, "y": y}, inputs="x", output="y")
    middle = pm.fit(POLYNOMIAL.problem(data, degree=2, about="middle"), starts=1)
    stated = pm.fit(POLYNOMIAL.problem(data, degree=2, about=2000.0), starts=1)
    assert not any("hardly tell apart" in doubt for doubt in middle.doubts)
    assert middle.chi_square == pytest.approx(stated.chi_square, rel=1e-9)
    for name in ("vertex", "value_at_vertex"):
        assert middle.row(name).value == pytest.approx(stated.row(name).value, rel=1e-9)
        assert middle.row(name).standard_error == pytest.approx(stated.row(name).standard_error, rel=1e-5)
    assert abs(middle.row("vertex").value - 2005) < 4 * middle.row("vertex").standard_error
    # what is linear is guessed where it will end
    for name, value in POLYNOMIAL.guess(data, degree=2, about=2000.0).items():
        assert value == pytest.approx(stated.estimate[name], rel=1e-7)
    before = pm.fit(POLYNOMIAL.problem(data, degree=2, about=-1.5), starts=1)
    assert before.chi_square == pytest.approx(stated.chi_square, rel=1e-6)


def test_units_and_the_root_of_a_line():
    problem = POLYNOMIAL.problem(women())
    assert problem.space["c1"].unit == "lb/in"
    fit = pm.fit(problem, starts=1)
    assert fit.row("root").value == pytest.approx(87.51667 / 3.45, rel=1e-6)


def test_splines_go_through_their_values():
    x = np.linspace(2.0, 9.0, 71)
    knots, values = np.linspace(2.0, 9.0, 8), np.array([1.0, 4.0, 2.0, -3.0, 0.0, 1.0, 7.0, 5.0])
    curve = CubicSpline(knots, values)
    data = pm.Data({"x": x, "y": curve(x)}, inputs="x", output="y", sigma=0.1)
    fit = pm.fit(catalogue.model("lines.spline").problem(data, knots=8), starts=1)
    np.testing.assert_allclose([fit.estimate[f"value_{k}"] for k in range(1, 9)], values, atol=1e-9)
    predicted = pm.Model.of(catalogue.model("lines.spline").form_of(data, knots=8).model)
    far = np.array([1.5, 9.5])
    named = {f"value_{k}": v for k, v in enumerate(values, start=1)}
    np.testing.assert_allclose(predicted.predict(named, {"x": far})["y"], curve(far), rtol=1e-9)


def test_more_knots_than_data_are_bent_little():
    data = pm.Data({"x": [0.0, 1.0, 5.0], "y": [0.0, 1.0, 5.0]}, inputs="x", output="y")
    guess = catalogue.model("lines.spline").guess(data, knots=12)
    np.testing.assert_allclose([*guess.values()], np.linspace(0, 5, 12), atol=1e-6)


@pytest.mark.parametrize(("name", "option", "value"), [("polynomial", "degree", -1), ("polynomial", "degree", 13),
                                                       ("spline", "knots", 3), ("spline", "knots", 21)])  # fmt: skip
def test_too_few_and_too_many_are_told(name, option, value):
    data = pm.Data({"x": [0.0, 1.0, 5.0], "y": [0.0, 1.0, 5.0]}, inputs="x", output="y")
    with pytest.raises(ModelError, match=f'"{option}" is a whole number from'):
        catalogue.model(f"lines.{name}").problem(data, **{option: value})
    with pytest.raises(ModelError, match=f'"{option}" of "lines.{name}" is a whole number'):
        catalogue.model(f"lines.{name}").problem(data, **{option: 5.5})
