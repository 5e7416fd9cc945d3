"""All 53 rows of More and Wild's benchmark: the printed value at the start, and the known minimum at the end.

Thresholds: the values at the start to 12 digits; minima above zero to 9 digits, minima of zero to 1e-20 of the start's.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import parametra as pm
from bendfo_problems import PROBLEMS, rows

NUMBERS = range(1, 54)

PUBLISHED = dict(
    zip(
        (1, 2, 3, 4, 5, 6, 15, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27, 28, 31, 36, 37),
        (
            *(36.0, 36.0, 8.38028, 8.38028, 9.88060, 9.88060, 8.21487e-3, 3.07505e-4, 87.9458, 2.28767e-3, 2.28767e-3),
            *(1.39976e-6, 1.39976e-6, 4.72238e-10, 4.72238e-10, 124.362, 85822.2, 85822.2, 3.51687e-3),
            *(5.46489e-5, 4.01377e-2),
        ),
        strict=True,
    )
)
"""Minima as More, Garbow and Hillstrom print them, to six digits; those of zero are left out."""

LOCAL = {
    13: (48.98425367924, 1e-9),  # published: 48.9842...
    14: (48.98425367924, 1e-9),
    16: (17.428693333333, 1e-7),  # published: 17.4286..., where the second and third parameter go to infinity together
    33: (6.503954800880e-3, 1e-9),  # published: 6.50395...e-3
    38: (1.789813586881, 1e-9),  # three peaks without data beneath them; where SciPy's routes end too
}
"""Rows whose search ends in a local minimum from the given start: its sum of squares, and to how much of itself."""

VALLEY_TO_INFINITY = {16}
"""Rows whose published local end lies at infinity: the value is right, and the verdict says that it is no minimum."""

ELSEWHERE = {
    13: (-10.0, 10.0, 0.0),
    14: (-30.0, 30.0, 0.0),
    16: (-20.0, 20.0, 8.214877306578964e-3),
    33: (0.0, 1.0, 4.772713696375342e-3),
    38: (0.0, 7.0, 4.01377362935477e-2),
}
"""Rows of `LOCAL`: bounds of all parameters, and the lowest minimum known, which several starts must find."""


def row(number, folder):
    return next(r for r in rows(folder) if r.number == number)


def near(found, known, relative, scale):
    return abs(found - known) <= (relative * known if known > 1e-20 * scale else 1e-20 * scale)


@pytest.mark.external
@pytest.mark.parametrize("number", NUMBERS)
def test_the_value_at_the_start(number, external_data):
    one = row(number, external_data)
    residuals = one.residuals(one.start)
    assert residuals.shape == (one.m,)
    assert math.isclose(float(residuals @ residuals), one.first, rel_tol=1e-12)


@pytest.mark.external
def test_every_formula_is_used(external_data):
    assert {r.name for r in rows(external_data)} == set(PROBLEMS)


@pytest.mark.external
@pytest.mark.parametrize("number", NUMBERS)
def test_one_start(number, external_data):
    one = row(number, external_data)
    fit = pm.fit(one.problem(), starts=1)
    assert fit.method == "levenberg_marquardt"
    known, relative = LOCAL.get(number, (one.best, 1e-9))
    assert near(fit.chi_square, known, relative, one.first)
    if number in PUBLISHED:
        assert math.isclose(fit.chi_square, PUBLISHED[number], rel_tol=5e-6)
    assert fit.status.ok == (number not in VALLEY_TO_INFINITY)


@pytest.mark.external
@pytest.mark.parametrize("number", ELSEWHERE)
def test_many_starts(number, external_data):
    lower, upper, known = ELSEWHERE[number]
    one = row(number, external_data)
    inside = dataclasses.replace(one, start=np.clip(one.start, lower, upper))
    fit = pm.fit(inside.problem(lower, upper))
    assert near(fit.chi_square, known, 1e-9, one.first)
    assert fit.starts.best_share >= 0.2  # of 20 or more starts: luck would not do
