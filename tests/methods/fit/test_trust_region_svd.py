import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from fit_loop import Evaluator, box, decay, free, rosenbrock, run
from nist_models import FORMULAS
from parametra.maths.gauss_newton import gauss_newton
from parametra.maths.trust_region import step_by_singular_values
from parametra.methods.fit.levenberg_marquardt import LevenbergMarquardt
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = LevenbergMarquardt()
T = np.linspace(0.0, 4.0, 40)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.01 * np.random.default_rng(3).normal(size=40)
NUMPY = {name: getattr(np, name) for name in ("exp", "cos", "sin", "arctan", "pi")}


def nist(entry, name):
    x, y, d = np.array(entry["x"], dtype=float), np.array(entry["y"], dtype=float), entry["p"]
    if name == "Nelson":
        x = x if x.shape[0] == y.size else x.T
        columns, y = {"x1": x[:, :1], "x2": x[:, 1:]}, np.log(y)
    else:
        columns = {"x": x.reshape(-1, 1)}
    code = compile(FORMULAS[name], name, "eval")
    complex_steps = np.concatenate([np.zeros((1, d)), 1e-30j * np.eye(d)])

    def of(b):
        named = {f"b{i + 1}": column for i, column in enumerate((b + complex_steps).T)}
        f = eval(code, {**NUMPY, **columns, **named})  # noqa: S307  formulas of this folder
        return f[:, 0].real - y, f[:, 1:].imag * 1e30

    return of


def digits(got, wanted):
    wanted = np.asarray(wanted)
    return float(np.min(-np.log10(np.maximum(np.abs(got - wanted) / np.abs(wanted), 1e-11))))


@pytest.mark.external
@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_certified_parameters_from_the_given_start(name, start, external_data):
    entry = json.loads((external_data / "nist_strd" / "nist_strd.json").read_text())[name]
    found = run(METHOD, free(entry["p"]), entry[f"start{start}"], Evaluator(nist(entry, name)))
    assert found.endings == (Ending.CONVERGED,), found.message
    assert digits(found.points[0], entry["certified"]) >= 7


@pytest.mark.parametrize(
    ("bounds", "where"),
    [
        (((-3, 3), (-3, 3)), "inside"),
        (((1.0, 3), (-3, 3)), "on one bound"),
        (((1.5, 3), (-3, 3)), "outside, first"),
        (((-3, 0.5), (-3, 3)), "outside, below"),
        (((-3, 3), (1.5, 3)), "outside, second"),
        (((1.2, 3), (2.0, 3)), "a corner"),
        (((-np.inf, 0.5), (-3, np.inf)), "half bounded"),
    ],
)
def test_bounds_as_scipy(bounds, where):
    space, start = box(*bounds), np.array([0.4, 2.5]) if bounds[0][0] < 0 else np.array([2.5, 2.9])
    evaluator = Evaluator(rosenbrock)
    found = run(METHOD, space, start, evaluator)
    peer = least_squares(
        lambda x: rosenbrock(x)[0],
        start,
        lambda x: rosenbrock(x)[1],
        bounds=(space.lower, space.upper),
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    assert found.cost[0] <= peer.cost * (1 + 1e-10) + 1e-20
    assert np.allclose(found.points[0], peer.x, rtol=0, atol=1e-6)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluator.asked)


def test_the_end_on_a_bound_is_the_bound():
    found = run(METHOD, box((1.5, 3), (-3, 3)), [2.0, 2.0], Evaluator(rosenbrock))
    assert abs(found.points[0, 0] - 1.5) <= 1e-10
    assert abs(found.points[0, 1] - 2.25) <= 1e-10


@settings(max_examples=40, deadline=None)
@given(
    low=st.floats(-2, 2),
    width=st.floats(0.05, 3),
    low2=st.floats(-2, 2),
    width2=st.floats(0.05, 3),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_never_asks_outside(low, width, low2, width2, share):
    space = box((low, low + width), (low2, low2 + width2))
    start = space.lower + np.array(share) * (space.upper - space.lower)
    evaluator = Evaluator(rosenbrock)
    found = run(METHOD, space, start, evaluator)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluator.asked)
    assert all(0.5 * (rosenbrock(x)[0] ** 2).sum() >= found.cost[0] * (1 - 1e-7) - 1e-20 for x in evaluator.asked)


def test_singular_jacobian_is_found_and_told():
    def of(x):
        return np.array([x[0] + x[1] - 3.0, 2 * (x[0] + x[1]) - 5.0]), np.array([[1.0, 1.0], [2.0, 2.0]])

    found = run(METHOD, free(2), [1.0, 1.0], Evaluator(of))
    assert found.endings == (Ending.CONVERGED,)
    assert np.isclose(found.points[0].sum(), 13 / 5)
    assert "some combination of parameters has no effect" in found.message


def test_a_parameter_without_effect_is_left_where_it_was():
    found = run(
        METHOD,
        free(2),
        [1.0, 7.0],
        Evaluator(lambda x: (np.array([x[0] - 2.0, x[0] - 4.0]), np.array([[1.0, 0], [1, 0]]))),
    )
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], [3.0, 7.0])


def test_a_wall_of_nan_is_walked_around():
    def of(x):
        r, J = rosenbrock(x)
        return (r * np.nan, J) if x[0] > 1.2 or x[1] < -0.5 else (r, J)

    found = run(METHOD, free(2), [-1.2, 1.0], Evaluator(of))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], 1.0, atol=1e-8)


def test_a_start_that_fails_says_so():
    found = run(METHOD, free(2), [1.0, 1.0], Evaluator(lambda x: (x * np.nan, np.eye(2))))
    assert found.endings == (Ending.FAILED,)
    assert found.best == -1
    assert found.message == "the model could not be evaluated at the start; choose another one"


def test_a_plateau_is_not_called_a_minimum():
    def of(x):
        e = np.exp(-x[0] * np.arange(1.0, 6))
        return e - 2.0, (-np.arange(1.0, 6) * e)[:, None]

    found = run(METHOD, box((0.5, np.inf)), [60.0], Evaluator(of))
    assert found.endings != (Ending.RUNNING,)
    assert found.endings == (Ending.CONVERGED,) or "this is no minimum" in found.message


def test_more_parameters_than_data():
    found = run(METHOD, free(3), [1.0, 2.0, 3.0], Evaluator(lambda x: (np.array([x.sum() - 12.0]), np.ones((1, 3)))))
    assert np.isclose(found.points[0].sum(), 12.0)


def test_any_stop_gives_the_best_so_far():
    evaluator = Evaluator(decay(T, Y))
    full = run(METHOD, free(3), [1.0, 0.2, 0.0], evaluator)
    lowest = np.inf
    for stop in range(1, len(evaluator.asked)):
        found = run(METHOD, free(3), [1.0, 0.2, 0.0], Evaluator(decay(T, Y)), most=stop)
        seen = [0.5 * (decay(T, Y)(x)[0] ** 2).sum() for x in evaluator.asked[:stop]]
        lowest = min(seen)
        assert np.isfinite(found.cost[0])
        assert found.cost[0] <= lowest * (1 + 1e-8)
        assert found.endings in ((Ending.RUNNING,), full.endings)
    assert full.cost[0] <= lowest * (1 + 1e-12)


def test_nothing_is_known_before_the_first_answer():
    found = METHOD.solutions(METHOD.start(free(2), np.ones((1, 2))))
    assert (found.best, found.endings) == (-1, (Ending.RUNNING,))


def test_pickled_on_the_way_it_ends_the_same_to_the_bit():
    plain, pickled = Evaluator(decay(T, Y)), Evaluator(decay(T, Y))
    one = run(METHOD, free(3), [1.0, 0.2, 0.0], plain)
    other = run(METHOD, free(3), [1.0, 0.2, 0.0], pickled, pickle_each_step=True)
    assert one.points.tobytes() == other.points.tobytes()
    assert np.stack(plain.asked).tobytes() == np.stack(pickled.asked).tobytes()


def test_telling_changes_no_earlier_state():
    evaluator = Evaluator(decay(T, Y))
    state = METHOD.start(free(3), np.array([[1.0, 0.2, 0.0]]))
    for _ in range(6):
        before = pickle.dumps(state)
        following = METHOD.tell(state, evaluator(METHOD.ask(state)))
        assert pickle.dumps(state) == before
        state = following


def test_asks_for_jacobians():
    evaluator = Evaluator(decay(T, Y))
    run(METHOD, free(3), [1.0, 0.2, 0.0], evaluator)
    assert set(evaluator.wants) == {Want.JACOBIAN}


# NIST's BoxBOD: from (1, 1) a first region that is too large ends on a plateau.
BOD_X = np.array([1.0, 2, 3, 5, 7, 10])
BOD_Y = np.array([109.0, 149, 149, 191, 213, 224])
BOD = (213.80940889, 0.54723748542)


def bod(b):
    e = np.exp(-b[1] * BOD_X)
    return b[0] * (1 - e) - BOD_Y, np.stack([1 - e, b[0] * BOD_X * e], axis=1)


def test_a_plateau_is_told_and_another_radius_leaves_it():
    alone = run(LevenbergMarquardt(radius_factors=(100.0,)), free(2), [1.0, 1.0], Evaluator(bod))
    assert alone.endings == (Ending.FAILED,)
    assert "this is no minimum" in alone.message
    both = run(LevenbergMarquardt(radius_factors=(100.0, 1.0)), free(2), [1.0, 1.0], Evaluator(bod))
    assert both.endings == (Ending.CONVERGED,)
    assert "(2 initial radii tried)" in both.message
    assert digits(both.points[0], BOD) >= 9


def test_a_limit_is_called_one():
    found = run(LevenbergMarquardt(maximum_iterations=2, radius_factors=(0.1,)), free(2), [1.0, 1.0], Evaluator(bod))
    assert found.endings == (Ending.LIMIT,)
    assert "the largest number of iterations was reached" in found.message


@pytest.mark.parametrize("radius", [0.1, 0.3, 1.0, 10.0])
def test_the_radius_need_not_be_tuned(radius):
    found = run(LevenbergMarquardt(radius_factors=(radius,)), free(2), [1.0, 1.0], Evaluator(bod))
    assert digits(found.points[0], BOD) >= 9


def test_gauss_newton_holds_a_coordinate_on_its_bound_and_moves_the_others_accordingly():
    # |R (z - (3, 1))|^2 in z1 <= 2: with z1 = 2 the second minimises (-1 + 0.8 w)^2 + (0.6 w)^2, w = z2 - 1 = 0.8
    R, x = np.array([[1.0, 0.8], [0.0, 0.6]]), np.array([2 - 1e-7, 1.5])
    q = R @ (x - np.array([3.0, 1.0]))
    step = gauss_newton(
        x=x,
        triangle=R,
        rotated=q,
        norm=float(np.linalg.norm(q)),
        lower=np.full(2, -np.inf),
        upper=np.array([2.0, np.inf]),
    )
    assert step.target[0] == 2.0
    assert np.isclose(step.target[1], 1.8, rtol=1e-14)
    assert step.full_rank


def test_the_bounds_share_in_the_hessian_is_that_of_the_paper():
    # 1/2 (x - 3)^2 in x <= 2 at x = 1: g = -2, v = u - x = 1, dv = -1; columns have length 1, so that d = 1 and C = 2
    answers = Evaluator(lambda x: (x - 3.0, np.eye(1)))(
        METHOD.ask(METHOD.start(box((-np.inf, 2.0)), np.array([[1.0]])))
    )
    state = METHOD.tell(METHOD.start(box((-np.inf, 2.0)), np.array([[1.0]])), answers)
    frame = state.one.frame
    assert np.allclose(frame.units, 1.0)
    assert np.allclose(frame.curvature, 2.0)
    assert np.allclose(frame.singular, np.sqrt(3.0))


def test_a_rank_deficient_step_that_fits_is_the_shortest_gauss_newton_step():
    step, damping = step_by_singular_values(
        np.array([1.2, 0.7, 0.0, 0.0]), np.array([10.0, -8.0, 3.0, 0.0]), np.eye(4), 100.0, 0.0
    )
    np.testing.assert_allclose(step, [-10 / 1.2, 8 / 0.7, 0.0, 0.0], rtol=1e-14)
    assert damping == 0.0


def test_a_rank_deficient_step_that_does_not_fit_ends_on_the_edge():
    step, damping = step_by_singular_values(np.array([1.2, 0.7, 0.0]), np.array([10.0, -8.0, 0.0]), np.eye(3), 5.0, 0.0)
    assert np.linalg.norm(step) == pytest.approx(5.0, rel=0.02)
    assert damping > 0.0


@pytest.mark.parametrize("pickled", [False, True])
def test_acceleration_saves_jacobians(pickled):
    spent = {}
    for wish in ("off", "on"):
        evaluate = Evaluator(rosenbrock)
        method = LevenbergMarquardt(acceleration=wish)
        found = run(method, free(2), [[-1.2, 1.0]], evaluate, pickle_each_step=pickled)
        np.testing.assert_allclose(found.points[0], [1.0, 1.0], rtol=1e-12)
        assert found.endings[0] is Ending.CONVERGED
        spent[wish] = evaluate.wants.count(Want.JACOBIAN)
    assert spent["on"] < 0.8 * spent["off"]


def test_acceleration_is_automatic_where_derivatives_are_differences():
    for differences, accelerated in ((False, False), (True, True)):
        evaluate = Evaluator(rosenbrock)
        run(LevenbergMarquardt(), replace(free(2), differences=differences), [[-1.2, 1.0]], evaluate)
        assert (Want.RESIDUALS in evaluate.wants) is accelerated


def test_acceleration_stays_in_the_box_and_survives_failures():
    def half(x):
        if x[0] > 0.9:
            return np.full(2, np.nan), np.full((2, 2), np.nan)
        return rosenbrock(x)

    evaluate = Evaluator(half)
    found = run(LevenbergMarquardt(acceleration="on"), box((-2, 0.8), (-1, 2)), [[-1.2, 1.0]], evaluate)
    asked = np.array(evaluate.asked)
    assert (asked >= [-2, -1]).all()
    assert (asked <= [0.8, 2]).all()
    assert found.points[0, 0] == pytest.approx(0.8, abs=1e-6)


def test_an_unknown_wish_for_acceleration():
    with pytest.raises(MethodError, match=r'levenberg_marquardt\(acceleration="maybe"\): '):
        LevenbergMarquardt(acceleration="maybe")
