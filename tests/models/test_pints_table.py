"""The toys of PINTS under our names: every row of the table on the page true."""

import re
from pathlib import Path

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue

PAGE = (Path(__file__).parents[2] / "docs" / "models" / "peaks.md").read_text().split("## Coming from PINTS")[1]
ROWS = [line.split("|")[1:4] for line in PAGE.splitlines() if line.startswith("| `")]
SERIES = [
    "ActionPotentialModel",
    "ConstantModel",
    "FitzhughNagumoModel",
    "GoodwinOscillatorModel",
    "Hes1Model",
    "HodgkinHuxleyIKModel",
    "LogisticModel",
    "LotkaVolterraModel",
    "RepressilatorModel",
    "SIRModel",
    "SimpleHarmonicOscillatorModel",
    "stochastic.DegradationModel",
]


def test_every_time_series_has_its_row():
    assert sorted(left.strip(" `") for left, _, _ in ROWS) == sorted(SERIES)
    rest = {"LogisticModel", "MichaelisMentenModel", "ProductionDegradationModel", "SchloglModel"}
    assert rest <= set(re.findall(r"`(\w+)`", PAGE.split("The other stochastic toys")[1]))


@pytest.mark.parametrize(("left", "right", "told"), ROWS)
def test_every_row_has_a_model_with_these_parameters(left, right, told):
    form = catalogue.model(re.findall(r"`([a-z_0-9]+\.[a-z_0-9]+)`", right)[0]).form_of(
        None, **({"degree": 0} if "degree=0" in right else {})
    )
    for name in re.findall(r"(\w+) =", told):
        assert name in form.parameters, (left, name)


def test_pints_curves_of_one_formula_are_ours():
    """What PINTS' pages print: the logistic curve, and the mean of the degradation of its stochastic toy."""
    time = np.linspace(0.0, 20.0, 21)
    logistic = pm.Model.of(catalogue.model("ecology.logistic_growth").form_of(None).model)
    found = logistic.predict({"rate": 0.3, "capacity": 50.0, "initial": 2.0}, {"time": time})
    wanted = 50.0 / (1 + (50.0 / 2.0 - 1) * np.exp(-0.3 * time))
    np.testing.assert_allclose(next(iter(found.values())), wanted, rtol=1e-12)
    left = pm.Model.of(catalogue.model("kinetics.stochastic_degradation").form_of(None).model)
    share = left.predict({"rate": 0.1}, {"gap": time, "before": np.full(21, 20.0)})
    np.testing.assert_allclose(20.0 * next(iter(share.values())), 20.0 * np.exp(-0.1 * time), rtol=1e-12)
