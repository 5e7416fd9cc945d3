import numpy as np
import pytest

from fit_loop import Evaluator, box, decay, free, rosenbrock, run
from parametra.methods.fit.least_squares import LeastSquares
from parametra.methods.fit.levenberg_marquardt import LevenbergMarquardt
from parametra.nouns.asker import Ending, Want

METHOD = LeastSquares()
T = np.linspace(0.0, 4.0, 40)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.01 * np.random.default_rng(3).normal(size=40)


def test_the_same_number_by_two_routes():
    start = np.array([[1.0, 0.2, 0.0]])
    found = METHOD.solve(free(3), start, Evaluator(decay(T, Y)))
    other = run(LevenbergMarquardt(), free(3), start, Evaluator(decay(T, Y)))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points, other.points, rtol=1e-7)
    assert np.isclose(found.cost[0], other.cost[0], rtol=1e-13)
    assert found.message.startswith("SciPy: ")


@pytest.mark.parametrize(
    ("bounds", "optimum"),
    [(((-3, 3), (-3, 3)), (1, 1)), (((1.5, 3), (-3, 3)), (1.5, 2.25)), (((-3, 0.5), (-3, 3)), (0.5, 0.25))],
)
def test_bounds(bounds, optimum):
    space, evaluator = box(*bounds), Evaluator(rosenbrock)
    found = METHOD.solve(space, np.array([[bounds[0][0], 2.5]]), evaluator)
    assert np.allclose(found.points[0], optimum, atol=1e-6)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluator.asked)


def test_every_start_and_the_best_of_them():
    starts = np.array([[-1.2, 1.0], [2.0, 2.0], [3.0, -1.0]])
    found = METHOD.solve(free(2), starts, Evaluator(rosenbrock))
    assert np.allclose(found.points, 1.0, atol=1e-6)
    assert found.best == int(np.argmin(found.cost))
    assert (found.iterations > 0).all()


def test_each_point_is_evaluated_once():
    evaluator = Evaluator(rosenbrock)
    METHOD.solve(free(2), np.array([[-1.2, 1.0]]), evaluator)
    assert len({x.tobytes() for x in evaluator.asked}) == len(evaluator.asked)
    assert set(evaluator.wants) == {Want.JACOBIAN}


def test_a_start_that_fails_and_one_that_does_not():
    def of(x):
        r, J = rosenbrock(x)
        return (r * np.nan, J) if x[0] < 0 else (r, J)

    found = METHOD.solve(free(2), np.array([[-1.0, 1.0], [2.0, 2.0]]), Evaluator(of))
    assert found.endings == (Ending.FAILED, Ending.CONVERGED)
    assert found.best == 1
    none = METHOD.solve(free(2), np.array([[-1.0, 1.0]]), Evaluator(of))
    assert (none.best, none.message) == (-1, "no start could be evaluated")


def test_a_limit_is_called_one():
    found = LeastSquares(maximum_evaluations=3).solve(free(2), np.array([[-1.2, 1.0]]), Evaluator(rosenbrock))
    assert found.endings == (Ending.LIMIT,)


def test_robust_losses_are_not_claimed():
    # with a robust loss the residuals come scaled, and SciPy would take their squares for the cost
    assert "robust losses" not in METHOD.card.honours


def test_coordinates_of_very_different_size():
    def of(x):
        r, J = decay(T, Y)(np.array([x[0] * 1e-6, x[1] * 1e3, x[2]]))
        return r, J * np.array([1e-6, 1e3, 1.0])

    found = METHOD.solve(free(3), np.array([[1e6, 2e-4, 0.1]]), Evaluator(of))
    plain = METHOD.solve(free(3), np.array([[1.0, 0.2, 0.1]]), Evaluator(decay(T, Y)))
    assert np.allclose(found.points[0] * [1e-6, 1e3, 1.0], plain.points[0], rtol=1e-7)
