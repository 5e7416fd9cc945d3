"""Epidemics: people are kept, the final size obeys its equation, and guesses are near."""

import numpy as np
import pytest
from scipy.optimize import brentq

import parametra as pm
from parametra import catalogue
from parametra.models.epidemiology.sir import READY, boarding_school
from parametra.nouns.errors import ModelError


@pytest.mark.parametrize("name", ["sir", "seir"])
def test_the_final_size(name):
    """Kermack and McKendrick: log(S_end / S_0) = -R0 (1 - S_end / N), with a latent period or without."""
    ready = catalogue.model(f"epidemiology.{name}")
    data = pm.Data({"time": [0.0], "cases": [0.0]}, inputs=["time"], output="cases", constants={"population": 1000.0})
    ode = ready.form_of(data, observed="ever").model
    values = {"contact": 0.6, "recovery": 0.25, "onset": 0.3, "first_infectious": 1.0}
    end = ode(values, {"time": np.array([1000.0]), "population": 1000.0})["cases"][0]
    wanted = brentq(lambda s: np.log(s / 999.0) + 2.4 * (1 - s / 1000.0), 1e-6, 990.0)
    assert 1000.0 - end == pytest.approx(wanted, rel=1e-5)


def test_the_guess_is_near():
    guess = READY.guess(boarding_school(), observed="infectious", begin=0.0)
    assert guess["contact"] == pytest.approx(1.67, rel=0.3)
    assert guess["recovery"] == pytest.approx(0.44, rel=0.3)


@pytest.mark.slow
def test_counts():
    fit = pm.fit(READY.problem(boarding_school(), noise="poisson"), starts=1)
    assert fit.row("R0").value == pytest.approx(3.9, abs=0.3)
    assert fit.estimate["first_infectious"] < 2


def test_a_population_is_wanted():
    data = pm.Data({"time": [0.0, 1, 2], "cases": [1.0, 2, 3]}, inputs=["time"], output="cases")
    with pytest.raises(ModelError, match='needs the input "population"'):
        READY.problem(data)


def test_begin_is_a_time():
    data = pm.Data(
        {"time": [0.0, 1, 2], "cases": [1.0, 2, 3]}, inputs="time", output="cases", constants={"population": 9}
    )
    with pytest.raises(ModelError, match='begin is a time, or None for the first time of the data; "x" came'):
        READY.problem(data, begin="x")
