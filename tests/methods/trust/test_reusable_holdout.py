"""Thresholdout: when it looks, when it stops, what it proves, and the variables chosen in pure noise."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from parametra.methods.trust.reusable_holdout import ReusableHoldout, Thresholdout
from parametra.nouns.errors import MethodError
from parametra.verbs._promise_reusable_holdout import simulate

WHOLE = (-math.inf, math.inf)


def rule(**settings):
    return Thresholdout(ReusableHoldout(**settings), np.random.default_rng(0))


def test_while_both_agree_the_training_mean_is_the_answer_and_nothing_is_spent():
    under_way = rule(budget=3, noise=1e-6)
    steps = [under_way.answer(0.5, 0.5 + gap, 0.1, WHOLE) for gap in (0.0, 0.09, -0.09)]
    assert [(step.value, step.looked) for step in steps] == [(0.5, False)] * 3
    assert under_way.left == 3


def test_where_they_differ_the_holdout_answers_until_the_budget_is_spent():
    under_way = rule(budget=2, noise=1e-6)
    steps = [under_way.answer(0.9, 0.5, 0.1, WHOLE) for _ in range(3)]
    assert [step.looked for step in steps] == [True, True, False]
    assert [step.value for step in steps[:2]] == pytest.approx([0.5, 0.5], abs=1e-5)
    assert steps[2].refused and math.isnan(steps[2].value)
    assert under_way.answer(0.5, 0.5, 0.1, WHOLE).refused  # also where both agree


def test_answers_from_the_holdout_are_multiples_of_the_noise_inside_the_bounds():
    under_way = rule(budget=500, noise=0.25)
    found = np.array([under_way.answer(9.0, 0.96, 0.4, (0.0, 1.0)).value for _ in range(500)])
    assert np.allclose(found, 0.1 * np.round(found / 0.1))
    assert (found.min(), found.max()) == (pytest.approx(0.0, abs=0.7), 1.0)
    assert np.median(found) == pytest.approx(1.0)  # 0.96 is nearest to 1.0 among the tenths
    assert len(np.unique(found)) > 3  # noise there is


def test_the_noise_has_the_scales_of_the_paper():
    """The share of looks at a gap of x is P(1 + Lap(2s) + Lap(4s) < x): 10000 questions, 4 standard errors."""
    random = np.random.default_rng(3)
    looks = [
        Thresholdout(ReusableHoldout(budget=1, noise=0.1), random).answer(0.0, 0.6, 1.0, WHOLE).looked
        for _ in range(10_000)
    ]
    other = np.random.default_rng(8)
    wanted = np.mean(1 + other.laplace(scale=0.2, size=10**6) + other.laplace(scale=0.4, size=10**6) < 0.6)
    assert np.mean(looks) == pytest.approx(wanted, abs=4 * 0.5 / 100)


def test_the_default_threshold_is_that_of_the_experiments():
    assert ReusableHoldout().threshold_for(10_000, 10_000, 1.0) == pytest.approx(0.04)  # T of the article, n = 10000
    assert ReusableHoldout(spread=0.5).threshold_for(100, 100, 3.0) == pytest.approx(0.2)
    assert ReusableHoldout(threshold=0.3).threshold_for(100, 100, 3.0) == 0.3
    assert ReusableHoldout().threshold_for(100, 100, 0.0) == pytest.approx(0.4)  # a constant in the training rows


def test_without_a_budget_the_tolerance_is_hoeffdings():
    found = ReusableHoldout().tolerance(50, 1000, 2.0, 0.01, answers=0)
    assert found == pytest.approx(2.0 * math.sqrt(math.log(2 * 50 / 0.05) / 2000))


def test_the_tolerance_counts_the_courses_of_the_dialogue():
    questions, answers, values = 4, 2, 7  # width / step + 2
    courses = sum(1 for c in product(range(values + 1), repeat=questions) if sum(v > 0 for v in c) <= answers)
    found = ReusableHoldout().tolerance(questions, 500, 1.0, 0.2, doubt=0.1, answers=answers)
    assert found == pytest.approx(math.sqrt(math.log(2 * questions * courses / 0.1) / 1000))


@pytest.mark.parametrize("settings", [{"budget": 0}, {"noise": 0.0}, {"threshold": -1.0}, {"spread": -1.0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(MethodError, match=next(iter(settings))):
        ReusableHoldout(**settings)


def test_in_pure_noise_a_plain_holdout_is_fooled_and_this_one_is_not():
    found = simulate(runs=3, seed=0, rows=1000)
    said = {claim.what: claim.delivered for claim in found.claims}
    assert said["plain holdout says"] > 0.6
    assert said["fresh rows say of that one"] < 0.54
    assert said["reusable holdout, largest miss of fresh accuracy"] < 0.08  # T of right or wrong at n = 1000 is 0.063


@pytest.mark.slow
def test_the_published_experiment_at_4000_within_5_points_in_20_of_20():
    found = simulate(runs=20, seed=0)
    said = {claim.what: claim.delivered for claim in found.claims}
    assert found.claims[0].kept
    assert said["plain holdout says"] == pytest.approx(0.66, abs=0.01)
    assert said["fresh rows say of that one"] == pytest.approx(0.5, abs=0.01)
