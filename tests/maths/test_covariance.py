"""Covariance and flat directions of a Jacobian, against NumPy's inverse and against White's formula by hand."""

import numpy as np
import pytest

from parametra.maths.basins import group_by_cost, missed_chance
from parametra.maths.covariance import geometry, sandwich


def jacobian(m=30, d=4, seed=3):
    return np.random.default_rng(seed).normal(size=(m, d)) * np.array([1e-6, 1.0, 1e3, 5.0])[:d]


def test_is_the_inverse_where_there_is_one():
    J = jacobian()
    found = geometry(J, tolerance=1e-11)
    scale = np.sqrt(np.diag(J.T @ J))
    wanted = np.linalg.inv((J / scale).T @ (J / scale)) / np.outer(scale, scale)
    np.testing.assert_allclose(found.covariance, wanted, rtol=1e-9)
    np.testing.assert_allclose(found.steps @ found.steps.T, wanted, rtol=1e-9)
    assert found.flat.shape == (4, 0)


def test_a_step_raises_the_cost_by_a_half():
    J = jacobian()
    for step in geometry(J, tolerance=1e-11).steps.T:
        assert 0.5 * np.sum((J @ step) ** 2) == pytest.approx(0.5)


def test_two_equal_columns_are_flat_and_the_rest_is_not():
    J = jacobian()
    J = np.column_stack([J[:, 1], 2.0 * J[:, 1], J[:, 3]])
    found = geometry(J, tolerance=1e-11)
    assert found.flat.shape == (3, 1)
    both, alone, combination = np.eye(3)[0], np.eye(3)[2], np.array([1.0, 2.0, 0.0])
    np.testing.assert_array_equal(found.touches_flat(np.stack([both, alone, combination])), [True, False, False])


def test_an_empty_column_is_flat():
    J = jacobian()
    J[:, 2] = 0.0
    found = geometry(J, tolerance=1e-11)
    np.testing.assert_array_equal(found.touches_flat(np.eye(4)), [False, False, True, False])


def test_sandwich_is_whites_formula():
    J = jacobian(60, 3)
    r = np.random.default_rng(4).normal(size=60) * np.linspace(0.5, 3, 60)
    A = np.linalg.inv(J.T @ J)
    wanted = A @ (J.T * r**2) @ J @ A * 60 / 57
    np.testing.assert_allclose(sandwich(J, r, geometry(J, tolerance=1e-11)), wanted, rtol=1e-8)


def test_groups_of_costs():
    cost = np.array([5.0, 1.0, np.inf, 1.0 + 1e-9, 5.0, 9.0])
    np.testing.assert_array_equal(group_by_cost(cost, 1e-6), [1, 0, -1, 0, 1, 2])


def test_missed_chance():
    assert missed_chance(1, 20) == pytest.approx(2 / 380)
    assert missed_chance(4, 20) == pytest.approx(20 / 380)
    assert missed_chance(1, 1) == 1.0
    assert missed_chance(9, 10) == 1.0
