"""Slopes and outputs as functions of Python: traced, lifted, or run as they are."""

from __future__ import annotations

import math
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed
from parametra.nouns.ode import ODE, Event
from parametra.nouns.parameter import Real
from parametra.nouns.problem import Problem

TINY = 1e-30
T = np.array([0.0, 0.7, 2.0, 3.5])
AT = {"a": 1.1, "b": 0.4, "c": 0.3, "d": 0.4, "scale": 2.0}
FORMULAS = ODE(
    {"x": "a * x - b * x * y", "y": "c * x * y - d * y"},
    {"x": "2 * c", "y": 1},
    observe={"prey": "scale * sqrt(x)"},
    events=Event("a", add={"x": "d"}),
    solver="lsoda",
)


def plain(t, x, y, a, b, c, d):
    return {"y": c * x * y - d * y, "x": a * x - b * x * y}


def in_numpy(x, y, a, b, c, d):
    return np.exp(np.log(a * x)) - b * x * y, y * np.sum(np.array([c * x, -d]))


def in_jax(t, x, y, a, b, c, d):
    return jnp.stack([a * x - b * x * y, c * x * y - d * y])


def with_branches(x, y, a, b, c, d):
    return [a * x - b * x * y if x > 0 else 0.0, c * x * y - d * y]


def by_math(x, y, a, b, c, d):
    return [math.exp(math.log(a * x)) - b * x * y, c * x * y - d * y]


def ode_of(slopes, **settings):
    stated = {"observe": {"prey": "scale * sqrt(x)"}, "events": Event("a", add={"x": "d"}), "solver": "lsoda"}
    return ODE(slopes, {"x": "2 * c", "y": 1}, **{**stated, **settings})


@pytest.mark.parametrize("slopes", [plain, in_numpy, in_jax, with_branches, by_math], ids=lambda f: f.__name__)
def test_a_function_gives_what_formulas_give(slopes):
    ode = ode_of(slopes)
    assert ode.names == set(AT)
    assert ode.__name__ == slopes.__name__
    wanted = FORMULAS(AT, {"t": T})["prey"]
    np.testing.assert_allclose(ode(AT, {"t": T})["prey"], wanted, rtol=2e-7)
    many = {name: np.array([[value], [1.1 * value]]) for name, value in AT.items()}
    np.testing.assert_allclose(ode(many, {"t": T})["prey"], FORMULAS(many, {"t": T})["prey"], rtol=2e-7)


@pytest.mark.parametrize("slopes", [plain, in_numpy, in_jax], ids=lambda f: f.__name__)
def test_what_can_be_traced_is_differentiated(slopes):
    ode = ode_of(slopes)
    for name, value in AT.items():
        moved = {**AT, name: value + 1j * TINY}
        slope, wanted = (each(moved, {"t": T})["prey"].imag / TINY for each in (ode, FORMULAS))
        np.testing.assert_allclose(slope, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("slopes", [with_branches, by_math], ids=lambda f: f.__name__)
def test_what_cannot_be_traced_offers_no_derivative(slopes):
    if slopes is by_math:  # lifted, it can
        assert np.iscomplexobj(ode_of(slopes)({**AT, "a": 1.1 + 1j * TINY}, {"t": T})["prey"])
        return
    with pytest.raises(ModelError, match="cannot be differentiated"):
        ode_of(slopes)({**AT, "a": 1.1 + 1j * TINY}, {"t": T})
    with pytest.raises(ModelError, match="needs slopes that JAX can trace"):
        ode_of(slopes, solver="rosenbrock")(AT, {"t": T})


def test_a_lifted_function_that_computes_something_else_is_not_believed():
    def slopes(x, y, a, b, c, d):
        other = 1.0 if np.__name__ == "numpy" else 2.0
        return other * np.exp(np.log(a * x)) - b * x * y, c * x * y - d * y

    ode = ode_of(slopes)
    np.testing.assert_allclose(ode(AT, {"t": T})["prey"], FORMULAS(AT, {"t": T})["prey"], rtol=2e-7)
    assert ode.derivative == "central differences"


def test_outputs_by_a_function_get_numbers_of_one_lane_at_one_time():
    def observe(t, x, y, scale, offset=1.0):
        return {"sum": scale * (x + y) + offset, "late": jnp.where(t > 1, 1.0, 0.0) * x}

    ode = ode_of(plain, observe=observe)
    assert "offset" in ode.optional
    states = ODE(plain, {"x": "2 * c", "y": 1}, events=Event("a", add={"x": "d"}), solver="lsoda")(AT, {"t": T})
    found = ode(AT, {"t": T})
    np.testing.assert_allclose(found["sum"], 2.0 * (states["x"] + states["y"]) + 1)
    np.testing.assert_allclose(found["late"], np.where(T > 1, states["x"], 0))
    inputs = {"t": T, "offset": np.array([1.0, 2, 3, 4])}
    np.testing.assert_allclose(ode(AT, inputs)["sum"] - found["sum"], [0, 1, 2, 3], atol=1e-12)
    moved = ode({**AT, "scale": 2 + 1j * TINY}, {"t": T})["sum"].imag / TINY
    np.testing.assert_allclose(moved, states["x"] + states["y"], rtol=1e-6)
    one = ode_of(plain, observe=lambda x, y: x + y)(AT, {"t": T})
    np.testing.assert_allclose(one[""], states["x"] + states["y"])


def test_many_lanes_of_an_output_are_computed_block_by_block():
    ode = ODE({"A": "-k * A"}, {"A": 1}, observe=lambda A, k: {"y": jnp.sin(A) + k}, solver="lsoda")
    t = np.linspace(0, 2, 150)
    k = np.linspace(0.1, 1, 3)[:, None]
    np.testing.assert_allclose(ode({"k": k}, {"t": t})["y"], np.sin(np.exp(-k * t)) + k, rtol=1e-6)


@pytest.mark.parametrize(
    ("slopes", "message"),
    [
        (lambda x, y: x, "returns 1 numbers, where 2 are wanted: x, y"),
        (lambda x, y: {"x": 1}, 'returns nothing for "y"'),
        (lambda x, y: {"x": 1, "y": 1, "z": 1}, 'returns "z"; '),
        (lambda x, y: {"x": np.ones(2), "y": 1}, 'array of shape \\(2,\\) for "x"'),
    ],
)
def test_what_a_function_returns_wrongly_is_told(slopes, message):
    with pytest.raises(ModelError, match=message):
        ODE(slopes, {"x": 0, "y": 0}, solver="lsoda")({}, {"t": T})


def test_a_bug_of_a_function_is_told_with_its_line_and_no_guess_is_blamed():
    def slopes(t, A, k):
        return [-k * undefined]

    def late(t, A, k):
        return [-k * A] if t < 1 else [-k * undefined]

    def forgetful(A, k):
        pass

    def by_values(A, k):
        return [-math.log(-k) * A]

    data = Data({"t": T, "A": np.exp(-T)}, inputs="t", output="A", sigma=0.1)
    first = slopes.__code__.co_firstlineno + 1
    bug = f"NameError: name 'undefined' is not defined, in line {first} of {Path(__file__).name}. Mend it."
    wanted = {
        slopes: f"your function slopes raised {bug}",
        late: "your function late raised NameError",
        forgetful: "forgetful returns None; return a dict by name, or a list in the order of initial.",
        by_values: "math domain error. Guess elsewhere.",
    }
    for function, message in wanted.items():
        with pytest.raises(ModelError) as error:
            Problem(ODE(function, {"A": 1}, solver="lsoda"), data, {"k": Real(0, 2, guess=1)}).looked_at()
        assert message in str(error.value)
        assert ("Guess elsewhere" in str(error.value)) == (function is by_values)


def test_a_function_that_raises_costs_its_lane():
    def slopes(A, k):
        if k > 1:
            raise OverflowError("k is too large")
        return [-k * A]

    ode = ODE(slopes, {"A": 1}, solver="lsoda")
    found = ode({"k": np.array([[0.5], [2.0]])}, {"t": T})["A"]
    np.testing.assert_allclose(found[0], np.exp(-0.5 * T), rtol=1e-6)
    assert np.isnan(found[1]).all()
    assert ode.take_failures() == {"OverflowError: k is too large": 1}
    with pytest.raises(EvaluationFailed, match="k is too large"):
        ode({"k": 3.0}, {"t": T})


def test_an_array_reaches_a_function_whole():
    ode = ODE(lambda A, k: [-k[0] * A + k[1]], {"A": 1}, solver="lsoda")
    found = ode({"k": np.array([[[0.5], [1.0]], [[0.0], [1.0]]])}, {"t": T})["A"]
    np.testing.assert_allclose(found, [np.exp(-0.5 * T), np.ones(4)], rtol=1e-6)
