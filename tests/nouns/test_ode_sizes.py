"""A differential equation is solved as exactly in nM as in M: each state is measured by its own size."""

import numpy as np
import pytest

import parametra as pm
from parametra.nouns._ode_sizes import Sizes

T = np.array([0.5, 1, 2, 5, 10.0])


def _solved(solver, unit):
    slopes = {"A": "-k * A * B", "B": "-k * A * B", "C": "k * A * B - l * C"}
    model = pm.ODE(slopes, initial={"A": "a", "B": "b", "C": 0.0}, solver=solver)
    found = model({"a": unit, "b": 2 * unit, "k": 1 / unit, "l": 0.3 + 1e-30j}, {"t": T})
    return {name: np.concatenate([y.real, y.imag / 1e-30]) / unit for name, y in found.items()}


@pytest.mark.parametrize("solver", ["explicit", "rosenbrock", "auto", "lsoda"])
def test_states_and_derivatives_scale_with_their_unit(solver):
    plain = _solved(solver, 1.0)
    for unit in (1e-9, 1e-15, 1e12):
        for name, y in _solved(solver, unit).items():
            assert y == pytest.approx(plain[name], rel=1e-7, abs=1e-9), (unit, name)


@pytest.mark.parametrize("solver", ["explicit", "rosenbrock", "lsoda"])
def test_a_lane_is_measured_by_its_own_states_whatever_stands_beside_it(solver):
    """A dose is given and taken away at once in one lane, apart in the other: what stands for no time is no size."""
    events = [pm.Event("given", add={"A": 1000.0}), pm.Event("taken", add={"A": -1000.0})]
    slopes = {"A": "-k * A", "B": "k * A - 0.5 * B"}
    model = pm.ODE(slopes, initial={"A": 1.0, "B": 0.0}, solver=solver, relative_tolerance=1e-5, events=events)

    def of(given, taken):
        lanes = {"k": [0.3] * len(given), "given": given, "taken": taken}
        return model({name: np.array(values)[:, None] for name, values in lanes.items()}, {"t": T})

    alone, beside = of([3.0], [3.0]), of([3.0, 2.0], [3.0, 4.0])
    for name in "AB":
        assert np.array_equal(alone[name][0], beside[name][0]), name


def test_sizes_look_at_the_lanes_that_go():
    sizes, nothing = Sizes(1, 2), np.zeros(2)
    sizes.see(np.array([0, 1]), np.array([[1.0, 2.0]]))
    sizes.see(np.array([1]), np.array([[1000.0]]))
    found = sizes.of(np.array([0, 1]), lambda _: np.zeros((1, 2)), (nothing, nothing))
    assert found.tolist() == [[1.0, 1000.0]]
