"""Special functions against mpmath at 50 digits: values, slopes by complex steps and by JAX, far tails too."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from parametra.maths import special

GAMMA = [(0.3, 0.001), (5.0, 30.0), (60.0, 3.0), (60.0, 200.0), (5.0, 1500.0), (300.0, 8000.0), (4.0, 1e-90)]
BETA = [(0.5, 2.0, 0.1), (2.0, 0.5, 0.9), (30.0, 40.0, 0.01), (500.0, 3.0, 0.001), (200.0, 100.0, 0.999)]
STUDENT = [(-3.0, 200.0), (0.0, 4.0), (1e-8, 4.0), (10.0, 1e4), (1e4, 200.0), (1e5, 5.0)]


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(50):
        yield


def log_gamma_part(a, x, lower):
    ends = (0, x) if lower else (x, mpmath.inf)
    return mpmath.log(mpmath.gammainc(a, *ends, regularized=True))


def in_first(function, *arguments):
    """A derivative by mpmath: cheaper than its own limit, and good to 14 digits."""
    h = mpmath.mpf(10) ** -8
    first, *rest = arguments
    first = mpmath.mpf(first)
    return (function(first * (1 + h), *rest) - function(first * (1 - h), *rest)) / (2 * h * first)


def log_beta_part(a, b, x, lower):
    x = mpmath.mpf(x)
    if lower:
        return mpmath.log(mpmath.betainc(a, b, 0, x, regularized=True))
    return mpmath.log(mpmath.betainc(b, a, 0, 1 - x, regularized=True))


def log_student_tail(z, v):
    w = mpmath.mpf(v) / (v + mpmath.mpf(z) ** 2)
    tail = mpmath.betainc(mpmath.mpf(v) / 2, mpmath.mpf(1) / 2, 0, w, regularized=True) / 2
    return mpmath.log(tail) if z >= 0 else mpmath.log(1 - tail)


def numbers(function, rows):
    return np.array([float(function(*row)) for row in rows])


def slope(function, arguments, k):
    moved = [one + 1e-30j if i == k else one for i, one in enumerate(arguments)]
    return function(*moved, xp=np).imag / 1e-30


def check(function, arguments, wanted, slopes):
    """`slopes` is what each argument's slope must be."""
    np.testing.assert_allclose(function(*arguments, xp=np), wanted, rtol=1e-13, atol=1e-14)
    for k, each in enumerate(slopes):
        np.testing.assert_allclose(slope(function, arguments, k), each, rtol=1e-9, atol=1e-10)


def check_traced(function, arguments, slopes):
    """JAX gives what NumPy and complex steps through it give, for so many slopes."""
    with jax.enable_x64(True):
        traced = jax.jit(lambda *a: function(*a, xp=jnp))(*arguments)
        np.testing.assert_allclose(traced, function(*arguments, xp=np), rtol=1e-13, atol=1e-13)
        for k in range(slopes):
            automatic = jax.grad(lambda *a, f=function: jnp.sum(f(*a, xp=jnp)), argnums=k)(*map(jnp.asarray, arguments))
            np.testing.assert_allclose(automatic, slope(function, arguments, k), rtol=1e-9, atol=1e-11)


@pytest.mark.slow
def test_jax_agrees():
    a, b, x = np.array(BETA).T
    for lower in (True, False):
        gamma = special.log_gamma_lower if lower else special.log_gamma_upper
        check_traced(gamma, tuple(np.array(GAMMA).T), 2)
        check_traced(special.log_beta_lower if lower else special.log_beta_upper, (a, b, x, 1 - x), 3)
    check_traced(special.log_student_tail, tuple(np.array(STUDENT).T), 2)


@pytest.mark.parametrize("lower", [True, False])
def test_incomplete_gamma(lower):
    function = special.log_gamma_lower if lower else special.log_gamma_upper
    in_a = [in_first(log_gamma_part, a, x, lower) for a, x in GAMMA]
    in_x = [
        (1 if lower else -1)
        * mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a) - log_gamma_part(a, x, lower))
        for a, x in GAMMA
    ]
    arguments = tuple(np.array(GAMMA).T)
    wanted = numbers(lambda a, x: log_gamma_part(a, x, lower), GAMMA)
    check(function, arguments, wanted, (np.array(in_a, dtype=float), np.array(in_x, dtype=float)))
    edge = function(np.array([2.0, 2.0]), np.array([0.0, 1.0]), xp=np)
    assert edge[0] == (-math.inf if lower else 0.0)


@pytest.mark.parametrize("lower", [True, False])
def test_incomplete_beta(lower):
    function = special.log_beta_lower if lower else special.log_beta_upper
    a, b, x = np.array(BETA).T
    wanted = numbers(lambda p, q, z: log_beta_part(p, q, z, lower), BETA)
    in_a = [in_first(log_beta_part, p, q, z, lower) for p, q, z in BETA]
    in_b = [in_first(lambda t, p=p, z=z: log_beta_part(p, t, z, lower), q) for p, q, z in BETA]
    sign = 1 if lower else -1
    in_x = [
        sign
        * mpmath.mpf(z) ** (p - 1)
        * (1 - mpmath.mpf(z)) ** (q - 1)
        / mpmath.beta(p, q)
        / mpmath.exp(log_beta_part(p, q, z, lower))
        for p, q, z in BETA
    ]
    check(function, (a, b, x, 1 - x), wanted, [np.array(s, dtype=float) for s in (in_a, in_b, in_x)])
    edges = function(np.ones(2), np.ones(2), np.array([0.0, 1.0]), np.array([1.0, 0.0]), xp=np)
    assert edges.tolist() == ([-math.inf, 0.0] if lower else [0.0, -math.inf])


def test_student_tail():
    arguments = tuple(np.array(STUDENT).T)
    density = [mpmath.exp(-log_student_tail(z, v)) * student_density(z, v) for z, v in STUDENT]
    in_v = [in_first(lambda q, z=z: log_student_tail(z, q), v) for z, v in STUDENT]
    check(
        special.log_student_tail,
        arguments,
        numbers(log_student_tail, STUDENT),
        (-np.array(density, dtype=float), np.array(in_v, dtype=float)),
    )


def student_density(z, v):
    z, v = mpmath.mpf(z), mpmath.mpf(v)
    front = mpmath.gamma((v + 1) / 2) / mpmath.gamma(v / 2) / mpmath.sqrt(mpmath.pi * v)
    return front * (1 + z * z / v) ** (-(v + 1) / 2)


def test_normal_probability():
    z = np.array([-1e4, -40.0, -30.1, -29.9, -20.1, -3.0, 0.0, 2.0])
    wanted = numbers(lambda q: mpmath.log(mpmath.ncdf(q)), z[:, None])
    density = numbers(lambda q: mpmath.npdf(q) / mpmath.ncdf(q), z[:, None])
    check(special.log_normal_cdf, (z,), wanted, (density,))
    check_traced(special.log_normal_cdf, (z,), 1)
    np.testing.assert_allclose(slope(special.log_normal_cdf, (z,), 0), density, rtol=2e-13)


def test_what_cancels_for_large_arguments():
    a, k = np.array([(1e-3, 0.0), (5.0, 2.0), (19.9, 7.0), (20.1, 1000.0), (1e8, 30.0), (1e12, 3.0)]).T

    def rising(p, q):
        return mpmath.loggamma(mpmath.mpf(p) + q) - mpmath.loggamma(p) - q * mpmath.log(p)

    def rising_slope(p, q):
        return mpmath.digamma(mpmath.mpf(p) + q) - mpmath.digamma(p) - q / mpmath.mpf(p)

    rows = list(zip(a, k, strict=True))
    np.testing.assert_allclose(special.log_rising(a, k, np), numbers(rising, rows), rtol=1e-12, atol=1e-14)
    wanted = numbers(rising_slope, rows)
    np.testing.assert_allclose(special.log_rising_slope(a, k, np), wanted, rtol=1e-11)
    p = np.array([0.01, 1.0, 19.9, 20.1, 1e3, 1e7])
    wanted = numbers(lambda q: mpmath.log(q) - mpmath.digamma(q), p[:, None])
    np.testing.assert_allclose(special.log_minus_digamma(p, np), wanted, rtol=1e-12)
    wanted = numbers(lambda q: mpmath.psi(1, q) - 1 / mpmath.mpf(q), p[:, None])
    np.testing.assert_allclose(special.trigamma_minus_inverse(p, np), wanted, rtol=1e-12)
    u = np.array([0.0, 1e-9, 9e-3, 1.1e-2, 5.0])
    wanted = numbers(lambda q: mpmath.log(1 + mpmath.mpf(q)) - q, u[:, None])
    np.testing.assert_allclose(special.log1p_minus(u, np), wanted, rtol=1e-11)


def test_sums_and_differences_of_logarithms():
    inf = math.inf
    a, b = np.array([0.0, -800.0, -3.0, 2.0]), np.array([-inf, -801.0, -3.0, -inf])
    wanted = [0.0, -800 + math.log1p(-math.exp(-1)), -inf, 2.0]
    np.testing.assert_allclose(special.log_difference(a, b, np), wanted, rtol=1e-14)
    c, d = np.array([0.0, -inf, -inf, -800.0]), np.array([-inf, 2.0, -inf, -801.0])
    np.testing.assert_allclose(special.log_sum(c, d, np), [0.0, 2.0, -inf, -800 + math.log1p(math.exp(-1))], rtol=1e-14)
    tiny = special.log1m_exp(np.array([0.0, -1e-20, -0.5, -800.0]), np)
    np.testing.assert_allclose(tiny, [-inf, math.log(1e-20), math.log1p(-math.exp(-0.5)), 0.0], rtol=1e-14)
    with jax.enable_x64(True):
        for function in (special.log_sum, special.log_difference):
            slopes = jax.grad(lambda z, f=function: jnp.sum(f(z, jnp.asarray(b), jnp)[jnp.array([0, 1, 3])]))
            assert np.isfinite(slopes(jnp.asarray(a))).all()


def test_a_complex_step_goes_through_the_elementary_ones():
    x = np.array([1e-12, 0.3, 4.0])
    for function, wanted in (
        (special.log1p, 1 / (1 + x)),
        (special.expm1, np.exp(x)),
        (special.expit, np.exp(-x) / (1 + np.exp(-x)) ** 2),
        (special.digamma, numbers(lambda q: mpmath.psi(1, q), x[:, None])),
        (special.log_gamma, numbers(mpmath.digamma, x[:, None])),
        (special.trigamma, numbers(lambda q: mpmath.psi(2, q), x[:, None])),
    ):
        np.testing.assert_allclose(slope(function, (x,), 0), wanted, rtol=1e-13)
        assert np.array_equal(np.real(function(x + 1e-30j, xp=np)), function(x, xp=np))
