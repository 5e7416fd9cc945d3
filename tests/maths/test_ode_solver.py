import numpy as np
import pytest

from ode_problems import PROBLEMS, jnp
from parametra.maths.ode_auto import make_auto
from parametra.maths.ode_solver import ODE_FATES, make_explicit, make_rosenbrock

TIGHT = {"relative": 1e-9, "absolute": 1e-11}


def solver(name, method):
    problem = PROBLEMS[name]
    make = make_rosenbrock if method.startswith("rodas") else make_explicit
    return problem, make(problem.slope, len(problem.begins), method=method)


FAST = [("robertson", "rodas5p"), ("van der Pol, stiff", "rodas4"), ("Lotka-Volterra", "tsit5"), ("pendulum", "dop853")]
CASES = [
    (name, m) for name, one in PROBLEMS.items() for m in (("rodas5p", "rodas4") if one.stiff else ("tsit5", "dop853"))
]
CASES += [("van der Pol", "rodas5p"), ("FitzHugh-Nagumo", "rodas4"), ("Lotka-Volterra", "rodas5p")]
SLOW = [pytest.param(*case, marks=pytest.mark.slow) for case in CASES if case not in FAST]


@pytest.mark.parametrize(("name", "method"), [*FAST, *SLOW])
def test_values_at_the_wanted_times_agree_with_a_tight_reference(name, method):
    problem, one = solver(name, method)
    begin, end, y, p, times = problem.lanes(3)
    relative = 1e-7
    found = one.integrate(begin, end, y, p, times, relative=relative, absolute=1e-9)
    assert (found.fate == 0).all()
    wanted = problem.reference(p[:, 1])
    size = np.abs(wanted).max(axis=0)
    # errors of steps add up, and grow with what the equations do to them
    assert np.max(np.abs(found.values[:, :, 1] - wanted) / (np.abs(wanted) + 1e-3 * size)) < 500 * relative
    np.testing.assert_allclose(found.end, found.values[-1], rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("Lotka-Volterra", "tsit5"),
        pytest.param("robertson", "rodas5p", marks=pytest.mark.slow),
        pytest.param("signalling", "rodas4", marks=pytest.mark.slow),
        pytest.param("Goodwin", "dop853", marks=pytest.mark.slow),
    ],
)
def test_tangents_agree_with_tight_finite_differences(name, method):
    problem, one = solver(name, method)
    begin, end, y, p, times = problem.lanes(2)
    n, count = len(y), len(p)
    dy, dp = np.zeros((n, count + 1, 2)), np.zeros((count, count + 1, 2))
    dp[:, :count] = np.eye(count)[:, :, None] * p[:, None]
    dy[0, count] = 1.0
    made = one.integrate_with_tangents(begin, end, y, p, times, dy, dp, **TIGHT)
    plain = one.integrate(begin, end, y, p, times, **TIGHT)
    # the same steps; the two programs round differently
    np.testing.assert_allclose(made.values, plain.values, rtol=1e-6, atol=1e-9)
    for k in range(count + 1):
        small = 1e-4
        up = problem.reference((p + small * dp[:, k])[:, 0], (y + small * dy[:, k])[:, 0])
        down = problem.reference((p - small * dp[:, k])[:, 0], (y - small * dy[:, k])[:, 0])
        wanted = (up - down) / (2 * small)
        assert np.max(np.abs(made.tangents[:, :, k, 0] - wanted) / (np.abs(wanted).max(axis=0) + 1e-9)) < 1e-5


@pytest.mark.slow
def test_errors_of_tangents_are_controlled_when_asked():
    problem = PROBLEMS["signalling"]
    begin, end, y, p, times = problem.lanes(2)
    dy, dp = np.zeros((8, 4, 2)), np.repeat(np.eye(4)[:, :, None], 2, axis=2)
    exact = None
    errors = []
    for control, tolerance in ((True, 1e-10), (False, 1e-4), (True, 1e-4)):
        one = make_rosenbrock(problem.slope, 8, control_tangents=control)
        made = one.integrate_with_tangents(
            begin, end, y, p, times, dy, dp, relative=tolerance, absolute=tolerance * 1e-2
        )
        exact = made.tangents if exact is None else exact
        errors.append(np.abs(made.tangents - exact).max())
        steps = made.steps
    assert errors[2] < errors[1]
    assert (steps > 0).all()


@pytest.mark.parametrize("method", ["rodas5p", "tsit5"])
def test_a_lane_does_not_depend_on_the_lanes_beside_it(method):
    _, one = solver("Lotka-Volterra", method)
    begin, end, y, p, times = PROBLEMS["Lotka-Volterra"].lanes(19, spread=0.3)
    end = end * np.linspace(0.3, 1.0, 19)
    dy, dp = np.zeros((2, 4, 19)), np.repeat(np.eye(4)[:, :, None], 19, axis=2)

    def run(here):
        made = one.integrate_with_tangents(
            begin[here], end[here], y[:, here], p[:, here], times[:, here], dy[..., here], dp[..., here]
        )
        return made.values, made.end, made.tangents, made.end_tangents, made.steps

    together = run(np.arange(19))
    shuffled = np.random.default_rng(3).permutation(19)
    for one_of, other in zip(together, run(shuffled), strict=True):
        np.testing.assert_array_equal(one_of[..., shuffled], other)
    for lane in (0, 7, 18):
        for one_of, other in zip(together, run(np.array([lane])), strict=True):
            np.testing.assert_array_equal(one_of[..., [lane]], other)


def test_times_of_each_lane_and_where_there_is_none():
    _, one = solver("pendulum", "tsit5")
    begin, end = np.array([0.0, 1.0, 2.0]), np.array([4.0, 1.0, 3.0])
    y, p = np.ones((2, 3)), np.ones((2, 3))
    times = np.array([[0.0, 1.0, 2.5], [4.0, np.inf, 3.5], [np.inf, np.inf, np.inf]])
    found = one.integrate(begin, end, y, p, times)
    np.testing.assert_array_equal(found.values[0, :, :2], 1.0)
    np.testing.assert_array_equal(found.end[:, 1], 1.0)
    np.testing.assert_array_equal(np.isnan(found.values[:, 0]), [[0, 0, 0], [0, 1, 1], [1, 1, 1]])
    np.testing.assert_allclose(found.values[1, :, 0], found.end[:, 0], rtol=1e-14)
    assert found.steps[1] == 0
    assert (found.fate == 0).all()
    assert one.integrate(begin, end, y, p, times[:0]).values.shape == (0, 2, 3)


def test_each_lane_has_its_fate_and_the_others_go_on():
    def slope(t, y, p):
        import jax.numpy as jnp

        return jnp.stack([p[0] * y[0] ** 2 + p[1] * jnp.sqrt(0.5 - p[1] * t) + p[2] * (y[1] - jnp.cos(t)), p[3] * y[1]])

    begin = np.zeros(5)
    p = np.array([[-1.0, 1.0, 0, 0, -1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 3e4, np.nan]])
    times = np.repeat(np.array([[0.25], [2.0]]), 5, axis=1)
    for one in (make_explicit(slope, 2), make_rosenbrock(slope, 2)):
        found = one.integrate(begin, begin + 2.0, np.ones((2, 5)), p, times, most=5000)
        np.testing.assert_array_equal(found.fate[[0, 1, 2, 4]], [0, 2, 3, 3])
        assert found.fate[3] in (1, 2, 3)
        np.testing.assert_allclose(found.values[:, 0, 0], [1 / 1.25, 1 / 3], rtol=1e-7)
        # what was passed before the end is kept, the rest is none
        np.testing.assert_allclose(found.values[0, 0, 1], 1 / 0.75, rtol=1e-7)
        assert np.isnan(found.values[1, :, 1:]).all()
        assert found.reached[1] == pytest.approx(1.0, abs=1e-6)
        assert found.reached[2] == pytest.approx(0.5, abs=1e-6)
        assert set(found.fate) <= set(ODE_FATES)
    few = make_explicit(slope, 2).integrate(begin[:1], begin[:1] + 2.0, np.ones((2, 1)), p[:, :1], times[:, :1], most=3)
    assert few.fate[0] == 1
    assert few.steps[0] + few.refused[0] == 3


def test_stiff_lanes_are_integrated_again():
    problem = PROBLEMS["van der Pol, stiff"]
    one = make_auto(problem.slope, 2, patience=500)
    begin, end, y, _, times = problem.lanes(4)
    p = np.array([[1000.0, 1.0, 800.0, 0.5]])
    end = np.where(p[0] > 100, end, 5.0)
    times = np.where(times <= end, times, np.inf)
    found = one.integrate(begin, end, y, p, times)
    np.testing.assert_array_equal(found.again, [True, False, True, False])
    assert (found.fate == 0).all()
    np.testing.assert_allclose(found.values[:, 0, 0], problem.reference(p[:, 0])[:, 0], rtol=1e-5)
    alone = one.integrate(begin[:1], end[:1], y[:, :1], p[:, :1], times[:, :1])
    np.testing.assert_array_equal(alone.values[..., 0], found.values[..., 0])
    moved = one.integrate_with_tangents(begin, end, y, p, times, np.ones((2, 1, 4)), np.zeros((1, 1, 4)))
    np.testing.assert_array_equal(moved.again, found.again)
    assert np.isfinite(moved.end_tangents).all()


def test_stiffness_is_noticed_after_few_steps():
    stiff, calm = PROBLEMS["van der Pol, stiff"], PROBLEMS["van der Pol"]
    one = make_auto(stiff.slope, 2)
    begin, end, y, _, times = stiff.lanes(3)
    end[1] = 5.0
    found = one.integrate(begin, end, y, np.array([[1000.0, 1.0, 300.0]]), times[:0])
    np.testing.assert_array_equal(found.again, [True, False, True])
    np.testing.assert_array_equal(found.fate, 0)
    first = one.explicit.integrate(begin, end, y, np.array([[1000.0, 1.0, 300.0]]), times[:0], rest=300.0)
    np.testing.assert_array_equal(first.fate, [1, 0, 1])
    assert (first.steps + first.refused)[[0, 2]].max() < 100
    # a step that accuracy holds short is no sign; and few steps that are left are taken
    begin, end, y, p, times = calm.lanes(3)
    np.testing.assert_array_equal(one.integrate(begin, end, y, p, times).again, False)
    short = one.integrate(begin, begin + 0.02, y, np.array([[1000.0] * 3]), times[:0])
    np.testing.assert_array_equal(short.again, False)
    assert short.steps.min() > 5


def test_a_state_that_falls_below_the_smallest_number_stops_nothing():
    def slope(t, y, p):
        import jax.numpy as jnp

        return jnp.stack([-p[0] * y[0], 1.0 - y[1] + jnp.sin(t)])

    zero, y, p = np.zeros(2), np.array([[100.0, 1.0], [0.0, 0.0]]), np.array([[1700.0, 30.0]])
    times = np.repeat(np.array([[1.0], [100.0]]), 2, axis=1)
    found = make_rosenbrock(slope, 2).integrate(zero, zero + 100.0, y, p, times)
    np.testing.assert_array_equal(found.fate, 0)
    assert (found.steps < 2000).all()
    wanted = 1.0 + 0.5 * (np.sin(times) - np.cos(times) - np.exp(-times))
    np.testing.assert_allclose(found.values[:, 1], wanted, rtol=1e-6)
    np.testing.assert_allclose(found.values[:, 0], 0.0, atol=1e-10)


@pytest.mark.slow
def test_states_beyond_what_is_written_out_are_eliminated_with_pivots():
    # x'' = -K x with a full K: the Jacobian has zeros on the diagonal, and rows that must be swapped
    rng = np.random.default_rng(0)
    half = 14
    root = rng.normal(size=(half, half))
    K = root @ root.T / half + np.eye(half)

    def slope(t, y, p):
        import jax.numpy as jnp

        return jnp.concatenate([y[half:], -p[0] * (K @ y[:half])])

    one = make_rosenbrock(slope, 2 * half)
    y = np.repeat(rng.normal(size=(2 * half, 1)), 2, axis=1)
    p = np.array([[1.0, 2.0]])
    zero = np.zeros(2)
    made = one.integrate_with_tangents(
        zero, zero + 2.0, y, p, np.empty((0, 2)), np.zeros((2 * half, 1, 2)), np.ones((1, 1, 2))
    )
    w, V = np.linalg.eigh(K)
    for lane in range(2):
        f = np.sqrt(p[0, lane] * w)
        x = V @ (np.cos(2 * f) * (V.T @ y[:half, lane]) + np.sin(2 * f) / f * (V.T @ y[half:, lane]))
        np.testing.assert_allclose(made.end[:half, lane], x, atol=1e-6)
    both = one.integrate(zero, zero + 2.0, y, p + np.array([[1e-5, -1e-5]]) + [[0, -1.0]], np.empty((0, 2)))
    slopes = (both.end[:, 0] - both.end[:, 1]) / 2e-5
    np.testing.assert_allclose(made.end_tangents[:, 0, 0], slopes, atol=2e-3)


@pytest.mark.parametrize("make", [make_explicit, make_rosenbrock])
def test_tangents_are_right_where_the_states_rest(make):
    # around its fixed point x' = (1 - y) x, y' = (x - 1) y swings as dx'' = -dx: dx/dx0 = cos t, dy/dx0 = sin t
    one = make(lambda t, y, p: jnp().stack([p[0] * (1 - y[1]) * y[0], (y[0] - 1) * y[1]]), 2)
    times = np.linspace(0.5, 12.0, 9)[:, None]
    still, zero = np.ones((2, 1)), np.zeros(1)
    directions = np.array([1.0, 0.0]).reshape(2, 1, 1)
    made = one.integrate_with_tangents(
        zero, zero + 12.0, still, np.ones((1, 1)), times, directions, np.zeros((1, 1, 1))
    )
    assert np.all(made.fate == 0)
    assert np.all(made.values == 1.0)
    np.testing.assert_allclose(made.tangents[:, 0, 0], np.cos(times), atol=1e-4)
    np.testing.assert_allclose(made.tangents[:, 1, 0], np.sin(times), atol=1e-4)
