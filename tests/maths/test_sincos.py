"""Sine and cosine against 60 digits, everywhere where they may be used."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from parametra.maths.sincos import LIMIT, sincos, too_large
from parametra.runs._kernel_program import OPTIONS

BATCH = 64


def both(x):
    with jax.enable_x64(True):
        return tuple(np.asarray(v) for v in jax.jit(sincos, compiler_options=OPTIONS)(np.asarray(x, dtype=np.float64)))


def units_off(found, function, x):
    """The largest error in units in the last place."""
    with mp.workdps(60):
        wanted = [function(mpf(v)) for v in x.tolist()]
        return max(
            abs(float((mpf(f) - w) / mpf(float(np.spacing(abs(f))))))
            for f, w in zip(found.tolist(), wanted, strict=True)
        )


def arguments(name, count):
    r = np.random.default_rng(1)
    if name == "ordinary":
        return r.uniform(-20, 20, count)
    if name == "all sizes":
        return r.choice([-1, 1], count) * 10 ** r.uniform(-9, 8, count)
    with mp.workdps(60):
        quarter = mp.pi / 2
        near = [float(k * quarter) for k in r.integers(-int(LIMIT / 1.5708), int(LIMIT / 1.5708), count // 2).tolist()]
        small = [float(k * quarter) for k in range(-count // 4, count // 4)]
    exact = np.array([*near, *small])
    return np.concatenate([exact[::2], np.nextafter(exact[1::2], np.inf)])


@pytest.mark.parametrize("name", ["ordinary", "all sizes", "beside multiples of pi/2"])
@pytest.mark.parametrize("count", [2_000, pytest.param(40_000, marks=pytest.mark.slow)])
def test_within_one_unit_in_the_last_place(name, count):
    x = arguments(name, count)
    sine, cosine = both(x)
    assert units_off(sine, mp.sin, x) < 1
    assert units_off(cosine, mp.cos, x) < 1


def closest_to_a_multiple():
    """The doubles below the limit that lie closest to a multiple of pi/2, by the continued fraction of each binade.

    Source: Muller (2016), Elementary functions, section 11.1, doi:10.1007/978-1-4899-7983-4
    """
    found = []
    with mp.workdps(80):
        for exponent in range(-26 - 25, 27 - 52):
            ratio = mpf(2) ** exponent / (mp.pi / 2)
            before, now = (mpf(0), mpf(1)), (mpf(1), mpf(0))  # convergents p/q of the ratio
            rest = ratio
            while now[1] < 2**53:
                whole = mp.floor(rest)
                before, now = now, (whole * now[0] + before[0], whole * now[1] + before[1])
                if 2**40 <= now[1] < 2**53:
                    found.append(float(now[1] * mpf(2) ** exponent))
                rest = 1 / (rest - whole)
    return np.array([x for x in found if x <= LIMIT])


def test_the_closest_to_a_multiple_of_half_pi():
    x = closest_to_a_multiple()
    assert x.size > 20
    sine, cosine = both(x)
    assert np.minimum(np.abs(sine), np.abs(cosine)).min() < 1e-16  # as close as they say
    assert units_off(sine, mp.sin, x) < 1
    assert units_off(cosine, mp.cos, x) < 1


def test_what_is_no_ordinary_number():
    x = np.array([0.0, -0.0, 5e-324, -1e-310, 1e-200, np.inf, -np.inf, np.nan])
    sine, cosine = both(x)
    np.testing.assert_array_equal(sine[:5], x[:5])
    np.testing.assert_array_equal(np.signbit(sine[:2]), [False, True])
    np.testing.assert_array_equal(cosine[:5], 1.0)
    assert np.isnan([sine[5:], cosine[5:]]).all()


def test_beyond_the_limit_it_says_so():
    x = np.array([0.0, LIMIT, -LIMIT, np.nextafter(LIMIT, np.inf), -1e300, np.inf, np.nan])
    with jax.enable_x64(True):
        far = np.asarray(too_large(jnp.asarray(x)))
    np.testing.assert_array_equal(far, [False, False, False, True, True, False, False])
    assert units_off(both([LIMIT])[0], mp.sin, np.array([LIMIT])) < 1


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.floats(-1e8, 1e8), min_size=BATCH, max_size=BATCH))
def test_laws(x):
    x = np.array(x)
    sine, cosine = both(x)
    mirrored, same = both(-x)
    np.testing.assert_array_equal(mirrored, -sine)
    np.testing.assert_array_equal(same, cosine)
    np.testing.assert_allclose(sine**2 + cosine**2, 1.0, rtol=4e-16)
    np.testing.assert_allclose(sine, np.sin(x), rtol=5e-16)
    np.testing.assert_allclose(cosine, np.cos(x), rtol=5e-16)
