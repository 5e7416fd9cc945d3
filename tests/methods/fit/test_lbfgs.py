import numpy as np
import pytest

from fit_loop import Evaluator, box, decay, free, rosenbrock
from parametra.methods.fit.lbfgs import Lbfgs
from parametra.nouns.asker import Answers, Ending, Want

METHOD = Lbfgs()
T = np.linspace(0.0, 4.0, 40)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.01 * np.random.default_rng(3).normal(size=40)


def poisson(request):
    """Counts with mean exp(a + b t): a likelihood without residuals."""
    t, counts = np.linspace(0, 1, 30), np.random.default_rng(8).poisson(np.exp(1.5 + 1.2 * np.linspace(0, 1, 30)))
    rows = []
    for x in request.points:
        mean = np.exp(x[0] + x[1] * t)
        slope = mean - counts
        rows.append(((mean - counts * np.log(mean)).sum(), np.array([slope.sum(), (slope * t).sum()])))
    cost = np.array([row[0] for row in rows])
    return Answers(cost=cost, ok=np.isfinite(cost), gradient=np.stack([row[1] for row in rows]))


def test_a_likelihood_without_residuals():
    found = METHOD.solve(free(2), np.array([[0.0, 0.0]]), poisson)
    t = np.linspace(0, 1, 30)
    counts = np.random.default_rng(8).poisson(np.exp(1.5 + 1.2 * t))
    x = np.array([1.0, 1.0])
    for _ in range(50):  # Fisher scoring, a second route
        mean = np.exp(x[0] + x[1] * t)
        design = np.stack([np.ones_like(t), t])
        x = x + np.linalg.solve((design * mean) @ design.T, design @ (counts - mean))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], x, rtol=1e-6)


@pytest.mark.parametrize(
    ("bounds", "optimum"),
    [(((-3, 3), (-3, 3)), (1, 1)), (((1.5, 3), (-3, 3)), (1.5, 2.25)), (((-3, 0.5), (-3, 3)), (0.5, 0.25))],
)
def test_bounds(bounds, optimum):
    space, evaluator = box(*bounds), Evaluator(rosenbrock)
    found = METHOD.solve(space, np.array([[bounds[0][0], 2.5]]), evaluator)
    assert np.allclose(found.points[0], optimum, atol=1e-5)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluator.asked)
    assert set(evaluator.wants) == {Want.GRADIENT}


def test_coordinates_of_very_different_size():
    def of(x):
        r, J = decay(T, Y)(np.array([x[0] * 1e-6, x[1] * 1e3, x[2]]))
        return r, J * np.array([1e-6, 1e3, 1.0])

    found = METHOD.solve(free(3), np.array([[1e6, 2e-4, 0.1]]), Evaluator(of))
    plain = METHOD.solve(free(3), np.array([[1.0, 0.2, 0.1]]), Evaluator(decay(T, Y)))
    assert np.allclose(found.points[0] * [1e-6, 1e3, 1.0], plain.points[0], rtol=1e-5)


def test_every_start_and_the_best_of_them():
    found = METHOD.solve(free(2), np.array([[-1.2, 1.0], [2.0, 2.0], [3.0, -1.0]]), Evaluator(rosenbrock))
    assert np.allclose(found.points, 1.0, atol=1e-4)
    assert found.best == int(np.argmin(found.cost))


def test_a_wall_of_nan_is_walked_around():
    def of(x):
        r, J = rosenbrock(x)
        return (r * np.nan, J) if x[0] > 1.3 else (r, J)

    found = METHOD.solve(free(2), np.array([[-1.2, 1.0]]), Evaluator(of))
    assert np.allclose(found.points[0], 1.0, atol=1e-4)


def test_a_start_that_fails_says_so():
    found = METHOD.solve(free(2), np.ones((1, 2)), Evaluator(lambda x: (x * np.nan, np.eye(2))))
    assert found.endings == (Ending.FAILED,)
    assert (found.best, found.message) == (-1, "no start could be evaluated")


def test_a_limit_is_called_one():
    found = Lbfgs(maximum_iterations=2).solve(free(2), np.array([[-1.2, 1.0]]), Evaluator(rosenbrock))
    assert found.endings == (Ending.LIMIT,)


def test_twice_the_same_to_the_bit():
    one, two = (METHOD.solve(free(3), np.array([[1.0, 0.2, 0.0]]), Evaluator(decay(T, Y))) for _ in range(2))
    assert one.points.tobytes() == two.points.tobytes()
