"""Sums of exponentials and power of harmonics against direct sums and least squares."""

from __future__ import annotations

import numpy as np
import pytest

from parametra.maths.periodogram import exponential_sums, false_alarm, harmonic_power


def test_exponential_sums_are_the_direct_ones():
    generator = np.random.default_rng(0)
    places, weights = generator.uniform(-3, 7, 60), generator.standard_normal(60)
    direct = np.exp(2j * np.pi * np.outer(np.arange(501), places)) @ weights
    assert np.abs(exponential_sums(places, weights, 501) - direct).max() < 1e-8
    assert np.abs(exponential_sums(places, weights, 3) - direct[:3]).max() < 1e-8


@pytest.mark.parametrize("harmonics", [1, 3])
def test_the_power_is_that_of_least_squares(harmonics):
    generator = np.random.default_rng(1)
    time = np.sort(generator.uniform(2000, 2100, 60))
    value = 12 + np.sin(2 * np.pi * time / 7.3) + 0.3 * generator.standard_normal(60)
    weight = generator.uniform(0.5, 2, 60)
    power = harmonic_power(time, value, weight, (0.01, 0.001, 900), harmonics)
    mean = np.average(value, weights=weight)
    for place in (0, 100, 127, 500, 899):
        angle = 2 * np.pi * (0.01 + 0.001 * place) * (time - 2050)[:, None] * np.arange(1, harmonics + 1)
        columns = np.concatenate([np.ones((60, 1)), np.cos(angle), np.sin(angle)], axis=1)
        root = np.sqrt(weight)
        fitted = columns @ np.linalg.lstsq(columns * root[:, None], value * root, rcond=None)[0]
        wanted = 1 - np.sum(weight * (value - fitted) ** 2) / np.sum(weight * (value - mean) ** 2)
        assert power[place] == pytest.approx(wanted, abs=1e-9)


def test_a_constant_has_no_power():
    time = np.arange(20.0)
    assert not harmonic_power(time, np.full(20, 3.0), np.ones(20), (0.01, 0.01, 30), 2).any()


@pytest.mark.parametrize("harmonics", [1, 3])
def test_the_chance_of_a_false_alarm_is_that_of_noise(harmonics):
    generator = np.random.default_rng(2)
    time = np.sort(generator.uniform(0, 100, 100))
    grid = (0.02, 0.01 / (4 * harmonics), 200 * harmonics)
    highest = [
        harmonic_power(time, generator.standard_normal(100), np.ones(100), grid, harmonics).max() for _ in range(200)
    ]
    band = grid[1] * grid[2]
    chances = np.array([false_alarm(float(h), 100, harmonics, float(time.std()), band) for h in highest])
    # 200 draws: a share of 0.1 comes out as 0.06 to 0.15
    assert 0.04 < np.mean(chances < 0.1) < 0.16
    assert false_alarm(0.0, 100, harmonics, 30.0, band) == 1.0
    assert false_alarm(0.5, 2 * harmonics, harmonics, 30.0, band) == 1.0
    assert false_alarm(1.0, 100, harmonics, 30.0, band) == 0.0


def test_many_harmonics_of_a_grid_of_times_neither_overflow_nor_invent_power():
    """At the frequencies of the sampling only few phases differ: the harmonics beyond them are none of their own."""
    generator = np.random.default_rng(3)
    time, weight = np.linspace(0, 10, 60), np.ones(60)
    value = np.sin(2 * np.pi * time / 3) + 0.1 * generator.standard_normal(60)
    with np.errstate(all="raise"):
        power = harmonic_power(time, value, weight, (0.1, 0.01, 600), 16)
    cycle = 59 / 10  # of the sampling itself: all phases are one
    (alone,) = harmonic_power(time, value, weight, (cycle, 0.01, 1), 16)
    (two,) = harmonic_power(time, value, weight, (0.5 * cycle, 0.01, 1), 16)
    odd = np.arange(60) % 2
    between = 60 * np.var([value[odd == each].mean() for each in (0, 1)]) / (60 * np.var(value))
    assert alone == pytest.approx(0, abs=1e-9)
    assert two == pytest.approx(between, abs=1e-9)
    assert ((power >= 0) & (power <= 1)).all()
