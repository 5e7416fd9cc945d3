"""Random starts around a guess that tells no size go as far as the data do, in any unit."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.status import Outcome
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs.fit_guess import start_points
from parametra.verbs.fit_spread import spread_of

X = np.linspace(0, 1, 40)
NOISE = np.random.default_rng(2).standard_normal(40)


def _peak(guess, unit=1.0, **settings):
    """A Gaussian peak at 0.7 units, of which the place is guessed at `guess` units, with a width of 0.1."""
    y = 3 * np.exp(-0.5 * ((X - 0.7) / 0.1) ** 2) + 0.05 * NOISE
    data = pm.Data({"x": unit * X, "y": y}, inputs="x", output="y")
    free = {"place": pm.Real(guess=guess * unit), "width": pm.Positive(guess=0.3 * unit), "height": 1.0}
    return pm.Problem("height * exp(-0.5 * ((x - place) / width)**2)", data, free, **settings)


def _starts(problem, count=9, cost=None):
    evaluator = choose_evaluator(problem, cost or Cost(True), 1, "direct")
    drive = Drive(evaluator, Budget(None, None), Progress("", shown=False))
    return start_points(problem, count, 0, spread_of(problem, drive, evaluator, count))


def _place(problem, **settings):
    return _starts(problem, **settings)[:, problem.fit_space.slices["place"]][:, 0]


def test_a_guess_of_nothing_is_left_as_far_as_the_data_tell():
    places = _place(_peak(0.0), count=40)
    assert places[0] == 0
    assert 0.3 < np.median(np.abs(places[1:])) < 3


@pytest.mark.parametrize("unit", [1e-9, 1e12])
@pytest.mark.parametrize("guess", [0.0, 1e-6])
def test_it_knows_no_unit(unit, guess):
    assert _place(_peak(guess, unit)) == pytest.approx(unit * _place(_peak(guess)), rel=1e-9)


def test_a_tiny_guess_is_as_good_as_none():
    assert _place(_peak(1e-9)) == pytest.approx(_place(_peak(0.0)), rel=1e-5, abs=1e-8)


def test_a_guess_that_tells_a_size_keeps_its_own():
    problem = _peak(0.4)
    assert np.array_equal(_starts(problem), start_points(problem, 9, 0))


def test_likelihoods_without_residuals_tell_by_their_information():
    y = np.random.default_rng(5).poisson(np.exp(1 + X))
    lengths: list[np.ndarray] = []
    for unit in (1.0, 1e-9):
        data = pm.Data({"x": unit * X, "y": y.astype(float)}, inputs="x", output="y")
        problem = pm.Problem("exp(a + b * x)", data, {"a": 0.0, "b": 0.0}, noise=pm.Poisson())
        starts = _starts(problem, cost=Cost(least_squares=False, scores=True))
        lengths.append(starts * np.array([1.0, unit]))
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-9)


@pytest.mark.parametrize("unit", [1.0, 1e-9])
def test_a_place_in_another_unit_is_found_from_a_guess_of_nothing(unit):
    found = pm.fit(_peak(0.0, unit), starts=20)
    assert found.estimate["place"] == pytest.approx(0.7 * unit, rel=0.01)
    assert found.starts.best_share > 0.2


@pytest.mark.parametrize("count", [1, 4])
def test_what_is_asked_at_the_guess_counts(count, monkeypatch):
    """Every point that the evaluator answered is in the receipt."""
    answered: list[int] = []
    plain = Direct.evaluate

    def counted(self, points, want):
        answered.append(len(points))
        return plain(self, points, want)

    monkeypatch.setattr(Direct, "evaluate", counted)
    problem = _peak(0.0)
    evaluator = choose_evaluator(problem, Cost(True), count, "direct")
    drive = Drive(evaluator, Budget(1, None), Progress("", shown=False))
    single = choose_evaluator(problem, Cost(True), 1, "direct")
    called = single.calls
    spread_of(problem, drive, single, count)
    assert answered == ([1] if count > 1 else [])
    assert drive.evaluations == sum(answered)
    assert drive.calls == single.calls - called


def test_a_receipt_has_the_look_at_the_guess(monkeypatch):
    settings = {"starts": 6, "evaluator": "direct"}
    with_look = pm.fit(_peak(0.0), **settings)
    looked: list[object] = []
    plain = Drive.look

    def counted(self, *asked):
        before = self.evaluations
        found = plain(self, *asked)
        looked.append(self.evaluations - before)
        return found

    monkeypatch.setattr(Drive, "look", counted)
    assert pm.fit(_peak(0.0), **settings).receipt.evaluations == with_look.receipt.evaluations
    assert looked == [1]


def test_the_smallest_budget_still_leaves_a_point():
    found = pm.fit(_peak(0.0), starts=6, evaluations=1)
    assert found.status.outcome is Outcome.BUDGET
    assert "best point so far" in found.status.message
