"""Delays by kernels: the regression by two routes, the search of mixed types, and how far off both methods are."""

from __future__ import annotations

import math

import numpy as np
import pytest

import parametra as pm
from parametra.models.time_delay import kernel_delay, two_curves
from parametra.models.time_delay._delay_scan import Scan
from parametra.models.time_delay._kernel_regression import Regression
from parametra.models.time_delay._kernel_search import Limits, Setting, evolved
from parametra.models.time_delay._simulated import process_seen_twice
from parametra.models.time_delay._two_curves import Curves
from parametra.models.time_delay.kernel import READY, smooth_pair
from parametra.nouns.errors import ModelError

TWIN = {"delay": 419.6, "offset": 0.12, "amplitude": 0.12, "timescale": 150.0}
NEAR = (300.0, 540.0)


def pair(seed, **changed):
    return process_seen_twice(seed, {**TWIN, **changed}, error=0.01, span=1800.0, epochs=70)


def small():
    rng = np.random.default_rng(8)
    time = np.sort(rng.uniform(0, 100, 9))
    a, b = (np.sin((time - shift) / 15) + 0.05 * rng.standard_normal(9) for shift in (0.0, 20.0))
    return two_curves(time, a, time, 0.3 + b, error_a=np.full(9, 0.05), error_b=np.linspace(0.04, 0.08, 9))


def explicit(curves, setting):
    """The kernels, their weights in the fit, and the penalty of a setting, from their definition."""
    places, widths = curves.time - setting.delay * curves.image, np.zeros(curves.time.size)
    for image in (0, 1):
        mine = np.flatnonzero(curves.image == image)
        for i, row in enumerate(mine):
            k, (low, high) = setting.neighbours, (max(i - setting.neighbours, 0), i + setting.neighbours)
            high = min(high, mine.size - 1)
            widths[row] = (curves.time[mine[high]] - curves.time[mine[low]]) * k / (high - low)
    kernels = np.exp(-(((places[:, None] - places) / widths) ** 2))
    means = np.column_stack([np.ones(places.size), curves.image])
    weight = 1 / curves.error
    scaled = means * weight[:, None]
    onto = np.eye(places.size) - scaled @ np.linalg.pinv(scaled)
    rows = onto @ (kernels * weight[:, None])
    penalty = (10.0**setting.penalty / places.size + 1e-12) * np.sum(rows**2) / places.size
    return np.column_stack([kernels, means]), weight, penalty


def solved(columns, weight, penalty, value):
    count = columns.shape[1]
    extra = np.sqrt(penalty) * np.eye(count)[: count - 2]
    left = np.concatenate([columns * weight[:, None], extra])
    return np.linalg.lstsq(left, np.concatenate([value * weight, np.zeros(count - 2)]), rcond=None)[0]


def test_the_loss_of_prediction_is_that_of_leaving_each_value_out():
    curves, setting = Curves.of(small()), Setting(18.0, 2, 0.3)
    columns, weight, penalty = explicit(curves, setting)
    errors = []
    for i in range(curves.time.size):
        others = np.arange(curves.time.size) != i
        found = solved(columns[others], weight[others], penalty, curves.value[others])
        errors.append((curves.value[i] - columns[i] @ found) * weight[i])
    assert Regression(curves, "prediction").loss(setting) == pytest.approx(np.mean(np.square(errors)), rel=1e-6)


def test_the_criterion_of_information_counts_the_trace_of_the_hat_matrix():
    curves, setting = Curves.of(small()), Setting(18.0, 2, 0.3)
    columns, weight, penalty = explicit(curves, setting)
    n = curves.time.size
    # a unit of one value moves the fit by a column of the hat matrix
    hat = np.stack([columns @ solved(columns, weight, penalty, unit) for unit in np.eye(n)], axis=1)
    left, trace = (curves.value - hat @ curves.value) * weight, np.trace(hat)
    wanted = math.log(np.mean(left**2)) + 1 + 2 * (trace + 1) / (n - trace - 2)
    regression = Regression(curves, "information")
    assert regression.loss(setting) == pytest.approx(wanted, rel=1e-6)
    assert regression.offset(setting) == pytest.approx(solved(columns, weight, penalty, curves.value)[-1], rel=1e-6)


def test_settings_that_leave_nothing_to_judge_by_are_the_worst():
    time = np.arange(8.0)
    curves = Curves.of(two_curves(time, np.sin(time), time, np.cos(time)))
    # kernels of one neighbour and hardly a penalty run through every value
    for criterion in ("information", "prediction"):
        assert Regression(curves, criterion).loss(Setting(0.5, 1, -6.0)) == math.inf
        assert Regression(curves, criterion).loss(Setting(0.5, 2, 1.0)) < 100


def test_the_search_finds_whole_and_real_numbers():
    asked = []

    def loss(setting):
        asked.append(setting)
        return (setting.delay - 3.3) ** 2 + (setting.neighbours - 7) ** 2 + (setting.penalty + 1.5) ** 2

    limits = Limits((-50.0, 50.0), (1, 15), least_step=0.01)
    found = evolved(loss, limits, population=20, first=60, generations=40, seed=1)
    best = found.settings[0]
    assert best.neighbours == 7
    assert best.delay == pytest.approx(3.3, abs=0.05)
    assert best.penalty == pytest.approx(-1.5, abs=0.1)
    assert all(type(each.neighbours) is int and 1 <= each.neighbours <= 15 for each in asked)
    assert all(-50 <= each.delay <= 50 and -6 <= each.penalty <= 2 for each in asked)
    assert len(asked) == len(set(asked)) == found.evaluations
    assert list(found.losses) == sorted(found.losses)
    again = evolved(loss, limits, population=20, first=60, generations=40, seed=1)
    assert again == found
    assert evolved(loss, limits, population=20, first=60, generations=40, seed=2) != found


def test_an_evolution_is_the_same_again():
    found = [kernel_delay(pair(1), delays=(400.0, 440.0), population=8, generations=3, seed=4) for _ in range(2)]
    assert found[0].delay == found[1].delay
    assert found[0].offset == pytest.approx(0.12, abs=0.02)
    assert np.all(np.diff(found[0].population[:, 3]) >= 0)
    assert np.array_equal(found[0].population[:, 1], np.round(found[0].population[:, 1]))
    assert "neighbours" in repr(found[0])
    assert "information criterion" in repr(found[0])


def test_ugly_curves_have_a_delay_too():
    time = np.array([4.0, 0.0, 2.0, 1.0])
    for criterion in ("information", "prediction"):
        found = kernel_delay(
            two_curves(time, np.ones(4), time, np.ones(4)), criterion=criterion, population=8, generations=1
        )
        assert math.isfinite(found.delay)
        assert math.isfinite(found.offset)


def test_a_criterion_that_is_none_is_refused():
    with pytest.raises(ModelError, match='criterion="informaton"'):
        kernel_delay(pair(0), criterion="informaton")


@pytest.mark.slow
def test_kernel_regression_by_evolution():
    # the Cramer-Rao bound of the standard error is 1.95 d here, and a normal error of that is 1.56 d on average
    off = [abs(kernel_delay(pair(seed), delays=NEAR).delay - 419.6) for seed in range(20)]
    assert np.mean(off) < 1.56


def test_the_form_and_the_guess_scan_the_delays_once(monkeypatch):
    scans = []

    def peaks(scan, grid, count):
        scans.append(grid.size)
        return whole(scan, grid, count)

    whole = Scan.peaks
    monkeypatch.setattr(Scan, "peaks", peaks)
    READY.problem(pair(31))
    READY.problem(pair(31))
    assert len(scans) == 1
    # what is kept belongs to these numbers and these limits alone
    READY.problem(pair(32))
    READY.problem(pair(31), longest=500.0)
    assert len(scans) == 3


def test_the_model_takes_as_many_kernels_as_the_curves_want():
    few, many = READY.form_of(smooth_pair()), READY.form_of(pair(0, timescale=40.0))
    # the smooth source is 16 kernels
    assert 12 <= few.parameters["weights"].shape[0] <= 24
    assert many.parameters["weights"].shape[0] > 40
    assert READY.form_of(pair(0), centres=20).parameters["weights"].shape[0] <= 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_model_is_not_bent_by_kernels_that_are_too_wide(seed):
    problem = READY.problem(pair(seed), longest=540.0)
    found = pm.fit(problem, starts=1, evaluator="direct")
    assert abs(found.estimate["delay"] - 419.6) < 3 * found.standard_error["delay"]
    assert found.chi_square < 1.6 * found.degrees_of_freedom
    wide = pm.fit(READY.problem(pair(seed), longest=540.0, centres=20), starts=1, evaluator="direct")
    assert wide.chi_square > 2 * wide.degrees_of_freedom
