import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parametra.maths.ode_explicit import ExplicitStep
from parametra.maths.ode_loop import LANES
from parametra.maths.ode_rosenbrock import RosenbrockStep
from parametra.maths.ode_slope import slope_of
from parametra.maths.ode_step import square, within
from parametra.maths.ode_tableaus import DOP853, RODAS4, RODAS5P, TSIT5


def slope(t, y, p):
    """Moderately stiff, with time in it, and with the solution (cos t, sin t)."""
    bend = p[0] * (y[0] ** 2 + y[1] ** 2 - 1)
    return jnp.stack([-jnp.sin(t) - bend + p[0] * (y[0] - jnp.cos(t)) * y[1], jnp.cos(t) - bend * y[1]])


def integrated(make, method, steps, end=1.0):
    """The largest error at the end of fixed steps, and of the values within them."""
    with jax.enable_x64(True):
        one, lane = make(method, slope_of(slope, 2, 1)), jnp.ones(LANES)
        p, h = -2.0 * lane[None], end / steps * lane

        def step(t, y):
            trial = one(t, y, h, p, {}, None, one.begun(t, y, p, {}, None))
            shares = [one.shares(x * lane) for x in (0.15, 0.4, 0.7, 0.9)]
            return trial.ends, jnp.stack([within(s, trial.parts()[0]) for s in shares])

        step, y, worst = jax.jit(step), jnp.stack([lane, 0.0 * lane]), 0.0
        for k in range(steps):
            t = k * h
            y, inner = step(t, y)
            at = np.array(t[0]) + np.array([0.15, 0.4, 0.7, 0.9]) * end / steps
            wanted = np.stack([np.cos(at), np.sin(at)], axis=1)
            worst = max(worst, float(np.abs(np.asarray(inner)[..., 0] - wanted).max()))
        return float(np.abs(np.asarray(y)[:, 0] - [np.cos(end), np.sin(end)]).max()), worst


@pytest.mark.parametrize(
    ("make", "method", "between", "few"),
    [
        (RosenbrockStep, RODAS4, 4, 64),
        (RosenbrockStep, RODAS5P, 4, 16),
        (ExplicitStep, TSIT5, 5, 16),
        (ExplicitStep, DOP853, 7, 8),
    ],
)
def test_the_order_is_the_published_one_at_the_end_and_within_steps(make, method, between, few):
    at_end, within_steps = zip(*(integrated(make, method, steps) for steps in (few, 2 * few)), strict=True)
    assert np.log2(at_end[0] / at_end[1]) > method.order - 0.5
    # where both are of one size the errors of the end count within, too
    assert np.log2(within_steps[0] / within_steps[1]) > between - 0.5


@pytest.mark.parametrize("method", [RODAS4, RODAS5P])
def test_stage_times_follow_from_the_coefficients(method):
    # gamma_ij come back from C = diag(1 / gamma) - G^-1, and alpha from a G
    s = len(method.nodes)
    C, a = np.zeros((s, s)), np.zeros((s, s))
    for i in range(s):
        C[i, :i], a[i, :i] = method.c[i], method.a[i]
    G = np.linalg.inv(np.eye(s) / method.gamma - C)
    np.testing.assert_allclose(G.sum(axis=1), method.time, atol=2e-12)
    np.testing.assert_allclose((a @ G).sum(axis=1), method.nodes, atol=2e-12)
    # at infinity nothing is left of a stiff part
    b = np.array([*method.a[-1], 1.0]) @ G
    assert abs(1 - b @ np.linalg.solve((a @ G) + G, np.ones(s))) < 1e-10


@pytest.mark.parametrize("method", [TSIT5, DOP853])
def test_the_limit_of_stability(method):
    stages = len(method.nodes)
    a = square(method.a)[:stages, :stages]

    def grown(z):
        k = np.zeros(stages)
        for i in range(stages):
            k[i] = z * (1 + a[i] @ k)
        return abs(1 + a[-1] @ k)

    assert max(grown(-z) for z in np.linspace(0.0, method.stable - 1e-3, 500)) <= 1.0
    assert grown(-method.stable - 1e-3) > 1.0
    # the test of stiffness compares two slopes of one time
    assert method.nodes[-2:] == (1.0, 1.0)
