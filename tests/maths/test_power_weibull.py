"""The adapted power generalised Weibull family: its special cases, its limits, its derivatives, its inverse."""

import math

import numpy as np
import pytest

from parametra.maths.power_weibull import power_weibull_cumulative, power_weibull_inverse, power_weibull_log_slope

Z = np.linspace(-6, 3, 40)


@pytest.mark.parametrize(
    ("kappa", "closed"),
    [
        (1.0, np.exp(Z)),  # Weibull
        (0.0, np.log1p(np.exp(Z))),  # log-logistic
        (2.0, np.exp(Z) + np.exp(Z) ** 2 / 6),  # a hazard that rises in a straight line, where the shape is 1
        (math.inf, np.expm1(np.exp(Z))),  # Gompertz, where the shape is 1
        (-0.5, 1 - 1 / np.sqrt(1 + 2 * np.exp(Z))),  # some are never touched
    ],
)
def test_special_cases(kappa, closed):
    assert power_weibull_cumulative(Z, kappa, np) == pytest.approx(closed, rel=1e-12)
    step = 1e-5
    rise = (power_weibull_cumulative(Z + step, kappa, np) - power_weibull_cumulative(Z - step, kappa, np)) / (2 * step)
    assert np.exp(power_weibull_log_slope(Z, kappa, np)) == pytest.approx(rise, rel=1e-7)


def test_estimated_kappas_are_the_same_as_stated_ones():
    for kappa in (1.0, 0.0, -0.5):
        assert power_weibull_cumulative(Z, np.array([kappa]), np) == pytest.approx(
            power_weibull_cumulative(Z, kappa, np), rel=1e-13
        )


def test_it_is_smooth_through_kappa_zero():
    """To third order: no trace of where the series takes over."""
    kappas = np.linspace(-0.05, 0.05, 201)
    values = np.array([power_weibull_cumulative(np.array([2.0]), np.array([k]), np)[0] for k in kappas])
    assert np.diff(values, 3) == pytest.approx(
        np.diff(values, 3).mean(), abs=2e-13 + 0.3 * abs(np.diff(values, 3).mean())
    )
    exact = (1e-9 + 1) / 1e-9 * math.expm1(1e-9 * math.log1p(math.exp(2.0) / (1 + 1e-9)))
    assert power_weibull_cumulative(np.array([2.0]), np.array([1e-9]), np)[0] == pytest.approx(exact, rel=1e-13)


def test_jax_differentiates_it_as_differences_do():
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        for kappa in (-0.4, 0.0, 1e-3, 0.7, 5.0):
            slope = jax.grad(lambda k: power_weibull_cumulative(jnp.asarray(1.3), k, jnp))(kappa)
            ends = [power_weibull_cumulative(np.array([1.3]), np.array([kappa + h]), np)[0] for h in (1e-5, -1e-5)]
            assert float(slope) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-7)


def test_it_is_finite_everywhere_and_goes_on_rising():
    far = np.array([-1e6, -800, 0, 600, 1e3, 1e5])
    for kappa in (-0.99, 0.0, 1.0, 100.0, math.inf):
        value = power_weibull_cumulative(far, np.array([kappa]) if kappa < math.inf else kappa, np)
        assert np.isfinite(value).all()
        assert (np.diff(value) >= 0).all()
        assert np.isfinite(power_weibull_log_slope(far, kappa, np)).all()


@pytest.mark.parametrize("kappa", [-0.5, 0.0, 1.0, 2.5, math.inf])
def test_the_inverse(kappa):
    back = power_weibull_inverse(power_weibull_cumulative(Z, kappa, np), kappa)
    assert back == pytest.approx(Z, abs=1e-8)


def test_the_cured_are_never_reached():
    most = 0.5 / 0.5  # (1 + kappa) / -kappa
    assert power_weibull_cumulative(np.array([200.0]), -0.5, np)[0] == pytest.approx(most)
    assert power_weibull_inverse(most * 1.001, -0.5) == np.inf
    assert np.isfinite(power_weibull_inverse(most * 0.999, -0.5))
