"""Maps between the line and natural domains: round trips, Jacobians, tails, batches, NumPy and JAX."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parametra.maths.transforms import Box, Identity, Interval, LowerBounded, StickBreaking, UpperBounded

INF = np.inf
x64 = partial(jax.enable_x64, True)  # its own signature
# No two neighbours of one kind, and not in the order in which the kinds are computed.
BOX = Box(np.array([-1.0, -INF, 2.0, 0.0, -INF]), np.array([5.0, -3.0, INF, 1.0, INF]))
ELEMENTWISE = [Identity(), LowerBounded(2.0), UpperBounded(-3.0), Interval(-1.0, 5.0), BOX]
TRANSFORMS = [*ELEMENTWISE, StickBreaking(6)]
LINES = hnp.arrays(np.float64, (5,), elements=st.floats(-12, 12))
STEP = 1e-30


def jacobian(transform, line):
    """d natural / d line by complex steps, column by column."""
    moved = line + 1j * STEP * np.eye(len(line))
    return np.stack([np.imag(transform.forward(each)) / STEP for each in moved], axis=1)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
@given(line=LINES)
@settings(max_examples=40, deadline=None)
def test_round_trip(transform, line):
    back = transform.inverse(transform.forward(line))
    # Near a bound of size 5 the natural value has 16 digits, of which exp(12) = 1.6e5 are lost.
    np.testing.assert_allclose(back, line, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("transform", ELEMENTWISE, ids=repr)
@given(line=LINES)
@settings(max_examples=40, deadline=None)
def test_log_jacobian_of_each_coordinate(transform, line):
    slopes = jacobian(transform, line)
    np.testing.assert_allclose(transform.log_jacobian(line), np.log(np.abs(np.diag(slopes))), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(slopes, np.diag(np.diag(slopes)))


@given(line=LINES)
@settings(max_examples=40, deadline=None)
def test_simplex_jacobian(line):
    simplex = StickBreaking(6)
    slopes = jacobian(simplex, line)
    np.testing.assert_allclose(simplex.jacobian(line), slopes, rtol=1e-11, atol=1e-300)
    log_determinant = np.linalg.slogdet(slopes[:-1])[1]
    np.testing.assert_allclose(simplex.log_jacobian(line), log_determinant, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_simplex_is_centred_and_sums_to_one(size):
    simplex = StickBreaking(size)
    np.testing.assert_allclose(simplex.forward(np.zeros(size - 1)), np.full(size, 1 / size), rtol=1e-14)
    weights = simplex.forward(np.random.default_rng(1).normal(0, 5, (size - 1, 50)))
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-14)
    assert (weights > 0).all()


def test_simplex_of_two_is_the_logistic():
    line = np.array([0.7])
    np.testing.assert_allclose(StickBreaking(2).forward(line)[0], 1 / (1 + np.exp(-0.7)), rtol=1e-15)


def test_known_values():
    assert LowerBounded(2.0).forward(np.log(3.0)) == pytest.approx(5.0, rel=1e-15)
    assert UpperBounded(-3.0).forward(np.log(2.0)) == pytest.approx(-5.0, rel=1e-15)
    assert Interval(-1.0, 5.0).forward(np.float64(0.0)) == 2.0
    # By hand: z = (1/3, 3/4) for three weights, x = (1/3, 2/3 * 3/4, 2/3 * 1/4)
    line = np.array([np.log(0.5) + np.log(2), np.log(3.0)])
    np.testing.assert_allclose(StickBreaking(3).forward(line), [1 / 3, 1 / 2, 1 / 6], rtol=1e-14)


@pytest.mark.parametrize("line", [-800.0, -745.0, -40.0, 40.0, 745.0, 800.0])
def test_the_tails_are_finite_and_keep_their_digits(line):
    interval, simplex = Interval(0.0, 1.0), StickBreaking(3)
    low = interval.forward(np.array([-abs(line)]))
    np.testing.assert_allclose(low, np.exp(-abs(line)), rtol=1e-14)
    assert interval.forward(np.array([line]))[0] == (low[0] if line < 0 else 1.0 - low[0])
    assert interval.log_jacobian(np.array([line]))[0] == pytest.approx(-abs(line), rel=1e-15)
    weights = simplex.forward(np.array([line, -line]))
    assert np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1.0, rel=1e-14)
    assert np.isfinite(simplex.log_jacobian(np.array([line, -line])))


def test_bounds_lie_at_infinity():
    assert LowerBounded(2.0).inverse(np.array([2.0]))[0] == -INF
    assert UpperBounded(2.0).inverse(np.array([2.0]))[0] == -INF
    np.testing.assert_array_equal(Interval(0.0, 1.0).inverse(np.array([0.0, 1.0])), [-INF, INF])


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
@pytest.mark.parametrize("method", ["forward", "log_jacobian"])
def test_a_batch_is_a_loop_and_jax_is_numpy(transform, method):
    lines = np.random.default_rng(2).normal(0, 3, (5, 4, 2))
    batch = getattr(transform, method)(lines)
    for i, j in np.ndindex(4, 2):
        np.testing.assert_allclose(batch[..., i, j], getattr(transform, method)(lines[:, i, j]), rtol=1e-14)
    with x64():
        traced = jax.jit(lambda line: getattr(transform, method)(line, jnp))(lines)
    np.testing.assert_allclose(np.asarray(traced), batch, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
def test_the_inverse_takes_batches_and_jax(transform):
    lines = np.random.default_rng(3).normal(0, 3, (5, 4))
    natural = transform.forward(lines)
    np.testing.assert_allclose(transform.inverse(natural), lines, rtol=1e-10, atol=1e-10)
    with x64():
        np.testing.assert_allclose(
            np.asarray(transform.inverse(jnp.asarray(natural), jnp)), lines, rtol=1e-10, atol=1e-10
        )


def test_jax_differentiates_at_zero():
    with x64():
        slope = jax.jacobian(lambda line: BOX.forward(line, jnp))(jnp.zeros(5))
        log_slope = jax.grad(lambda line: BOX.log_jacobian(line, jnp).sum())(jnp.zeros(5))
    np.testing.assert_allclose(np.diag(slope), [1.5, -1, 1, 0.25, 1])
    np.testing.assert_allclose(log_slope, [0, 1, 1, 0, 0])


def test_a_box_without_coordinates():
    empty = Box(np.empty(0), np.empty(0))
    assert empty.forward(np.empty((0, 3))).shape == (0, 3)
    assert empty.log_jacobian(np.empty(0)).shape == (0,)
