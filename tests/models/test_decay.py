"""Decays: a textbook's table, certified answers, and what options refuse."""

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue
from parametra.models.decay.exponential import READY, silver
from parametra.nouns.errors import ModelError


def test_silver_is_as_bevington_has_it():
    fit = pm.fit(READY.problem(silver(), terms=2, background="constant"), starts=1)
    assert fit.chi_square == pytest.approx(66.08, abs=0.005)
    assert fit.degrees_of_freedom == 54
    # silver-110 and silver-108, by the half-lives that are known today
    assert abs(fit.row("half_life_1").value - 24.56) < 2 * fit.row("half_life_1").standard_error
    assert abs(fit.row("half_life_2").value - 142.9) < 2 * fit.row("half_life_2").standard_error


def test_one_term_is_a_reaction_of_first_order():
    ready = catalogue.model("kinetics.first_order")
    data = ready.known[0].data()
    one = pm.fit(ready.problem(data), starts=1)
    other = pm.Data(
        {"time": data.inputs["time"], "signal": data.outputs["concentration"]}, inputs=["time"], output="signal"
    )
    same = pm.fit(READY.problem(other, background="none"), starts=1)
    assert same.estimate["rate"] == pytest.approx(one.estimate["rate"], rel=1e-8)
    assert same.row("half_life").value == pytest.approx(np.log(2) / one.estimate["rate"], rel=1e-8)


def test_counts_of_radioactivity():
    counts = np.random.default_rng(5).poisson(300 * np.exp(-0.2 * np.arange(20.0)) + 10)
    data = pm.Data({"time": np.arange(20.0), "signal": counts}, inputs=["time"], output="signal")
    fit = pm.fit(READY.problem(data, background="constant", noise="poisson"), starts=1)
    assert abs(fit.estimate["rate"] - 0.2) < 3 * fit.standard_error["rate"]
    assert abs(fit.estimate["background"] - 10) < 3 * fit.standard_error["background"]


def test_the_number_of_terms_is_told_by_bic():
    time = np.linspace(0, 10, 60)
    signal = 5 * np.exp(-2 * time) + 2 * np.exp(-0.3 * time) + 0.02 * np.random.default_rng(2).standard_normal(60)
    data = pm.Data({"time": time, "signal": signal}, inputs=["time"], output="signal")
    bic = {k: pm.fit(READY.problem(data, terms=k), starts=1).bic for k in (1, 2)}
    assert min(bic, key=lambda k: bic[k]) == 2


def test_four_terms_are_refused():
    with pytest.raises(ModelError, match=r'the option "terms" of "decay\.exponential" is one of 1, 2, 3; 4 came'):
        READY.problem(silver(), terms=4)


def test_dates_are_refused():
    time = np.linspace(0, 40, 60)
    signal = 50 * np.exp(-0.13 * time) + 20
    far = pm.Data({"time": time + 2450000, "signal": signal}, inputs="time", output="signal")
    with pytest.raises(pm.ParametraError, match="Subtract the first time from the column of time"):
        READY.problem(far)
    near = pm.Data({"time": time, "signal": signal}, inputs="time", output="signal")
    assert pm.fit(READY, near, starts=1).estimate["background"] == pytest.approx(20, rel=1e-6)
