"""The walk along profiles: against brute force, on profiles that bend, end, fail and lie."""

import numpy as np
import pytest
from scipy.optimize import brentq, least_squares

import parametra as pm
from parametra.methods.identify._rays import End
from parametra.methods.identify.profile_likelihood import ProfileLikelihood
from parametra.nouns.asker import Answers
from parametra.nouns.estimate import Estimate

Z = 3.841458820694124
X = np.linspace(0.2, 6, 40)


def least(residuals, x0, lower=-np.inf, upper=np.inf, **changed):
    """An estimate with one unit of scatter, found by SciPy."""
    d = len(x0)
    low, high = np.broadcast_to(lower, d).astype(float), np.broadcast_to(upper, d).astype(float)
    fit = least_squares(
        residuals, np.clip(x0, low + 1e-9, high - 1e-9), bounds=(low, high), xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    x = np.where(fit.x - low < 1e-8, low, np.where(high - fit.x < 1e-8, high, fit.x))
    covariance = np.linalg.pinv(fit.jac.T @ fit.jac)
    held = (x == low) | (x == high)
    no, yes = np.zeros(d, dtype=bool), np.ones(d, dtype=bool)
    cost = 0.5 * float(np.sum(residuals(x) ** 2))
    labels = tuple("abcdef"[:d])
    stated = {"scale": 1.0, "freedom": np.inf, "held": held, "covariance": covariance, "tolerance": 1e-10}
    return Estimate(x, cost, low, high, labels, no, yes, **{**stated, **changed})


def walked(residuals, estimate, fails=lambda x: False):
    """Walk all profiles; the Jacobian by complex steps."""
    walk = ProfileLikelihood().walk([estimate], range(estimate.dimension))
    count = 0
    while not walk.halted:
        points = walk.ask().points
        count += len(points)
        rows = np.array([np.real(residuals(p)) for p in points])
        steps = 1e-30j * np.eye(estimate.dimension)
        slopes = np.array([[np.imag(residuals(p + h)) / 1e-30 for h in steps] for p in points]).transpose(0, 2, 1)
        ok = np.array([not fails(p) for p in points]) & np.isfinite(rows).all(axis=1)
        gradient = np.einsum("bmd,bm->bd", slopes, rows)
        normal = np.einsum("bmd,bme->bde", slopes, slopes)
        cost = np.where(ok, 0.5 * np.sum(rows**2, axis=1), np.inf)
        walk.tell(Answers(cost=cost, ok=ok, gradient=gradient, normal=normal))
    return walk.walked(), count


def brute(residuals, estimate, i, side):
    """The crossing of a profile by nested minimisation, to 1e-9."""
    others = [j for j in range(estimate.dimension) if j != i]
    best = {"x": estimate.x[others]}

    def rise(c):
        def inner(z):
            full = np.empty(estimate.dimension)
            full[i], full[others] = c, z
            return residuals(full)

        fit = least_squares(
            inner,
            np.clip(best["x"], estimate.lower[others] + 1e-12, estimate.upper[others] - 1e-12),
            bounds=(estimate.lower[others], estimate.upper[others]),
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
        )
        best["x"] = fit.x
        return 2 * (fit.cost - estimate.cost) - Z

    step = side * np.sqrt(estimate.covariance[i, i])
    far = estimate.x[i] + step
    while rise(far) < 0:
        far += step
    return brentq(rise, far - step, far, xtol=1e-11)


def michaelis_menten(sigma, seed):
    y = 3 * X / (2 + X) + sigma * np.random.default_rng(seed).normal(size=X.size)
    return lambda p: (p[0] * X / (p[1] + X) - y) / sigma


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.25])
def test_crossings_are_those_of_brute_force(sigma):
    residuals = michaelis_menten(sigma, 1)
    estimate = least(residuals, [3.0, 2.0])
    found, count = walked(residuals, estimate)
    assert set(found.ends) == {End.CROSSED}
    for ray in range(4):
        i, side = ray // 2, (-1, 1)[ray % 2]
        expected = brute(residuals, estimate, i, side)
        # the rise is met to 1e-6 of the threshold
        assert found.points[ray][i] - estimate.x[i] == pytest.approx(expected - estimate.x[i], rel=3e-6)
    assert count < 80


def test_a_parabola_takes_a_point_a_ray():
    residuals = lambda p: (p[0] + p[1] * X + p[2] * X**2 - np.cos(X)) / 0.1
    estimate = least(residuals, [1.0, 0.0, 0.0])
    found, count = walked(residuals, estimate)
    half = np.sqrt(Z * np.diag(estimate.covariance))
    assert found.t == pytest.approx(np.repeat(half, 2), rel=1e-6)
    assert count == 7  # the origin once, and the crossings


def test_the_slope_is_that_of_the_profile():
    residuals = michaelis_menten(0.25, 1)
    found, _ = walked(residuals, least(residuals, [3.0, 2.0]))
    for path, slopes in zip(found.paths, found.slopes, strict=True):
        t, rise = path[:, 0], path[:, 1]
        a, b = -2, -1
        h = t[b] - t[a]
        cubic = rise[a] + h * (slopes[a] + slopes[b]) / 2
        assert rise[b] == pytest.approx(cubic, rel=0.02)


def test_an_open_side_is_open():
    # at small x only the ratio is told, and the constant has no upper limit
    x = np.linspace(0.01, 0.1, 20)
    y = 10 * x / (3 + x) + 0.01 * np.random.default_rng(2).normal(size=20)
    residuals = lambda p: (p[0] * x / (p[1] + x) - y) / 0.01
    estimate = least(residuals, [10.0, 3.0], lower=0.0)
    found, _ = walked(residuals, estimate)
    assert found.ends == (End.CROSSED, End.OPEN) * 2
    assert found.points[2][1] == pytest.approx(brute(residuals, estimate, 1, -1), rel=1e-5)


def test_a_flat_valley_that_bends_is_followed_to_its_end():
    y = 1.4 * np.exp(-0.3 * X)
    residuals = lambda p: (p[0] * p[1] * np.exp(-p[2] * X) - y) / 0.05
    estimate = least(residuals, [1.0, 1.4, 0.3], lower=0.01, upper=100.0)
    found, _ = walked(residuals, estimate)
    # up to where the other factor meets its bound, 1.4 / 100 and 1.4 / 0.01 = 140 > 100
    assert found.ends[1] is End.OPEN
    assert found.ends[0] is End.CROSSED
    assert found.points[0][0] < 0.0141
    assert np.all(np.abs(found.paths[1][:, 1]) < 1e-10)


def test_a_wall_is_told():
    residuals = michaelis_menten(0.25, 1)
    estimate = least(residuals, [3.0, 2.0])
    limit = estimate.x[0] + 0.1
    found, _ = walked(residuals, estimate, fails=lambda p: p[0] > limit)
    assert found.ends[1] is End.WALL
    assert found.points[1][0] == pytest.approx(limit, abs=0.01)
    assert found.ends[0] is End.CROSSED


def test_a_lower_cost_is_noticed():
    # two valleys; the estimate is in the shallower one
    residuals = lambda p: np.array([(p[0] ** 2 - 1) * 1.0, 0.3 * (p[0] - 1), p[1] - p[0]])
    estimate = least(residuals, [-1.1, -1.1])
    assert estimate.x[0] < 0
    found, _ = walked(residuals, estimate)
    assert found.ends[1] is End.LOWER
    assert found.points[1][0] > 0.5


def test_near_a_bound_the_threshold_is_that_of_feldman_and_cousins():
    # a mean of one normal observation, 1.0 standard errors above its bound at 0: published 95 % upper limit 2.96
    residuals = lambda p: np.array([p[0] - 1.0, p[1] - 3.0])
    found, _ = walked(residuals, least(residuals, [1.0, 3.0], lower=0.0))
    assert found.ends[0] is End.OPEN
    assert found.points[0][0] == 0.0
    assert found.points[1][0] == pytest.approx(2.96, abs=0.005)


def test_on_a_bound_the_threshold_is_that_of_feldman_and_cousins():
    # one standard error below the bound: published 95 % upper limit 1.10
    residuals = lambda p: np.array([p[0] + 1.0, p[1] - 3.0 + 0 * p[0]])
    estimate = least(residuals, [0.5, 3.0], lower=[0.0, -np.inf])
    assert estimate.held[0]
    found, _ = walked(residuals, estimate)
    assert found.points[1][0] == pytest.approx(1.10, abs=0.005)


def test_replicates_walk_side_by_side_as_they_do_alone():
    both = [michaelis_menten(0.25, seed) for seed in (1, 2)]
    estimates = [least(r, [3.0, 2.0], replicate=k) for k, r in enumerate(both)]
    alone = [walked(r, e)[0].t for r, e in zip(both, estimates, strict=True)]
    walk = ProfileLikelihood().walk(estimates, [0, 1])
    while not walk.halted:
        request = walk.ask()
        rows = np.array([both[s](p) for p, s in zip(request.points, request.starts, strict=True)])
        steps = 1e-30j * np.eye(2)
        slopes = np.array(
            [
                [np.imag(both[s](p + h)) / 1e-30 for h in steps]
                for p, s in zip(request.points, request.starts, strict=True)
            ]
        ).transpose(0, 2, 1)
        gradient, normal = np.einsum("bmd,bm->bd", slopes, rows), np.einsum("bmd,bme->bde", slopes, slopes)
        walk.tell(
            Answers(cost=0.5 * np.sum(rows**2, axis=1), ok=np.ones(len(rows), bool), gradient=gradient, normal=normal)
        )
    assert walk.walked().t == pytest.approx(np.concatenate(alone), rel=1e-9)


def test_black_boxes_too():
    # a function that only takes floats is differentiated by differences
    import math

    def black(a, b, x):
        return a * math.exp(-b * float(x)) if np.ndim(x) == 0 else np.array([a * math.exp(-b * v) for v in x])

    y = 2 * np.exp(-0.5 * X) + 0.05 * np.random.default_rng(3).normal(size=X.size)
    data = pm.Data({"x": X, "y": y}, inputs=["x"], output="y")
    plain = pm.identify("a * exp(-b * x)", data, {"a": 1.0, "b": 1.0}, starts=3)
    boxed = pm.identify(black, data, {"a": 1.0, "b": 1.0}, starts=3)
    assert "central differences" in boxed.receipt.evaluator
    for label in ("a", "b"):
        assert boxed.intervals[label] == pytest.approx(plain.intervals[label], rel=1e-5)
