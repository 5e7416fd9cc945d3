"""Adafactor: memory of rows and columns, the rank-one second moment, and losses beside Adam's."""

import numpy as np
import pytest

import parametra as pm
from fit_loop import Evaluator, free, run
from parametra.methods.fit.adafactor import Adafactor
from parametra.methods.fit.adam import Adam
from parametra.nouns.asker import Ending
from parametra.nouns.errors import MethodError
from small_networks import PROBLEMS, train


def kept(method, rows, columns):
    """Numbers in the memory of one start."""
    memory = method.begin(np.zeros((1, rows * columns)), 0)
    return sum(np.asarray(part).size for part in memory)


def test_memory_grows_with_rows_and_columns_not_with_their_product():
    for rows, columns in ((20, 30), (200, 300)):
        extra = kept(Adafactor(matrix=(rows, columns)), rows, columns) - rows - columns
        assert extra <= 4  # counts and a place holder
    assert kept(Adafactor(), 20, 30) >= 600
    assert kept(Adam(), 20, 30) >= 1200


def test_a_second_moment_of_rank_one_is_reproduced_exactly():
    """g^2 = r c' at every step: v = r c', so g / sqrt(v) is the sign of g, and it is not clipped."""
    rng = np.random.default_rng(1)
    r, c = rng.uniform(0.1, 9, 6), rng.uniform(0.01, 3, 4)
    method = Adafactor(matrix=(6, 4))
    memory = method.begin(np.zeros((1, 24)), 0)
    for _ in range(50):
        signs = rng.choice([-1.0, 1.0], (6, 4))
        direction, memory = method.turn((signs * np.sqrt(np.outer(r, c))).reshape(1, 24), memory, np.ones((1, 24)))
        np.testing.assert_allclose(direction.reshape(6, 4), signs, rtol=1e-12)


def test_a_step_is_clipped_at_a_root_mean_square_of_one_and_each_start_on_its_own():
    method = Adafactor(matrix=(3, 4))
    calm, wild = np.ones((2, 12)), np.ones((2, 12))
    wild[1] = 1e6
    memory = method.begin(calm, 0)
    _, memory = method.turn(calm, memory, calm)
    direction, _ = method.turn(wild, memory, calm)
    assert np.sqrt(np.mean(direction[1] ** 2)) == pytest.approx(1.0)
    np.testing.assert_allclose(direction[0], method.turn(calm, memory, calm)[0][0])


def test_relative_steps_are_the_published_sizes():
    """Step t is min(1e-2, 1 / sqrt(t)) max(eps_2, rms(x)) along the sign of a gradient of rank one."""
    method, x = Adafactor(relative_steps=True), np.full((1, 5), 20.0)
    memory = method.begin(x, 0)
    direction, memory = method.turn(np.full((1, 5), 3.0), memory, x)
    np.testing.assert_allclose(direction, 0.01 * 20.0, rtol=1e-6)
    small = method.turn(np.full((1, 5), 3.0), method.begin(x, 0), np.zeros((1, 5)))[0]
    np.testing.assert_allclose(small, 0.01 * 1e-3, rtol=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_final_losses_are_within_five_per_cent_of_adams(name):
    problem = PROBLEMS[name]
    ours = train(problem, lambda shape: Adafactor(matrix=shape), rate=0.03, steps=1000)
    theirs = train(problem, lambda _: Adam(beta_2=0.999), rate=0.03, steps=1000)
    assert ours <= 1.05 * theirs + 1e-12, (ours, theirs)


def test_a_matrix_of_parameters_is_fitted():
    x = np.linspace(0, 2 * np.pi, 30)
    truth = np.array([[1.0, 2.0, 0.5], [0.3, 4.0, 1.0]])

    def model(x, W):
        return sum(W[0, k] * np.cos((k + 1) * x) + W[1, k] * np.sin((k + 1) * x) for k in range(3))

    data = pm.Data({"x": x, "y": model(x, truth)}, inputs=["x"], output="y", sigma=0.1)
    parameters = {"W": pm.Real(-9, 9, guess=np.ones((2, 3)), shape=(2, 3))}
    fit = pm.fit(model, data, parameters, method="adafactor", options={"matrix": [2, 3]}, starts=1)
    np.testing.assert_allclose(fit.estimate["W"], truth, atol=1e-3)
    wanted = r"adafactor\(matrix=\(3, 3\)\) is for 9 coordinates, and this problem has 6. Give the shape"
    with pytest.raises(MethodError, match=wanted):
        pm.fit(model, data, parameters, method="adafactor", options={"matrix": (3, 3)}, starts=1)


def test_relative_steps_walk_towards_the_minimum():
    target = Evaluator(lambda x: (x - np.array([1.0, 2.0]), np.eye(2)))
    found = run(Adafactor(relative_steps=True, stages=10), free(2), [[3.0, 3.0]], target)
    assert found.cost[0] < 1e-4
    assert found.endings[0] in (Ending.CONVERGED, Ending.LIMIT)


def test_bad_settings():
    with pytest.raises(MethodError, match=r"adafactor\(matrix=\(3,\)\): two whole numbers are wanted"):
        Adafactor(matrix=(3,))
    with pytest.raises(MethodError, match=r"adafactor\(clip=0.0\): a number above zero is wanted."):
        Adafactor(clip=0.0)
