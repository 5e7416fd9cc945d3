"""Distributions against scipy.stats, an implementation of its own; and against their own definitions."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from parametra.maths.dirichlet import Dirichlet
from parametra.maths.distributions import (
    Beta,
    Cauchy,
    Exponential,
    Gamma,
    HalfNormal,
    LogNormal,
    LogUniform,
    Normal,
    StudentT,
    Truncated,
    Uniform,
)

INF, NAN = np.inf, np.nan
x64 = partial(jax.enable_x64, True)  # its own signature
PAIRS = [
    (Uniform(-2, 3), stats.uniform(-2, 5)),
    (LogUniform(0.02, 30), stats.loguniform(0.02, 30)),
    (Normal(1.5, 0.3), stats.norm(1.5, 0.3)),
    (LogNormal(0.5, 0.7), stats.lognorm(0.7, scale=np.exp(0.5))),
    (HalfNormal(2.5), stats.halfnorm(scale=2.5)),
    (Exponential(0.4), stats.expon(scale=0.4)),
    (Gamma(0.6, 2.0), stats.gamma(0.6, scale=2.0)),
    (Gamma(4.5, 0.5), stats.gamma(4.5, scale=0.5)),
    (Beta(2.0, 0.7), stats.beta(2.0, 0.7)),
    (Beta(2.0, 3.0, -1.0, 4.0), stats.beta(2.0, 3.0, loc=-1, scale=5)),
    (StudentT(3.5, -1.0, 2.0), stats.t(3.5, -1.0, 2.0)),
    (StudentT(1.0, 0.0, 1.0), stats.cauchy()),
    (Cauchy(2.0, 0.5), stats.cauchy(2.0, 0.5)),
    (Truncated(Normal(1.0, 2.0), 0.0, 4.0), stats.truncnorm(-0.5, 1.5, 1.0, 2.0)),
    (Truncated(Normal(1.0, 2.0), 0.0, INF), stats.truncnorm(-0.5, INF, 1.0, 2.0)),
    (Truncated(Normal(1.0, 2.0), -INF, 0.5), stats.truncnorm(-INF, -0.25, 1.0, 2.0)),
]
names = lambda value: repr(value) if hasattr(value, "log_density") else ""
everyone = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=names)


@everyone
def test_density(ours, theirs):
    x = theirs.ppf(np.linspace(0.001, 0.999, 41))
    np.testing.assert_allclose(ours.log_density(x), theirs.logpdf(x), rtol=1e-11, atol=1e-11)


@everyone
def test_quantile_and_cumulative_probability(ours, theirs):
    u = np.concatenate([[0.0, 1e-10, 1e-4], np.linspace(0.01, 0.99, 33), [0.9999, 1.0]])
    np.testing.assert_allclose(ours.quantile(u), theirs.ppf(u), rtol=1e-9, atol=1e-9)
    x = theirs.ppf(u[1:-1])
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-9, atol=1e-12)
    outside = np.array([-1e9, 1e9])
    np.testing.assert_allclose(ours.cdf(outside), theirs.cdf(outside), atol=1e-12)


@everyone
@given(u=st.floats(1e-6, 1 - 1e-6))
@settings(max_examples=15, deadline=None)
def test_quantile_inverts_cdf(ours, theirs, u):
    assert ours.cdf(ours.quantile(u)) == pytest.approx(u, rel=1e-8)


@everyone
def test_the_density_integrates_to_one(ours, theirs):
    edges = theirs.ppf([0.0, 0.01, 0.3, 0.7, 0.99, 1.0])
    parts = [quad(lambda x: np.exp(ours.log_density(np.float64(x))), a, b)[0] for a, b in pairwise(edges)]
    assert sum(parts) == pytest.approx(1.0, abs=1e-6)


@everyone
def test_support_mean_and_median(ours, theirs):
    assert ours.support == pytest.approx(theirs.support())
    assert ours.median == pytest.approx(theirs.median(), rel=1e-9)
    if not isinstance(ours, (Cauchy, Truncated)) and not (isinstance(ours, StudentT) and ours.df <= 1):
        assert ours.mean == pytest.approx(theirs.mean(), rel=1e-9)


def test_student_t_without_a_mean():
    assert np.isnan(StudentT(1, 0, 1).mean)


@everyone
def test_outside_the_support_the_density_vanishes(ours, theirs):
    lower, upper = ours.support
    outside = [x for x in (lower - 1.0, upper + 1.0) if np.isfinite(x)]
    assert all(ours.log_density(np.array(outside)) == -INF)
    open_lower, open_upper = ours.open_at
    for end, is_open in ((lower, open_lower), (upper, open_upper)):
        if np.isfinite(end):
            assert (ours.log_density(np.float64(end)) == -INF) == is_open


@everyone
def test_jax_and_complex_steps_agree_with_numpy(ours, theirs):
    x = np.append(theirs.ppf([0.02, 0.4, 0.9]), [-50.0, 50.0]).reshape(5, 1)
    slope = np.imag(ours.log_density(x + 1e-30j)) / 1e-30
    with x64():
        traced = jax.jit(lambda x: ours.log_density(x, jnp))(x)
        gradient = jax.vmap(jax.grad(lambda x: ours.log_density(x, jnp)))(x[:, 0])
    np.testing.assert_allclose(np.asarray(traced), ours.log_density(x), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(gradient)[:3], slope[:3, 0], rtol=1e-11)
    assert np.isfinite(gradient).all()


def test_far_tails_of_student_t():
    # For df = 1 the quantile is -1 / tan(pi u); for df = 2 it is (2u - 1) / sqrt(2u (1 - u)).
    u = np.array([1e-100, 1e-12, 0.3])
    np.testing.assert_allclose(StudentT(1, 0, 1).quantile(u), -1 / np.tan(np.pi * u), rtol=1e-12)
    np.testing.assert_allclose(StudentT(2, 0, 1).quantile(u), (2 * u - 1) / np.sqrt(2 * u * (1 - u)), rtol=1e-12)


def test_wide_bounds():
    wide = LogUniform(1e-200, 1e200)
    assert wide.quantile(0.5) == pytest.approx(1.0)
    assert wide.cdf(1e100) == pytest.approx(0.75)


ALPHAS = [(1.0, 1.0), (0.5, 2.0, 3.0), (1.0, 1.0, 1.0, 1.0)]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_dirichlet_density_and_mean(alpha):
    ours, theirs = Dirichlet(alpha), stats.dirichlet(alpha)
    x = theirs.rvs(20, random_state=1).T
    np.testing.assert_allclose(ours.log_density(x), theirs.logpdf(x), rtol=1e-10)
    np.testing.assert_allclose(ours.mean, theirs.mean())
    assert ours.size == len(alpha)
    with x64():
        np.testing.assert_allclose(np.asarray(ours.log_density(jnp.asarray(x), jnp)), ours.log_density(x), rtol=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_dirichlet_cube(alpha):
    """Marginals of uniform points: false alarm 1e-4 for each weight (Kolmogorov-Smirnov, fixed seed)."""
    ours = Dirichlet(alpha)
    u = np.random.default_rng(4).random((len(alpha) - 1, 2000))
    x = ours.quantile(u)
    np.testing.assert_allclose(x.sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(ours.cdf(x), u, atol=1e-9)
    for weight, a in zip(x, alpha, strict=True):
        assert stats.kstest(weight, stats.beta(a, sum(alpha) - a).cdf).pvalue > 1e-4


def test_dirichlet_outside_its_support():
    uniform = Dirichlet((1.0, 1.0, 1.0))
    x = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.1], [1.2, -0.2, 0.0]]).T
    np.testing.assert_allclose(uniform.log_density(x), [np.log(2.0), -INF, -INF])
    assert Dirichlet((2.0, 1.0)).log_density(np.array([0.0, 1.0])) == -INF
    np.testing.assert_array_equal(uniform.cdf(np.array([1.0, 0.0, 0.0])), [1.0, 0.0])


BAD = {
    "Normal(mean=0, sd=-1): sd must be larger than 0": lambda: Normal(0, -1),
    "Normal(mean='a', sd=1): mean must be a number, got 'a'": lambda: Normal("a", 1),
    "Normal(mean=0, sd=True): sd must be a number, got True": lambda: Normal(0, sd=True),
    "Normal(mean=nan, sd=1): mean must be finite": lambda: Normal(NAN, 1),
    "Uniform(lower=2, upper=1): lower must be below upper": lambda: Uniform(2, 1),
    "LogUniform(lower=0, upper=1): lower must be larger than 0": lambda: LogUniform(0, 1),
    "LogUniform(lower=2, upper=1): lower must be below upper": lambda: LogUniform(2, 1),
    "LogNormal(mu=0, sigma=0): sigma must be larger than 0": lambda: LogNormal(0, 0),
    "HalfNormal(scale=0): scale must be larger than 0": lambda: HalfNormal(0),
    "Exponential(scale=-2.5): scale must be larger than 0": lambda: Exponential(-2.5),
    "Gamma(shape=0, scale=1): shape must be larger than 0": lambda: Gamma(0, 1),
    "Beta(a=1, b=0, lower=0, upper=1): b must be larger than 0": lambda: Beta(1, 0),
    "Beta(a=1, b=1, lower=3, upper=1): lower must be below upper": lambda: Beta(1, 1, 3, 1),
    "StudentT(df=0, loc=0, scale=1): df must be larger than 0": lambda: StudentT(0, 0, 1),
    "Cauchy(loc=0, scale=0): scale must be larger than 0": lambda: Cauchy(0, 0),
    "Truncated(base=Normal(mean=0, sd=1), lower=2, upper=1): lower must be below upper": (
        lambda: Truncated(Normal(0, 1), 2.0, 1.0)
    ),
    "Normal(mean=0, sd=1) has next to no probability between 10 and 20": (lambda: Truncated(Normal(0, 1), 10.0, 20.0)),
    "Dirichlet(alpha='ab'): alpha must be a list of numbers": lambda: Dirichlet("ab"),
    "Dirichlet(alpha=(1, 0)): alpha must be two or more finite numbers larger than 0": lambda: Dirichlet((1, 0)),
    "Dirichlet(alpha=(1,)): alpha must be two or more finite numbers larger than 0": lambda: Dirichlet((1,)),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_settings(message):
    with pytest.raises(ValueError) as error:
        BAD[message]()
    assert str(error.value) == message


def test_densities_need_no_scipy():
    program = (
        "import sys, numpy as np\n"
        "from parametra.maths.distributions import Normal, Gamma, Truncated\n"
        "Normal(0, 1).log_density(np.ones(2)); Gamma(2, 1).log_density(np.ones(2)); Truncated(Normal(0, 1), -1, 2)\n"
        "print([m for m in sys.modules if m.startswith(('scipy', 'jax'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
