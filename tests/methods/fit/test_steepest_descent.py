import numpy as np
import pytest

import classical_minima as minima
from classical_minima import CASES, ROSENBROCK, Case, Costs, named, solve
from fit_loop import box, free
from parametra.methods.fit.steepest_descent import SteepestDescent
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = SteepestDescent()


@pytest.mark.parametrize("case", [c for c in CASES if c.name != "powell"], ids=named)
def test_minima(case):
    asked = minima.finds(METHOD, case, 1e-11)
    assert set(asked.wants) == {Want.GRADIENT}
    assert asked.count < 1500


def test_a_minimum_without_curvature_is_neared_slowly():
    minima.finds(METHOD, next(c for c in CASES if c.name == "powell"), 1e-8)


@pytest.mark.parametrize("case", [c for c in CASES if c.name in {"beale", "bowl"}], ids=named)
@pytest.mark.parametrize("step", ["armijo", "constant"])
def test_other_steps(case, step):
    minima.finds(SteepestDescent(step=step, rate=0.5), case, 1e-11)


def test_barzilai_and_borwein_need_a_tenth_of_the_evaluations_of_armijo():
    beale = next(c for c in CASES if c.name == "beale")
    quick, slow = minima.finds(METHOD, beale, 1e-11), minima.finds(SteepestDescent(step="armijo"), beale, 1e-11)
    assert 10 * quick.count < slow.count


def test_units_that_do_not_fit_any_more_are_measured_again():
    # a saturating curve, V x / (K + x): far from the minimum the units are others, and a start took 10 000 steps
    x = np.array([0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1])
    y = 212.7 * x / (0.0641 + x) + 10 * np.sin(2.7 * np.arange(12))
    evaluate = Costs(lambda p: 0.5 * np.sum((p[0] * x / (p[1] + x) - y) ** 2))
    found = solve(METHOD, box((1, 1000), (0.001, 10)), [[600.0, 5.0]], evaluate)
    assert found.endings == (Ending.CONVERGED,)
    assert evaluate.count < 500


def test_a_constant_step_is_constant():
    evaluate = Costs(lambda x: (x[0] - 3) ** 2 + 1)
    found = solve(SteepestDescent(step="constant", rate=0.5), free(1), [[0.0]], evaluate)
    # the unit is 1 / sqrt(2), so the step is 0.5 g / 2: half of the way every time
    walk = np.array(evaluate.asked).ravel()[2:12]
    assert np.allclose(3 - walk, 3 * 0.5 ** np.arange(1, 11), rtol=1e-6)
    assert found.endings == (Ending.CONVERGED,)


def test_a_constant_step_that_is_too_long_says_so():
    def walled(x):
        return (x[0] - 3) ** 2 + 1 if abs(x[0]) < 20 else np.nan

    found = solve(SteepestDescent(step="constant", rate=2.5), free(1), [[0.0]], Costs(walled))
    assert found.endings == (Ending.FAILED,)
    assert found.message == "a constant step of 2.5 led to where the model fails; take a smaller rate"
    assert found.cost[0] <= 10.0


def test_bounds():
    minima.stays_inside(METHOD, 1e-11)


@pytest.mark.parametrize("step", ["armijo", "constant"])
def test_bounds_of_other_steps(step):
    space, evaluate = box((-1, 0.5), (-1.5, 2), (3.5, 5)), Costs(lambda x: minima.bowl(x) + 1)
    found = solve(SteepestDescent(step=step, rate=0.5), space, [[0.0, 0.0, 4.0]], evaluate)
    known = solve(METHOD, space, [[0.0, 0.0, 4.0]], Costs(lambda x: minima.bowl(x) + 1))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], known.points[0], atol=1e-6)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluate.asked)


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
    minima.finds(METHOD, Case("cosh", lambda x: np.cosh(x[0] - 0.7) - 1, (3.0,)), 1e-12)


def test_a_limit_is_called_one():
    found = solve(SteepestDescent(maximum_iterations=3), free(2), [[-1.2, 1.0]], Costs(ROSENBROCK.above))
    assert (found.endings, found.message) == ((Ending.LIMIT,), "3 iterations were not enough")


def test_the_best_point_is_returned_though_steps_may_rise():
    evaluate = Costs(ROSENBROCK.above)
    found = solve(SteepestDescent(maximum_iterations=15), free(2), [[-1.2, 1.0]], evaluate)
    walked = [ROSENBROCK.above(x) for x in (evaluate.asked[0], *evaluate.asked[3:])]
    assert found.cost[0] == min(walked)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": "armjio"}, r'^steepest_descent\(step="armjio"\): did you mean "armijo"\?$'),
        ({"rate": 0.0}, r"^steepest_descent\(rate=0\.0\): a number above zero is wanted\.$"),
    ],
)
def test_impossible_settings(settings, message):
    with pytest.raises(MethodError, match=message):
        SteepestDescent(**settings)
