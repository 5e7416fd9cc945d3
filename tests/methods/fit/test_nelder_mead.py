import numpy as np
import pytest

import classical_minima as minima
from classical_minima import CASES, ROSENBROCK, Case, Costs, named, solve
from fit_loop import box, free
from parametra.methods.fit.nelder_mead import NelderMead
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = NelderMead()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_minima_with_at_most_twice_the_evaluations_of_scipy(case):
    from scipy.optimize import minimize

    asked = minima.finds(METHOD, case, 1e-9)
    options = {"adaptive": True, "xatol": 1e-8, "fatol": 1e-12, "maxfev": 20_000, "maxiter": 20_000}
    scipy = minimize(case.above, case.start, method="Nelder-Mead", options=options)
    assert scipy.fun - 1 < 1e-9
    assert asked.count <= 2 * scipy.nfev
    assert set(asked.wants) == {Want.COST}


def test_bounds():
    minima.stays_inside(METHOD)


def test_a_wall_of_nan_is_walked_around():
    minima.walks_around_nan(METHOD)


def test_a_start_that_fails_says_so():
    minima.says_when_nothing_works(METHOD)


def test_twice_the_same_to_the_bit_also_from_a_saved_state():
    minima.is_the_same_again(METHOD)


def test_starts_do_not_mind_one_another():
    minima.does_not_mind_neighbours(METHOD)


def test_coordinates_of_very_different_size():
    minima.is_scale_free(METHOD)


def test_one_parameter():
    minima.finds(METHOD, Case("cosh", lambda x: np.cosh(x[0] - 0.7) - 1, (3.0,)), 1e-10)


def test_a_minimum_of_zero():
    found = solve(METHOD, free(2), [[-1.2, 1.0]], Costs(minima.rosenbrock))
    assert found.endings == (Ending.CONVERGED,)
    assert found.cost[0] < 1e-14


def test_a_corner_of_the_bounds_is_left_again():
    # from a corner half of the vertices would lie outside, and a simplex that is clipped there is flat
    space = box((-1.2, 5), (-1.0, 5))
    found = solve(METHOD, space, [[-1.2, -1.0]], Costs(ROSENBROCK.above))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], 1.0, atol=1e-4)


def test_a_collapsed_simplex_is_no_minimum():
    # McKinnon's function (1998), on which the plain method contracts for ever towards the origin, where it still falls
    def mckinnon(x):
        return (360 * x[0] ** 2 if x[0] < 0 else 6 * x[0] ** 2) + x[1] + x[1] ** 2 + 1.25

    found = solve(METHOD, free(2), [[0.0, 0.0]], Costs(mckinnon))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], [0, -0.5], atol=1e-4)


def test_a_cost_with_corners():
    found = solve(METHOD, free(2), [[3.0, -2.0]], Costs(lambda x: abs(x[0] - 1) + 2 * abs(x[1] + x[0]) + 1))
    assert found.endings == (Ending.CONVERGED,)
    assert found.cost[0] - 1 < 1e-7


def test_a_cost_that_trembles():
    def trembling(x):
        return minima.bowl(x) + 1 + 1e-7 * np.sin(1e7 * x[0] + 3e7 * x[1] - 1e8 * x[2])

    evaluate = Costs(trembling)
    found = solve(METHOD, free(3), [[-1.0, 0.5, 1.0]], evaluate)
    assert found.endings == (Ending.CONVERGED,)
    assert found.cost[0] - 1 < 1e-6
    assert evaluate.count < 3000


@pytest.mark.parametrize("settings", [{"maximum_iterations": 5}, {"builds": 1}])
def test_limits_are_called_so(settings):
    found = solve(NelderMead(**settings), free(2), [[-1.2, 1.0]], Costs(ROSENBROCK.above))
    assert found.endings == (Ending.LIMIT,)
    assert found.message.endswith("were not enough")


def test_settings_must_be_above_zero():
    with pytest.raises(MethodError, match=r"^nelder_mead\(first_edge=0\.0\): a number above zero is wanted\.$"):
        NelderMead(first_edge=0.0)
