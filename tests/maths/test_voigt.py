"""The Voigt profile: SciPy's values, mpmath's Faddeeva function, and slopes by both routes."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.special import voigt_profile, wofz

from parametra.maths.voigt import faddeeva_series, voigt, voigt_width

X = np.linspace(-30.0, 30.0, 241)


@pytest.mark.parametrize(("sigma", "gamma"), [(1.3, 0.7), (0.1, 2.0), (2.0, 1e-6), (1.0, 0.0)])
def test_values(sigma, gamma):
    np.testing.assert_allclose(voigt(X, sigma, gamma, xp=np), voigt_profile(X, sigma, gamma), rtol=1e-12, atol=1e-300)
    with jax.enable_x64(True):
        traced = voigt(jnp.asarray(X), sigma, gamma, xp=jnp)
    np.testing.assert_allclose(traced, voigt_profile(X, sigma, gamma), rtol=1e-9, atol=1e-14 / sigma)


def test_the_series_holds_everywhere():
    x = np.random.default_rng(0).uniform(-40, 40, 4000)
    for y in (0.0, 1e-8, 1e-3, 0.1, 1.0, 10.0):
        real, imaginary = faddeeva_series(x, y + 0 * x, np)
        wanted = wofz(x + 1j * y)
        np.testing.assert_allclose(real, wanted.real, atol=3e-15)
        np.testing.assert_allclose(imaginary, wanted.imag, atol=3e-15)


def test_forty_digits():
    with mpmath.workdps(40):
        z = (mpmath.mpf("0.9") + mpmath.mpc(0, "0.7")) / (mpmath.sqrt(2) * mpmath.mpf("1.3"))
        w = mpmath.exp(-(z**2)) * mpmath.erfc(-1j * z)
        wanted = float(w.real / (mpmath.mpf("1.3") * mpmath.sqrt(2 * mpmath.pi)))
    assert float(voigt(np.array([0.9]), 1.3, 0.7, xp=np)[0]) == pytest.approx(wanted, rel=1e-14)


def test_slopes_agree():
    with jax.enable_x64(True):
        traced = jax.jacfwd(lambda p: voigt(jnp.asarray(X) - p[0], p[1], p[2], xp=jnp))(jnp.array([0.4, 1.3, 0.7]))
    h = 1e-30
    stepped = [
        voigt(X - 0.4 - 1j * h, 1.3, 0.7, xp=np).imag / h,
        voigt(X - 0.4, 1.3 + 1j * h, 0.7, xp=np).imag / h,
        voigt(X - 0.4, 1.3, 0.7 + 1j * h, xp=np).imag / h,
    ]
    np.testing.assert_allclose(np.asarray(traced), np.stack(stepped, axis=-1), atol=1e-14)
    e = 1e-5
    by_sigma = (voigt_profile(X - 0.4, 1.3 + e, 0.7) - voigt_profile(X - 0.4, 1.3 - e, 0.7)) / (2 * e)
    np.testing.assert_allclose(stepped[1], by_sigma, atol=1e-10)


def test_width():
    assert voigt_width(1.0, 0.0) == pytest.approx(2.354820045, rel=1e-9)
    assert voigt_width(1e-12, 1.0) == pytest.approx(2.0, rel=2e-4)
