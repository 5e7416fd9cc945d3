"""Test of tests: its plan against statsmodels' power, its size and power by simulation, what may never show."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from parametra.methods.trust.private_test import PrivateTest, p_values_of, parts_of, t_test_power
from parametra.nouns.errors import MethodError
from parametra.verbs._promise_private_test import sign_test, simulate, t_test


@pytest.mark.parametrize(("rows", "cut", "effect"), [(10, 0.05, 1.0), (4, 0.2, 0.7), (40, 0.01, 0.5)])
def test_the_power_of_a_part_is_that_of_statsmodels(rows, cut, effect):
    wanted = TTestPower().power(effect, rows, cut, alternative="two-sided")
    assert t_test_power(rows, cut, effect) == pytest.approx(wanted, abs=1e-9)


def test_power_grows_where_scipys_distribution_has_holes():
    powers = t_test_power(np.arange(5, 300), 0.05, 1.0)
    assert (np.diff(powers) >= -1e-9).all()
    assert powers[-1] == pytest.approx(1.0)


def test_the_p_values_of_the_simulation_are_scipys():
    from scipy.stats import binomtest, ttest_1samp

    x = np.random.default_rng(0).normal(0.4, 1.0, (5, 9))
    assert t_test(x) == pytest.approx(ttest_1samp(x, 0.0, axis=1).pvalue, rel=1e-12)
    assert sign_test(x) == pytest.approx([binomtest(int((row > 0).sum()), 9).pvalue for row in x], rel=1e-12)


@pytest.mark.parametrize(("rows", "epsilon"), [(41, 1.0), (400, 1.0), (400, 0.1), (60, 5.0)])
def test_the_plan_sees_its_effect_with_80_percent_power(rows, epsilon):
    method = PrivateTest(epsilon=epsilon)
    plan = method.plan(rows)
    share = float(t_test_power(rows // plan.parts, plan.cut, plan.effect))
    assert method.power(share, plan) == pytest.approx(0.8, abs=1e-6)
    for parts in (plan.parts - 1, plan.parts + 1):
        if parts:
            assert not PrivateTest(epsilon=epsilon, parts=parts).plan(rows).effect < 0.97 * plan.effect


def test_a_plan_that_can_see_nothing_says_so():
    assert np.isnan(PrivateTest(epsilon=0.1).plan(20).effect)


def test_parts_hold_every_row_once():
    parts = parts_of(23, 5, np.random.default_rng(0))
    assert sorted(np.concatenate(parts)) == list(range(23))
    assert {len(part) for part in parts} == {4, 5}


def test_a_function_that_fails_on_a_part_is_not_significant_and_not_told():
    def moody(part):
        if 0 in part:
            raise ZeroDivisionError
        return np.nan if 1 in part else -3.0 if 2 in part else 0.01

    parts = tuple(np.array([i]) for i in range(4))
    assert p_values_of(moody, lambda index: index, parts).tolist() == [1.0, 1.0, 1.0, 0.01]


@pytest.mark.parametrize(
    ("settings", "rows", "message"),
    [
        ({"epsilon": 0.0}, 10, "a number above zero"),
        ({"size": 1.0}, 10, "above zero and below 1"),
        ({"cut": 1.5}, 10, "cut=1.5"),
        ({"parts": -1}, 10, "parts=-1"),
        ({"parts": 6}, 10, "12 rows in all"),
        ({}, 1, "2 rows in all"),
    ],
)
def test_impossible_settings_are_refused(settings, rows, message):
    with pytest.raises(MethodError, match=message):
        PrivateTest(**settings).plan(rows)


def test_40_rows_do_what_10_do_publicly_and_false_alarms_are_as_rare_as_asked():
    """10000 nulls of three p-value functions; each claim allows three standard errors, a false alarm in 740."""
    found = simulate(runs=10_000, seed=0)
    assert [claim.what for claim in found.claims if not claim.kept] == []
    assert found.claims[0].delivered == pytest.approx(4.0)
    assert len([claim for claim in found.claims if claim.what.startswith("false alarms")]) == 3
    assert found.claims[5].delivered < 0.05  # the sign test's p-values are too careful, so the private test is
