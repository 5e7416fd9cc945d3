"""Beeler and Reuter's action potential: its equations against SciPy's solver, its guess, ugly data, its picture."""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import parametra as pm
from parametra.models.electrophysiology import _ventricle, beeler_reuter
from parametra.models.electrophysiology.beeler_reuter import _HELD, _TRUTH, READY
from parametra.nouns.errors import ModelError

EVERY = {**_TRUTH, **_HELD}
TIME = np.concatenate([np.arange(0.0, 10.0, 0.25), np.arange(10.0, 490.0, 2.0)])


def gates(v):
    """Opening and closing of x1, m, h, j, d, f in the words of 1977, written out one by one."""
    e = np.exp
    opening = [
        0.0005 * e(0.083 * (v + 50)) / (e(0.057 * (v + 50)) + 1),
        -(v + 47) / (e(-0.1 * (v + 47)) - 1),
        0.126 * e(-0.25 * (v + 77)),
        0.055 * e(-0.25 * (v + 78)) / (e(-0.2 * (v + 78)) + 1),
        0.095 * e(-0.01 * (v - 5)) / (e(-0.072 * (v - 5)) + 1),
        0.012 * e(-0.008 * (v + 28)) / (e(0.15 * (v + 28)) + 1),
    ]
    closing = [
        0.0013 * e(-0.06 * (v + 20)) / (e(-0.04 * (v + 20)) + 1),
        40 * e(-0.056 * (v + 72)),
        1.7 / (e(-0.082 * (v + 22.5)) + 1),
        0.3 / (e(-0.1 * (v + 32)) + 1),
        0.07 * e(-0.017 * (v + 44)) / (e(0.05 * (v + 44)) + 1),
        0.0065 * e(-0.02 * (v + 30)) / (e(-0.2 * (v + 30)) + 1),
    ]
    return np.array(opening), np.array(closing)


def exact(at, onset=0.0):
    """Voltage in mV and calcium in umol/L, by LSODA at 1e-9, calcium inside in mol/L as in the paper."""
    g_na, g_nac, g_s, g_k1, g_x1 = (at[name] for name in _TRUTH)

    def slopes(stimulus):
        def of(_, y):
            v, ca, x1, m, h, j, d, f = y
            i_k1 = 4 * (np.exp(0.04 * (v + 85)) - 1) / (np.exp(0.08 * (v + 53)) + np.exp(0.04 * (v + 53)))
            i_k1 = g_k1 * (i_k1 + 0.2 * (v + 23) / (1 - np.exp(-0.04 * (v + 23))))
            i_x1 = g_x1 * x1 * (np.exp(0.04 * (v + 77)) - 1) / np.exp(0.04 * (v + 35))
            i_na = (g_na * m**3 * h * j + g_nac) * (v - 50)
            i_s = g_s * d * f * (v + 82.3 + 13.0287 * np.log(ca))
            opening, closing = gates(v)
            moved = opening * (1 - y[2:]) - closing * y[2:]
            return [stimulus - i_k1 - i_x1 - i_na - i_s, -1e-7 * i_s + 0.07 * (1e-7 - ca), *moved]

        return of

    opening, closing = gates(-84.622)
    state = np.array([-84.622, 2e-7, *(opening / (opening + closing))])
    parts = []
    for low, high, stimulus in ((0.0, onset, 0.0), (onset, onset + 2, 25.0), (onset + 2, 490.0, 0.0)):
        if high > low:
            when = np.append(TIME[(low <= TIME) & (high > TIME)], high)
            tolerance = {"rtol": 1e-9, "atol": np.array([1e-9, 1e-16, *[1e-12] * 6])}
            found = solve_ivp(slopes(stimulus), (low, high), state, "LSODA", when, **tolerance)
            parts.append(found.y[:2, :-1])
            state = found.y[:, -1]
    return np.concatenate(parts, axis=1) * np.array([[1.0], [1e6]])


@pytest.mark.parametrize(
    ("changed", "onset"),
    [
        ({}, 0.0),
        ({"sodium_conductance": 2.0, "delayed_outward_current": 1.2}, 0.0),
        ({"slow_inward_conductance": 0.05, "inward_rectifier_current": 0.5}, 20.0),
    ],
)
def test_it_solves_its_equations(changed, onset):
    """To a tenth of a millivolt at the steep of the upstroke, where it rises by 100 mV in a millisecond."""
    at = {**EVERY, **changed}
    nodes, stimulated = _ventricle.Grid(0.0, onset, 2.0).nodes(490.0)
    voltage, calcium = _ventricle.action_potential(at, TIME, nodes, stimulated)
    there = exact(at, onset)
    rising = abs(TIME - onset - 2.5) < 2.5
    np.testing.assert_allclose(voltage, there[0], atol=0.1)
    np.testing.assert_allclose(voltage[~rising], there[0][~rising], atol=0.02)
    np.testing.assert_allclose(calcium, there[1], atol=0.002)


def test_many_points_and_complex_steps_are_single_points():
    """A lane of many is the point by itself, and the imaginary part of a complex step its difference."""
    nodes, stimulated = _ventricle.Grid(0.0, 0.0, 2.0, fine=0.1, coarse=1.0).nodes(300.0)
    time = np.linspace(0.0, 300.0, 31)

    def voltage(conductance):
        at = {**EVERY, "slow_inward_conductance": conductance}
        return _ventricle.action_potential(at, time, nodes, stimulated)[0]

    alone = voltage(0.09)
    np.testing.assert_allclose(voltage(np.array([0.05, 0.09]))[1], alone, rtol=1e-9, atol=1e-9)
    slope = voltage(0.09 + 1e-20j).imag / 1e-20
    rough = (voltage(0.09 + 1e-6) - voltage(0.09 - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, rough, rtol=1e-4, atol=1e-4 * np.abs(rough).max())


def test_a_guess_from_either_output():
    """From voltage or calcium alone, or both, it lies within 40 % of what is well known by them."""
    both = beeler_reuter.fibre()
    for names in (["voltage"], ["voltage", "calcium"]):
        table = {"time": both.inputs["time"], **{name: both.outputs[name] for name in names}}
        guess = READY.guess(pm.Data(table, inputs="time", output=names), onset=0.0, duration=2.0)
        for name, value in _TRUTH.items():
            assert 0.6 < guess[name] / value < 1.4, (names, name)


def test_a_late_stimulus_and_one_output():
    """The voltage alone, stimulated after 20 ms, gives the five back within four standard errors."""
    nodes, stimulated = _ventricle.Grid(0.0, 20.0, 2.0).nodes(490.0)
    time = np.concatenate([np.arange(0.0, 18.0, 3.0), np.arange(18.0, 30.0, 0.25), np.arange(30.0, 490.0, 4.0)])
    exactly, _ = _ventricle.action_potential(EVERY, time, nodes, stimulated)
    voltage = exactly + np.random.default_rng(3).standard_normal(time.size)
    data = pm.Data({"time": time, "voltage": voltage}, inputs="time", output="voltage", sigma=1.0)
    fit = pm.fit(READY.problem(data, onset=20.0), starts=1)
    for name, value in _TRUTH.items():
        assert abs(fit.estimate[name] - value) < 4 * fit.standard_error[name], name


UGLY = {
    "one point": ([3.0], [0.0]),
    "few": ([0.0, 1.0, 2.0], [-84.0, 10.0, 20.0]),
    "constant": (np.arange(30.0), np.full(30, -84.0)),
    "missing": (np.arange(30.0), np.where(np.arange(30) % 3, np.nan, np.linspace(-80, 20, 30))),
    "nothing like it": (np.arange(30.0), np.sin(np.arange(30.0))),
    "unsorted": (np.arange(30.0)[::-1], np.linspace(-80, 20, 30)),
}


@pytest.mark.parametrize("kind", sorted(UGLY))
def test_guesses_of_ugly_data_are_finite_and_within_bounds(kind):
    time, seen = (np.asarray(each, dtype=float) for each in UGLY[kind])
    data = pm.Data({"time": time, "voltage": seen}, inputs="time", output="voltage", missing="mask")
    form = READY.form_of(data)
    for name, value in READY.guess(data, onset=0.0, duration=2.0).items():
        dataclasses.replace(form.parameters[name], guess=value)


def test_what_is_refused():
    data = pm.Data({"time": [0.0, 1.0], "voltage": [0.0, 9.0]}, inputs="time", output="voltage")
    with pytest.raises(ModelError, match=r"a duration above zero; onset=0\.0, duration=0\.0 came"):
        READY.problem(data, duration=0.0)
    seconds = pm.Data({"time": [0.0, 1.0], "voltage": [0.0, 9.0]}, inputs="time", output="voltage", units={"time": "s"})
    with pytest.raises(ModelError, match='takes "time" in ms'):
        READY.problem(seconds)


def test_its_picture_has_an_axis_for_calcium():
    problem = READY.problem(beeler_reuter.fibre())
    fit = pm.fit(READY.from_start(problem, _TRUTH), starts=1)
    figure = READY.plot(fit, problem)
    assert {"voltage (mV)", "calcium (umol/L)"} <= {axes.get_ylabel() for axes in figure.axes}
