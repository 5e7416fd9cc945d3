"""A fit whose answer moves with tolerances that nobody stated tightens them; with stated ones it says so."""

import pickle

import numpy as np
import pytest

import parametra as pm
from parametra.verbs.at_estimate import at_estimate
from parametra.verbs.fit_judge import hash_of
from parametra.verbs.fit_tolerance import as_fitted

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


class Open(Inexact):
    """The same; nobody stated its tolerance, and it may have an error that no tolerance governs."""

    tolerances_open = True

    def __init__(self, error, fails_below=0.0, least=0.0):
        super().__init__(max(error, least), fails_below)
        self.least = least

    def tightened(self, factor):
        tight = Open(self.error * factor, self.fails_below, self.least)
        tight.tolerances_open = False
        return tight


class Jumps(Open):
    """Another error each time that it is computed more accurately: no tolerance serves."""

    def tightened(self, factor):
        return Jumps(-0.8 * self.error if factor == 0.01 else 0.9 * self.error)

    def __init__(self, error):
        self.error, self.fails_below, self.least = error, 0.0, 0.0

    def __call__(self, t, a, b):
        return a * np.exp(-b * t) * (1 + self.error * np.sin(3 * b))


class Wavy(Open):
    """Its error changes the lowest cost too."""

    def tightened(self, factor):
        return Wavy(self.error * factor)

    def __call__(self, t, a, b):
        return a * np.exp(-b * t) * (1 + self.error * np.sin(9 * t))


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


@pytest.mark.parametrize(("error", "tightened"), [(1e-2, "0.01"), (2.0, "0.0001")])
def test_tolerances_that_nobody_stated_are_tightened_until_the_answer_holds(error, tightened):
    problem = pm.Problem(Open(error), DATA, BOX)
    fit = pm.fit(problem, progress=False)
    exact = pm.fit("a * exp(-b * t)", DATA, BOX, progress=False)
    loose = pm.fit(Inexact(error), DATA, BOX, progress=False)
    assert not fit.doubts
    assert f"tolerances tightened to {tightened} of the first ones" in fit.choice
    for name in BOX:
        assert abs(fit.estimate[name] - exact.estimate[name]) < 0.1 * exact.standard_error[name]
    assert abs(loose.estimate["a"] - exact.estimate["a"]) > 0.1 * exact.standard_error["a"]
    assert fit.receipt.problem_hash == hash_of(problem)
    assert fit.receipt.evaluations > loose.receipt.evaluations


def test_all_starts_that_were_there_are_there_still():
    fit = pm.fit(Wavy(0.02), DATA, BOX, starts=8, progress=False)
    tight = pm.fit(Wavy(0.0002), DATA, BOX, starts=8, progress=False)
    assert "tightened to 0.01" in fit.choice
    assert len(fit.starts.basins) == 1
    assert fit.starts.best_share == 1.0
    assert fit.starts.costs == pytest.approx(tight.starts.costs, rel=1e-6)


def test_an_answer_that_moves_all_the_same_is_doubted():
    fit = pm.fit(Jumps(0.1), DATA, BOX, progress=False)
    (doubt,) = about_tolerances(fit)
    assert "look for jumps in the equations" in doubt
    assert "tightened to 0.0001" in fit.choice


def test_a_spent_budget_leaves_the_answer_that_there_is_with_its_doubt():
    whole = pm.fit(Inexact(1e-2), DATA, BOX, starts=1, progress=False)
    fit = pm.fit(Open(1e-2), DATA, BOX, starts=1, evaluations=whole.receipt.evaluations + 1, progress=False)
    assert about_tolerances(fit)
    assert fit.estimate == whole.estimate
    assert "tightened" not in fit.choice


def test_a_search_of_all_the_box_is_not_begun_again():
    fit = pm.fit(Open(1e-2), DATA, BOX, method="grid", progress=False)
    assert about_tolerances(fit)
    assert "tightened" not in fit.choice


RATE = np.linspace(0.0, 3.0, 15)


def decay(**tolerances):
    return pm.ODE({"A": "-k * A"}, initial={"A": "first"}, solver="explicit", **tolerances)


def fitted(**tolerances):
    wave = 1e-9 * np.sin(5 * RATE)
    data = pm.Data({"t": RATE, "A": 2 * np.exp(-0.7 * RATE) + wave}, inputs="t", output="A", sigma=1e-9)
    problem = pm.Problem(decay(**tolerances), data, {"k": (0.1, 2.0), "first": (1.0, 3.0)})
    return problem, pm.fit(problem, starts=1, progress=False)


def test_an_ode_is_tightened_and_whoever_asks_further_gets_the_tight_one():
    problem, fit = fitted()
    exact = pm.fit("first * exp(-k * t)", problem.data_sets[0], {"k": (0.1, 2.0), "first": (1.0, 3.0)}, starts=1)
    assert "; tolerances tightened to 1e-1" in fit.choice
    assert not about_tolerances(fit)
    assert "to 1e-08" not in fit.receipt.evaluator
    assert abs(fit.estimate["k"] - exact.estimate["k"]) < 0.1 * exact.standard_error["k"]
    assert as_fitted(problem, fit).model.function.relative_tolerance < 1e-9
    assert at_estimate(problem, fit).cost == pytest.approx(fit.chi_square / 2, rel=1e-9)
    assert fit.receipt.problem_hash == hash_of(problem)


def test_stated_tolerances_are_respected():
    problem, fit = fitted(relative_tolerance=1e-8)
    (doubt,) = about_tolerances(fit)
    assert "the tolerances of 1e-08 are too loose" in doubt
    assert "tightened" not in fit.choice
    assert as_fitted(problem, fit) is problem


def test_what_was_left_open_stays_open_on_its_way_to_another_process():
    open_ = decay()
    assert open_.tolerances_open
    assert pickle.loads(pickle.dumps(open_)).tolerances_open
    assert not decay(absolute_tolerance=1e-10).tolerances_open
    assert not open_.tightened().tolerances_open
    assert open_.content_hash == decay(relative_tolerance=1e-8).content_hash
