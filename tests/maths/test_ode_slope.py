import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ode_problems import PROBLEMS
from parametra.maths.ode_graph import NotReadable, read
from parametra.maths.ode_linear import Dense, Sparse, order_of
from parametra.maths.ode_slope import Whole, Written, slope_of

LANES = 8
MATRIX = np.array([[0.0, 2.0, 0.0, 0.0], [1.0, 0.0, 0.0, 3.0], [0.0, 0.0, -1.0, 0.0], [0.5, 0.0, 0.0, 0.0]])


def hidden(t, y, p):
    return jnp.stack([jnp.where(y[0] > 0, jnp.tanh(y[1]), y[2]) * p[0], jnp.sum(y[1:], axis=0) ** 3, t * y[3], y[0]])


def gathered(t, y, p):
    rows = y[np.array([3, 0, 0, 2])]
    return (MATRIX @ rows) * p[0] + jnp.arctan2(y[::-1], 0.3) * t + jnp.maximum(y, 0.1)


def powers(t, y, p):
    a, b, c, d = y
    first = jax.lax.stop_gradient(1.0) * a**3 / (p[1] + a**3) + jnp.sqrt(b) * jax.nn.sigmoid(c)
    return jnp.stack([first, d ** p[0] / b, jnp.exp(-t * p[1]) - jnp.log1p(c) * jnp.minimum(a, b), 0.0 * a + p[0]])


def compared(function, n, count):
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        t, y, p = (jnp.asarray(rng.uniform(0.3, 1.5, s)) for s in ((LANES,), (n, LANES), (count, LANES)))
        dy, dp = (jnp.asarray(rng.normal(size=s)) for s in ((n, LANES), (count, LANES)))
        read_one, whole = slope_of(function, n, count), Whole(function, n, count)
        here, there = read_one.at(t, y, p, read_one.prepared(p)), whole.at(t, y, p, None)
        u, close = jnp.asarray(rng.normal(size=(n, LANES))), {"rtol": 1e-12, "atol": 1e-12}
        np.testing.assert_allclose(here.slope(), there.slope(), **close)
        J = here.jacobian()
        if isinstance(J, dict):
            full = np.zeros((n, n, LANES))
            for (i, j), entry in J.items():
                full[i, j] = entry
            J = full
        np.testing.assert_allclose(J, there.jacobian(), **close)
        np.testing.assert_allclose(here.along()(dy, dp), there.along()(dy, dp), **close)
        bent, wanted = (one.bent(one.bend()(dy, dp), u, dy, dp) for one in (here, there))
        np.testing.assert_allclose(bent, wanted, **close)
        by_time, wanted = here.by_time(), there.by_time()
        np.testing.assert_allclose(np.zeros((n, LANES)) if by_time is None else by_time, wanted, **close)
        np.testing.assert_allclose(here.by_time_along()(dy, dp), there.by_time_along()(dy, dp), **close)
    return read_one


@pytest.mark.parametrize("function", [gathered, powers])
def test_derivatives_of_numbers_are_those_of_jax(function):
    assert isinstance(compared(function, 4, 2), Written)


@pytest.mark.parametrize(
    "name", ["signalling", *(pytest.param(one, marks=pytest.mark.slow) for one in PROBLEMS if one != "signalling")]
)
def test_every_problem_is_read_number_by_number(name):
    problem = PROBLEMS[name]
    one = compared(problem.slope, len(problem.begins), len(problem.parameters))
    assert isinstance(one, Written)
    if name == "signalling":
        # its chain has two entries a row, and one from its end to its beginning
        assert len(one.places) == 16


def test_an_entry_is_absent_only_where_nothing_leads_to_it():
    with jax.enable_x64(True):
        one = slope_of(lambda t, y, p: jnp.stack([jnp.where(t > 1e9, y[1], y[0]), 0.0 * y[0] + p[0] * y[1]]), 2, 1)
    assert set(one.places) == {(0, 0), (0, 1), (1, 1)}


def lanes_mixed(t, y, p):
    return y - jnp.mean(y, axis=-1, keepdims=True)


def looped(t, y, p):
    return jax.lax.fori_loop(0, 3, lambda _, x: 0.5 * (x + p[0] * y), y)


@pytest.mark.parametrize("function", [lanes_mixed, looped])
def test_what_is_not_done_number_by_number_is_left_to_jax(function):
    with jax.enable_x64(True), pytest.raises(NotReadable):
        read(function, 4, 2)
    assert isinstance(slope_of(function, 4, 2), Whole)


def test_elimination_fills_what_it_must_and_no_more():
    # an arrow: from the wrong end it fills everything, from the right end nothing
    n = 6
    places = {(0, k) for k in range(n)} | {(k, 0) for k in range(n)} | {(k, k) for k in range(n)}
    order, operations = order_of(places, n)
    assert order.index(0) >= n - 2
    assert operations < 3 * len(places)
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        entries = {place: jnp.asarray(rng.normal(size=LANES) + 4.0 * (place[0] == place[1])) for place in places}
        full = np.zeros((n, n, LANES))
        for (i, j), entry in entries.items():
            full[i, j] = entry
        b = jnp.asarray(rng.normal(size=(n, LANES)))
        for factors in (Sparse(entries, order), Dense(jnp.asarray(full))):
            u = factors.solve(b)
            assert np.asarray(factors.trusted(u, b)).all()
            assert not np.asarray(factors.trusted(u + 1e-6, b)).any()
            for lane in range(LANES):
                np.testing.assert_allclose(full[..., lane] @ u[:, lane], b[:, lane], atol=1e-13)


def test_a_pivot_that_is_too_small_is_told_and_pivoting_helps():
    small = np.array([[1e-18, 1.0], [1.0, 1.0]])[..., None] * np.ones(LANES)
    with jax.enable_x64(True):
        b = jnp.asarray(np.array([[1.0], [2.0]]) * np.ones(LANES))
        sparse = Sparse({(i, j): jnp.asarray(small[i, j]) for i in range(2) for j in range(2)}, [0, 1])
        assert not np.asarray(sparse.trusted(sparse.solve(b), b)).any()
        dense = Dense(jnp.asarray(small))
        u = dense.solve(b)
        assert np.asarray(dense.trusted(u, b)).all()
        np.testing.assert_allclose(u, 1.0, rtol=1e-14)
