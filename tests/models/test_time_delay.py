"""Delays between two curves: conformance, a pair of known delay, what else is possible, and a measured quasar."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.maths.markov_process import correlation
from parametra.models.time_delay import (
    DelayedProcess,
    cross_correlation,
    delay_profile,
    dispersion,
    kernel_delay,
    two_curves,
)
from parametra.models.time_delay._simulated import process_seen_twice
from parametra.models.time_delay.gaussian_process import READY, twin_quasar
from parametra.models.time_delay.kernel import READY as KERNEL
from parametra.nouns.errors import DataError, ModelError, NoiseError
from parametra.testing.check_model import check_model

TWIN = {"delay": 419.6, "offset": 0.12, "amplitude": 0.12, "timescale": 150.0}
NEAR = (300.0, 540.0)


def pair(seed, **changed):
    return process_seen_twice(seed, {**TWIN, **changed}, error=0.01, span=1800.0, epochs=70)


@pytest.mark.slow
def test_the_kernel_conforms():
    assert check_model(KERNEL) == []


@pytest.mark.slow
def test_the_gaussian_process_conforms():
    assert check_model(READY) == []


@pytest.mark.parametrize("kernel", ["matern32", "damped_random_walk"])
def test_the_likelihood_is_that_of_the_whole_covariance(kernel):
    data = pair(0)
    problem = READY.problem(data, kernel=kernel)
    values = {"delay": 400.0, "mean": 17.0, "offset": 0.1, "amplitude": 0.1, "timescale": 90.0}
    places = data.inputs["time"] - 400.0 * data.inputs["image"]
    covariance = 0.01 * correlation(kernel, np.abs(places[:, None] - places) / 90.0)
    covariance += (1e-4 + 1e-12) * np.eye(places.size)
    left = data.outputs["magnitude"] - 17.0 - 0.1 * data.inputs["image"]
    wanted = -0.5 * left @ np.linalg.solve(covariance, left) - 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    assert float(problem.log_likelihood(values)) == pytest.approx(wanted, rel=1e-9)


def test_the_profile_agrees_with_the_fit():
    found = delay_profile(twin_quasar(), delays=NEAR)
    fit = pm.fit(READY, twin_quasar(), starts=1, evaluator="direct")
    assert found.best.delay == pytest.approx(fit.estimate["delay"], abs=0.1)
    assert found.best.log_likelihood == pytest.approx(fit.log_likelihood, abs=0.02)
    assert found.best.standard_error == pytest.approx(fit.standard_error["delay"], rel=0.3)
    assert found.alone
    assert "one delay stands out" in repr(found)


def test_simulations_of_the_noise_have_its_covariance():
    data = pair(0)
    problem = READY.problem(data)
    values = {"delay": 419.6, "mean": 0.0, "offset": 0.0, "amplitude": 0.5, "timescale": 150.0}
    ((_, output, predicted),) = problem.compared(values, problem.arrays)
    scatter = problem.scatter(0, output, predicted, values, problem.arrays, np)
    drawn = np.stack([problem.noise[output].simulate(scatter, np.random.default_rng(k)) for k in range(400)])
    assert np.std(drawn) == pytest.approx(0.5, rel=0.1)
    assert problem.noise[output].standard_deviation(scatter) == pytest.approx(np.hypot(0.5, 0.01))
    places = data.inputs["time"] - 419.6 * data.inputs["image"]
    apart = np.abs(places[:, None] - places)
    near = np.argwhere((apart < 5) & (data.inputs["image"][:, None] > data.inputs["image"]))
    assert all(np.corrcoef(drawn[:, i], drawn[:, j])[0, 1] > 0.95 for i, j in near)


def test_70_points_give_a_delay_of_419_days_to_a_day_or_two():
    data = [pair(seed) for seed in range(8)]
    off = {
        "gaussian process": [delay_profile(each, delays=NEAR).best.delay for each in data],
        "dispersion": [dispersion(each, delays=NEAR).best for each in data],
        "cross-correlation": [cross_correlation(each, delays=NEAR).best for each in data],
    }
    mean = {name: np.mean(np.abs(np.array(found) - 419.6)) for name, found in off.items()}
    assert mean["gaussian process"] < 1.4
    assert mean["dispersion"] < 2.5
    assert mean["cross-correlation"] < 2.5


def test_more_than_one_possible_delay_is_told():
    data = process_seen_twice(
        3, {**TWIN, "timescale": 20.0, "amplitude": 0.04}, error=0.02, span=1800.0, epochs=45, season=0.4
    )
    found = delay_profile(data)
    assert not found.alone
    assert "more than one delay is possible" in repr(found)
    assert sum(each.share for each in found.optima) == pytest.approx(1)
    assert len(found.table()) == len(found.optima) > 3
    near = min(found.optima, key=lambda each: abs(each.delay - 419.6))
    assert abs(near.delay - 419.6) < 3 * near.standard_error


def test_a_slow_difference_of_the_images_is_taken_out():
    data = pair(2)
    slope = 0.2 * (data.inputs["time"] / 900 - 1) * data.inputs["image"]
    table = {"time": data.inputs["time"], "image": data.inputs["image"], "magnitude": data.outputs["magnitude"] + slope}
    moved = pm.Data(table, inputs=["time", "image"], output="magnitude", sigma=0.01)
    with_slope, without = delay_profile(moved, delays=NEAR, microlensing=1), delay_profile(moved, delays=NEAR)
    assert abs(with_slope.best.delay - 419.6) < 4 * with_slope.best.standard_error
    assert with_slope.best.log_likelihood > without.best.log_likelihood + 10


def test_the_picture():
    import matplotlib.figure

    data = twin_quasar()
    problem = READY.problem(data)
    axes = matplotlib.figure.Figure().add_subplot()
    READY.picture(pm.fit(problem, starts=1, evaluator="direct"), problem, axes)
    assert axes.get_xlabel() == "time - delay of B"


@pytest.mark.parametrize("count", [3, 4, 12])
def test_guesses_of_few_values_are_finite(count):
    time = np.arange(float(count))[::-1]
    data = two_curves(time, np.ones(count), time, np.ones(count))
    for ready in (READY, KERNEL):
        guessed = ready.guess(data)
        assert all(np.isfinite(value).all() for value in guessed.values())


def test_what_is_no_pair_of_curves_is_refused():
    time = np.arange(5.0)
    with pytest.raises(DataError, match="one length"):
        two_curves(time, time[1:], time, time)
    with pytest.raises(DataError, match="3 of each curve"):
        two_curves(time[:2], time[:2], time, time)
    with pytest.raises(DataError, match="one curve only"):
        two_curves(time, time, time, time, error_a=time + 1)
    table = {"time": time, "image": time, "magnitude": time}
    with pytest.raises(DataError, match="0 for one curve and 1 for the other"):
        delay_profile(pm.Data(table, inputs=["time", "image"], output="magnitude"))
    with pytest.raises(DataError, match='wants the input "image"'):
        dispersion(pm.Data(table, inputs=["time"], output="magnitude"))


def test_settings_that_cannot_be_are_refused():
    data = pair(0)
    for function in (delay_profile, dispersion, cross_correlation, kernel_delay):
        with pytest.raises(ModelError, match="the lower limit comes first"):
            function(data, delays=(5.0, 1.0))
    with pytest.raises(ModelError, match='kernel="matern"'):
        delay_profile(data, kernel="matern")
    with pytest.raises(ModelError, match="degree of a polynomial"):
        delay_profile(data, microlensing=-1)
    with pytest.raises(ModelError, match="distance in time above zero"):
        dispersion(data, reach=0.0)
    with pytest.raises(ModelError, match="a population of 8"):
        kernel_delay(data, population=2)
    with pytest.raises(ModelError, match="degree of microlensing from 0 to 8"):
        READY.problem(data, microlensing=9)
    with pytest.raises(ModelError, match="centres, or 0 to choose"):
        KERNEL.problem(data, centres=101)
    with pytest.raises(NoiseError, match="no kernel"):
        DelayedProcess("matern")


@pytest.mark.external
@pytest.mark.slow
def test_the_delay_of_j1001(external_data):
    path = external_data / "quasar_delay/J1001_Rathnakumar2013.rdb"
    time, a, error_a, b, error_b = np.genfromtxt(path, skip_header=1, usecols=range(5)).T
    data = two_curves(time, a, time, b, error_a=error_a, error_b=error_b)
    assert time.size == 443
    fit = pm.fit(READY.problem(data, errors="scaled", microlensing=3, longest=300.0), starts=1)
    assert fit.estimate["delay"] == pytest.approx(119.3, abs=3.3)
    assert 0.5 < fit.standard_error["delay"] < 3.3
    assert delay_profile(data, delays=(-300.0, 300.0)).best.delay == pytest.approx(119.3, abs=3.3)
    assert dispersion(data, delays=(-300.0, 300.0)).best == pytest.approx(119.3, abs=10)


def understated(seed, factor):
    """A pair whose errors are larger than stated, and the pair with errors as they are."""
    data = process_seen_twice(seed, TWIN, error=0.02, span=1800.0, epochs=90)
    columns = {name: data.inputs[name] for name in ("time", "image")} | {"magnitude": data.outputs["magnitude"]}
    return pm.Data(columns, inputs=["time", "image"], output="magnitude", sigma=0.02 / factor)


def test_errors_that_are_too_small_are_scaled_and_it_is_told():
    right, small = (delay_profile(understated(5, factor), delays=NEAR) for factor in (1.0, 4.0))
    assert (right.errors, small.errors) == ("stated", "scaled")
    assert small.stated_factor == pytest.approx(4.0, rel=0.15)
    assert small.best.error_factor == small.stated_factor
    assert small.best.standard_error == pytest.approx(right.best.standard_error, rel=0.3)
    assert small.residual == pytest.approx(1.0, abs=0.1)
    assert "errors scaled by" in repr(small)
    forced = delay_profile(understated(5, 4.0), delays=NEAR, errors="stated")
    assert forced.best.standard_error < 0.7 * small.best.standard_error
    assert "times as large fit best" in repr(forced)
    with pytest.raises(ModelError, match='errors="scale"'):
        delay_profile(understated(5, 1.0), errors="scale")


def test_delays_without_overlap_are_refused():
    for function in (delay_profile, dispersion, cross_correlation, kernel_delay):
        with pytest.raises(DataError, match="no overlap at these delays"):
            function(pair(0), delays=(3000.0, 5000.0))
    with pytest.raises(DataError, match="no overlap at these delays"):
        cross_correlation(pair(0), delays=(1700.0, 1790.0))


def test_a_score_that_rises_to_the_edge_gives_no_delay():
    found = dispersion(pair(0), delays=(300.0, 400.0))
    assert found.at_the_edge
    assert "no delay, for the score rises up to 400" in repr(found)
    assert not dispersion(pair(0), delays=NEAR).at_the_edge


def test_curves_that_are_no_numbers_are_refused():
    time = np.arange(5.0)
    with pytest.raises(DataError, match="the times of curve A are to be a list of numbers"):
        two_curves(["a"], time, time, time)
