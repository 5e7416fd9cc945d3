"""A fit with loose tolerances says so, and one with tight ones says nothing."""

import numpy as np
import pytest

import parametra as pm

T = np.linspace(0.0, 3.0, 40)
DATA = pm.Data(
    {"y": 2 * np.exp(-T) + 0.01 * np.random.default_rng(0).normal(size=40), "t": T}, inputs="t", output="y", sigma=0.01
)
BOX = {"a": (0.0, 10.0), "b": (0.0, 5.0)}


class Inexact:
    """A decay with an error that a tolerance governs."""

    precision = 1e-12

    def __init__(self, error, fails_below=0.0):
        self.error, self.fails_below = error, fails_below

    def tightened(self, factor):
        return Inexact(self.error * factor, self.fails_below)

    def __call__(self, t, a, b):
        if self.error < self.fails_below:
            raise pm.EvaluationFailed("too many steps")
        return a * np.exp(-b * t) * (1 + self.error * np.sin(3 * b))


def about_tolerances(fit):
    return [doubt for doubt in fit.doubts if "a hundred times as accurately" in doubt]


def test_loose_tolerances_are_told_with_how_far_the_answer_moves():
    (doubt,) = about_tolerances(pm.fit(Inexact(0.1), DATA, BOX, progress=False))
    moved = float(doubt.split(" move a by ")[1].split(" of")[0])
    exact, loose = (pm.fit(Inexact(e), DATA, BOX, progress=False) for e in (1e-3, 0.1))
    real = abs(exact.estimate["a"] - loose.estimate["a"]) / loose.standard_error["a"]
    assert moved == pytest.approx(real, rel=0.2)


def test_tight_tolerances_and_other_models_are_no_doubt():
    assert not about_tolerances(pm.fit(Inexact(1e-6), DATA, BOX, progress=False))
    assert not about_tolerances(pm.fit("a * exp(-b * t)", DATA, BOX, progress=False))


def test_a_model_that_cannot_be_tightened_is_a_doubt():
    (doubt,) = about_tolerances(pm.fit(Inexact(1e-6, 1e-7), DATA, BOX, progress=False))
    assert "most_steps" in doubt


def test_likelihoods_without_residuals_are_asked_too():
    counts = np.random.default_rng(1).poisson(200 * np.exp(-T)).astype(float)
    data = pm.Data({"y": counts, "t": T}, inputs="t", output="y")
    box = {"a": (10.0, 1000.0), "b": (0.01, 5.0)}
    assert about_tolerances(pm.fit(Inexact(0.5), data, box, noise=pm.Poisson(), progress=False))
    assert not about_tolerances(pm.fit(Inexact(1e-6), data, box, noise=pm.Poisson(), progress=False))
