"""The Kalman filter against the Cholesky factor of the whole covariance."""

from __future__ import annotations

import numpy as np
import pytest

from parametra.maths.markov_process import KERNELS, correlation, log_densities, whitened

TIME = np.sort(np.random.default_rng(0).uniform(0, 50, 40))
VARIANCE = np.random.default_rng(1).uniform(0.01, 0.1, 40)
VALUE = np.random.default_rng(2).standard_normal(40)


def dense(kernel, amplitude, length):
    covariance = amplitude**2 * correlation(kernel, np.abs(TIME[:, None] - TIME) / length) + np.diag(VARIANCE)
    return float(-0.5 * VALUE @ np.linalg.solve(covariance, VALUE) - 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1])


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_likelihood_is_that_of_the_whole_covariance(kernel):
    gaps = np.diff(TIME, prepend=TIME[:1]) / np.array([[7.0], [3.0]])
    left, spread = whitened(kernel, gaps, np.array([1.3, 0.4]), VARIANCE, VALUE[:, None])
    assert left.shape == (2, 40, 1)
    wanted = [dense(kernel, 1.3, 7.0), dense(kernel, 0.4, 3.0)]
    assert log_densities(left[..., 0], spread).sum(axis=1) == pytest.approx(wanted, rel=1e-11)


@pytest.mark.parametrize("kernel", KERNELS)
def test_jax_and_the_complex_step_give_the_same(kernel):
    import jax
    import jax.numpy as jnp

    def likelihood(length, xp):
        gaps = xp.asarray(np.diff(TIME, prepend=TIME[:1])) / length
        left, spread = whitened(kernel, gaps, xp.asarray(1.3), VARIANCE, VALUE[:, None], xp)
        return xp.sum(log_densities(left[..., 0], spread, xp))

    step = likelihood(7.0 + 1e-30j, np)
    with jax.enable_x64(True):
        value, slope = jax.value_and_grad(lambda length: likelihood(length, jnp))(7.0)
    assert float(value) == pytest.approx(dense(kernel, 1.3, 7.0), rel=1e-11)
    assert step.imag / 1e-30 == pytest.approx(float(slope), rel=1e-9)
    assert float(slope) == pytest.approx((dense(kernel, 1.3, 7.001) - dense(kernel, 1.3, 6.999)) / 0.002, rel=1e-5)
