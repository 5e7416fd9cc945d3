"""Derived quantities take the unit that their formula gives; a noise says itself whether it scatters logarithms."""

import numpy as np
import pytest

import parametra as pm
from parametra.nouns._ready_made_statement import noise_for
from parametra.nouns.derived import Derived
from parametra.nouns.ready_made_text import described

UNITS = {"CL": "L/h", "V": "L", "k": "1/h", "n": "1", "bare": "", "T": "K", "t": "degC", "k_t": "1/degC"}


@pytest.mark.parametrize(
    ("stated", "unit"),
    [
        ("V / CL", "h"),
        ("log(2) / k", "h"),
        ("n**2", "1"),
        ("CL + k", ""),  # does not hold together: no unit rather than a wrong one
        ("log(CL)", ""),
        ("V * bare", ""),
        ("T - 273.15", ""),  # degC
        ("t + 273.15", ""),  # K
        ("max(T, 1)", ""),
        ("max(T, 0)", "K"),
        ("t - t", ""),  # a difference is no reading of the scale
        ("T - T / 2", "K"),
        ("1 / k_t", "degC"),
        ("60 * V / CL", ""),  # minutes, most likely
        ("V / CL * 24 * n", ""),
        ("V / (CL / 1000)", ""),
        ("V * (180 / pi)", ""),
        ("4 / 3 * pi * V", "L"),
        ("2 * sqrt(2 * log(2)) * V", "L"),
        ("pi**2 / 6 * V", "L"),
        ("sqrt(2) * V", "L"),
        ("2**0.5 * V", "L"),
        ("1 - n / 2", "1"),
        ("V * exp(-60 * CL / V * 1 / k)", "L"),  # whatever 60 is, exp gives a pure number
        ("V * exp(-n / (273.15 - n))", "L"),
        ("1.0692 * V", "L"),  # Voigt
        ("1.07 * V", ""),
        ("1.8123876 * V", "L"),  # an error function from 10 to 90 %
        (f"{2 * np.tan(0.4 * np.pi)} * V", "L"),  # an arcus tangens from 10 to 90 %
        (f"{2 * np.sqrt(2 * np.log(2))} * V", "L"),  # a Gaussian's full width at half its height
        ("where(V > 7, V, 60 * V)", ""),
        ("sqrt(100 * V)", ""),
        ("V * (1 + n)", "L"),
        ({"formula": "V / CL", "unit": "day"}, "day"),
        (lambda V: V, ""),
    ],
)
def test_the_unit_of_a_derived_quantity(stated, unit):
    assert Derived.of("told", stated, UNITS).in_units(UNITS).unit == unit


def test_a_fit_and_a_description_show_it():
    ready = pm.model("kinetics.first_order")
    fit = pm.fit(ready.known_problem(ready.known[0]), starts=1)
    assert fit.row("half_life").unit == described(ready)["derived_units"]["half_life"] != ""


def test_standard_deviations_of_the_data_are_no_logarithms():
    data = pm.Data({"x": np.ones(3), "y": np.arange(1.0, 4), "s": np.ones(3)}, inputs="x", output="y", sigma="s")
    for noise in (pm.LogNormal(), pm.LogHuber(), pm.Outliers(pm.LogNormal()), "lognormal"):
        assert noise_for(noise, [data], ["y"]) is None
    kept = pm.StudentT(4)
    assert noise_for(kept, [data], ["y"]) is kept


def test_a_unit_that_was_followed_changes_with_those_of_the_parameters_and_a_stated_one_stays():
    data = pm.Data({"t": np.arange(4.0), "y": np.exp(-np.arange(4.0))}, inputs="t", output="y")
    derived = {"life": "1 / k", "said": {"formula": "1 / k", "unit": "d"}}
    problem = pm.Problem("a * exp(-k * t)", data, {"a": 1.0, "k": pm.Real(0, 5, unit="1/h")}, derived=derived)
    other = problem.with_parameters({"a": 1.0, "k": pm.Real(0, 5, unit="1/min")})
    bare = other.with_parameters({"a": 1.0, "k": pm.Real(0, 5)})
    units = [{each.name: each.unit for each in one.derived} for one in (problem, other, bare)]
    assert units == [{"life": "h", "said": "d"}, {"life": "min", "said": "d"}, {"life": "", "said": "d"}]
