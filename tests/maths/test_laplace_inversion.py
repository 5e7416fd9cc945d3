"""Laplace inversion against functions in closed form, against mpmath, and its three routes against one another."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.special import erfc

from parametra.maths import laplace_inversion as li

TIMES = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 10.0])
SMOOTH = {
    "decay": (lambda s: 1 / (s + 1), np.exp(-TIMES)),
    "ramp": (lambda s: 1 / s**2, TIMES),
    "root": (lambda s: 1 / np.sqrt(s), 1 / np.sqrt(np.pi * TIMES)),
    "diffusing front": (lambda s: np.exp(-np.sqrt(s)) / s, erfc(0.5 / np.sqrt(TIMES))),
}


def pulse(s):
    return np.exp(-3 * s + 0.125 * s * s)


PULSE = np.exp(-((TIMES - 3) ** 2) / 0.5) / np.sqrt(0.5 * np.pi)


@pytest.mark.parametrize("name", SMOOTH)
def test_de_hoog_of_smooth_functions(name):
    transform, exact = SMOOTH[name]
    found = li.invert(transform, TIMES)
    assert found.converged
    np.testing.assert_allclose(found.values, exact, atol=1e-8)
    assert found.method == "de_hoog"


@pytest.mark.parametrize("name", SMOOTH)
def test_talbot_of_smooth_functions(name):
    transform, exact = SMOOTH[name]
    np.testing.assert_allclose(li.talbot(transform, TIMES), exact, rtol=1e-7, atol=1e-8)


def test_an_oscillation_needs_the_fraction():
    np.testing.assert_allclose(li.invert(lambda s: 1 / (s * s + 1), TIMES).values, np.sin(TIMES), atol=1e-9)


def test_the_series_of_a_pulse_is_exact_to_rounding():
    found = li.invert(pulse, TIMES, method="fourier")
    assert found.converged
    np.testing.assert_allclose(found.values, PULSE, atol=1e-9)


@pytest.mark.parametrize("at", [0.7, 3.0])
def test_against_mpmath(at):
    theirs = float(mpmath.invertlaplace(lambda s: mpmath.exp(-mpmath.sqrt(s * (1 + 2 / (s + 1)))), at, method="dehoog"))
    ours = li.invert(lambda s: np.exp(-np.sqrt(s * (1 + 2 / (s + 1)))), np.array([at]))
    assert ours.values[0] == pytest.approx(theirs, rel=1e-8)
    assert ours.error < 1e-8


def test_what_does_not_converge_says_so():
    step = li.invert(lambda s: np.exp(-s) / s, TIMES, method="fourier", tolerance=1e-6)
    assert not step.converged
    assert step.error > 1e-6


def test_jax_traces_every_route():
    with jax.enable_x64(True):
        for route, terms in ((li.fourier, 512), (li.de_hoog, 21), (li.talbot, 14)):
            transform = pulse if route is li.fourier else (lambda s: 1 / (s + 1))
            plain = route(transform, TIMES, terms)
            traced = jax.jit(lambda t, r=route, n=terms: r(lambda s: _in_jax(r, s), t, n, xp=jnp))(TIMES)
            np.testing.assert_allclose(np.asarray(traced), plain, atol=1e-9)


def _in_jax(route, s):
    return jnp.exp(-3 * s + 0.125 * s * s) if route is li.fourier else 1 / (s + 1)


def test_a_complex_step_goes_through_the_sum():
    shift, frequency = li.fourier_line(10.0, 256)
    s = shift + 1j * frequency
    step = 1e-30

    def parts(delay):
        size = np.exp(-delay * shift + 0.125 * (shift**2 - frequency**2))
        angle = frequency * (0.25 * shift - delay)
        return size * np.cos(angle), size * np.sin(angle)

    moved = li.fourier_sum(*parts(3 + 1j * step), TIMES, 10.0)
    np.testing.assert_allclose(moved.real, PULSE, atol=1e-9)
    np.testing.assert_allclose(moved.imag / step, (TIMES - 3) / 0.25 * PULSE, atol=1e-8)
    np.testing.assert_allclose(parts(3.0)[0] + 1j * parts(3.0)[1], pulse(s), rtol=1e-9)


def test_bad_input():
    with pytest.raises(ValueError, match="method is one of 'fourier', 'de_hoog', 'talbot'; 'euler' came"):
        li.invert(pulse, TIMES, method="euler")
    with pytest.raises(ValueError, match="the times are above zero; 0 came"):
        li.invert(pulse, np.array([0.0, 1.0]))
