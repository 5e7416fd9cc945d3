"""Kernels give what the plain derivative of the plain residuals gives, whatever the problem, from disk or anew."""

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import parametra as pm
from parametra.maths.distributions import Normal as NormalPrior
from parametra.maths.losses import Loss
from parametra.nouns.asker import Want
from parametra.runs import _kernel, _kernel_lanes, _kernel_program, _kernel_rows, _kernel_store
from parametra.runs._kernel_digest import statement_digest
from parametra.runs.compiled import Compiled, compilations, traceable
from parametra.runs.cost import Cost, answers_from_residuals

R = np.random.default_rng(3)
T = np.sort(R.uniform(0.05, 3.0, 37))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PARAMETRA_CACHE", str(tmp_path / "cache"))
    _kernel._kernels.clear()


def table(y=None, t=T, **more):
    return {"t": t, "y": 1.0 + R.normal(size=t.size) ** 2 if y is None else y, **more}


def data(sigma=0.3, **more):
    return pm.Data(table(**more), inputs=["t"], output="y", sigma=sigma)


def curve(t, a, b, depth, phase, width):
    u = t - phase
    u = u - np.round(u)
    return a + b * np.cos(2 * np.pi * t) - depth * np.exp(-0.5 * (u / width) ** 2)


CURVE = {
    "a": pm.Real(0, 2, guess=1),
    "b": pm.Real(-1, 1, guess=0.1),
    "depth": pm.Real(0, 1, guess=0.3),
    "phase": pm.Real(0, 1, guess=0.4),
    "width": pm.Log(0.05, 0.5, guess=0.1),
}


def waves(t, f, p, a, b):
    return a * np.sin(f * t + p) + b * np.tan(0.1 * f * t) + np.cos(f * t + p) * np.sin(2.0 * t)


WAVES = {"f": pm.Real(0.1, 9, guess=2), "p": pm.Real(-3, 3, guess=0.2), "a": 1.0, "b": 0.5}


def two(t, u, rate, offset, scale):
    return {"y": scale * np.exp(-rate * t) + offset, "z": u * offset + rate}


def two_data_sets(seed=1):
    r = np.random.default_rng(seed)
    sets = []
    for i, n in enumerate((11, 19)):
        t = np.linspace(0, 2, n)
        z = r.normal(size=n)
        z[2::5] = np.nan
        columns = {"t": t, "y": r.normal(size=n), "z": z, "s": r.uniform(0.5, 1, n)}
        sets.append(
            pm.Data(
                columns,
                inputs=["t"],
                output=["y", "z"],
                sigma={"y": "s", "z": 0.7},
                missing="mask",
                parameters={"offset": f"offset{i}"},
                constants={"u": 2.0 + i},
                name=f"set{i}",
            )
        )
    return sets


SHARED = {"rate": pm.Log(0.1, 10, guess=1), "scale": 2.0, "offset0": 0.1, "offset1": -0.2}


def weighted(t, w, c, k, total):
    return w[0] * np.exp(-k * t) + w[1] * np.cos(c[0] * t + c[1]) + total * w[2]


WEIGHTED = {
    "w": pm.Simplex(3),
    "c": pm.Real(-4, 4, shape=(2,), guess=[1.0, 0.3]),
    "k": pm.Log(0.01, 10, guess=1.0),
    "total": pm.Tied("2 * k"),
}


def problems():
    prior = {
        **CURVE,
        "phase": pm.Real(0, 1, guess=0.4, prior=NormalPrior(0.4, 0.1)),
        "a": pm.Real(prior=NormalPrior(1, 2)),
    }
    mean = np.exp(np.cos(T))
    close = np.exp(-np.abs(T[:, None] - T)) + 0.1 * np.eye(T.size)
    return {
        "light curve": pm.Problem(curve, data(), CURVE),
        "sigma of a column": pm.Problem(curve, data(sigma=R.uniform(0.2, 0.4, T.size)), CURVE),
        "sigma profiled": pm.Problem(curve, data(sigma=None), CURVE),
        "waves": pm.Problem(waves, data(), WAVES),
        "a formula": pm.Problem("a * sin(f * t + p) + b * cos(f * t + p)", data(), WAVES),
        "data sets": pm.Problem(two, two_data_sets(), SHARED),
        "priors": pm.Problem(curve, data(), prior),
        "arrays, weights, ties": pm.Problem(weighted, data(), WEIGHTED),
        "linear": pm.Problem("a + b * t", data(), {"a": 1.0, "b": 0.1}),
        "constant": pm.Problem("a", data(), {"a": 1.0}),
        "student's t": pm.Problem(curve, data(), CURVE, noise=pm.StudentT()),
        "covariance": pm.Problem(curve, data(sigma=None), CURVE, noise=pm.Covariance(close)),
        "ar1": pm.Problem(curve, data(), CURVE, noise=pm.AR1(correlation=0.5)),
        "lognormal": pm.Problem(curve, data(sigma=None, y=mean), CURVE, noise=pm.LogNormal(sigma=0.2)),
        "input errors": pm.Problem(
            curve, pm.Data(table(), inputs=["t"], output="y", sigma=0.3, input_errors={"t": 0.01}), CURVE
        ),
    }


PROBLEMS = problems()
LOSSES = {"": None, "huber": Loss("huber", 1.5), "cauchy": Loss("cauchy", 1.0)}


def points(problem, count=7, seed=0):
    return np.stack([problem.fit_space.draw_start(np.random.default_rng([seed, i])) for i in range(count)])


def rows_and_columns(problem, function, x):
    """Of a function of named values and arrays, by JAX alone: (B, m), (B, m, d)."""
    with jax.enable_x64(True):
        f = jax.jit(lambda z: function(problem.fit_space.to_named(z, jnp), problem.arrays))
        j = jax.jit(jax.jacfwd(f))
        return np.stack([f(z) for z in x]), np.stack([j(z) for z in x])


def plain(problem, x, cost, want):
    """The answers by the plain route."""
    with np.errstate(all="ignore"):
        return _plain(traceable(problem), x, cost, want)


def _plain(traced, x, cost, want):
    if not cost.scores:
        found = rows_and_columns(traced, lambda named, arrays: traced.residuals(named, arrays, jnp), x)
        return answers_from_residuals(*found, cost, want)

    def parts(k):
        return lambda named, arrays: jnp.concatenate(
            [jnp.broadcast_to(row[k], row[0].shape) for row in traced.working(named, arrays, jnp)]
        )

    _, columns = rows_and_columns(traced, parts(0), x)
    score, information = (rows_and_columns(traced, parts(k), x)[0] for k in (1, 2))
    value, _ = rows_and_columns(traced, lambda named, arrays: -traced.log_density(named, arrays, jnp), x)
    columns, rows = columns * np.sqrt(information)[:, :, None], -score / np.sqrt(information)
    found = answers_from_residuals(rows, columns, Cost(True), want)
    return found.__class__(**{**vars(found), "cost": value})


def agree(found, wanted, tolerance=1e-12):
    np.testing.assert_array_equal(found.ok, wanted.ok)
    for field in ("cost", "gradient", "residuals", "jacobian", "normal"):
        one, other = getattr(found, field), getattr(wanted, field)
        assert (one is None) == (other is None), field
        if one is not None:
            one, other = one[wanted.ok], other[wanted.ok]
            largest = np.abs(other).max(axis=tuple(range(1, other.ndim)), keepdims=True)
            assert one.shape == other.shape, field
            assert np.all(np.abs(one - other) <= tolerance * largest), (field, np.max(np.abs(one - other) / largest))


SLOW = pytest.mark.slow
QUICK = {("waves", ""), ("priors", "huber"), ("data sets", ""), ("arrays, weights, ties", ""), ("covariance", "cauchy")}
EVERY = [
    pytest.param(name, loss, marks=[] if (name, loss) in QUICK else [SLOW]) for name in PROBLEMS for loss in LOSSES
]


@pytest.mark.parametrize(("name", "loss"), EVERY)
def test_least_squares_is_that_of_the_plain_route(name, loss):
    problem = PROBLEMS[name]
    cost = Cost(True, problem.losses(LOSSES[loss]))
    x = points(problem, 11)
    compiled = Compiled(traceable(problem), cost)
    agree(compiled.evaluate(x, Want.NORMAL), plain(problem, x, cost, Want.NORMAL), 1e-11)
    agree(compiled.evaluate(x, Want.JACOBIAN), plain(problem, x, cost, Want.JACOBIAN))
    agree(compiled.evaluate(x, Want.COST), plain(problem, x, cost, Want.COST))
    agree(compiled.evaluate(x, Want.GRADIENT), plain(problem, x, cost, Want.GRADIENT), 1e-11)


def counts(t, a, k):
    return a * np.exp(-k * t) + 0.2


COUNTS = {"a": pm.Log(1, 20, guess=5), "k": pm.Log(0.1, 5, guess=1)}
NOISES = {
    "poisson": pm.Poisson(),
    "negative binomial": pm.NegativeBinomial(),
    "normal": pm.Normal(sigma="estimated"),
}


def scored(name):
    parameters = {**COUNTS, "k": pm.Real(0.1, 5, guess=1, prior=NormalPrior(1, 0.5))}
    y = np.random.default_rng(2).poisson(counts(T, 6.0, 1.0)).astype(float)
    return pm.Problem(counts, data(sigma=None, y=y), parameters, noise=NOISES[name])


@pytest.mark.parametrize(
    "name", ["poisson", pytest.param("negative binomial", marks=SLOW), pytest.param("normal", marks=SLOW)]
)
def test_scoring_is_that_of_the_plain_route(name):
    problem, cost = scored(name), Cost(False, scores=True)
    x = points(problem, 6)
    compiled = Compiled(traceable(problem), cost)
    agree(compiled.evaluate(x, Want.NORMAL), plain(problem, x, cost, Want.NORMAL))
    agree(compiled.evaluate(x, Want.JACOBIAN), plain(problem, x, cost, Want.JACOBIAN))
    gradient = compiled.evaluate(x, Want.GRADIENT)
    agree(gradient, plain(problem, x, cost, Want.GRADIENT), 1e-11)
    np.testing.assert_array_equal(compiled.evaluate(x, Want.COST).cost, gradient.cost)
