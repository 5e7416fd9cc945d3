"""Minima are told from saddles, plateaus and slopes by differences of exact gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.maths.second_order import difference_steps, is_minimum

ENDLESS = np.array([-np.inf, -np.inf]), np.array([np.inf, np.inf])


def looked_at(gradient, x, cost, free=None, bounds=ENDLESS):
    x = np.asarray(x, dtype=float)
    free = np.ones(x.size, dtype=bool) if free is None else np.asarray(free)
    size = np.full(x.size, np.abs(x).max())
    steps = difference_steps(x, *bounds, size)
    moved = np.stack([gradient(x + steps[j] * np.eye(x.size)[j]) for j in np.flatnonzero(free)])
    return is_minimum(x, cost, gradient(x), free, steps[free], moved, size)


def bowl(H, at):
    return lambda x: H @ (x - at)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.floats(-3, 3),
    st.floats(0.05, 20),
    st.floats(-0.9, 0.9),
    st.tuples(st.floats(0.1, 10), st.floats(-10, -0.1)),
)
def test_a_bowl_is_a_minimum_at_its_bottom_alone_and_in_any_units(log_cost, bend, turn, at):
    cost, at = 10.0**log_cost, np.array(at)
    own = np.sqrt([cost, cost * bend]) / np.abs(at)
    H = np.array([[1.0, turn], [turn, 1.0]]) * np.outer(own, own)
    assert looked_at(bowl(H, at), at, cost)
    assert not looked_at(bowl(H, at), at * 1.01, cost)
    assert not looked_at(bowl(-H, at), at, cost)


@pytest.mark.parametrize("bend", [-1.0, -1e-3, 0.0, 1e-8])
def test_a_saddle_a_ridge_and_a_plateau_are_none(bend):
    at = np.array([1.0, 2.0])
    assert not looked_at(bowl(np.diag([1.0, bend]), at), at, 1.0)


def test_a_direction_lost_across_the_axes_is_seen():
    at = np.array([1.0, 2.0])
    assert not looked_at(bowl(np.array([[1.0, 1.0], [1.0, 1.0]]), at), at, 1.0)


def test_a_valley_to_infinity_is_none():
    # exp(-x) falls for ever, and bends upwards everywhere
    assert not looked_at(lambda x: np.array([-np.exp(-x[0]), x[1] - 1]), [20.0, 1.0], 1.0)


def test_a_coordinate_at_zero_beside_others():
    at = np.array([0.0, 3.0])
    assert looked_at(bowl(np.diag([2.0, 1.0]), at), at, 1.0)


def test_held_coordinates_are_left_out():
    assert looked_at(lambda x: np.array([1.0, x[1] - 1]), [0.0, 1.0], 1.0, free=[False, True])
    assert not looked_at(lambda x: np.array([1.0, x[1] - 1]), [0.0, 1.0], 1.0)


def test_steps_turn_back_at_a_bound():
    steps = difference_steps(
        np.array([1.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0]), np.array([1.0, 2.0, 1.0]), np.ones(3)
    )
    assert steps[0] < 0 < steps[1]
    assert steps[2] == 0


def test_a_gradient_that_fails_is_no_minimum():
    assert not looked_at(lambda x: np.full(2, np.nan) if x[0] > 1 else np.zeros(2), [1.0, 1.0], 1.0)
