"""Penalties: the textbook's formulas, and proximal steps that minimise, by two routes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.maths.penalties import CoordinatePenalty

KINDS = {"lasso": 0.0, "scad": 3.7, "mcp": 3.0}


def penalty(kind, strength, weight=1.0, scale=1.0, shape=None):
    shape = KINDS[kind] if shape is None else shape
    return CoordinatePenalty(kind, np.array([strength]), shape, weight, np.array([scale]))


def textbook(kind, b, strength, shape):
    u = abs(b)
    if kind == "lasso":
        return strength * u
    if kind == "scad":
        if u <= strength:
            return strength * u
        if u <= shape * strength:
            return (2 * shape * strength * u - u**2 - strength**2) / (2 * (shape - 1))
        return strength**2 * (shape + 1) / 2
    return strength * u - u**2 / (2 * shape) if u <= shape * strength else shape * strength**2 / 2


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_the_textbook_s(kind):
    for b in np.linspace(-4, 4, 81):
        mine = penalty(kind, 0.8, weight=7.0, scale=1.5).value(np.array([[b]]))[0]
        assert mine == pytest.approx(7 * textbook(kind, 1.5 * b, 0.8, KINDS[kind]), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_of_the_concave_part_are_its_differences(kind):
    p = penalty(kind, 0.8, weight=7.0, scale=1.5)
    b = np.linspace(-3.9, 3.9, 53)[:, None]
    differences = (p.concave(b + 1e-6) - p.concave(b - 1e-6)) / 2e-6
    np.testing.assert_allclose(p.concave_slope(b), differences, atol=1e-6)
    bend = np.gradient(p.concave_slope(b)[:, 0], b[:, 0])
    assert bend.min() >= -p.concavity[0] * (1 + 1e-9)
    assert kind == "lasso" or bend.min() == pytest.approx(-p.concavity[0])


def shifted(p, b, v, t):
    b = np.atleast_1d(b)[:, None]
    return (b[:, 0] - v) ** 2 / (2 * t) + p.value(b)


numbers = st.floats(-5, 5)
cases = st.tuples(
    st.sampled_from(sorted(KINDS)),
    numbers,
    st.floats(0.02, 20),
    st.floats(0, 3),
    st.floats(0.1, 5),
    st.floats(0.2, 3),
    st.floats(-3, 0),
    st.floats(0, 3),
    st.floats(0.05, 4),
)


@given(cases)
@settings(max_examples=300, deadline=None)
def test_the_proximal_step_minimises(case):
    kind, v, t, strength, weight, scale, lower, upper, extra = case
    shape = {"lasso": 0.0, "scad": 2 + extra, "mcp": 1 + extra}[kind]
    p = penalty(kind, strength, weight, scale, shape)
    low, high = np.array([lower]), np.array([upper])
    b = p.prox(np.array([[v]]), np.array([[t]]), low, high)
    assert lower <= b[0, 0] <= upper
    grid = np.concatenate([np.linspace(lower, upper, 2001), [0.0, np.clip(v, lower, upper)]])
    best = shifted(p, grid, v, t).min()
    assert shifted(p, b[0], v, t)[0] <= best + 1e-12 * (1 + best)
    # where zero is among the slopes, no violation is found
    violation = p.violation(b, (b - v) / t, low, high)
    assert violation[0, 0] <= 1e-9 * (1 + weight * scale * strength + abs(v) / t)


@given(numbers, numbers, st.floats(0.02, 20), st.floats(0, 3))
@settings(max_examples=200, deadline=None)
def test_the_lasso_s_step_brings_no_two_points_further_apart(a, b, t, strength):
    p, endless = penalty("lasso", strength), (np.array([-np.inf]), np.array([np.inf]))
    x, y = (p.prox(np.array([[v]]), np.array([[t]]), *endless)[0, 0] for v in (a, b))
    assert abs(x - y) <= abs(a - b) * (1 + 1e-12) + 1e-12


def test_firm_thresholding_is_the_mcp_s_step():
    """Zhang 2010: with unit steps, gamma > 1: S(v, l) / (1 - 1 / gamma) up to gamma l, and v beyond."""
    v = np.linspace(-6, 6, 121)[:, None]
    step = penalty("mcp", 1.0, shape=2.5).prox(v, np.ones_like(v), np.array([-np.inf]), np.array([np.inf]))
    firm = np.where(np.abs(v) <= 2.5, np.sign(v) * np.maximum(np.abs(v) - 1, 0) / (1 - 1 / 2.5), v)
    np.testing.assert_allclose(step, firm, atol=1e-12)


def test_violations_at_zero_at_bounds_and_elsewhere():
    p = CoordinatePenalty("lasso", np.array([1.0, 1.0, 1.0, 0.0, 1.0]), weight=2.0)
    points = np.array([[0.0, 0.0, 1.0, 0.5, 0.0]])
    gradient = np.array([[1.9, 2.5, -2.0, 0.25, -9.0]])
    upper = np.array([np.inf, np.inf, np.inf, np.inf, 0.0])
    found = p.violation(points, gradient, np.full(5, -np.inf), upper)
    np.testing.assert_allclose(found, [[0.0, 0.5, 0.0, 0.25, 0.0]], atol=1e-15)


def test_nothing_is_penalised_where_the_strength_is_zero():
    for kind, shape in KINDS.items():
        p = CoordinatePenalty(kind, np.zeros(2), shape, 10.0)
        x = np.array([[-3.0, 5.0]])
        assert p.value(x)[0] == 0 and not p.concave_slope(x).any() and not p.concavity.any()
        endless = np.full(2, -np.inf), np.full(2, np.inf)
        np.testing.assert_array_equal(p.prox(x, np.ones_like(x), *endless), x)
