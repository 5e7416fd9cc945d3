"""The private binomial test: its noise, its p-value, and the privacy itself, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, kstest

from parametra.methods.trust import _tulap

EPSILONS = (0.1, 1.0, 3.0)


def summed(x, epsilon, reach=2000):
    """P(G1 - G2 + U <= x) from the probabilities of the whole numbers, each spread over a unit interval."""
    b = np.exp(-epsilon)
    k = np.arange(-reach, reach + 1)
    return np.sum((1 - b) / (1 + b) * b ** np.abs(k) * np.clip(x - k + 0.5, 0, 1))


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("x", [-7.31, -1.5, -0.5, -0.2, 0.0, 0.49, 2.0, 11.7])
def test_the_distribution_is_the_sum_over_whole_numbers(epsilon, x):
    assert _tulap.at_most(x, epsilon) == pytest.approx(summed(x, epsilon), rel=1e-12)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_draws_follow_the_distribution(epsilon):
    draws = _tulap.noise(np.random.default_rng(4), epsilon, 20_000)
    assert kstest(draws, lambda x: _tulap.at_most(x, epsilon)).pvalue > 1e-3  # false alarm 1 in 1000; the seed is fixed


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_one_row_more_or_less_changes_no_probability_by_more_than_exp_epsilon(epsilon):
    edges = np.arange(-6.0, 5.25, 0.25)  # where the lower tail is told to full precision
    here, there = (np.diff(_tulap.at_most(edges - count, epsilon)) for count in (5, 6))
    ratio = np.log(here / there)
    assert np.abs(ratio).max() <= epsilon + 1e-3
    assert np.abs(ratio).max() > 0.999 * epsilon  # and no privacy is given away unused


def test_the_p_value_is_the_tail_of_count_plus_noise():
    z, trials, chance, epsilon = 6.3, 12, 0.2, 0.7
    k = np.arange(trials + 1)
    wanted = sum(p * (1 - summed(z - j, epsilon)) for j, p in zip(k, binom.pmf(k, trials, chance), strict=True))
    assert _tulap.p_value(z, trials, chance, epsilon) == pytest.approx(wanted, rel=1e-9)


def test_the_size_is_exact_for_exact_p_values_and_smaller_for_careful_ones():
    cuts = np.array([0.05, 0.2, 0.4])
    threshold = _tulap.critical(9, cuts, 1.0, 0.05)
    assert _tulap.power(cuts, 9, threshold, 1.0) == pytest.approx(0.05, abs=1e-12)
    assert (_tulap.power(0.8 * cuts, 9, threshold, 1.0) < 0.05).all()


def test_the_share_that_is_needed_gives_the_power_that_is_wanted():
    threshold = _tulap.critical(9, np.array([0.2]), 1.0, 0.05)
    share = _tulap.share_needed(9, threshold, 1.0, 0.8)
    assert _tulap.power(share, 9, threshold, 1.0) == pytest.approx(0.8, abs=1e-6)
    assert np.isnan(_tulap.share_needed(2, _tulap.critical(2, np.array([0.2]), 0.1, 0.05), 0.1, 0.8)).all()
