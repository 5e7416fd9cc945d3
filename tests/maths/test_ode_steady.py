import numpy as np
import pytest

from ode_problems import PROBLEMS
from parametra.maths.ode_gradient import Backwards, backwards_pays
from parametra.maths.ode_solver import make_explicit, make_rosenbrock
from parametra.maths.ode_steady import make_steady


def exchange(t, y, p):
    """A and B turn into each other, and their total is conserved; B makes C, which decays."""
    import jax.numpy as jnp

    a, b, c = y
    return jnp.stack([p[1] * b - p[0] * a, p[0] * a - p[1] * b, p[2] * b - p[3] * c])


def test_a_steady_state_keeps_what_is_conserved():
    rng = np.random.default_rng(0)
    p, y, begin = np.exp(rng.normal(size=(4, 5))), rng.uniform(0.1, 2.0, (3, 5)), np.zeros(5)
    dy, dp = np.zeros((3, 7, 5)), np.zeros((4, 7, 5))
    dp[:, :4], dy[:, 4:] = np.eye(4)[:, :, None], np.eye(3)[:, :, None]
    found = make_steady(exchange, 3).settle(begin, y, p, dy, dp)
    total, share = y[0] + y[1], p[0] / (p[0] + p[1])
    np.testing.assert_allclose(found.values, [total * (1 - share), total * share, total * share * p[2] / p[3]])
    np.testing.assert_array_equal(found.fate, 0)
    np.testing.assert_array_equal(found.conserved, 1)
    by_b = found.tangents[1]
    np.testing.assert_allclose(by_b[0], total * p[1] / (p[0] + p[1]) ** 2, rtol=1e-10)
    np.testing.assert_allclose(by_b[[4, 5]], [share, share], rtol=1e-10)
    np.testing.assert_allclose(by_b[[2, 3, 6]], 0.0, atol=1e-12)
    np.testing.assert_allclose(found.tangents[2, 3], -found.values[2] / p[3], rtol=1e-10)


def test_where_there_is_no_steady_state_the_lane_says_so():
    p, y = np.array([[-1.0, 1.0]]), np.ones((2, 2))
    slope = PROBLEMS["van der Pol"].slope
    found = make_steady(slope, 2).settle(np.zeros(2), y, p, longest=300.0, most=50_000)
    np.testing.assert_array_equal(found.fate, [0, 4])
    np.testing.assert_allclose(found.values[:, 0], 0.0, atol=1e-12)
    assert np.isnan(found.values[:, 1]).all()


@pytest.mark.parametrize(
    ("name", "make"),
    [("Lotka-Volterra", make_explicit), pytest.param("robertson", make_rosenbrock, marks=pytest.mark.slow)],
)
def test_gradients_are_those_of_forward_tangents_to_rounding(name, make):
    problem = PROBLEMS[name]
    begin, end, y, p, times = problem.lanes(10)
    n, count, rng = len(y), len(p), np.random.default_rng(2)
    times[0], times[-1, 3] = begin, np.inf
    one, worth, last = make(problem.slope, n), rng.normal(size=(len(times), n, 10)), rng.normal(size=(n, 10))
    dy, dp = np.zeros((n, n + count, 10)), np.zeros((count, n + count, 10))
    dp[:, :count], dy[:, count:] = np.eye(count)[:, :, None], np.eye(n)[:, :, None]
    forward = one.integrate_with_tangents(begin, end, y, p, times, dy, dp)
    tangents = np.where(np.isnan(forward.tangents), 0.0, forward.tangents)
    wanted = np.einsum("tnb,tnqb->qb", worth, tangents) + np.einsum("nb,nqb->qb", last, forward.end_tangents)
    made, by_p, by_y = Backwards(one).integrate_with_gradient(begin, end, y, p, times, worth, last)
    size = np.abs(wanted).max(axis=1, keepdims=True)
    # the same numbers in another order; the two programs choose their steps alike to rounding
    np.testing.assert_allclose(np.concatenate([by_p, by_y]) / size, wanted / size, atol=1e-6)
    np.testing.assert_allclose(made.end, forward.end, rtol=1e-6)


def test_a_lane_that_failed_has_no_gradient():
    problem = PROBLEMS["Lotka-Volterra"]
    begin, end, y, p, times = problem.lanes(2)
    y[0, 1] = np.nan
    found, by_p, by_y = Backwards(make_explicit(problem.slope, 2)).integrate_with_gradient(
        begin, end, y, p, times, lambda values: 2 * values
    )
    np.testing.assert_array_equal(found.fate, [0, 3])
    assert np.isfinite(by_p[:, 0]).all() and np.isfinite(by_y[:, 0]).all()
    assert np.isnan(by_p[:, 1]).all() and np.isnan(by_y[:, 1]).all()
    assert backwards_pays(100) and not backwards_pays(2)
