"""Target surrogates: fewer slopes than tuned gradient descent, and above the cost at every step."""

import numpy as np
import pytest

import parametra as pm
from fit_loop import free
from parametra.maths.distributions import Normal
from parametra.methods.fit.target_surrogate import TargetSurrogate
from parametra.nouns.asker import Answers, Ending, Want
from parametra.nouns.errors import MethodError


class Regression:
    """A cost of linear predictions z = X w, with what was asked for counted."""

    def __init__(self, X, cost, slope):
        self.X, self.cost, self.slope = X, cost, slope
        self.count = dict.fromkeys(Want, 0)

    def __call__(self, request):
        self.count[request.want] += len(request.points)
        z = request.points @ self.X.T
        value = np.array([self.cost(one) for one in z])
        slopes = np.stack([self.slope(one) for one in z])
        J = np.broadcast_to(self.X, (len(z), *self.X.shape))
        ok = np.isfinite(value)
        return Answers(cost=value, ok=ok, gradient=slopes @ self.X, predicted=z, jacobian=J, score=-slopes)


def logistic(seed=0, n=400, d=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.logspace(0, 0.7, d)
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-X @ rng.normal(size=d) / 3)), 1.0, -1.0)
    return Regression(X, lambda z: np.logaddexp(0, -y * z).sum(), lambda z: -y / (1 + np.exp(y * z)))


def linear(seed=1, n=300, d=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.logspace(0, 0.7, d)
    y = X @ rng.normal(size=d) + rng.normal(size=n)
    return Regression(X, lambda z: 0.5 * np.sum((z - y) ** 2), lambda z: z - y)


def optimum(problem):
    """By L-BFGS to the last digit."""
    from scipy.optimize import minimize

    def both(w):
        return problem.cost(problem.X @ w), problem.X.T @ problem.slope(problem.X @ w)

    return minimize(both, np.zeros(problem.X.shape[1]), jac=True, tol=1e-14).fun


def descent(problem, best, tolerance, most=20_000):
    """Gradient calls of gradient descent with the best of 25 constant steps."""
    smooth = np.linalg.norm(problem.X, 2) ** 2
    counts = []
    for step in np.geomspace(0.1, 20, 25) / smooth:
        w = np.zeros(problem.X.shape[1])
        for k in range(most):
            if problem.cost(problem.X @ w) - best <= tolerance * abs(best):
                counts.append(k)
                break
            w = w - step * problem.X.T @ problem.slope(problem.X @ w)
            if not np.isfinite(w).all():
                break
            if counts and k > min(counts):
                break
    return min(counts)


def driven(method, problem, best=None, tolerance=0.0):
    """The end of a run, and how many slopes were asked for before the cost was within tolerance."""
    state = method.start(free(problem.X.shape[1]), np.zeros((1, problem.X.shape[1])))
    reached = None
    while not method.halted(state):
        state = method.tell(state, problem(method.ask(state)))
        if best is not None and reached is None and state.lanes[0].cost - best <= tolerance * abs(best):
            reached = problem.count[Want.SCORE] + problem.count[Want.GRADIENT]
    return state, reached


@pytest.mark.parametrize("make", [logistic, linear])
@pytest.mark.parametrize("metric", ["identity", "measured"])
def test_a_third_of_the_slopes_of_tuned_gradient_descent_at_most(make, metric):
    problem = make()
    best = optimum(problem)
    needed = descent(problem, best, 1e-6)
    state, reached = driven(TargetSurrogate(metric=metric), problem, best, 1e-6)
    assert state.lanes[0].ending is Ending.CONVERGED
    assert needed >= 3 * reached, (needed, reached)


@pytest.mark.parametrize("make", [logistic, linear])
@pytest.mark.parametrize("metric", ["identity", "measured"])
def test_the_surrogate_is_above_the_cost_at_every_step_and_the_cost_never_rises(make, metric):
    state, _ = driven(TargetSurrogate(metric=metric), make())
    cost, above = np.array(state.bounds).T
    assert len(cost) >= 1
    assert np.all(cost <= above + 1e-12 * np.abs(cost))
    assert np.all(np.diff(cost) <= 1e-9)


def test_the_known_majoriser_of_the_logistic_loss_is_found():
    """Curvature p (1 - p) <= 1/4: with W = 1 and eta held at 4 or less no step is ever refused."""
    problem = logistic()
    state, _ = driven(TargetSurrogate(metric="identity"), problem)
    assert state.lanes[0].eta >= 4.0


def test_a_fit_with_a_noise_parameter_and_a_prior():
    x = np.linspace(1, 5, 40)
    y = 2 * x + 1 + 0.2 * np.sin(7 * x * x)
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y")
    noise = pm.StudentT(5, sigma="estimated")
    parameters = {"a": pm.Real(-9, 9, guess=1), "b": pm.Real(-9, 9, guess=0, prior=Normal(1.2, 0.1))}
    ours = pm.fit("a * x + b", data, parameters, noise=noise, method="target_surrogate", starts=2)
    theirs = pm.fit("a * x + b", data, parameters, noise=noise, method="lbfgs", starts=1)
    assert ours.status.ok
    for name in ("a", "b", "sigma"):
        assert ours.estimate[name] == pytest.approx(theirs.estimate[name], rel=1e-3), name


def test_failures_and_bad_settings():
    problem = linear()
    problem.cost = lambda z: np.nan
    state, _ = driven(TargetSurrogate(), problem)
    assert state.lanes[0].ending is Ending.FAILED
    with pytest.raises(MethodError, match=r'target_surrogate\(metric="measure"\): did you mean "measured"\?'):
        TargetSurrogate(metric="measure")
    with pytest.raises(MethodError, match=r"target_surrogate\(eta=0.0\): a number above zero is wanted."):
        TargetSurrogate(eta=0.0)
