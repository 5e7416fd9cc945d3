"""Two rules for averages over a normal variable, against moments, one another, and a peak that is narrow."""

import math

import numpy as np
import pytest

from parametra.maths.normal_quadrature import equal_steps, gauss_hermite


@pytest.mark.parametrize("rule", [lambda: equal_steps(61, 9.0), lambda: gauss_hermite(41)])
def test_moments_are_those_of_a_standard_normal(rule):
    nodes, weights = rule()
    for power, wanted in ((0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (6, 15.0)):
        assert weights @ nodes**power == pytest.approx(wanted, abs=1e-11)


def test_both_average_a_logistic_curve_alike():
    averages = [
        weights @ (1 / (1 + np.exp(1 - 1.5 * nodes))) for nodes, weights in (equal_steps(61), gauss_hermite(81))
    ]
    assert averages[0] == pytest.approx(averages[1], abs=3e-9)


def test_a_narrow_peak_is_seen_by_equal_steps_and_missed_by_gauss_and_hermite():
    width, place = 0.15, 1.37
    total = math.hypot(1, width)
    exact = math.exp(-0.5 * (place / total) ** 2) * width / total
    found = {}
    for name, (nodes, weights) in {"equal": equal_steps(101), "gauss": gauss_hermite(41)}.items():
        found[name] = weights @ np.exp(-0.5 * ((nodes - place) / width) ** 2)
    assert found["equal"] == pytest.approx(exact, rel=1e-8)
    assert abs(found["gauss"] / exact - 1) > 0.01
