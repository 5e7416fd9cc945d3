"""Adam and AdaMax: the published updates, invariance, regret, and how a fit with them ends."""

import dataclasses
import pickle
import sys

import numpy as np
import pytest

import parametra as pm
from fit_loop import Evaluator, box, free, rosenbrock, run
from parametra.methods.fit.adam import Adam
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError, MissingExtraError


def gradients(steps, shape, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, *shape)) * np.logspace(-3, 3, shape[-1])


def by_hand(stream, variant, b1, b2, epsilon):
    """Algorithms 1 and 2 of Kingma and Ba (2015), without the rate."""
    m, v = np.zeros(stream.shape[1:]), np.zeros(stream.shape[1:])
    for t, g in enumerate(stream, 1):
        m = b1 * m + (1 - b1) * g
        if variant == "adam":
            v = b2 * v + (1 - b2) * g**2
            yield m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + epsilon)
        else:
            v = np.maximum(b2 * v, np.abs(g) + epsilon)
            yield m / (1 - b1**t) / v


def turned(method, stream):
    memory = method.begin(np.zeros(stream.shape[1:]), 0)
    for g in stream:
        direction, memory = method.turn(g, memory, np.zeros_like(g))
        yield direction


@pytest.mark.parametrize("variant", ["adam", "adamax"])
@pytest.mark.parametrize("beta_2", [0.9, 0.999])
def test_updates_are_those_of_the_publication_to_1e_12(variant, beta_2):
    stream = gradients(200, (3, 7))
    method = Adam(variant=variant, beta_2=beta_2, epsilon=1e-8)
    for ours, theirs in zip(turned(method, stream), by_hand(stream, variant, 0.9, beta_2, 1e-8), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("variant", ["adam", "adamax"])
def test_a_diagonal_rescaling_of_the_gradients_changes_nothing(variant):
    stream, factors = gradients(100, (2, 5)), np.array([1e-6, 1e-2, 1.0, 1e3, 1e7])
    method = Adam(variant=variant, epsilon=1e-300)
    for one, other in zip(turned(method, stream), turned(method, stream * factors), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_other_units_of_a_parameter_lead_to_the_same_fit():
    x = np.linspace(0, 3, 20)
    data = pm.Data({"x": x, "y": 3 * np.exp(-x) + 0.01 * np.sin(9 * x)}, inputs=["x"], output="y", sigma=0.01)
    few = {"steps": 40, "stages": 3}
    small = pm.fit("a * exp(-k * x)", data, {"a": 2.0, "k": 0.5}, method="adam", starts=1, options=few)
    large = pm.fit("a / 1000 * exp(-k * x)", data, {"a": 2000.0, "k": 0.5}, method="adam", starts=1, options=few)
    assert large.estimate["a"] == pytest.approx(1000 * small.estimate["a"], rel=1e-9)
    assert large.receipt.evaluations == small.receipt.evaluations


def test_regret_on_a_stream_of_logistic_losses_grows_no_faster_than_the_root_of_time():
    """Theorem 4.1: rate / sqrt(t) and a fading beta_1; the bound D^2 d / rate sqrt(T) is far above what is measured."""
    rng = np.random.default_rng(5)
    steps, d = 6400, 5
    X, w = rng.normal(size=(steps, d)), rng.normal(size=d)
    y = np.where(rng.random(steps) < 1 / (1 + np.exp(-X @ w)), 1.0, -1.0)
    method, z, losses = Adam(beta_2=0.999), np.zeros((1, d)), np.empty(steps)
    memory = method.begin(z, 0)
    for t in range(steps):
        margin = y[t] * X[t] @ z[0]
        losses[t] = np.logaddexp(0, -margin)
        direction, memory = method.turn((-y[t] * X[t] / (1 + np.exp(margin)))[None], memory, z)
        z = z - 0.5 / np.sqrt(t + 1) * direction
    times = np.array([100, 400, 1600, 6400])
    regret = np.array([losses[:T].sum() - best_loss(X[:T], y[:T]) for T in times])
    assert np.all(regret > 0)
    growth = np.diff(np.log(regret)) / np.diff(np.log(times))
    assert np.polyfit(np.log(times), np.log(regret), 1)[0] <= 0.5, growth
    assert regret[-1] / np.sqrt(times[-1]) <= regret[0] / np.sqrt(times[0])


def best_loss(X, y):
    """The least sum of losses with hindsight, by Newton's method."""
    w = np.zeros(X.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(y * (X @ w)))
        w = w - np.linalg.solve((X * (p * (1 - p))[:, None]).T @ X + 1e-9 * np.eye(w.size), -X.T @ (y * p))
    return np.logaddexp(0, -y * (X @ w)).sum()


def test_a_plain_learning_rate_makes_the_published_steps():
    method = Adam(learning_rate=0.01, steps=30, stages=2, beta_2=0.999)
    target = Evaluator(lambda x: (x - np.array([1.0, -2.0]), np.eye(2)))
    run(method, free(2), [[3.0, 1.0]], target)
    walked = [x for x, want in zip(target.asked, target.wants, strict=True) if want is Want.GRADIENT]
    x, stream = np.array([3.0, 1.0]), []
    for t in range(30):
        stream.append(x - np.array([1.0, -2.0]))
        x = x - 0.01 * list(by_hand(np.array(stream), "adam", 0.9, 0.999, 1e-8))[-1]
        np.testing.assert_allclose(walked[3 + t], x, rtol=1e-12)  # after the start and two probes


def bowl(x):
    """Bent, with correlated residuals; its minimum is away from zero and above it."""
    return np.array([x[0] - 2.0, 3 * (x[1] - 1.0) + (x[0] - 2.0), 0.3 * x[0] * x[1]]), np.array(
        [[1.0, 0.0], [1.0, 3.0], [0.3 * x[1], 0.3 * x[0]]]
    )


def test_the_bowl_is_walked_to_its_end_and_the_state_survives_pickling():
    starts = [[-1.2, 1.0], [0.5, 2.0]]
    one = run(Adam(), free(2), starts, Evaluator(bowl))
    two = run(Adam(), free(2), starts, Evaluator(bowl), pickle_each_step=True)
    assert set(one.endings) == {Ending.CONVERGED}
    r, J = bowl(one.points[one.best])
    assert np.abs(J.T @ r).max() < 1e-3 * np.linalg.norm(r)
    np.testing.assert_array_equal(one.points, two.points)


def test_many_parameters_need_few_probes_of_the_curvature():
    d = 60
    centre, scale = np.linspace(1, 2, d), np.logspace(0, 2, d)
    target = Evaluator(lambda x: (scale * (x - centre), np.diag(scale)))
    found = run(Adam(), free(d), [np.zeros(d)], target)
    np.testing.assert_allclose(found.points[0], centre, atol=1e-4)
    assert found.endings == (Ending.CONVERGED,)
    assert len(target.asked) < 1200


def test_bounds_hold_and_a_bad_region_is_turned_back_from():
    def pit(x):
        r = np.array([x[0] - 3.0, x[1] - 1.0])
        return (r if x[1] > 0.5 else r * np.nan), np.eye(2)

    target = Evaluator(pit)
    found = run(Adam(), box((0, 2), (-5, 5)), [[0.5, 4.0], [0.5, 0.0]], target)
    assert found.endings == (Ending.CONVERGED, Ending.FAILED)
    np.testing.assert_allclose(found.points[0], [2, 1], atol=1e-4)
    asked = np.array(target.asked)
    assert asked[:, 0].min() >= 0 and asked[:, 0].max() <= 2


def test_what_is_not_reached_is_said():
    found = run(Adam(stages=1, steps=5), free(2), [[-1.2, 1.0]], Evaluator(rosenbrock))
    assert found.endings == (Ending.LIMIT,)
    assert "after 1 stages of 5 steps the scaled, projected gradient is still" in found.message


def test_bad_settings_and_a_missing_optax(monkeypatch):
    with pytest.raises(MethodError, match=r'adam\(variant="adamx"\): did you mean "adamax"\?'):
        Adam(variant="adamx")
    with pytest.raises(MethodError, match=r"adam\(beta_1=1.0\): a number from zero to below 1 is wanted."):
        Adam(beta_1=1.0)
    with pytest.raises(MethodError, match=r"adam\(rate=-1.0\): a number above zero is wanted."):
        Adam(rate=-1.0)
    monkeypatch.setitem(sys.modules, "optax", None)
    wanted = r'The method adam needs the package optax. Install it with: pip install "parametra\[optax\]"'
    with pytest.raises(MissingExtraError, match=wanted):
        Adam().start(free(1), np.ones((1, 1)))


def test_settings_are_frozen_and_travel():
    assert pickle.loads(pickle.dumps(Adam(rate=0.2))) == dataclasses.replace(Adam(), rate=0.2)
