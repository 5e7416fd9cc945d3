"""The unit of an estimated width: the output's, and none where it is a scatter of logarithms or a factor."""

import numpy as np
import pytest

import parametra as pm

TIME = np.arange(1.0, 13.0)
COUNTS = 5 * TIME * np.exp(0.1 * np.random.default_rng(3).standard_normal(TIME.size))


@pytest.mark.parametrize(
    ("noise", "name", "unit"),
    [
        (pm.Normal(), "sigma", "kg"),
        (pm.LogNormal(), "sigma", ""),
        (pm.Normal(sigma=2.0, scale="estimated"), "scale", ""),
    ],
)
def test_the_unit_of_a_width(noise, name, unit):
    data = pm.Data({"t": TIME, "y": COUNTS}, inputs=["t"], output="y", units={"t": "s", "y": "kg"})
    fit = pm.fit("a * t", data, parameters={"a": pm.Positive(guess=4.0)}, noise=noise)
    row = next(row for row in fit.rows if row.name == name)
    assert row.unit == unit
