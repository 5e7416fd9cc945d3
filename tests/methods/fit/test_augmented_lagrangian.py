import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fit_loop import Evaluator, box, decay, free, rosenbrock, run
from large_constrained import Logistic, Plate
from parametra.methods.fit._lagrangian_point import Box, Frame, Point, constraint_curvature, merit, merit_slope
from parametra.methods.fit._lagrangian_step import exact_flops, plan_step
from parametra.methods.fit._quadratic_program import quadratic_program
from parametra.methods.fit._sketched_system import Sketching, kaczmarz
from parametra.methods.fit.augmented_lagrangian import AugmentedLagrangian
from parametra.nouns.asker import Answers, Ending, Request, Want
from parametra.nouns.errors import MethodError
from parametra.nouns.limits import Limits

METHOD = AugmentedLagrangian()
T = np.linspace(0.0, 4.0, 40)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.01 * np.random.default_rng(3).normal(size=40)


@dataclasses.dataclass(frozen=True)
class Circle(Limits):
    """x0^2 + x1^2, and x0 + x1."""

    def values(self, points):
        return np.stack([(points**2).sum(axis=1), points.sum(axis=1)], axis=1)[:, : len(self.names)]

    def jacobian(self, points):
        return np.stack([2 * points, np.ones_like(points)], axis=1)[:, : len(self.names)]


def circle(lower, upper, *, residuals=False, bounds=((-np.inf, np.inf), (-np.inf, np.inf))):
    low, high = np.atleast_1d(np.array(lower, dtype=float)), np.atleast_1d(np.array(upper, dtype=float))
    limits = Circle(("circle", "sum")[: low.size], low, high, np.array([False, True])[: low.size])
    return dataclasses.replace(box(*bounds), limits=limits, residuals=residuals)


@pytest.mark.parametrize("residuals", [True, False])
@pytest.mark.parametrize("start", [(-1.2, 1.0), (3.0, 3.0), (0.1, -2.0)])
def test_rosenbrock_on_a_circle(residuals, start):
    """Known from one dimension: the best angle by a fine search."""
    evaluator = Evaluator(rosenbrock)
    found = run(METHOD, circle(0.5, 0.5, residuals=residuals), start, evaluator)
    assert found.endings == (Ending.CONVERGED,)
    angles = np.linspace(-np.pi, np.pi, 2_000_001)
    x, y = np.sqrt(0.5) * np.cos(angles), np.sqrt(0.5) * np.sin(angles)
    costs = 0.5 * (100 * (y - x * x) ** 2 + (1 - x) ** 2)
    local = (costs <= np.roll(costs, 1)) & (costs <= np.roll(costs, -1))
    assert np.min(np.abs(costs[local] - found.cost[0])) < 1e-8
    assert set(evaluator.wants) == {Want.NORMAL if residuals else Want.GRADIENT}


@pytest.mark.parametrize(
    ("lower", "upper", "bounds", "optimum"),
    [
        (-np.inf, 3.0, ((-3, 3), (-3, 3)), (1, 1)),  # holds
        (-np.inf, 0.1, ((-3, 3), (-3, 3)), None),
        (2.0, np.inf, ((-3, 0.5), (-3, 3)), None),
        ((-np.inf, 2.5), (8.0, 2.5), ((-3, 3), (-3, 3)), None),
    ],
)
def test_bounds_are_never_left(lower, upper, bounds, optimum):
    space, evaluator = circle(lower, upper, residuals=True, bounds=bounds), Evaluator(rosenbrock)
    found = run(METHOD, space, [[-2.5, 2.5], [0.2, 0.3], [-7.0, 9.0]], evaluator)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluator.asked)
    x = found.points[found.best]
    values = space.limits.values(x[None])[0]
    assert (values >= space.limits.lower - 1e-7).all()
    assert (values <= space.limits.upper + 1e-7).all()
    if optimum is not None:
        assert np.allclose(x, optimum, atol=1e-4)


def test_without_constraints_it_is_a_newton_method():
    evaluator = Evaluator(decay(T, Y))
    space = dataclasses.replace(free(3), residuals=True)
    found = run(METHOD, space, [[1.0, 0.2, 0.1], [3.0, 2.0, 0.0]], evaluator)
    r, J = decay(T, Y)(found.points[found.best])
    assert set(found.endings) == {Ending.CONVERGED}
    assert np.max(np.abs(J.T @ r)) / (np.linalg.norm(J, axis=0).max() * np.linalg.norm(r)) < 1e-8


def test_the_state_survives_pickling_to_the_bit():
    space, starts = circle(0.5, 0.5, residuals=True), np.array([[-1.2, 1.0], [2.0, 0.5]])
    one = run(METHOD, space, starts, Evaluator(rosenbrock))
    two = run(METHOD, space, starts, Evaluator(rosenbrock), pickle_each_step=True)
    assert one.points.tobytes() == two.points.tobytes()
    assert pickle.loads(pickle.dumps(METHOD)) == METHOD


def test_a_wall_of_nan_is_walked_around():
    def of(x):
        r, J = rosenbrock(x)
        return (r * np.nan, J) if x[0] > 0.9 else (r, J)

    found = run(METHOD, circle(0.5, 0.5, residuals=True), (-1.2, 1.0), Evaluator(of))
    assert found.endings == (Ending.CONVERGED,)


def test_starts_that_fail_say_so():
    found = run(METHOD, circle(0.5, 0.5), np.ones((1, 2)), Evaluator(lambda x: (x * np.nan, np.eye(2))))
    assert found.endings == (Ending.FAILED,)
    assert (found.best, found.message) == (-1, "no start could be evaluated")


def test_constraints_that_cannot_be_met_end_in_words():
    found = run(METHOD, circle(-2.0, -1.0, residuals=True), [[-1.2, 1.0], [0.4, 0.2]], Evaluator(rosenbrock))
    assert set(found.endings) == {Ending.FAILED}
    assert not np.isfinite(found.cost).any()
    assert found.best == -1
    assert found.message == "no start met the constraints; the nearest misses circle by 1"


def test_a_cost_that_falls_without_end_is_no_minimum():
    def evaluate(request):
        x = request.points
        gradient = np.stack([-3 * x[:, 0] ** 2, np.ones(len(x))], axis=1)
        return Answers(cost=-(x[:, 0] ** 3) + x[:, 1], ok=np.ones(len(x), dtype=bool), gradient=gradient)

    found = run(METHOD, circle((-np.inf, 0.0), (np.inf, 0.0)), (1.0, 1.0), evaluate)
    assert found.endings[0] is not Ending.CONVERGED


def test_a_limit_is_called_one():
    few = AugmentedLagrangian(maximum_iterations=2)
    found = run(few, circle(0.5, 0.5, residuals=True), (-1.2, 1.0), Evaluator(rosenbrock))
    assert found.endings == (Ending.LIMIT,)


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"solver": "sketchd"}, 'augmented_lagrangian(solver="sketchd"): did you mean "sketched"?'),
        ({"tolerance": 0.0}, "augmented_lagrangian(tolerance=0.0): a number above zero is wanted."),
        ({"sharpening": -1.0}, "augmented_lagrangian(sharpening=-1.0): a number, zero or more, is wanted."),
        ({"accuracy": 1.5}, "augmented_lagrangian(accuracy=1.5): a number above zero and below 1 is wanted."),
    ],
)
def test_settings_that_cannot_be(settings_, said):
    with pytest.raises(MethodError) as caught:
        AugmentedLagrangian(**settings_)
    assert str(caught.value) == said


def test_many_coordinates_go_by_the_quasi_newton_update():
    """A chain of 50 with a fixed sum; the same optimum as with differences."""
    n = 50

    @dataclasses.dataclass(frozen=True)
    class Sum(Limits):
        def values(self, points):
            return points.sum(axis=1, keepdims=True)

        def jacobian(self, points):
            return np.ones((len(points), 1, n))

    def evaluate(request):
        x, target = request.points, np.cos(np.arange(n))
        e = np.exp(0.3 * x)
        cost = (0.5 * (x - target) ** 2 + e).sum(axis=1)
        return Answers(cost=cost, ok=np.isfinite(cost), gradient=x - target + 0.3 * e)

    limits = Sum(("sum",), np.array([3.0]), np.array([3.0]), np.array([True]))
    space = dataclasses.replace(free(n), limits=limits)
    by_update = run(METHOD, space, np.zeros((1, n)), evaluate)
    by_differences = run(AugmentedLagrangian(differences_up_to=60), space, np.zeros((1, n)), evaluate)
    assert by_update.endings == by_differences.endings == (Ending.CONVERGED,)
    assert np.allclose(by_update.points, by_differences.points, atol=1e-6)


# ---- the engines


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(0, 9))
def test_quadratic_programs_meet_their_conditions(seed, d, m):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d))
    hessian, gradient = root @ root.T + 0.01 * np.eye(d), 5 * rng.normal(size=d)
    rows, inside = rng.normal(size=(m, d)), rng.normal(size=d)
    lower, upper = rows @ inside - rng.uniform(0, 1, m), rows @ inside + rng.uniform(0, 1, m)
    equal = rng.integers(0, min(d, m) + 1) if m else 0
    lower[:equal] = upper[:equal] = (rows @ inside)[:equal]
    rows = np.vstack([rows, np.eye(d)])
    lower, upper = np.concatenate([lower, inside - 1]), np.concatenate([upper, inside + 1])
    found = quadratic_program(hessian, gradient, rows, lower, upper)
    assert found.feasible
    at = rows @ found.step
    assert np.allclose(hessian @ found.step + gradient + rows.T @ found.multipliers, 0, atol=1e-8)
    assert (at >= lower - 1e-8).all()
    assert (at <= upper + 1e-8).all()
    off = np.minimum(at - lower, upper - at)
    assert np.max(np.abs(found.multipliers) * np.where(lower == upper, 0, off), initial=0) < 1e-7
    assert ((found.multipliers <= 1e-9) | (upper - at < 1e-7)).all()
    assert ((found.multipliers >= -1e-9) | (at - lower < 1e-7)).all()


def test_quadratic_programs_that_cannot_be_met():
    rows = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert not quadratic_program(
        np.eye(2), np.ones(2), rows, np.array([1.0, -np.inf]), np.array([np.inf, 0.0])
    ).feasible
    twice = quadratic_program(
        np.eye(2), np.ones(2), np.array([[1.0, 1], [2, 2]]), np.array([1.0, 2]), np.array([1.0, 2])
    )
    assert twice.feasible
    assert np.allclose(twice.step, 0.5)


def a_point(x):
    space = circle((0.5, -np.inf), (0.5, 2.0))
    limits = space.limits
    r, J = rosenbrock(x)
    bends = np.array([[-20.0, 0], [0, 0]]) * r[0]
    point = Point(x, 0.5 * r @ r, J.T @ r, None, limits.values(x[None])[0], limits.jacobian(x[None])[0])
    return point, Box(space.lower, space.upper, limits), J.T @ J + bends


@pytest.mark.parametrize("x", [(0.4, 0.9), (-1.0, 0.3), (2.0, 1.5)])
@pytest.mark.parametrize("nu", [0.0, 0.3])
def test_the_slope_of_the_merit_is_its_derivative(x, nu):
    x, step = np.array(x), np.array([0.3, -0.7])
    multipliers, change = np.array([0.4, 0.2]), np.array([-0.5, 0.8])
    point, there, hessian = a_point(x)
    frame = Frame(np.array([0.5, 2.0]), np.array([3.0, 5.0]), np.array([0.7, 0.2]), np.array([True, True]), nu)
    lagrangian = hessian + constraint_curvature(point, multipliers, there)
    slope = merit_slope(point, multipliers, step, change, there, frame, lagrangian)
    up, down = (merit(a_point(x + h * step)[0], multipliers + h * change, there, frame) for h in (1e-6, -1e-6))
    assert np.isclose(slope, (up - down) / 2e-6, rtol=1e-5)


def test_a_step_on_an_indefinite_hessian_is_newtons():
    """The Hessian is made definite along the active rows alone: step and multipliers are those of the plain system."""
    point, there, _ = a_point(np.array([0.4, 0.9]))
    there = dataclasses.replace(there, limits=circle(0.5, 0.5).limits)
    point = dataclasses.replace(point, values=point.values[:1], slopes=point.slopes[:1])
    normal = point.slopes[0] / np.linalg.norm(point.slopes[0])
    across = np.array([-normal[1], normal[0]])
    hessian = 3 * np.outer(across, across) - 2 * np.outer(normal, normal)
    plan = plan_step(point, there, hessian, np.ones(2), np.zeros(1), None, 1.0, 0.1, 0.0)
    matrix = np.block([[hessian, point.slopes.T], [point.slopes, np.zeros((1, 1))]])
    newton = np.linalg.solve(matrix, -np.append(point.gradient, point.values - 0.5))
    assert np.allclose(plan.step, newton[:2])
    assert np.allclose(plan.estimate, newton[2:])


def test_the_curvature_of_constraints():
    point, there, _ = a_point(np.array([0.4, 0.9]))
    assert np.allclose(constraint_curvature(point, np.array([1.5, 7.0]), there), 3 * np.eye(2), atol=1e-6)


def test_sketches_solve_to_the_accuracy_asked_for():
    rng = np.random.default_rng(1)
    rows = np.linalg.qr(rng.normal(size=(60, 40)).T)[0][:20]
    matrix = np.block([[np.eye(40) * 2, rows.T], [rows, np.zeros((20, 20))]])
    right = rng.normal(size=60)
    exact = np.linalg.solve(matrix, right)
    for accuracy in (1e-1, 1e-4, 1e-8):
        found = kaczmarz(matrix, right, Sketching(accuracy, 5000, np.random.default_rng(2)))
        assert found.done
        assert found.residual <= accuracy * np.linalg.norm(right)
        assert np.linalg.norm(found.solution - exact) <= 10 * accuracy * np.linalg.norm(right)
    assert not kaczmarz(matrix, right, Sketching(1e-12, 1, np.random.default_rng(2))).done
    assert not kaczmarz(np.diag([1.0, 0.0]), np.ones(2), Sketching(0.1, 5, rng)).done


# ---- larger problems, as in arXiv:2305.18379


def solved(problem, solver):
    method = AugmentedLagrangian(solver=solver)
    state = method.start(problem.space, problem.start[None])
    while not method.halted(state):
        state = method.tell(state, problem.evaluate(method.ask(state)))
    (lane,) = state.lanes
    return lane, method.solutions(state)


@pytest.mark.parametrize("problem", [Logistic(40, 5), Plate(4)], ids=["logistic", "plate"])
def test_sketched_and_exact_steps_lead_to_the_same_optimum(problem):
    exact, sketched = (solved(problem, solver) for solver in ("exact", "sketched"))
    for lane, found in (exact, sketched):
        assert found.endings == (Ending.CONVERGED,)
        assert lane.known.worst <= 1e-8
        assert lane.unit_steps >= 2
        x, limits = found.points[0], problem.limits
        slopes = limits.jacobian(x[None])[0]
        gradient = problem.evaluate(Request(x[None], Want.NORMAL, np.zeros(1, dtype=int))).gradient[0]
        multipliers = np.linalg.lstsq(slopes.T, -gradient, rcond=None)[0]
        assert np.abs(gradient + slopes.T @ multipliers).max() <= 1e-7
        assert limits.missed(limits.values(x[None])[0]).max() <= 1e-8
    assert np.isclose(exact[1].cost[0], sketched[1].cost[0], rtol=1e-8)


@pytest.mark.slow
def test_sketched_steps_need_fewer_operations_on_a_large_system():
    problem = Logistic(1200, 40)
    (exact, _), (sketched, found) = (solved(problem, solver) for solver in ("exact", "sketched"))
    assert found.endings == (Ending.CONVERGED,)
    assert sketched.flops < 0.6 * exact.iterations * exact_flops(1241)
