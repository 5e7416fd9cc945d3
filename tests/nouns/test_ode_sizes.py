"""A differential equation is solved as exactly in nM as in M: each state is measured by its own size."""

import numpy as np
import pytest

import parametra as pm

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
