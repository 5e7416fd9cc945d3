import numpy as np
import pytest

from classical_minima import Costs, solve
from fit_loop import box, free
from parametra.methods.fit.brent import Brent
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = Brent()
START = [[0.4], [2.0]]


def of(function):
    return Costs(lambda x: function(float(x[0])))


@pytest.mark.parametrize(
    ("function", "bounds", "minimum", "precision"),
    [
        (lambda x: (x - 1.3) ** 2 + 1, (-4, 5), 1.3, 1e-7),
        (lambda x: np.cosh(x - 0.6) + 0.2 * x, (-4, 5), 0.6 - np.arcsinh(0.2), 1e-7),
        (lambda x: x - np.log(x), (1e-6, 50), 1.0, 1e-7),
        (lambda x: (x - 2) ** 4 + 1, (0, 10), 2.0, 2e-4),  # flat to rounding within 1e-4
        (lambda x: abs(x - 0.777) + 1, (-1, 3), 0.777, 1e-7),
        (lambda x: -np.exp(-((x - 3.2) ** 2)) + 2, (-1, 4), 3.2, 1e-7),
    ],
)
def test_closed_form_minima_beside_scipy(function, bounds, minimum, precision):
    from scipy.optimize import minimize_scalar

    evaluate = of(function)
    found = solve(METHOD, box(bounds), START, evaluate)
    assert found.endings == (Ending.CONVERGED,) * 2
    assert np.allclose(found.points, minimum, atol=precision)
    scipy = minimize_scalar(function, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    # both starts together, and the scan that looks for other valleys comes first
    assert evaluate.count - METHOD.scan - 2 <= scipy.nfev + 12
    assert set(evaluate.wants) == {Want.COST}


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-np.inf, 50), (0.1, np.inf)])
def test_without_bounds_the_scan_goes_outwards(bounds):
    found = solve(METHOD, box(bounds), [[2.0]], of(lambda x: (x - 40) ** 2 + 1))
    assert np.allclose(found.points, 40, atol=1e-5)
    assert found.endings == (Ending.CONVERGED,)


@pytest.mark.parametrize(
    ("function", "bound"), [(lambda x: x + 2, 0.5), (lambda x: -np.exp(x), 3.0), (lambda x: -x * x, 3.0)]
)
def test_a_minimum_at_a_bound_is_exactly_there_and_cheap(function, bound):
    evaluate = of(function)
    found = solve(METHOD, box((0.5, 3.0)), [[1.0]], evaluate)
    assert (found.points[0, 0], found.endings) == (bound, (Ending.CONVERGED,))
    assert evaluate.count <= METHOD.scan + 2
    assert all(0.5 <= x[0] <= 3.0 for x in evaluate.asked)


def test_just_beside_a_bound():
    found = solve(METHOD, box((0.0, 100.0)), [[50.0]], of(lambda x: (x - 1e-3) ** 2 + 1e-9))
    assert np.allclose(found.points, 1e-3, rtol=1e-3)


def test_every_start_goes_to_its_valley_and_the_first_to_the_lowest():
    def waves(x):
        return np.sin(3 * x) + 0.1 * (x - 1) ** 2

    grid = np.linspace(-5, 8, 200_001)
    lowest = grid[np.argmin(waves(grid))]
    found = solve(Brent(scan=40), box((-5, 8)), [[3.6], [5.5], [5.8]], of(waves))
    assert np.isclose(found.points[0, 0], lowest, atol=1e-4)
    assert np.isclose(found.points[1, 0], found.points[2, 0])
    slope = 3 * np.cos(3 * found.points[1, 0]) + 0.2 * (found.points[1, 0] - 1)
    assert abs(slope) < 1e-6 and found.cost[1] > found.cost[0]
    assert found.best == 0


def test_where_the_model_fails():
    found = solve(METHOD, box((-10, 10)), [[-4.0], [2.0]], of(lambda x: (x - 1.5) ** 2 + 1 if x > 1 else np.nan))
    assert found.endings == (Ending.FAILED, Ending.CONVERGED)
    assert np.isclose(found.points[1, 0], 1.5, atol=1e-7)
    nothing = solve(METHOD, box((-10, 10)), START, of(lambda x: np.nan))
    assert nothing.endings == (Ending.FAILED, Ending.FAILED)
    assert (nothing.best, nothing.message) == (-1, "no start could be evaluated")


def test_the_same_to_the_bit_also_from_a_saved_state():
    function = lambda x: np.cosh(x - 0.6) + 0.2 * x
    one, two = (solve(METHOD, free(1), START, of(function), pickled=pickled) for pickled in (False, True))
    assert one.points.tobytes() == two.points.tobytes()


def test_a_limit_is_called_one():
    found = solve(Brent(maximum_iterations=3), box((-4, 5)), [[0.0]], of(lambda x: np.cosh(x - 0.6)))
    assert (found.endings, found.message) == ((Ending.LIMIT,), "3 iterations were not enough")


def test_refusals():
    with pytest.raises(MethodError, match=r"^`brent` searches one parameter; here are 2\. Use another method\.$"):
        METHOD.start(free(2), np.zeros((1, 2)))
    with pytest.raises(MethodError, match=r"^brent\(scan=0\): a whole number above zero is wanted\.$"):
        Brent(scan=0)
