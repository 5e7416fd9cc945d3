"""Kernels give what the plain derivative of the plain residuals gives, whatever the problem, from disk or anew."""

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
from parametra.runs import _kernel_program, _kernel_rows
from parametra.runs._kernel_rows import function_of
from parametra.runs._kernel_split import fingerprint, is_zero, needed, split
from parametra.runs.compiled import Compiled, compilations, traceable
from parametra.runs.cost import Cost, answers_from_residuals

R = np.random.default_rng(3)
T = np.sort(R.uniform(0.05, 3.0, 37))


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


def test_predictions_and_scores():
    problem = PROBLEMS["data sets"]
    traced = traceable(problem)
    compiled = Compiled(traced, Cost(True))
    x = points(problem, 5)
    found = compiled.evaluate(x, Want.PREDICTED)
    values, columns = rows_and_columns(
        traced, lambda named, arrays: jnp.concatenate([f for _, _, f in traced.compared(named, arrays, jnp)]), x
    )
    np.testing.assert_allclose(found.predicted, values, rtol=1e-13)
    np.testing.assert_allclose(found.jacobian, columns, rtol=1e-12, atol=1e-13)
    assert found.ok.all() and not found.cost.any()
    score = compiled.evaluate(x, Want.SCORE)
    residuals = compiled.evaluate(x, Want.RESIDUALS).residuals
    sigma = np.concatenate([a["sigma"][k] for a in problem.arrays for k in a["observed"]])
    np.testing.assert_allclose(score.score, -residuals / sigma, rtol=1e-12)
    np.testing.assert_allclose(score.cost, 0.5 * np.sum(residuals**2, axis=1), rtol=1e-13)
    np.testing.assert_allclose(score.predicted, values, rtol=1e-13)


def test_the_score_of_a_likelihood_and_that_of_a_profiled_scale():
    problem = scored("poisson")
    compiled = Compiled(traceable(problem), Cost(False))
    x = points(problem, 3)
    found = compiled.evaluate(x, Want.SCORE)
    observed = problem.arrays[0]["observed"]["y"]
    np.testing.assert_allclose(found.score, observed / found.predicted - 1, rtol=1e-12, atol=1e-13)
    problem = PROBLEMS["sigma profiled"]
    found = Compiled(traceable(problem), Cost(True)).evaluate(points(problem, 3), Want.SCORE)
    np.testing.assert_allclose(found.score, problem.arrays[0]["observed"]["y"] - found.predicted, rtol=1e-12)


@pytest.mark.parametrize("name", ["light curve", pytest.param("data sets", marks=SLOW)])
def test_all_coordinates_at_once_are_as_good_as_one_by_one(name, monkeypatch):
    problem = PROBLEMS[name]
    x = points(problem, 5)
    cost = Cost(True, problem.losses(Loss("cauchy", 1.0)))
    for each in (Cost(True), cost):
        wanted = Compiled(traceable(problem), each).evaluate(x, Want.NORMAL)
        with monkeypatch.context() as patch:
            patch.setattr(_kernel_rows, "MOST_STEPS", 0)
            patch.setattr("parametra.runs._kernel._kernels", {})
            patch.setenv("PARAMETRA_CACHE", "off")
            agree(Compiled(traceable(problem), each).evaluate(x, Want.NORMAL), wanted)


def test_an_answer_does_not_depend_on_the_company():
    problem = PROBLEMS["waves"]
    compiled = Compiled(traceable(problem), Cost(True))
    x = points(problem, 150)
    together = compiled.evaluate(x, Want.NORMAL)
    for i in (0, 1, 31, 127, 128, 149):
        alone = compiled.evaluate(x[i : i + 1], Want.NORMAL)
        np.testing.assert_array_equal(alone.normal[0], together.normal[i])
        np.testing.assert_array_equal(alone.gradient[0], together.gradient[i])
        assert alone.cost[0] == together.cost[i]


def test_a_sine_too_far_out_is_the_librarys_own():
    problem = pm.Problem(
        "a * sin(f * t) + b * tan(f * t)", data(), {"a": 1.0, "b": 0.5, "f": pm.Real(0, 1e12, guess=1)}
    )
    compiled = Compiled(problem, Cost(True))
    x = np.array([[1.0, 0.5, 3.0], [1.0, 0.5, 1.23456789e9], [1.0, 0.0, 9e11], [0.3, 0.1, 1e3]])
    found, wanted = compiled.evaluate(x, Want.NORMAL), plain(problem, x, Cost(True), Want.NORMAL)
    agree(found, wanted, 1e-11)
    assert ("normal", False) in compiled._ready
    plainly = Compiled(problem, Cost(True))
    plainly.evaluate(x[::3], Want.NORMAL)
    assert ("normal", False) not in plainly._ready


def test_a_failed_point_fails_alone():
    problem = pm.Problem("sqrt(a) * sin(t)", data(), {"a": pm.Real(-5, 5, guess=1)})
    compiled = Compiled(problem, Cost(True))
    x = np.array([[1.0], [-1.0], [2.0], [np.nan], [np.inf]])
    for want in (Want.NORMAL, Want.GRADIENT, Want.JACOBIAN, Want.COST, Want.PREDICTED):
        answers = compiled.evaluate(x, want)
        np.testing.assert_array_equal(answers.ok, [True, False, True, False, False])
        assert np.isinf(answers.cost[~answers.ok]).all()
    assert list(compiled._ready) == [(k, True) for k in ("normal", "gradient", "jacobian", "residuals", "predicted")]


def test_new_data_guesses_and_bounds_compile_nothing():
    wider = {**CURVE, "a": pm.Real(-1, 9, guess=2.0)}
    first, second = (pm.Problem(curve, data(), p) for p in (CURVE, wider))
    x = points(first, 3)
    one = Compiled(traceable(first), Cost(True)).evaluate(x, Want.NORMAL)
    before = compilations()
    two = Compiled(traceable(second), Cost(True)).evaluate(x, Want.NORMAL)
    assert compilations() == before
    assert not np.array_equal(one.cost, two.cost)
    agree(two, plain(second, x, Cost(True), Want.NORMAL))


def test_what_a_model_refers_to_is_part_of_it():
    def made(power):
        return lambda t, a: a * t**power

    x = np.array([[2.0], [0.5]])
    for power in (2.0, 3.0):
        problem = pm.Problem(made(power), data(), {"a": 1.0})
        found = Compiled(traceable(problem), Cost(True)).evaluate(x, Want.NORMAL)
        np.testing.assert_allclose(found.normal[:, 0, 0], np.sum((T**power / 0.3) ** 2), rtol=1e-12)


def test_linear_algebra_runs_through_jax():
    def model(t, a, b):
        matrix = jnp.array([[2.0, 0.5], [0.5, 1.0]]) + a * jnp.eye(2)
        return jnp.linalg.solve(matrix, jnp.array([a, b]))[0] * t

    with jax.enable_x64(True):
        problem = pm.Problem(model, data(), {"a": pm.Log(0.1, 3, guess=1.0), "b": 1.0})
        problem.looked_at()
    compiled = Compiled(traceable(problem), Cost(True))
    x = points(problem, 3)
    agree(compiled.evaluate(x, Want.NORMAL), plain(problem, x, Cost(True), Want.NORMAL))
    assert isinstance(compiled._ready["normal", True][0].run, _kernel_program.ThroughJax)


def test_without_the_inner_calls_of_jaxlib_jax_runs_what_it_compiled(monkeypatch):
    def gone(*_):
        raise AttributeError

    problem = PROBLEMS["light curve"]
    x = points(problem, 3)
    wanted = Compiled(traceable(problem), Cost(True)).evaluate(x, Want.NORMAL)
    monkeypatch.setattr(_kernel_program.Written, "loaded", gone)
    monkeypatch.setattr("parametra.runs._kernel._kernels", {})
    compiled = Compiled(traceable(problem), Cost(True))
    agree(compiled.evaluate(x, Want.NORMAL), wanted, 0)
    assert isinstance(compiled._ready["normal", True][0].run, _kernel_program.ThroughJax)
    assert not jax.config.jax_enable_x64


def test_a_compiler_option_that_is_not_known_is_left_out(monkeypatch):
    monkeypatch.setattr(_kernel_program, "OPTIONS", {"no_such_option": True})
    double, written = _kernel_program.compiled(lambda x: (2 * x,), [jax.ShapeDtypeStruct((3,), np.dtype(np.float64))])
    (result,) = double([double.put(np.array([1.0, 2.0, 4.0]))])
    np.testing.assert_array_equal(double.numbers(result), [2.0, 4.0, 8.0])
    assert written.code


def test_linear_columns_are_computed_once_and_zeros_not_at_all():
    problem = PROBLEMS["light curve"]
    with jax.enable_x64(True):
        number = jax.ShapeDtypeStruct((), np.dtype(np.float64))
        leaves = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in _kernel_rows.Leaves.of(problem.arrays).arrays]
        made = [split(function_of("normal", traceable(problem), Cost(True)), [number] * 5, leaves) for _ in range(2)]
        parts = made[0].outputs
        varying = {label: c[0].varying for label, c in zip(problem.fit_space.labels, parts["columns"], strict=True)}
        assert varying == {"a": False, "b": False, "depth": True, "phase": True, "width": True}
        assert len(needed([parts["rows"][0]])) <= 4
        prints = {fingerprint(jax.tree.leaves(one.outputs)) for one in made}
        assert len(prints) == 1
        sets = PROBLEMS["data sets"]
        leaves = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in _kernel_rows.Leaves.of(sets.arrays).arrays]
        columns = split(function_of("normal", traceable(sets), Cost(True)), [number] * 4, leaves).outputs["columns"]
    of = dict(zip(sets.fit_space.labels, columns, strict=True))
    assert [is_zero(c) for c in of["offset0"]] == [False, False, True, True]
    assert [is_zero(c) for c in of["scale"]] == [False, True, False, True]


TERMS = st.sampled_from(
    [
        "a",
        "b * t",
        "c",
        "sin(a * t)",
        "cos(b * t + c)",
        "exp(-0.1 * a * t)",
        "(c - t)**2",
        "log(2 + t * b**2)",
        "t / (3 + a)",
    ]
)
JOINS = st.sampled_from([" + ", " - ", " * "])


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    terms=st.lists(TERMS, min_size=1, max_size=4),
    joins=st.lists(JOINS, min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_any_formula(terms, joins, seed):
    text = "(" + terms[0] + ")" + "".join(f"{j}({t})" for j, t in zip(joins, terms[1:], strict=False))
    names = sorted({n for n in "abc" if n in text.replace("cos", "").replace("tan", "").replace("exp", "")})
    problem = pm.Problem(text, data(), {n: pm.Real(-2, 2, guess=0.5) for n in names})
    x = points(problem, 4, seed)
    agree(Compiled(problem, Cost(True)).evaluate(x, Want.NORMAL), plain(problem, x, Cost(True), Want.NORMAL), 1e-11)


def test_fits_agree_whoever_computes_the_sines():
    r = np.random.default_rng(4)
    y = waves(T, 3.0, 0.4, 1.2, 0.3) + 0.05 * r.normal(size=T.size)
    tight = {"f": pm.Real(2.5, 3.5), "p": pm.Real(-1, 1), "a": pm.Real(0.5, 2), "b": pm.Real(0, 1)}
    fits = [
        pm.fit(waves, data(y=y, sigma=0.05), tight, starts=8, evaluator=kind, progress=False)
        for kind in ("direct", "compiled")
    ]
    assert [fit.status.ok for fit in fits] == [True, True]
    for name in tight:
        values = [fit.estimate[name] for fit in fits]
        np.testing.assert_allclose(values[0], values[1], rtol=1e-8)
