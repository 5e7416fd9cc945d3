"""Data that leave parameters open: the points that a design adds make them identifiable, and a profile agrees.

Wang and Hao (2025), arXiv:2501.01283: practical identifiability is that the Fisher information is invertible; their
examples are Hill functions and the SEIR model. The profiles here are a loop of refits with SciPy.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

import parametra as pm
from parametra.verbs.design import design

THRESHOLD = 3.841 / 2
"""Rise of the cost at the ends of a 95 % profile interval."""


def hill(x, V, K, n):
    return V * x**n / (K**n + x**n)


def seir(t, beta, kappa, gamma):
    """The infectious share, by 200 steps of Runge and Kutta to day 60, between them by a straight line."""

    def slope(y):
        new = beta * y[0] * y[2]
        return np.array([-new, new - kappa * y[1], kappa * y[1] - gamma * y[2]])

    y = np.array([0.99, 0.0, 0.01]) * (1 + 0 * beta)
    h, path = 0.3, [y[2]]
    for _ in range(200):
        a = slope(y)
        b = slope(y + h / 2 * a)
        c = slope(y + h / 2 * b)
        d = slope(y + h * c)
        y = y + h / 6 * (a + 2 * b + 2 * c + d)
        path.append(y[2])
    path = np.array(path)
    i = np.minimum((np.asarray(t) / h).astype(int), 199)
    share = np.asarray(t) / h - i
    return path[i] * (1 - share) + path[i + 1] * share


CASES = {
    "Hill": (hill, "x", {"V": 2.0, "K": 1.5, "n": 2.0}, [0.8, 0.8, 1.6, 1.6], (0.05, 12.0), 0.02),
    "SEIR": (seir, "t", {"beta": 0.8, "kappa": 0.4, "gamma": 0.25}, [4.0, 4.0, 12.0, 12.0], (0.5, 60.0), 0.003),
}


def rises(model, truth, inputs, sigma, name, factors):
    """By how much the cost rises where one parameter is held at a multiple of its value and the others are refitted."""
    others = [each for each in truth if each != name]
    data = model(inputs, **truth)

    def residuals(z, held):
        values = {**dict(zip(others, np.exp(z), strict=True)), name: held}
        return (model(inputs, **values) - data) / sigma

    costs = []
    middle = np.log([truth[each] for each in others])
    ends = (middle - np.log(6), middle + np.log(6))
    for factor in factors:
        starts = [np.clip(middle + s * np.log(factor), ends[0] + 0.1, ends[1] - 0.1) for s in (0, 1, -1)]
        held = (truth[name] * factor,)
        costs.append(min(least_squares(residuals, z, args=held, bounds=ends, max_nfev=60).cost for z in starts))
    return costs


@pytest.mark.parametrize("case", ["Hill", pytest.param("SEIR", marks=pytest.mark.slow)])
def test_added_points_make_the_information_invertible_and_close_every_profile(case):
    model, name, truth, there, ends, sigma = CASES[case]
    there = np.array(there)
    data = pm.Data({name: there, "y": model(there, **truth)}, inputs=[name], output="y", sigma=sigma)
    problem = pm.Problem(model, data, {each: pm.Log(v / 6, v * 6, guess=v) for each, v in truth.items()})
    found = design(problem, {name: ends}, values=truth)
    # two settings determine two combinations of three parameters
    assert set(found.undetermined) == set(truth)
    assert len(found.completing) == 1
    assert found.remaining == ()
    assert found.status.ok
    assert all(np.isinf(found.before[each]) for each in truth)
    assert all(np.isfinite(found.after[each]) for each in truth)
    for each in truth:
        assert min(rises(model, truth, there, sigma, each, (0.8, 1.25))) < 0.02 * THRESHOLD
    # one point makes it invertible at all
    one = np.append(there, found.completing[0].inputs[name])
    jacobian = (
        np.stack([model(one, **{**truth, e: truth[e] * (1 + 1e-5)}) - model(one, **truth) for e in truth], axis=1)
        / 1e-5
    )
    singular = np.linalg.svd(jacobian / np.linalg.norm(jacobian, axis=0), compute_uv=False)
    assert singular[-1] > 1e-3 * singular[0]
    # those of the design make every parameter known, and the profile says so
    new = [point.inputs[name] for point in found.points for _ in range(point.count)]
    for each in truth:
        reach = np.exp(4 * found.after[each] / truth[each])
        assert min(rises(model, truth, np.append(there, new), sigma, each, (1 / reach, reach))) > THRESHOLD


def test_nothing_that_can_be_measured_tells_a_product_apart():
    x = np.linspace(0, 3, 8)
    data = pm.Data({"x": x, "y": 2 * x + 1}, inputs=["x"], output="y", sigma=0.02)
    parameters = {"a": pm.Positive(guess=1.0), "b": pm.Positive(guess=2.0), "c": 1.0}
    found = design(pm.Problem("a * b * x + c", data, parameters), values={"a": 1.0, "b": 2.0, "c": 1.0}, points=3)
    assert found.remaining == ("a", "b")
    assert "Nothing that can be measured here tells a and b apart" in " ".join(found.verdict)
    assert "leaves a and b undetermined" in found.status.message
    # what is told of the rest is right: both ends, of the product and of c
    assert found.proven > 1 - 1e-6
    assert np.isfinite(found.after["c"])
    assert found.after["a"] == np.inf


def test_data_at_low_concentrations_give_a_ratio_until_a_high_one_is_measured():
    c = np.array([0.02, 0.05, 0.1, 0.15, 0.2])
    data = pm.Data({"c": c, "v": 3 * c / (2 + c)}, inputs=["c"], output="v", sigma=0.01)
    problem = pm.Problem("V * c / (K + c)", data, {"V": pm.Log(0.1, 100), "K": pm.Log(0.1, 100)})
    found = design(problem, {"c": (0.0, 20.0)}, values={"V": 3.0, "K": 2.0})
    assert set(found.undetermined) == {"V", "K"}
    assert found.remaining == ()
    assert found.completing == ()  # the information is invertible, and says next to nothing
    assert max(point.inputs["c"] for point in found.points) > 5
    fewer = design(problem, {"c": (0.0, 0.3)}, values={"V": 3.0, "K": 2.0}, points=2)
    assert "K" in fewer.remaining
    assert "leaves" in fewer.status.message
