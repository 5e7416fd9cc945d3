"""The three models of the multi-start benchmarks, with data, bounds and the settings of every contender."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import light_curve as lc
import numpy as np

SOLVED = 1e-5
"""A start has reached the best basin when its cost is within this share of the best cost known."""


@dataclass(frozen=True)
class Case:
    """A model f(t, *parameters), its truth and its box; `points` rows with normal scatter of `sigma`."""

    name: str
    model: Callable[..., object]
    names: tuple[str, ...]
    truth: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    points: int
    length: float
    sigma: float

    def data(self, seed, n=None):
        r = np.random.default_rng(seed)
        t = np.sort(r.uniform(0, self.length, n or self.points))
        return t, self.model(t, *self.truth) + self.sigma * r.normal(size=t.size)

    def problem(self, t, y):
        import parametra as pm

        data = pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=self.sigma)
        box = zip(self.names, self.lower, self.upper, strict=True)
        return pm.Problem(self.model, data, {k: pm.Real(lo, hi) for k, lo, hi in box})


def free_period(t, level, size1, phase1, size2, phase2, depth1, min1, width1, depth2, min2, width2, period):
    """Two harmonics whose phases and period are unknown, and two dips: the cosines depend on parameters."""
    phase = t / period
    u1 = phase - min1
    u2 = phase - min2
    u1 = u1 - np.round(u1)
    u2 = u2 - np.round(u2)
    waves = size1 * np.cos(2 * np.pi * (phase - phase1)) + size2 * np.cos(4 * np.pi * (phase - phase2))
    dips = depth1 * np.exp(-0.5 * (u1 / width1) ** 2) + depth2 * np.exp(-0.5 * (u2 / width2) ** 2)
    return level + waves - dips


def spectrum(t, level, slope, h1, c1, w1, h2, c2, w2, h3, c3, w3):
    """Three Gaussian lines on a straight baseline."""
    lines = h1 * np.exp(-0.5 * ((t - c1) / w1) ** 2) + h2 * np.exp(-0.5 * ((t - c2) / w2) ** 2)
    return level + slope * t + lines + h3 * np.exp(-0.5 * ((t - c3) / w3) ** 2)


LIGHT_CURVE = Case("light curve", lc.model, lc.NAMES, lc.TRUTH, lc.LOWER, lc.UPPER, 1000, 1.0, lc.SIGMA)
FREE_PERIOD = Case(
    "light curve, free period",
    free_period,
    ("level", "size1", "phase1", "size2", "phase2", "depth1", "min1", "width1", "depth2", "min2", "width2", "period"),
    np.array([1.0, 0.02, 0.11, 0.03, 0.37, 0.25, 0.21, 0.025, 0.12, 0.71, 0.03, 1.003]),
    np.array([0.5, 0, -0.5, 0, -0.5, 0.0, 0.0, 0.005, 0.0, 0.0, 0.005, 0.98]),
    np.array([1.5, 0.2, 0.5, 0.2, 0.5, 0.8, 1.0, 0.15, 0.8, 1.0, 0.15, 1.02]),
    2000,
    3.0,
    0.01,
)
SPECTRUM = Case(
    "spectrum of three lines",
    spectrum,
    ("level", "slope", "h1", "c1", "w1", "h2", "c2", "w2", "h3", "c3", "w3"),
    np.array([1.0, 0.05, 3.0, 2.2, 0.3, 1.5, 5.1, 0.6, 2.0, 6.4, 0.25]),
    np.array([-5, -1, 0, 0, 0.05, 0, 0, 0.05, 0, 0, 0.05]),
    np.array([5, 1, 10, 10, 3.0, 10, 10, 3.0, 10, 10, 3.0]),
    1500,
    10.0,
    0.1,
)
CASES = (LIGHT_CURVE, FREE_PERIOD, SPECTRUM)


def timed(function, *arguments):
    """Seconds, and the costs."""
    began = time.perf_counter()
    costs = np.asarray(function(*arguments))
    return time.perf_counter() - began, costs


def parametra(problem, count, seed, screening):
    """A whole fit, as a person calls it, with its errors and its basins."""
    import parametra as pm

    return pm.fit(problem, starts=count, seed=seed, screening=screening, progress=False).starts.costs


def starts_of(case, problem, count, seed):
    """The same starts for the peers, in the order of the model's arguments."""
    from parametra.verbs.fit import start_points

    labels = list(problem.fit_space.labels)
    return start_points(problem, count, seed)[:, [labels.index(name) for name in case.names]]


def scipy_finite_differences(case, t, y, x0):
    from scipy.optimize import least_squares

    f = lambda p: (case.model(t, *p) - y) / case.sigma  # noqa: E731
    return [least_squares(f, x, bounds=(case.lower, case.upper), max_nfev=100).cost for x in x0]


def optimistix(case, t, y):
    """Optimistix's Levenberg-Marquardt over all starts at once, compiled before it is timed; bounds by clipping."""
    import jax
    import jax.numpy as jnp
    import optimistix as optx

    from parametra.nouns.lifting import lift

    lifted = lift(case.model)

    def residuals(p, data):
        return (lifted(data[0], *jnp.clip(p, case.lower, case.upper)) - data[1]) / case.sigma

    def one(x, data):
        solver = optx.LevenbergMarquardt(rtol=1e-8, atol=1e-8)
        found = optx.least_squares(residuals, solver, x, args=data, max_steps=100, throw=False)
        return 0.5 * jnp.sum(residuals(found.value, data) ** 2)

    all_starts = jax.jit(jax.vmap(one, in_axes=(0, None)))

    def run(x0):
        with jax.enable_x64(True):
            return np.asarray(all_starts(jnp.asarray(x0), (jnp.asarray(t), jnp.asarray(y))))

    return run


def share(costs, best):
    """Share of starts that reached the best basin, and its standard error."""
    reached = float(np.mean(np.asarray(costs) <= best * (1 + SOLVED)))
    return f"{reached:.3f} ± {np.sqrt(reached * (1 - reached) / len(costs)):.3f}"
