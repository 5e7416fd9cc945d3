"""Gravity: the published update, its saturation, its first velocity, and how a fit with it ends."""

import numpy as np
import pytest

from fit_loop import Evaluator, box, run
from parametra.methods.fit.gravity import Gravity
from parametra.nouns.asker import Ending
from parametra.nouns.errors import MethodError


def test_updates_are_those_of_the_publication():
    """Algorithm 1: V_t = b_t V + (1 - b_t) g / (1 + (g / m)^2), m = 1 / max |g|, b_t = (beta t + 1) / (t + 2)."""
    stream = np.random.default_rng(0).normal(size=(50, 1, 6))
    method = Gravity()
    memory = method.begin(np.zeros((1, 6)), 3)
    V = memory[0].copy()
    for t, g in enumerate(stream):
        b, m = (0.9 * t + 1) / (t + 2), 1 / np.abs(g).max()
        V = b * V + (1 - b) * g / (1 + (g / m) ** 2)
        direction, memory = method.turn(g, memory, g)
        np.testing.assert_allclose(direction, V, rtol=1e-13)


def test_defaults_and_the_first_velocity():
    method = Gravity()
    assert (method.rate, method.alpha, method.beta) == (0.1, 0.01, 0.9)
    velocity, t = method.begin(np.zeros((2, 20_000)), 0)
    assert t == 0
    # standard deviation alpha / rate = 0.1: 40 000 draws tell it to 0.35 %, 1.5 % is four standard errors
    assert velocity.std() == pytest.approx(0.1, rel=0.015)
    assert not np.array_equal(velocity[0], velocity[1])
    np.testing.assert_array_equal(velocity, method.begin(np.zeros((2, 20_000)), 0)[0])


def test_the_largest_gradients_saturate():
    method = Gravity(beta=0.0)
    for size in (0.01, 1.0, 100.0):
        direction, _ = method.turn(np.array([[size]]), (np.zeros((1, 1)), 10**9), np.zeros((1, 1)))
        assert direction[0, 0] == pytest.approx(size / (1 + size**4), rel=1e-6)


def test_a_fit_ends_at_the_bound_and_at_the_minimum():
    target = Evaluator(lambda x: (np.array([100 * (x[0] - 3.0), x[1] - 1.0]), np.diag([100.0, 1.0])))
    found = run(Gravity(), box((0, 2), (-5, 5)), [[0.5, 4.0], [1.0, -4.0]], target)
    assert set(found.endings) == {Ending.CONVERGED}
    np.testing.assert_allclose(found.points, [[2, 1], [2, 1]], atol=1e-3)


def test_the_published_form_walks_in_the_coordinates_themselves():
    target = Evaluator(lambda x: (0.3 * (x - 1.0), 0.3 * np.eye(1)))
    found = run(Gravity(learning_rate=0.1, stages=30), box((-5, 5)), [[0.0]], target)
    np.testing.assert_allclose(found.points, [[1.0]], atol=1e-3)


def test_bad_settings():
    with pytest.raises(MethodError, match=r"gravity\(beta=1.0\): a number from zero to below 1 is wanted."):
        Gravity(beta=1.0)
