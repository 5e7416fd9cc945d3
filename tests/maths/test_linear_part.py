import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.maths.linear_part import largest_set, linear_best, linear_together

INF = np.inf


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), bounded=st.booleans())
def test_the_best_values_meet_the_conditions_of_a_minimum(seed, bounded):
    random = np.random.default_rng(seed)
    F, r, c = random.normal(size=(12, 4)), random.normal(size=12), random.uniform(-0.4, 0.4, size=4)
    bound = np.full(4, 0.5 if bounded else INF)
    best = linear_best(F, r, c, -bound, bound)
    assert np.all(np.abs(best.values) <= bound)
    assert np.allclose(best.residuals, r + F @ (best.values - c))
    slope = F.T @ best.residuals
    free = np.abs(best.values) < bound
    assert np.allclose(slope[free], 0, atol=1e-9)
    assert np.all(slope[best.values == bound] <= 1e-9) and np.all(slope[best.values == -bound] >= -1e-9)


def test_basis_and_followers_are_those_of_the_free_columns():
    random = np.random.default_rng(1)
    F, r = random.normal(size=(8, 3)), random.normal(size=8)
    free = linear_best(F, r, np.zeros(3), np.full(3, -INF), np.full(3, INF))
    assert np.allclose(free.basis @ free.basis.T, F @ np.linalg.pinv(F))
    assert np.allclose(free.follow, -np.linalg.pinv(F))
    tight = np.where(np.arange(3) == 1, 0.5 * free.values[1], INF)
    low, high = np.minimum(-np.abs(tight), 0), np.abs(tight)
    held = linear_best(F, r, np.zeros(3), low, high)
    others = F[:, [0, 2]]
    assert held.values[1] in (low[1], high[1])
    assert np.allclose(held.basis @ held.basis.T, others @ np.linalg.pinv(others))
    assert np.all(held.follow[1] == 0) and np.allclose(held.follow[[0, 2]], -np.linalg.pinv(others))


def test_columns_that_are_the_same_share_the_step():
    column = np.arange(1.0, 6.0)[:, None]
    best = linear_best(np.hstack([column, column]), -4 * column[:, 0], np.zeros(2), np.full(2, -INF), np.full(2, INF))
    assert np.allclose(best.values, 2.0)
    assert best.basis.shape == (5, 1)


SEVEN = np.linspace(0.1, 2, 7)


def jacobian(x, t=SEVEN):
    """Of a exp(-k t) + b a t + c, d = (a, b, c, k): a and b meet in a product."""
    a, b, _, k = x
    e = np.exp(-k * t)
    return np.stack([e + b * t, a * t, np.ones_like(t), -a * t * e], axis=1)


def test_which_columns_stay_and_the_largest_set_of_them():
    x = np.array([1.0, 2.0, 3.0, 0.5])
    moved = np.stack([jacobian(x + 0.3 * e) for e in np.eye(4)])
    stays = linear_together(jacobian(x), moved, 1e-12)
    # rows: a, b, c, k moves; columns: which slope stays
    assert stays.tolist() == [
        [True, False, True, False],
        [False, True, True, True],
        [True, True, True, True],
        [False, True, True, False],
    ]
    assert largest_set(stays).tolist() == [True, False, True, False]


def test_a_failed_point_is_not_believed_and_says_nothing_of_the_others():
    x = np.array([1.0, 2.0, 3.0, 0.5])
    moved = np.stack([jacobian(x + 0.3 * e) for e in np.eye(4)])
    moved[2] = np.nan
    assert largest_set(linear_together(jacobian(x), moved, 1e-12)).tolist() == [True, False, False, False]
