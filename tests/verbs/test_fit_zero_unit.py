"""From a guess of 0, where some parameters do not move the residuals, a fit goes the same way in any unit."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm

X = np.linspace(0.1, 4, 30)
Y = 3 * np.exp(-0.8 * X) + 0.5 * np.sin(3 * X) + 0.1 * np.random.default_rng(3).standard_normal(30)
POWERS = [-40, -10, 10, 40]


def _fitted(power, starts):
    """Powers of 2 scale without rounding. At amplitudes of 0, rate and frequency move nothing."""
    unit = 2.0**power
    data = pm.Data({"x": X, "y": unit * Y}, inputs="x", output="y")
    guesses = {"a": 0.0, "k": 1.0, "b": 0.0, "w": 2.0}
    free = {name: pm.Real(guess=guess) for name, guess in guesses.items()}
    found = pm.fit("a * exp(-k * x) + b * sin(w * x)", data, free, seed=1, starts=starts, evaluator="direct")
    return found.receipt.evaluations, found.chi_square / unit**2


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("starts", [1, 3, 8])
def test_the_same_minimum_after_as_many_evaluations(starts, power):
    plain, wanted = _fitted(0, starts)
    evaluations, found = _fitted(power, starts)
    assert found == pytest.approx(wanted, rel=1e-9)
    assert evaluations == plain


@pytest.mark.parametrize("power", POWERS)
def test_a_start_at_which_every_coordinate_is_nothing(power):
    """The first region has no scaled length of the start to be a share of; it takes the residuals'."""
    unit = 2.0**power

    def of(unit):
        data = pm.Data({"x": X, "y": unit * Y}, inputs="x", output="y")
        free = {name: pm.Real(guess=0.0) for name in "akb"}
        return pm.fit("a * exp(-k * x) + b * x", data, free, starts=1, evaluator="direct", method="levenberg_marquardt")

    plain, found = of(1.0), of(unit)
    assert found.receipt.evaluations == plain.receipt.evaluations
    assert found.chi_square / unit**2 == pytest.approx(plain.chi_square, rel=1e-9)
