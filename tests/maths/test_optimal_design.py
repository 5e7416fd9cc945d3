"""Optimal designs: weights known in closed form, an independent optimiser, and the equivalence theorem."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from parametra.maths.design_criteria import LogDeterminant, Trace
from parametra.maths.design_exact import Purse, completing, exact_design, rounded
from parametra.maths.design_minimax import Condition, LargestVariance, SmallestEigenvalue
from parametra.maths.design_pool import Pool, determinable
from parametra.maths.optimal_design import best_weights, judged, weights_on

ALL = (LogDeterminant(), Trace(), LargestVariance(), SmallestEigenvalue(), Condition())
NAMES = [type(each).__name__ for each in ALL]


def polynomial(degree, count=201):
    """Candidates of a polynomial on [-1, 1]."""
    x = np.linspace(-1, 1, count)
    rows = np.stack([x**i for i in range(degree + 1)], axis=1)
    return x, Pool(rows[None, :, None, :], np.zeros((1, degree + 1, degree + 1)), np.eye(degree + 1)[None])


def anything(seed, *, draws=1, n=15, k=1, d=3, r=3, base=0.0):
    generator = np.random.default_rng(seed)
    rows = generator.standard_normal((draws, n, k, d))
    same = np.broadcast_to(np.eye(d), (draws, d, d)).copy()
    wanted = same if r == d else generator.standard_normal((draws, r, d))
    return Pool(rows, np.broadcast_to(base * np.eye(d), (draws, d, d)).copy(), wanted)


# Pukelsheim (2006), chapter 9: D has the zeros of (1 - x^2) P'_d(x); E of degrees 2 and 3 the Chebyshev points. The
# worst parameter of degree 2 is the quadratic coefficient, whose best design is 1/4, 1/2, 1/4.
CLOSED = {
    ("LogDeterminant", 2): {-1.0: 1 / 3, 0.0: 1 / 3, 1.0: 1 / 3},
    ("Trace", 2): {-1.0: 1 / 4, 0.0: 1 / 2, 1.0: 1 / 4},
    ("LargestVariance", 2): {-1.0: 1 / 4, 0.0: 1 / 2, 1.0: 1 / 4},
    ("SmallestEigenvalue", 2): {-1.0: 1 / 5, 0.0: 3 / 5, 1.0: 1 / 5},
    ("Condition", 2): {-1.0: 1 / 6, 0.0: 2 / 3, 1.0: 1 / 6},
    ("SmallestEigenvalue", 3): {-1.0: 0.19 / 1.5, -0.5: 0.56 / 1.5, 0.5: 0.56 / 1.5, 1.0: 0.19 / 1.5},
}


@pytest.mark.parametrize(("name", "degree"), CLOSED)
def test_weights_known_in_closed_form(name, degree):
    x, pool = polynomial(degree)
    found = best_weights(ALL[NAMES.index(name)], pool)
    index = np.flatnonzero(found.weights > 1e-9)
    wanted = CLOSED[name, degree]
    assert np.round(x[index], 6).tolist() == sorted(wanted)
    assert found.weights[index] == pytest.approx([wanted[at] for at in sorted(wanted)], abs=2e-7)
    assert found.efficiency > 1 - 1e-7


@pytest.mark.parametrize("criterion", ALL, ids=NAMES)
@pytest.mark.parametrize("base", [0.0, 2.0])
def test_an_independent_optimiser_finds_nothing_better(criterion, base):
    n = 7
    pool = anything(5, n=n, base=base)
    found = best_weights(criterion, pool)
    assert found.weights.sum() == pytest.approx(1)
    assert found.weights.min() >= 0

    def loss(z):
        return -judged(criterion, pool, np.exp(z) / np.exp(z).sum())

    best = min(minimize(loss, z, method="Nelder-Mead", options={"maxiter": 1500}).fun for z in np.eye(n)[:2] * 3)
    assert -found.log_value <= best + 1e-7
    assert -found.log_value == pytest.approx(judged(criterion, pool, found.weights) * -1, abs=1e-9)


@pytest.mark.parametrize("criterion", ALL, ids=NAMES)
@pytest.mark.parametrize("shape", [{}, {"k": 2, "r": 2}, {"draws": 3, "base": 0.5}, {"r": 4}])
def test_the_equivalence_theorem_bounds_every_other_design(criterion, shape):
    if isinstance(criterion, Condition) and shape.get("r", 3) < 3:
        pytest.skip("the condition number is one of all coordinates")
    if isinstance(criterion, LogDeterminant) and shape.get("r", 3) > 3:
        pytest.skip("more quantities than coordinates have no volume")
    pool = anything(7, **shape)
    found = best_weights(criterion, pool)
    seen = pool if criterion.averages else pool.mixed()
    assert found.bound == pytest.approx(1, abs=2e-6)
    assert found.sensitivity[found.weights > 1e-6] == pytest.approx(1, abs=1e-4)
    assert found.sensitivity.max() <= 1 + 2e-6
    generator = np.random.default_rng(1)
    for _ in range(50):
        other = generator.dirichlet(np.full(pool.size, 0.3))
        assert judged(criterion, seen, other) <= found.log_value + 1e-6
    # of a worse design the bound says by how much it may be beaten, and it is
    worse = weights_on(criterion, seen, np.arange(6))
    assert np.exp(found.log_value - worse.log_value) <= worse.bound * (1 + 1e-6)
    assert worse.efficiency < 1


@pytest.mark.parametrize("criterion", ALL, ids=NAMES)
def test_slopes_and_curvature_are_those_of_differences(criterion):
    free = isinstance(criterion, Condition)
    pool = anything(3, draws=1 if free else 2, n=5, k=2, base=0.0 if free else 0.3)
    weights = np.random.default_rng(2).dirichlet(np.ones(5)) * (0.02 if free else 1)
    own = criterion.start(pool.information(weights), pool.wanted)

    def at(w, t):
        return criterion.climb(pool, pool.information(w), t, 0.1)

    here, step = at(weights, own), 1e-5
    for i, direction in enumerate(np.eye(5)):
        up, down = (at(weights + s * step * direction, own) for s in (1, -1))
        assert (up.value - down.value) / (2 * step) == pytest.approx(here.slope[i], rel=1e-3, abs=1e-6)
        assert (up.slope - down.slope) / (2 * step) == pytest.approx(here.curve[i], rel=1e-3, abs=1e-4)
        assert (up.own_slope - down.own_slope) / (2 * step) == pytest.approx(here.cross[i], rel=1e-3, abs=1e-5)
    for s in range(own.size):
        shift = step * own[s] * np.eye(own.size)[s]
        up, down = at(weights, own + shift), at(weights, own - shift)
        assert (up.value - down.value) / (2 * shift[s]) == pytest.approx(here.own_slope[s], rel=1e-3, abs=1e-6)
        assert (up.own_slope - down.own_slope)[s] / (2 * shift[s]) == pytest.approx(here.own_curve[s], rel=1e-3)


def test_many_candidates_take_part_a_few_at_a_time():
    x, pool = polynomial(3, 2001)
    found = best_weights(LogDeterminant(), pool.seen_from(determinable(pool)[0]))
    support = x[found.weights > 1e-6]
    assert np.abs(support) == pytest.approx(np.where(np.abs(support) > 0.9, 1, 1 / np.sqrt(5)), abs=1e-3)
    assert found.efficiency > 1 - 1e-8


def test_a_design_for_one_quantity_may_leave_the_others_open():
    """For the slope at 0 of a quadratic, half of all is measured at each end, which says nothing of the curvature."""
    _, pool = polynomial(2)
    pool = Pool(pool.rows, pool.base, np.array([[[0.0, 1.0, 0.0]]]))
    found = best_weights(Trace(), pool)
    assert np.exp(-found.log_value) == pytest.approx(1.0, abs=1e-6)
    assert found.weights[[0, -1]] == pytest.approx([0.5, 0.5], abs=1e-4)


def test_information_that_is_there_moves_the_weights_to_where_it_is_not():
    _, pool = polynomial(1, 3)
    known = np.outer([1.0, -1.0], [1.0, -1.0])  # one measurement at -1
    found = best_weights(LogDeterminant(), Pool(pool.rows, known[None], pool.wanted))
    assert found.weights == pytest.approx([0, 0, 1], abs=1e-6)


def test_what_nothing_can_tell_is_set_apart():
    rows = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 1.0], [0.5, 0.5, 2.0]])  # the first two only together
    pool = Pool(rows[None, :, None, :], np.zeros((1, 3, 3)), np.eye(3)[None])
    told, closed = determinable(pool)
    assert told.shape == (3, 2)
    assert np.abs(closed[:, 0] / np.abs(closed).max()) == pytest.approx([1, 1, 0], abs=1e-9)
    assert best_weights(
        LogDeterminant(), Pool(*(pool.seen_from(told).rows, told.T @ told * 0 + np.zeros((1, 2, 2)), np.eye(2)[None]))
    ).weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("n", [3, 4, 7, 100])
def test_rounding_keeps_the_sum_and_the_smallest_ratio(n):
    weights = np.array([0.5, 0.0, 0.21, 0.29])
    counts = rounded(weights, n)
    assert counts.sum() == n
    assert counts[1] == 0
    best = (
        max(
            min(c / w for c, w in zip(split, weights[[0, 2, 3]], strict=True))
            for split in itertools.product(range(1, n + 1), repeat=3)
            if sum(split) == n
        )
        if n < 10
        else (counts[[0, 2, 3]] / weights[[0, 2, 3]]).min()
    )
    assert (counts[[0, 2, 3]] / weights[[0, 2, 3]]).min() == pytest.approx(best)
    assert rounded(weights, 2).tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("criterion", ALL[:4], ids=NAMES[:4])
def test_exchanges_end_at_the_best_of_all_whole_designs(criterion):
    pool = anything(11, n=6, d=2, r=2)
    found = best_weights(criterion, pool)
    counts = exact_design(criterion, pool, found.weights, Purse(np.ones(6), 4.0))
    assert counts.sum() == 4
    everything = [np.bincount(each, minlength=6) for each in itertools.combinations_with_replacement(range(6), 4)]
    best = max(judged(criterion, pool, np.array(each, dtype=float)) for each in everything)
    assert judged(criterion, pool, counts.astype(float)) == pytest.approx(best, abs=1e-9)


def test_a_budget_is_kept_and_spent_on_what_tells_something():
    pool = anything(13, n=8, d=2, r=2)
    rows = pool.rows.copy()
    rows[:, 0] = 0
    pool = Pool(rows, pool.base, pool.wanted)
    costs = np.array([0.1, 1.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.5])
    found = best_weights(LogDeterminant(), pool)
    counts = exact_design(LogDeterminant(), pool, found.weights, Purse(costs, 10.0, saves=True))
    assert 5 < counts @ costs <= 10
    assert counts[0] == 0
    assert np.isfinite(judged(LogDeterminant(), pool, counts.astype(float)))


def test_points_that_complete_an_information_reach_into_what_is_open():
    _, pool = polynomial(2, 21)
    there = pool.rows[0, [3, 3, 10], 0]
    pool = Pool(pool.rows, (there.T @ there)[None], pool.wanted)
    chosen = completing(pool)
    assert len(chosen) == 1
    assert chosen[0] not in (3, 10)
    assert completing(Pool(pool.rows, pool.information(np.ones(21)), pool.wanted)) == []
