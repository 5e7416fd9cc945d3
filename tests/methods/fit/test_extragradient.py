"""Two-timescale extragradient: local minimax points from 100 starts, where plain descent and ascent do not go."""

import pickle

import numpy as np
import pytest

import minimax_examples as examples
from fit_loop import Evaluator, box, run
from parametra.methods.fit.extragradient import Extragradient
from parametra.nouns.asker import Answers, Ending
from parametra.nouns.errors import MethodError

AGAINST = {2: [False, True], 4: [False, False, True, True]}


def starts(dimension, count=100):
    return np.random.default_rng(1).uniform(-2.5, 2.5, (count, dimension))


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("function", "dimension"),
    [(examples.saddle_of_concave, 2), (examples.ridge, 2), (examples.bilinear, 2), (examples.degenerate, 4)],
)
def test_the_minimax_point_is_reached_from_every_start_where_descent_ascent_is_not(function, dimension, count):
    against = AGAINST[dimension]
    found, _ = examples.run(Extragradient(), function, starts(dimension, count), against)
    assert set(found.endings) == {Ending.CONVERGED}
    np.testing.assert_allclose(found.points, 0.0, atol=1e-3)
    # simultaneous descent and ascent goes round or away: not one of its starts comes near
    plain = examples.descent_ascent(function, starts(dimension, count), against)
    assert np.abs(plain).max(axis=1).min() > 0.02


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_a_stationary_point_that_is_no_minimax_point_is_avoided(count):
    found, _ = examples.run(Extragradient(), examples.two_wells, starts(2, count), AGAINST[2])
    assert set(found.endings) == {Ending.CONVERGED}
    np.testing.assert_allclose(np.abs(found.points[:, 0]), np.sqrt(0.75), atol=1e-3)
    exactly, _ = examples.run(Extragradient(), examples.two_wells, np.zeros((1, 2)), AGAINST[2])
    assert exactly.endings == (Ending.CONVERGED,)
    assert abs(exactly.points[0, 0]) == pytest.approx(np.sqrt(0.75), abs=1e-3)


def test_a_minimum_over_the_adversary_attracts_descent_ascent_and_not_this():
    few = starts(2, 5)
    plain = examples.descent_ascent(examples.false_saddle, few, AGAINST[2])
    np.testing.assert_allclose(plain, 0.0, atol=1e-6)
    found, _ = examples.run(Extragradient(stages=8), examples.false_saddle, few, AGAINST[2])
    assert np.abs(found.points).max(axis=1).min() > 0.1
    assert set(found.endings) == {Ending.LIMIT}


def test_the_adversary_stays_in_its_bounds():
    """X minimises (x - y)^2 + 3 x y + y with y in [-1, 2]: the worst is y = 2, and x = -1 there."""

    def function(z):
        x, y = z.T
        return (x - y) ** 2 + 3 * x * y + y, np.stack([2 * (x - y) + 3 * y, -2 * (x - y) + 3 * x + 1], axis=1)

    found, _ = examples.run(Extragradient(), function, np.array([[0.3, 1.5]]), [False, True], half_width=2.0)
    assert found.endings == (Ending.CONVERGED,)
    np.testing.assert_allclose(found.points, [[-1.0, 2.0]], atol=1e-4)


def test_without_an_adversary_it_minimises_and_turns_back_from_failures():
    def pit(x):
        r = np.array([x[0] - 3.0, 2 * (x[1] - 1.0) + x[0]])
        return (r if x[1] > -3 else r * np.nan), np.array([[1.0, 0.0], [1.0, 2.0]])

    target = Evaluator(pit)
    found = run(Extragradient(), box((0, 2), (-5, 5)), [[0.5, 4.0], [0.5, -4.0]], target)
    assert found.endings == (Ending.CONVERGED, Ending.FAILED)
    np.testing.assert_allclose(found.points[0], [2, 0], atol=1e-4)


def test_the_state_survives_pickling():
    method, ends = Extragradient(), []
    for keep in (False, True):
        space = box((-3, 3), (-3, 3))
        state = method.start(space, np.array([[1.0, 2.0]]))
        while not method.halted(state):
            request = method.ask(state)
            cost, gradient = examples.two_wells(request.points)
            state = method.tell(state, Answers(cost=cost, ok=np.isfinite(cost), gradient=gradient))
            state = pickle.loads(pickle.dumps(state)) if keep else state
        ends.append(method.solutions(state).points)
    np.testing.assert_array_equal(*ends)


def test_bad_settings():
    with pytest.raises(MethodError, match=r"extragradient\(timescale=0.5\): 1 or more is wanted"):
        Extragradient(timescale=0.5)
    with pytest.raises(MethodError, match=r"extragradient\(tolerance=0.0\): a number above zero is wanted."):
        Extragradient(tolerance=0.0)
