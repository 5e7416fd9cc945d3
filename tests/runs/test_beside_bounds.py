"""What is on a bound: what the data cannot tell from it, however wide the box is."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.bootstrap_data import parametric_data
from parametra.nouns.keys import generator
from parametra.runs.beside_bounds import beside_bounds
from parametra.verbs.at_estimate import at_estimate
from parametra.verbs.bootstrap import refitter

X = np.linspace(0, 1, 20)
NOISE = np.random.default_rng(1).standard_normal(20)


def _line(slope, widest, unit=1.0):
    data = pm.Data({"x": X, "y": unit * (slope * X + 0.1 * NOISE)}, inputs="x", output="y")
    return pm.Problem("a * x", data, {"a": pm.Real(0, widest * unit, guess=unit)})


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
def test_an_estimate_far_from_the_bound_is_not_on_it_in_a_wide_box(unit):
    found = pm.fit(_line(3.0, 1e12, unit))
    assert found.standard_error["a"] == pytest.approx(pm.fit(_line(3.0, 10.0, unit)).standard_error["a"], rel=1e-6)
    assert not any("bound" in each for each in found.doubts)


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("widest", [10.0, 1e12])
def test_what_the_bound_holds_is_on_it(unit, widest):
    found = pm.fit(_line(-3.0, widest, unit))
    assert found.estimate["a"] == 0
    assert any("ended at its lower bound" in each for each in found.doubts)


def test_refits_in_a_wide_box_move_as_those_in_a_narrow_one():
    moved: dict[float, np.ndarray] = {}
    for widest in (10.0, 1e12):
        problem = _line(3.0, widest)
        refitting = refitter(at_estimate(problem, pm.fit(problem)))
        data = parametric_data(problem, refitting.named(refitting.x), 8, generator(0, "test", 0))
        changes = refitting.linear_changes(data)
        assert changes is not None
        refits = refitting.refit(data)
        assert not refits.held.any()
        moved[widest] = np.concatenate([changes[0], refits.points - refitting.x])
    assert np.abs(moved[10.0]).min() > 0
    assert moved[1e12] == pytest.approx(moved[10.0], rel=1e-6)


def test_rounding_beside_a_bound_is_the_bound():
    problem = _line(3.0, 10.0)
    points = np.array([[1e-9], [1e-3], [10 - 1e-9]])
    lower, upper = beside_bounds(problem, points, np.ones((3, 1)))
    assert lower[:, 0].tolist() == [True, False, False]
    assert upper[:, 0].tolist() == [False, False, True]
