"""The space: its laws over generated statements, its maps against each other, its refusals."""

from __future__ import annotations

import math
import pickle
import timeit
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from parametra.maths.dirichlet import Dirichlet
from parametra.maths.distributions import Beta, Cauchy, Gamma, HalfNormal, LogNormal, LogUniform, Normal, StudentT
from parametra.nouns.errors import FormulaError, ParameterError
from parametra.nouns.parameter import Choice, Fixed, Integer, Log, Parameter, Positive, Real, Simplex, Tied
from parametra.nouns.space import Space

x64 = partial(jax.enable_x64, True)

PROPER = [
    Real(-3, 10, unit="km"),
    Real(prior=Normal(70, 5)),
    Real(0, 75, prior=Normal(70, 5)),
    Real(prior=StudentT(3, 0, 1)),
    Real(prior=Beta(2, 3, -1, 1)),
    Real(-2, None, prior=Cauchy(0, 1), shape=2),
    Real([0, -1], [1, 1], shape=2),
    Real([0, -1], [1, 1], shape=2, prior=Normal(0, 1)),
    Positive(4),
    Positive(prior=HalfNormal(3)),
    Positive(prior=Gamma(2, 3), shape=(2, 2)),
    Log(1e-3, 1e4),
    Log(prior=LogNormal(0, 2)),
    Log(0.1, 20, prior=LogUniform(0.01, 10)),
    Log(0.1, [10, 20, 30], shape=3),
    Simplex(2),
    Simplex(4, prior=Dirichlet((1, 2, 3, 0.7))),
]
IMPROPER = [Real(), Real(2), Real(upper=-1), Real([0, -np.inf], shape=2), Positive(), Log(), Log(5), Log(upper=0.1)]
CONTINUOUS = PROPER + IMPROPER
DISCRETE = [Integer(-1, 4), Integer(0, 3, shape=2), Choice(["a", 2, (1, 0)])]
NAMES = ["a", "b", "B", "c1", "zeta", "x_"]
SETTINGS = settings(max_examples=40, deadline=None)


def statements(kinds, **sizes):
    """Statements of some of the parameters, under some of the names, in some order.

    Not spaces yet: the checks of types that a test run adds use `random`, which strategies may not.
    """
    return st.dictionaries(st.sampled_from(NAMES), st.sampled_from(kinds), min_size=1, **sizes)


def lines_of(space, seed, batch=()):
    return np.random.default_rng(seed).normal(0, 1.5, (space.dimension, *batch))


def same(first, second, rtol=1e-12, atol=1e-12):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_allclose(
            np.asarray(first[name]), np.asarray(second[name]), rtol=rtol, atol=atol, err_msg=name
        )


SEEDS = st.integers(0, 10**6)


@given(stated=statements(CONTINUOUS), seed=SEEDS)
@SETTINGS
def test_round_trips(stated, seed):
    space = Space(stated)
    line = lines_of(space, seed)
    x = space.line_to_box(line)
    assert (x >= space.lower).all()
    assert (x <= space.upper).all()
    np.testing.assert_allclose(space.box_to_line(x), line, rtol=1e-9, atol=1e-9)
    named = space.to_named(x)
    np.testing.assert_allclose(space.from_named(named), x, rtol=1e-9, atol=1e-9)
    same(space.to_named_from_line(line), named)
    assert list(named) == list(space.names)


@given(stated=statements(PROPER + DISCRETE), seed=SEEDS)
@SETTINGS
def test_round_trip_through_the_cube(stated, seed):
    space = Space(stated)
    u = np.random.default_rng(seed).uniform(0.01, 0.99, (space.cube_dimension, 3))
    named = space.named_from_cube(u)
    back = space.cube_from_named(named)
    continuous = Space({name: p for name, p in space.parameters.items() if not p.discrete})
    kept = [i for i, label in enumerate(space.cube_labels) if label in continuous.cube_labels]
    np.testing.assert_allclose(back[kept], u[kept], rtol=1e-7, atol=1e-8)
    again = space.named_from_cube(back)
    for name in space.discrete:
        assert (again[name] == named[name]).all()


@given(stated=statements(CONTINUOUS, max_size=4), seed=SEEDS)
@SETTINGS
def test_log_jacobian_is_that_of_the_map(stated, seed):
    space = Space(stated)
    line = lines_of(space, seed)
    step = 1e-30

    def natural(line):
        named = space.to_named_from_line(line)
        weights = {n: v[:-1] if isinstance(space[n], Simplex) else v for n, v in named.items()}
        return np.concatenate([np.ravel(weights[name]) for name in space.free])

    columns = [np.imag(natural(each)) / step for each in line + 1j * step * np.eye(len(line))]
    expected = np.linalg.slogdet(np.stack(columns, axis=1))[1]
    assert space.log_jacobian_line(line) == pytest.approx(expected, rel=1e-8, abs=1e-8)


@given(stated=statements(CONTINUOUS), seed=SEEDS)
@SETTINGS
def test_tangents_are_exact(stated, seed):
    space = Space(stated)
    x = space.line_to_box(lines_of(space, seed))
    step = 1e-30
    tangents = space.tangents(x)
    moved = [space.to_named(each) for each in x + 1j * step * np.eye(len(x))]
    for name in space.names:
        assert list(tangents[name]) == list(range(len(x)))[space.slices[name]]
        for k, slope in tangents[name].items():
            expected = np.imag(moved[k][name]) / step
            assert np.shape(slope) == np.shape(expected)
            np.testing.assert_allclose(slope, expected, rtol=1e-10, atol=1e-14)


@given(stated=statements(CONTINUOUS + DISCRETE), seed=SEEDS)
@SETTINGS
def test_the_order_of_statement_changes_nothing(stated, seed):
    space = Space(stated)
    backwards = Space(dict(reversed(space.parameters.items())))
    assert backwards == space
    assert hash(backwards) == hash(space)
    assert backwards.names == space.names[::-1]
    assert (backwards.free, backwards.labels, backwards.cube_labels) == (space.free, space.labels, space.cube_labels)
    np.testing.assert_array_equal(backwards.guess, space.guess)
    starts = [s.draw_start(np.random.default_rng(seed)) for s in (space, backwards)]
    np.testing.assert_array_equal(*starts)


@given(stated=statements(CONTINUOUS), seed=SEEDS)
@SETTINGS
def test_starts_and_guesses_lie_inside(stated, seed):
    space = Space(stated)
    generator = np.random.default_rng(seed)
    for x in [space.guess, *(space.draw_start(generator) for _ in range(5))]:
        assert x.shape == (space.dimension,)
        assert np.isfinite(x).all()
        assert (x >= space.lower).all()
        assert (x <= space.upper).all()
        named = space.to_named(x)
        assert np.isfinite(space.log_prior(named))
        space.from_named(named)


@given(stated=statements(CONTINUOUS, max_size=4), seed=SEEDS)
@SETTINGS
def test_a_batch_is_a_loop(stated, seed):
    space = Space(stated)
    lines = lines_of(space, seed, (2, 3))
    x, jacobians = space.line_to_box(lines), space.log_jacobian_line(lines)
    named, tangents = space.to_named(x), space.tangents(x)
    priors = space.log_prior(named)
    np.testing.assert_allclose(space.from_named(named), x, rtol=1e-9, atol=1e-9)
    for i, j in np.ndindex(2, 3):
        one = space.to_named(x[:, i, j])
        same({name: value[..., i, j] for name, value in named.items()}, one)
        assert jacobians[i, j] == pytest.approx(space.log_jacobian_line(lines[:, i, j]), rel=1e-12)
        assert priors[i, j] == pytest.approx(space.log_prior(one), rel=1e-12)
        for name, slopes in space.tangents(x[:, i, j]).items():
            for k, slope in slopes.items():
                there = np.broadcast_to(tangents[name][k], named[name].shape)[..., i, j]
                np.testing.assert_allclose(there, slope, rtol=1e-12)


@pytest.mark.parametrize("kinds", [PROPER, IMPROPER], ids=["proper", "improper"])
def test_jax_is_numpy(kinds):
    space = Space({f"p{i}": p for i, p in enumerate(kinds)} | {"f": Fixed([1.0, 2.0]), "t": Tied("2 * p0 + f")})
    lines = lines_of(space, 1, (3,))
    x = space.line_to_box(lines)
    with x64():
        named = jax.jit(lambda x: space.to_named(x, jnp))(x)
        same({n: named[n] for n in space.names}, space.to_named(x))
        np.testing.assert_allclose(np.asarray(space.line_to_box(jnp.asarray(lines), jnp)), x, rtol=1e-12)
        np.testing.assert_allclose(np.asarray(space.box_to_line(jnp.asarray(x), jnp)), lines, rtol=1e-9, atol=1e-9)
        jacobian = jax.jit(lambda line: space.log_jacobian_line(line, jnp))(lines)
        prior = jax.jit(lambda x: space.log_prior(space.to_named(x, jnp), jnp))(x)
    np.testing.assert_allclose(np.asarray(jacobian), space.log_jacobian_line(lines), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(prior), space.log_prior(space.to_named(x)), rtol=1e-12)


MARGINALS = [
    (Real(-3, 10), stats.uniform(-3, 13)),
    (Real(0, 75, prior=Normal(70, 5)), stats.truncnorm(-14, 1, 70, 5)),
    (Positive(prior=Normal(1, 2)), stats.truncnorm(-0.5, np.inf, 1, 2)),
    (Log(1e-3, 1e4), stats.loguniform(1e-3, 1e4)),
    (Log(0.1, 20, prior=LogNormal(0, 1)), None),
    (Real(prior=Beta(2, 3)), stats.beta(2, 3)),
]


@pytest.mark.parametrize(("parameter", "theirs"), MARGINALS, ids=[repr(each) for each, _ in MARGINALS])
def test_cube_marginals_and_drawn_starts_follow_the_prior(parameter, theirs):
    """Kolmogorov-Smirnov with fixed seeds: false alarm 1e-4 for each of 2 samples and 6 priors."""
    space = Space({"a": parameter})
    if theirs is None:
        low, high = stats.lognorm(1).cdf([0.1, 20])
        cdf = lambda x: (stats.lognorm(1).cdf(x) - low) / (high - low)
    else:
        cdf = theirs.cdf
    generator = np.random.default_rng(7)
    from_cube = space.named_from_cube(generator.random((1, 2000)))["a"]
    starts = np.stack([space.draw_start(generator) for _ in range(2000)], axis=1)
    for sample in (from_cube, space.to_named(starts)["a"]):
        assert stats.kstest(sample, cdf).pvalue > 1e-4
    x = from_cube[:20]
    if theirs is not None:
        np.testing.assert_allclose(space.log_prior({"a": x}), theirs.logpdf(x), rtol=1e-9)


def test_starts_without_bounds_are_as_documented():
    """Kolmogorov-Smirnov with fixed seeds: false alarm 1e-4 for each of 5 samples."""
    space = Space(
        {"a": Real(guess=50), "b": Real(0, guess=0.5), "c": Positive(guess=3), "d": Log(guess=1e-3), "w": Simplex(3)}
    )
    generator = np.random.default_rng(8)
    named = space.to_named(np.stack([space.draw_start(generator) for _ in range(2000)], axis=1))
    step = stats.t(3)
    tests = [
        stats.kstest((named["a"] - 50) / 50, step.cdf),
        # reflected at 0: P(|0.5 + T| < b)
        stats.kstest(named["b"], lambda b: step.cdf(2 * b - 1) - step.cdf(-2 * b - 1)),
        stats.kstest(np.log(named["c"] / 3) / 1.5, stats.norm.cdf),
        stats.kstest(np.log(named["d"] / 1e-3) / 1.5, stats.norm.cdf),
        stats.kstest(named["w"][2], stats.beta(1, 2).cdf),
    ]
    assert min(test.pvalue for test in tests) > 1e-4


def test_discrete_marginals():
    """Chi-squared: false alarm 1e-4 for each of 2 parameters."""
    space = Space({"n": Integer(2, 5), "law": Choice(["a", "b", "c"])})
    named = space.named_from_cube(np.random.default_rng(9).random((2, 3000)))
    for values, number in ((named["n"], 4), (named["law"], 3)):
        counts = np.unique(values, return_counts=True)[1]
        assert len(counts) == number
        assert stats.chisquare(counts).pvalue > 1e-4
    np.testing.assert_allclose(space.cube_from_named({"law": "b", "n": 2}), [0.5, 0.125])
    one = space.named_from_cube(np.array([0.0, 1.0]))
    assert one == {"n": 5, "law": "a"}
    assert space.log_prior(one) == pytest.approx(-math.log(12))


# ---- what a statement means


def example():
    return Space(
        {
            "w": Simplex(3),
            "H0": Real(40, 100, unit="km/s/Mpc"),
            "tau": Log(1e-2, 1e2),
            "beta": Real(shape=(2,)),
            "c": Fixed([1.0, 2.0]),
            "n": Integer(1, 5),
            "law": Choice(["linear", "log"]),
            "twice": Tied("2 * H0"),
            "mixed": Tied("twice * tau + beta[1]"),
            "slope": Real(0, 1, prior=Normal(0.3, 0.1), guess=0),
        }
    )


def test_what_is_where():
    space = example()
    assert space.free == ("H0", "beta", "law", "n", "slope", "tau", "w")
    assert space.discrete == ("law", "n")
    assert space.dimension == 7
    assert space.labels == ("H0", "beta[0]", "beta[1]", "slope", "tau", "w~0", "w~1")
    assert space.cube_labels == ("H0", "beta[0]", "beta[1]", "law", "n", "slope", "tau", "w~0", "w~1")
    assert space.cube_dimension == 9
    assert space.slices == {
        "H0": slice(0, 1),
        "beta": slice(1, 3),
        "slope": slice(3, 4),
        "tau": slice(4, 5),
        "w": slice(5, 7),
    }
    np.testing.assert_allclose(space.lower, [40, -np.inf, -np.inf, 0, np.log(1e-2), -np.inf, -np.inf])
    np.testing.assert_allclose(space.upper, [100, np.inf, np.inf, 1, np.log(1e2), np.inf, np.inf])
    np.testing.assert_allclose(space.guess, [70, 1, 1, 0, 0, 0, 0], atol=1e-12)
    assert space.tied_to == {"H0", "twice", "tau", "beta"}
    assert space.explicit_priors == ("slope",)
    assert not space.is_proper
    assert not space.scalar_only
    assert space["slope"].prior == Normal(0.3, 0.1)
    assert space.guess_named["mixed"] == pytest.approx(141)
    assert space.guess_named["law"] == "linear"
    assert "H0" in space
    assert list(space) == list(space.names)
    assert len(space) == 10


def test_named_values_are_complete():
    space = example().fix({"n": 3, "law": "log"})
    assert space.discrete == ()
    for batch in ((), (4,), (4, 1)):
        x = np.broadcast_to(space.guess.reshape(-1, *(1,) * len(batch)), (7, *batch))
        named = space.to_named(x)
        assert list(named) == list(space.names)
        assert named["law"] == "log"
        assert named["n"] == 3
        shapes = {name: np.shape(named[name]) for name in ("w", "H0", "beta", "c", "mixed")}
        assert shapes == {"w": (3, *batch), "H0": batch, "beta": (2, *batch), "c": (2, *batch), "mixed": batch}
        np.testing.assert_allclose(named["mixed"], 141.0)


def test_discrete_values_may_be_given_with_the_point():
    space = Space({"a": Real(), "n": Integer(1, 5), "k": Integer(0, 9, shape=2), "t": Tied("a * n")})
    chosen = {"n": 3, "k": [1, 2]}
    named = space.to_named(np.array([[2.0, 4.0]]), discrete=chosen)
    assert named["n"] == 3
    np.testing.assert_array_equal(named["k"], [[1, 1], [2, 2]])
    np.testing.assert_array_equal(named["t"], [6, 12])
    np.testing.assert_array_equal(space.tangents(np.array([2.0]), discrete=chosen)["t"][0], 3.0)


def test_tangents_of_ties():
    space = example().fix({"n": 3, "law": "log"})
    x = np.array(space.guess)
    tangents = space.tangents(x)
    assert tangents["twice"] == {0: 2.0}
    # mixed = 2 H0 tau + beta[1], and tau = exp(x[4]) = 1
    slopes = {k: float(v) for k, v in tangents["mixed"].items() if v != 0}
    assert slopes == pytest.approx({0: 2.0, 2: 1.0, 4: 140.0})
    assert tangents["c"] == tangents["n"] == tangents["law"] == {}


def test_ties_between_arrays():
    space = Space({"a": Real(-1, 1, shape=(2,)), "s": Log(1, 10), "t": Tied("a * s")})
    x = np.array([0.5, -0.5, 1.0])
    tangents = space.tangents(x)["t"]
    for k, each in enumerate(x + 1e-30j * np.eye(3)):
        np.testing.assert_allclose(tangents[k], np.imag(space.to_named(each)["t"]) / 1e-30, rtol=1e-12)


def test_new_spaces_from_old_ones():
    space = Space({"b": Real(0, 1), "a": 2.0})
    assert space.with_parameters({"c": Log()}).names == ("b", "a", "c")
    assert space.with_parameters({"a": (0, 3)})["a"] == Real(0, 3)
    assert space.with_parameters({}) is space
    assert space.without("b") == Space({"a": 2.0})
    fixed = space.fix({"b": 0.25})
    assert fixed["b"] == Fixed(0.25)
    assert fixed.labels == ("a",)
    assert fixed.fix({"b": 7.0}).guess_named["b"] == 7.0
    assert example().fix({"tau": 3, "mixed": 2.0, "w": [0.2, 0.3, 0.5]}).free == ("H0", "beta", "law", "n", "slope")
    assert Space({"law": Choice([(1, 0), (0, 1)])}).fix({"law": (0, 1)}).to_named(np.empty(0)) == {"law": (0, 1)}
    assert Space({}).dimension == 0
    assert pickle.loads(pickle.dumps(example())) == example()  # our own


def test_signatures():
    assert Space({"a": (0, 10)}) == Space({"a": Real(0.0, 10.0, description="x")})
    assert Space({"a": (0, 10)}) != Space({"a": (0, 11)})
    assert Space({"a": (0, 10)}) != Space({"b": (0, 10)})
    assert Space({"a": Real(prior=Normal(0, 1))}).signature != Space({"a": Real(prior=Normal(0, 2))}).signature
    assert Space({"a": 1}) != 3
    assert {Space({"a": (0, 10)}): 1}[Space({"a": (0, 10)})] == 1


def test_repr_is_the_call():
    space = Space({"H0": (40, 100), "t": Tied("2 * H0")})
    assert repr(space) == 'Space({"H0": Real(lower=40, upper=100), "t": Tied(expression="2 * H0")})'


def test_priors_of_improper_spaces():
    space = Space({"a": Real(), "b": Log(), "c": Real(0, 2)})
    assert space.log_prior({"a": 3.0, "b": 5.0, "c": 1.0}) == pytest.approx(-math.log(5) - math.log(2))
    assert space.log_prior({"a": 3.0, "b": 5.0, "c": 3.0}) == -np.inf
    assert Space({"a": Real(0, 2, shape=3)}).log_prior({"a": np.ones(3)}) == pytest.approx(-3 * math.log(2))


def test_a_value_on_a_bound_of_log_survives_rounding():
    lower = np.random.default_rng(10).uniform(0.1, 10, 50)
    missed = np.exp(np.log(lower)) < lower
    assert missed.any()
    space = Space({"a": Log(lower, 3 * lower, shape=50), "b": Log(float(lower[missed][0]), 20.0)})
    for x in (space.lower, space.upper):
        named = space.to_named(np.array(x))
        np.testing.assert_array_equal(space.from_named(named), x)
        assert np.isfinite(space.log_prior(named))
        assert np.isfinite(space.cube_from_named(named)).all()


def test_it_is_fast():
    """Generous limits: 10 to 20 times what was measured on an idle machine, without the checks of the test run."""
    space = Space({"H0": Real(40, 100), "Om": Real(0, 1), "a": Log(), "b": Positive(), "c": Real()})
    x = np.array(space.guess)
    seconds = min(timeit.repeat(lambda: type(space).to_named(space, x), number=200, repeat=3)) / 200
    assert seconds < 2e-3


# ---- refusals

A = {"a": (0, 1)}
REFUSED = {
    "parameters are a mapping of name to parameter; list came": lambda: Space(["a"]),
    "a: Real(lower=2, upper=1): lower must be below upper; swap them": lambda: Space({"a": (2, 1)}),
    'the parameter name "lambda" is a word of Python; write "lambda_"': lambda: Space({"lambda": 1}),
    "a: the tied parameters go in a circle, a -> b -> a; state one of them without the others": lambda: Space(
        {"a": Tied("b"), "b": Tied("a + 1")}
    ),
    "a: the tied parameters go in a circle, a -> a; state one of them without the others": lambda: Space(
        {"a": Tied("a + 1")}
    ),
    't: Tied(expression="2 * law") computes with "law", which may be "x", not a number': lambda: Space(
        {"t": Tied("2 * law"), "law": Choice(["x", 1])}
    ),
    "2 box coordinates are wanted; an array of shape (3,) came": lambda: Space({"a": 1, "b": 2}).to_named(np.ones(3)),
    "1 cube coordinates are wanted; an array of shape (3,) came": lambda: Space(A).named_from_cube(np.ones(3)),
    '"n" has no box coordinate, because its values are separate; hold it with space.fix({"n": ...}), or give '
    'discrete={"n": ...}': lambda: Space({"n": Integer(1, 2)}).to_named(np.empty(0)),
    'discrete: "m" is not discrete; known here: n.': lambda: Space({"n": Integer(1, 2)}).to_named(
        np.empty(0), discrete={"m": 1}
    ),
    "discrete: n: 3 lies outside [1, 2]": lambda: Space({"n": Integer(1, 2)}).to_named(np.empty(0), discrete={"n": 3}),
    "fix: n: a whole number is wanted; 1.5 came": lambda: Space({"n": Integer(1, 2)}).fix({"n": 1.5}),
    'fix: law: "linaer" is no option; did you mean "linear"?': lambda: Space({"law": Choice(["linear", "log"])}).fix(
        {"law": "linaer"}
    ),
    'fix: there is no parameter "slop"; did you mean "slope"?': lambda: Space({"slope": 1}).fix({"slop": 1}),
    "fix: a: 2 lies outside [0, 1]": lambda: Space(A).fix({"a": 2}),
    "b: Fixed(value=inf): value must be finite": lambda: Space({"b": Fixed(1)}).fix({"b": np.inf}),
    'without: there is no parameter "b"; known here: a.': lambda: Space(A).without("b"),
    'this space: there is no parameter "b"; known here: a.': lambda: Space(A)["b"],
    'from_named: "b" is missing; give a value for each of "a", "b"': lambda: Space({**A, "b": 1}).from_named({"a": 1}),
    'from_named: there is no parameter "c"; known here: a.': lambda: Space(A).from_named({"a": 1, "c": 1}),
    "from_named: a: 3 lies outside [0, 1]": lambda: Space(A).from_named({"a": 3}),
    "from_named: a: 0 lies outside (0, inf)": lambda: Space({"a": Positive()}).from_named({"a": 0}),
    "from_named: a: inf lies outside (-inf, inf)": lambda: Space({"a": Real()}).from_named({"a": np.inf}),
    'from_named: a: a number is wanted; "x" came': lambda: Space(A).from_named({"a": "x"}),
    "from_named: a: an array of shape (2,) is wanted; one of shape (3,) came": lambda: Space(
        {"a": Real(shape=2)}
    ).from_named({"a": [1, 2, 3]}),
    "from_named: a: 3 lies outside [0, 1] in element 1": lambda: Space({"a": Real(0, 1, shape=2)}).from_named(
        {"a": [1, 3]}
    ),
    "from_named: w: weights are positive and sum to one; [0.5, 0.6] came": lambda: Space({"w": Simplex(2)}).from_named(
        {"w": [0.5, 0.6]}
    ),
    "from_named: w: 2 weights are wanted; 0.5 came": lambda: Space({"w": Simplex(2)}).from_named({"w": 0.5}),
    'cube_from_named: "n" is missing; give a value for each of "a", "n"': lambda: Space(
        {**A, "n": Integer(1, 2)}
    ).cube_from_named({"a": 1}),
    "cube_from_named: n: an array of shape (2,) is wanted; one of shape () came": lambda: Space(
        {"n": Integer(1, 2, shape=2)}
    ).cube_from_named({"n": 1}),
    '"a" has neither a prior nor finite bounds, so there is nothing to draw from; state one or the other': lambda: (
        Space({"a": 1}).named_from_cube(np.ones(1))
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused(message):
    with pytest.raises(ParameterError) as error:
        REFUSED[message]()
    assert str(error.value) == message


def test_ties_to_unknown_names():
    with pytest.raises(FormulaError, match=r"slope.*intercept") as error:
        Space({"intercept": 1, "slope": Tied("2 * intercep")})
    assert "intercep" in str(error.value)
    with pytest.raises(FormulaError):
        Space({"intercept": 1, "slope": Tied("2 * intercept")}).without("intercept")


def test_it_does_not_change():
    space = example()
    with pytest.raises(AttributeError, match="use with_parameters"):
        space.dimension = 3
    with pytest.raises(TypeError):
        space.parameters["a"] = Parameter.of(1)
    for array in (space.lower, space.upper, space.guess):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
