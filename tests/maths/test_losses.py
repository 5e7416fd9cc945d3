from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import least_squares

from parametra.maths.losses import LOSSES, Loss, loss_by_name, weights

SCIPY = [name for name in LOSSES if name != "student_t"]
EVERY = [Loss(name, 0.7, 3.0 if name == "student_t" else None) for name in LOSSES]
x = np.linspace(0.0, 3.0, 12)
y = 2.0 * np.exp(-0.8 * x) + np.random.default_rng(3).normal(0, 0.1, 12) + 3.0 * (np.arange(12) == 5)


def residuals(p):
    return p[0] * np.exp(-p[1] * x) - y


def jacobian(p):
    return np.stack([np.exp(-p[1] * x), -p[0] * x * np.exp(-p[1] * x)], axis=1)


@pytest.mark.parametrize("name", SCIPY)
@pytest.mark.parametrize("scale", [0.05, 0.6])
def test_cost_and_gradient_are_scipys(name, scale):
    loss = loss_by_name(name, scale)
    point = np.array([1.7, 0.6])
    there = least_squares(residuals, point, jacobian, loss=name, f_scale=scale, max_nfev=1)
    r, J = residuals(there.x), jacobian(there.x)
    assert loss.cost(r, np) == pytest.approx(there.cost, rel=1e-14)
    factor_J, factor_r = weights(r, loss, np)
    gradient = (factor_J[:, None] * J).T @ (factor_r * r)
    np.testing.assert_allclose(gradient, there.grad, rtol=1e-12, atol=1e-13)
    # SciPy returns the Jacobian that it has scaled, so that the factors themselves are compared.
    np.testing.assert_allclose(factor_J[:, None] * J, there.jac, rtol=1e-12)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.name)
@settings(max_examples=60, deadline=None)
@given(z=st.floats(0.0, 1e6))
def test_derivatives_are_those_of_rho(loss, z):
    if loss.name == "huber" and abs(z - 1) < 1e-6:
        return  # its second derivative jumps there
    with jax.enable_x64(True):
        rho = lambda at: loss.rho(at, jnp)[0]
        at = jnp.asarray(z)
        value, slope, bend = (float(part) for part in loss.rho(at, jnp))
        assert slope == pytest.approx(float(jax.grad(rho)(at)), rel=1e-9, abs=1e-13)
        assert bend == pytest.approx(float(jax.grad(jax.grad(rho))(at)), rel=1e-6, abs=1e-13)
    assert value >= 0
    assert slope > 0
    assert bend <= 0


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.name)
def test_numpy_and_jax_agree(loss):
    r = np.concatenate([np.linspace(-5, 5, 41), [0.0, 0.7, 1e-9]])
    with jax.enable_x64(True):
        for here, there in zip(weights(r, loss, np), weights(jnp.asarray(r), loss, jnp), strict=True):
            np.testing.assert_allclose(here, there, rtol=1e-13)
        for here, there in zip(loss.rho(r**2, np), loss.rho(jnp.asarray(r**2), jnp), strict=True):
            np.testing.assert_allclose(here, there, rtol=1e-13)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.name)
def test_a_batch_is_its_points(loss):
    r = np.random.default_rng(1).normal(size=(4, 7))
    np.testing.assert_allclose(loss.cost(r, np), [loss.cost(one, np) for one in r], rtol=1e-14)
    factor_J, factor_r = weights(r, loss, np)
    assert factor_J.shape == factor_r.shape == (4, 7)


@pytest.mark.parametrize("name", SCIPY)
def test_small_residuals_cost_their_squares(name):
    loss = loss_by_name(name, 2.0)
    r = np.array([1e-7, -3e-7])
    assert loss.cost(r, np) == pytest.approx(0.5 * np.sum(r**2), rel=1e-12)
    np.testing.assert_allclose(loss.rho(np.array([0.0]), np)[1], 1.0)


def test_student_t_is_its_log_likelihood():
    loss = Loss("student_t", 1.0, 3.5)
    r = np.array([0.0, 0.3, -2.0, 40.0])
    log_density = stats.t.logpdf(r, 3.5)
    cost = np.array([loss.cost(r[i : i + 1], np) for i in range(4)])
    np.testing.assert_allclose(cost - cost[0], -(log_density - log_density[0]), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hubber",), 'there is no loss "hubber"; known here: linear, soft_l1, huber, cauchy, arctan, student_t.'),
        (("huber", 0.0), "the scale of a loss is a number above zero; came 0.0."),
        (("huber", float("nan")), "the scale of a loss is a number above zero; came nan."),
        (("cauchy", 1.0, 3.0), 'the loss "cauchy" has no parameter besides its scale; came 3.0.'),
        (("student_t",), 'the loss "student_t" needs degrees of freedom above zero as parameter; came None.'),
        (("student_t", 1, -1), 'the loss "student_t" needs degrees of freedom above zero as parameter; came -1.0.'),
    ],
)
def test_messages(arguments, message):
    with pytest.raises(ValueError) as caught:
        loss_by_name(*arguments)
    assert str(caught.value) == message
