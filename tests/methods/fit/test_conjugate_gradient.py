import numpy as np
import pytest

import classical_minima as minima
from classical_minima import CASES, ROSENBROCK, Case, Costs, named, solve
from fit_loop import box, free
from parametra.methods.fit import _line_search as search
from parametra.methods.fit.conjugate_gradient import ConjugateGradient
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = ConjugateGradient()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_minima_with_at_most_twice_the_evaluations_of_scipy(case):
    from scipy.optimize import minimize

    accuracy = 1e-8 if case.name == "powell" else 1e-12
    asked = minima.finds(METHOD, case, accuracy)
    scipy = minimize(case.above, case.start, jac=asked.gradient, method="CG", options={"gtol": 1e-7, "maxiter": 10_000})
    assert scipy.fun - 1 < 1e-8
    assert asked.count <= 2 * scipy.nfev
    assert set(asked.wants) == {Want.GRADIENT}


def test_a_parabola_takes_as_many_steps_as_it_has_dimensions():
    found = solve(METHOD, free(3), [[-1.0, 0.5, 1.0]], Costs(lambda x: minima.bowl(x) + 1))
    assert found.iterations[0] <= 5  # 3 with exact searches; these stop at a tenth of the slope
    assert np.allclose(found.points[0], [1, -2, 3], atol=1e-7)


def test_many_parameters():
    # the minimum of x'Ax - 2 b'x is known from linear algebra; 60 parameters, condition 1000
    random = np.random.default_rng(5)
    Q = np.linalg.qr(random.normal(size=(60, 60)))[0]
    A = (Q * np.logspace(0, 3, 60)) @ Q.T
    b = random.normal(size=60)
    known = np.linalg.solve(A, b)
    evaluate = Costs(lambda x: x @ A @ x - 2 * b @ x)
    found = solve(METHOD, free(60), [np.zeros(60)], evaluate)
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], known, atol=1e-6)
    assert found.iterations[0] < 300


def test_bounds():
    minima.stays_inside(METHOD, 1e-12)


def test_several_bounds_at_once():
    # the minimum of a parabola in a box, by trying every set of active bounds
    space = box((-1, 0.5), (-1.5, 2), (3.5, 5))
    found = solve(METHOD, space, [[0.0, 0.0, 4.0]], Costs(lambda x: minima.bowl(x) + 1))
    gradient = 2 * minima.BOWL @ (found.points[0] - np.array([1.0, -2.0, 3.0]))
    at_lower, at_upper = found.points[0] == space.lower, found.points[0] == space.upper
    assert np.all(gradient[at_lower] >= 0) and np.all(gradient[at_upper] <= 0)
    assert np.allclose(gradient[~(at_lower | at_upper)], 0, atol=1e-6)
    assert (at_lower | at_upper).sum() >= 2


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


def test_a_corner_is_not_called_a_minimum_of_a_smooth_function():
    found = solve(
        METHOD, free(2), [[3.0, -2.0]], Costs(lambda x: np.sqrt((x[0] - 1) ** 2) + 3 * np.sqrt(x[1] ** 2) + 1)
    )
    assert found.endings == (Ending.FAILED,)
    assert "perhaps it is not smooth" in found.message


def test_a_limit_is_called_one():
    found = solve(ConjugateGradient(maximum_iterations=3), free(2), [[-1.2, 1.0]], Costs(ROSENBROCK.above))
    assert (found.endings, found.message) == ((Ending.LIMIT,), "3 iterations were not enough")


def test_settings_must_be_above_zero():
    with pytest.raises(MethodError, match=r"^conjugate_gradient\(tolerance=-1.0\): a number above zero is wanted\.$"):
        ConjugateGradient(tolerance=-1.0)


@pytest.mark.parametrize("step", [1e-6, 0.1, 1.0, 1e5])
@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda t: (t - 1.7) ** 2 + 3, lambda t: 2 * (t - 1.7)),
        (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),  # More and Thuente (1994), with beta 2
        (lambda t: np.exp(t) - 4 * t if t < 5 else np.nan, lambda t: np.exp(t) - 4 if t < 5 else np.nan),
    ],
)
def test_line_search_meets_the_strong_wolfe_conditions(function, slope, step):
    line = search.begin(function(0.0), slope(0.0), step, np.inf, 0.1)
    while not line.done:
        line = search.advance(line, float(function(line.t)), float(slope(line.t)))
    assert not line.failed
    assert function(line.t) <= function(0.0) + 1e-4 * line.t * slope(0.0)
    assert abs(slope(line.t)) <= 0.1 * abs(slope(0.0))


def test_line_search_stops_at_the_bound():
    line = search.begin(0.0, -1.0, 0.3, 2.0, 0.1)
    while not line.done:
        assert line.t <= 2.0
        line = search.advance(line, -line.t, -1.0)
    assert (line.t, line.failed) == (2.0, False)
