"""What rows say beside their numbers: the unit of an estimated width, and why there is no error."""

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


def test_what_follows_a_parameter_at_its_bound_is_not_at_a_bound_itself():
    """Nothing decays in these counts: the rate is at 0, and the half-life is as long as rounding has it."""
    data = pm.Data(
        {"gap": [1.0] * 3, "before": [50.0] * 3, "count": [50.0] * 3}, inputs=["gap", "before"], output="count"
    )
    fit = pm.fit(pm.model("kinetics.stochastic_degradation"), data, starts=2)
    notes = {row.name: row.note for row in fit.rows}
    assert notes["rate"] == "at its lower bound: no error can be given"
    assert notes["half_life"] == "follows rate, at its bound: no error can be given"
