"""Gradients backwards: those of forward sensitivities, and those of closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from parametra.nouns.ode import ODE, Event

H = 1e-30
TIMES = np.array([1.0, 2, 4, 8, 12.0, 12.5, 14, 18, 24, 26, 30, 36])
ORAL = {
    "states": {"gut": "-ka * gut", "blood": "ka * gut - k * blood - where(t < stop, leak, 0) * blood"},
    "initial": {"gut": "first * exp(-start)", "blood": 0},
    "begin": "start",
    "events": [
        Event(["lag", "lag + 12", "lag + 24"], add={"gut": "dose * (1 + 0.1 * blood + 0.01 * t)"}),
        Event(12.0, set={"blood": "blood / 2 + ka"}),
    ],
}
AT = {"ka": 1.2, "k": 0.2, "V": 10.0, "lag": 0.4, "start": -0.3, "first": 3.0, "stop": 15.0, "leak": 0.1}


def columns(at, count, seed=0):
    """Points that scatter, as columns."""
    rng = np.random.default_rng(seed)
    shapes = {name: (*np.shape(value), count, 1) for name, value in at.items()}
    return {
        name: np.reshape(value, (*np.shape(value), 1, 1)) * np.exp(0.05 * rng.normal(size=shapes[name]))
        for name, value in at.items()
    }


def forward(ode, points, inputs, weights):
    """The derivatives of the weighted sum of outputs, number by number, by forward sensitivities."""
    found = {}
    for name, value in points.items():
        rows = []
        for k in range(len(value) if value.ndim == 3 else 1):
            moved = value.astype(complex)
            moved[k if value.ndim == 3 else ...] += 1j * H
            outputs = ode({**points, name: moved}, inputs)
            rows.append(sum(np.sum(weights[o] * np.imag(outputs[o]) / H, axis=1) for o in outputs))
        found[name] = np.array(rows) if value.ndim == 3 else rows[0]
    return found


def agree(ode, at, inputs, count=3, tolerance=1e-10):
    points = columns(at, count)
    outputs = ode(points, inputs)
    rng = np.random.default_rng(1)
    weights = {name: rng.normal(size=value.shape) for name, value in outputs.items()}
    pulled = ode.pull_back(points, inputs, lambda outputs, which: {name: weights[name][which] for name in outputs})
    assert not any(pulled.failed)
    for name, value in outputs.items():
        np.testing.assert_allclose(pulled.outputs[name], value, rtol=1e-9, atol=1e-12)
    wanted = forward(ode, points, inputs, weights)
    assert pulled.gradient.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(pulled.gradient[name], value, rtol=tolerance, atol=tolerance * np.abs(value).max())
        assert np.abs(value).min() > 0


def test_doses_switches_and_a_begin_at_times_that_are_parameters():
    """Two experiments in one table, arrays of parameters, and rows of equal times."""
    ode = ODE(**ORAL, observe={"c": "blood / V", "d": "gut * beta[0] + beta[1] * t"}, solver="explicit")
    inputs = {"t": np.concatenate([TIMES, TIMES, [4.0, 4.0]]), "dose": np.repeat([100.0, 30.0, 100.0], [12, 12, 2])}
    agree(ode, {**AT, "beta": np.array([1.0, 2.0])}, inputs)


def test_states_that_are_seen_by_themselves():
    ode = ODE(**ORAL, solver="explicit")
    agree(ode, {k: v for k, v in AT.items() if k != "V"}, {"t": TIMES, "dose": 30.0}, count=10)


def test_a_function_of_outputs():
    def seen(blood, gut, V):
        return {"c": blood / V, "both": blood + gut}

    agree(ODE(**ORAL, observe=seen, solver="explicit"), AT, {"t": TIMES, "dose": 30.0}, count=1)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["rosenbrock", "auto", "explicit"])
def test_every_method(solver):
    """Three states that react, and a stiff lane among them for the choice of the method."""
    ode = ODE(
        {"A": "-a * A + b * B * C", "B": "a * A - b * B * C - c * B**2", "C": "c * B**2"},
        {"A": "first", "B": 0, "C": 0},
        solver=solver,
    )
    at = {"a": 0.04, "b": 1e4 if solver != "explicit" else 10.0, "c": 3e7 if solver != "explicit" else 30.0}
    # the two programs that integrate choose their steps alike to rounding
    agree(ode, {**at, "first": 1.0}, {"t": np.geomspace(1e-3, 40.0, 8)}, tolerance=1e-6)


def test_a_dose_that_decays_has_the_gradient_of_its_closed_form():
    """A = dose exp(-k (t - lag)) after the lag: dA/dk = -(t - lag) A, dA/dlag = k A."""
    ode = ODE({"A": "-k * A"}, {"A": 0}, events=Event("lag", add={"A": "dose"}), solver="explicit")
    t = np.array([0.2, 1.0, 2.5, 7.0])
    k, lag, dose = np.array([[0.3], [0.7], [0.7]]), np.array([[0.5], [0.9], [np.nan]]), 5.0
    pulled = ode.pull_back({"k": k, "lag": lag, "dose": dose}, {"t": t}, lambda outputs, _: {"A": outputs["A"]})
    A = np.where(t > lag, dose * np.exp(-k * (t - lag)), np.where(np.isnan(lag), np.nan, 0.0))
    np.testing.assert_allclose(pulled.outputs["A"], A, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(pulled.gradient["k"], np.sum(-(t - lag) * A * A, axis=1), rtol=1e-6)
    np.testing.assert_allclose(pulled.gradient["lag"], np.sum(k * A * A, axis=1), rtol=1e-6)
    np.testing.assert_allclose(pulled.gradient["dose"], np.sum(A * A, axis=1) / dose, rtol=1e-6)
    assert list(pulled.failed) == ["", "", "the time of an event is NaN"]


def test_a_point_that_fails_has_no_gradient_and_a_reason():
    ode = ODE({"A": "growth * A**2"}, {"A": 1}, solver="explicit")
    growth = np.array([[0.1], [2.0], [0.2]])
    pulled = ode.pull_back({"growth": growth}, {"t": np.array([0.5, 2.0])}, lambda outputs, _: outputs)
    assert [bool(why) for why in pulled.failed] == [False, True, False]
    assert "blow-up" in pulled.failed[1] or "steps" in pulled.failed[1]
    np.testing.assert_array_equal(np.isnan(pulled.gradient["growth"]), [False, True, False])
    # A = 1 / (1 - g t), so that the derivative of half of its square is A t A^2
    A = 1 / (1 - growth[[0, 2]] * [0.5, 2.0])
    np.testing.assert_allclose(pulled.gradient["growth"][[0, 2]], np.sum([0.5, 2.0] * A**3, axis=1), rtol=1e-6)


def test_what_counts_for_nothing_is_not_spoilt_by_a_slope_that_is_infinite():
    ode = ODE({"A": "-k * A"}, {"A": 1}, observe={"y": "sqrt(A - first)"}, solver="explicit")
    t, weights = np.array([0.0, 1.0]), np.array([[0.0, 1.0]])
    pulled = ode.pull_back({"k": np.array([[-1.0]]), "first": np.array([[1.0]])}, {"t": t}, lambda *_: {"y": weights})
    y = np.sqrt(np.e - 1)
    np.testing.assert_allclose(pulled.gradient["k"], [-np.e / (2 * y)], rtol=1e-6)
    np.testing.assert_allclose(pulled.gradient["first"], [-1 / (2 * y)], rtol=1e-6)


def test_steady_states_and_lsoda_have_no_way_back():
    point, weigh = {"k": np.array([[0.3]])}, lambda outputs, _: outputs
    times = {"t": np.array([1.0, 2.0])}
    for settings, inputs in [
        ({"settle": {}, "solver": "explicit"}, times),
        ({"solver": "lsoda"}, times),
        ({"solver": "explicit"}, {"t": np.array([1.0, np.inf])}),
    ]:
        assert ODE({"A": "1 - k * A"}, {"A": 0}, **settings).pull_back(point, inputs, weigh) is None


def test_one_direction_of_many_parameters_is_integrated_as_one():
    """Points that move along a direction of their own: its sensitivity is the sum of those of the parameters."""
    ode = ODE({"A": "-k * A + a + b"}, {"A": "first"}, solver="lsoda")
    at = {"k": 0.3, "a": 0.1, "b": 0.2, "first": 2.0}
    by = {"k": 0.5, "a": -1.0, "b": 0.0, "first": 2.0}
    times = {"t": np.array([0.0, 1.0, 3.0])}
    units = {name: np.imag(ode({**at, name: at[name] + 1j * H}, times)["A"]) / H for name in at}
    along = {name: np.array([[at[name] + 1j * H * by[name]], [at[name] - 2j * H * by[name]]]) for name in at}
    found = np.imag(ode(along, times)["A"]) / H
    wanted = sum(by[name] * units[name] for name in at)
    np.testing.assert_allclose(found, [wanted, -2 * wanted], rtol=1e-6)
