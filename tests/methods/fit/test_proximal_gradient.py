"""proximal_gradient: scikit-learn's lasso, the optimality conditions of SCAD and MCP, bounds, failures, endings."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from fit_loop import Evaluator, run
from parametra.maths.penalties import CoordinatePenalty
from parametra.methods.fit.proximal_gradient import ProximalGradient
from parametra.nouns.asker import Answers, Ending, Want
from parametra.nouns.errors import MethodError
from parametra.nouns.search_space import SearchSpace


def regression(seed, n=40, p=60, terms=5, correlation=0.5):
    """Columns correlated with their neighbours, `terms` of them at work."""
    r = np.random.default_rng(seed)
    X = r.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    beta = np.zeros(p)
    beta[r.choice(p, terms, replace=False)] = r.choice([-1, 1], terms) * r.uniform(0.5, 2, terms)
    signal = X @ beta
    return X, signal + r.normal(size=n) * signal.std() / 4, beta


class Linear(Evaluator):
    """1/2 |X b - y|^2, all points at once."""

    def __init__(self, X, y):
        super().__init__(None)
        self.X, self.y = X, y

    def __call__(self, request):
        points = request.points
        self.asked += [x.copy() for x in points]
        self.wants += [request.want] * len(points)
        ok = np.ones(len(points), dtype=bool)
        if request.want is Want.PREDICTED:
            jacobian = np.broadcast_to(self.X, (len(points), *self.X.shape))
            return Answers(cost=np.zeros(len(points)), ok=ok, predicted=points @ self.X.T, jacobian=jacobian)
        rows = points @ self.X.T - self.y
        return Answers(cost=0.5 * (rows * rows).sum(1), ok=ok, gradient=rows @ self.X)

    @property
    def gradients(self):
        return self.wants.count(Want.GRADIENT)


def space(penalty, lower=-np.inf, upper=np.inf):
    d = penalty.strengths.size
    return SearchSpace(np.full(d, lower), np.full(d, upper), penalty=penalty)


def strengths(X, y, share):
    return np.full(X.shape[1], share * np.abs(X.T @ y).max() / len(y))


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
@pytest.mark.parametrize("scaled", [True, False])
def test_lasso_is_scikit_learn_s(share, scaled):
    X, y, _ = regression(1)
    level = strengths(X, y, share)
    found = run(
        ProximalGradient(scaled=scaled), space(CoordinatePenalty("lasso", level, 0.0, 40.0)), np.zeros(60), Linear(X, y)
    )
    wanted = Lasso(alpha=level[0], fit_intercept=False, tol=1e-15, max_iter=1_000_000).fit(X, y).coef_
    assert found.endings[0] is Ending.CONVERGED
    np.testing.assert_allclose(found.points[0], wanted, atol=1e-6)
    assert ((found.points[0] != 0) == (wanted != 0)).all()


def conditions(kind, b, gradient, strength, shape, n):
    """Zero among the slopes, restated from the penalties' definitions: the largest violation over n."""
    u = np.abs(b)
    if kind == "mcp":
        slope = np.maximum(strength - u / shape, 0)
    else:
        slope = np.where(u <= strength, strength, np.maximum(shape * strength - u, 0) / (shape - 1))
    off = np.where(b == 0, np.maximum(np.abs(gradient) / n - strength, 0), np.abs(gradient / n + np.sign(b) * slope))
    return off.max()


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize(("kind", "shape"), [("mcp", 3.0), ("mcp", 1.5), ("scad", 3.7), ("scad", 2.5)])
def test_scad_and_mcp_end_where_their_conditions_hold(kind, shape, accelerate):
    for seed in range(3):
        X, y, _ = regression(seed)
        level = strengths(X, y, 0.15)
        method = ProximalGradient(accelerate=accelerate, tolerance=1e-9)
        found = run(method, space(CoordinatePenalty(kind, level, shape, 40.0)), np.zeros((1, 60)), Linear(X, y))
        b = found.points[0]
        assert found.endings[0] is Ending.CONVERGED and 0 < (b != 0).sum() < 40
        assert conditions(kind, b, X.T @ (X @ b - y), level[0], shape, 40) < 1e-7 * level[0]


def test_acceleration_at_least_halves_the_iterations():
    """System 182 on 5 of its data sets; the benchmark sparse_regression.py has 50 of each kind."""
    for kind, shape in (("scad", 3.7), ("mcp", 3.0)):
        taken = {True: 0, False: 0}
        for seed in range(5):
            X, y, _ = regression(seed, n=200, p=1000, terms=10)
            where = space(CoordinatePenalty(kind, strengths(X, y, 0.1), shape, 200.0))
            for accelerate in taken:
                found = run(
                    ProximalGradient(accelerate=accelerate, tolerance=1e-4), where, np.zeros((1, 1000)), Linear(X, y)
                )
                assert found.endings[0] is Ending.CONVERGED
                taken[accelerate] += int(found.iterations[0])
        assert taken[True] <= 0.5 * taken[False]


def test_bounds_are_never_left_and_hold_the_answer():
    X, y, _ = regression(2, n=80, p=20)
    level = strengths(X, y, 0.05)
    evaluate = Linear(X, y)
    found = run(
        ProximalGradient(),
        space(CoordinatePenalty("lasso", level, 0.0, 80.0), 0.0, 0.7),
        np.full((1, 20), 0.3),
        evaluate,
    )
    asked = np.array(evaluate.asked)
    assert asked.min() >= 0.0 and asked.max() <= 0.7
    b = found.points[0]
    slope = (X.T @ (X @ b - y)) / 80 + level
    assert (b == 0.7).any() and (b == 0).any()
    assert (slope[b == 0] > -1e-7).all() and (slope[b == 0.7] < 1e-7).all()
    np.testing.assert_allclose(slope[(b > 0) & (b < 0.7)], 0, atol=1e-7)


def test_many_starts_side_by_side_are_the_single_ones_and_states_survive_pickling():
    X, y, _ = regression(3)
    where = space(CoordinatePenalty("mcp", strengths(X, y, 0.1), 3.0, 40.0))
    starts = np.random.default_rng(0).normal(size=(4, 60))
    starts[0] = 0
    together = run(ProximalGradient(scaled=False), where, starts, Linear(X, y), pickle_each_step=True)
    for i in range(4):
        alone = run(ProximalGradient(scaled=False), where, starts[i], Linear(X, y))
        np.testing.assert_allclose(together.points[i], alone.points[0], rtol=1e-9, atol=1e-9)
    assert together.best == int(np.argmin(together.cost))
    total = 0.5 * ((X @ together.points[0] - y) ** 2).sum() + where.penalty.value(together.points[:1])[0]
    assert together.cost[0] == pytest.approx(total, rel=1e-12)


def test_points_that_fail_are_turned_back_from():
    X, y, _ = regression(4, n=80, p=10)

    class Failing(Linear):
        def __call__(self, request):
            answers = super().__call__(request)
            bad = np.abs(request.points).max(axis=1) > 1.2
            cost = np.where(bad, np.inf, answers.cost)
            gradient = None if answers.gradient is None else np.where(bad[:, None], np.nan, answers.gradient)
            return Answers(
                cost=cost, ok=~bad, gradient=gradient, predicted=answers.predicted, jacobian=answers.jacobian
            )

    where = space(CoordinatePenalty("lasso", strengths(X, y, 0.3), 0.0, 80.0))
    found = run(ProximalGradient(maximum_iterations=300), where, np.zeros((1, 10)), Failing(X, y))
    assert np.isfinite(found.cost[0]) and np.abs(found.points[0]).max() <= 1.2
    hopeless = run(ProximalGradient(), where, np.full((1, 10), 9.0), Failing(X, y))
    assert hopeless.best == -1 and hopeless.endings[0] is Ending.FAILED
    assert hopeless.message == "no start could be evaluated"


def test_it_says_how_it_ended():
    X, y, _ = regression(5)
    where = space(CoordinatePenalty("lasso", strengths(X, y, 0.1), 0.0, 40.0))
    done = run(ProximalGradient(), where, np.zeros((1, 60)), Linear(X, y))
    assert "cost and penalty balance in every coordinate, to " in done.message
    short = run(ProximalGradient(maximum_iterations=3), where, np.zeros((1, 60)), Linear(X, y))
    assert short.endings[0] is Ending.LIMIT
    assert "3 iterations were not enough: slopes are off by" in short.message
    free = run(
        ProximalGradient(), SearchSpace(np.full(3, -np.inf), np.full(3, np.inf)), np.zeros((1, 3)), Linear(X[:, :3], y)
    )
    assert "the slope is zero, to " in free.message
    np.testing.assert_allclose(free.points[0], np.linalg.lstsq(X[:, :3], y)[0], atol=1e-7)
    method = ProximalGradient()
    state = method.start(where, np.zeros((1, 60)))
    assert method.solutions(state).message == "no start could be evaluated"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"tolerance": 0.0}, r"proximal_gradient\(tolerance=0.0\): a number above zero is wanted"),
        ({"maximum_iterations": 0}, r"proximal_gradient\(maximum_iterations=0\): a whole number above zero is wanted"),
        ({"backtracking": 1.0}, r"proximal_gradient\(backtracking=1.0\): a number above 1 is wanted"),
    ],
)
def test_settings_that_cannot_be(setting, message):
    with pytest.raises(MethodError, match=message):
        ProximalGradient(**setting)


def test_gradients_with_rounding_end_at_their_rounding():
    X, y, _ = regression(6, n=80, p=10)
    shake = np.random.default_rng(0)

    class Rough(Linear):
        def __call__(self, request):
            answers = super().__call__(request)
            if answers.gradient is None:
                return answers
            noise = 1 + 1e-6 * shake.choice([-1.0, 1.0], answers.gradient.shape)
            return Answers(cost=answers.cost, ok=answers.ok, gradient=answers.gradient * noise)

    where = space(CoordinatePenalty("lasso", strengths(X, y, 0.1), 0.0, 80.0))
    found = run(ProximalGradient(), where, np.zeros((1, 10)), Rough(X, y))
    assert found.endings[0] is Ending.CONVERGED and found.iterations[0] < 3000
    exact = run(ProximalGradient(), where, np.zeros((1, 10)), Linear(X, y))
    np.testing.assert_allclose(found.points[0], exact.points[0], atol=1e-5)
