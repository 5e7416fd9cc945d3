"""Period searches and times of minima: against known periods, published ones, and the scatter of simulations."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.models.eclipsing_binary import period_search, times_of_minimum
from parametra.models.eclipsing_binary.spheres import _DETACHED, _curve
from parametra.models.eclipsing_binary.timings import READY as TIMINGS
from parametra.nouns.errors import DataError, MethodError
from parametra.testing.check_model import check_model


def nightly(seed, secondary):
    generator = np.random.default_rng(seed)
    period = generator.uniform(1.5, 6)
    time = np.sort(generator.integers(0, 300, 400) + generator.uniform(0.3, 0.7, 400))
    phase = time / period
    dips = [np.exp(-(((phase - shift - np.round(phase - shift)) / 0.03) ** 4)) for shift in (0, 0.5)]
    return period, time, 0.5 * dips[0] + secondary * dips[1] + 0.01 * generator.standard_normal(400)


@pytest.mark.parametrize("seed", range(5))
def test_the_orbital_period_of_narrow_unequal_minima(seed):
    period, time, magnitude = nightly(seed, secondary=0.3)
    found = period_search(time, magnitude, np.full(400, 0.01), shortest=0.5)
    assert found.candidates[0].period == pytest.approx(0.5 * period, rel=1e-3)  # the highest peak is half of it
    assert found.period == pytest.approx(period, abs=4 * found.period_error)
    assert "cycles told apart by it differ" in found.verdict
    assert "double the highest peak's period" in [each.relation for each in found.candidates]


def test_equal_minima_are_told_with_their_double():
    period, time, magnitude = nightly(3, secondary=0.5)
    found = period_search(time, magnitude, shortest=0.5)
    assert found.period == pytest.approx(0.5 * period, rel=1e-3)
    assert "two equal minima has twice this" in found.verdict
    assert found.table()[0]["false_alarm"] < 1e-10
    assert "power" in repr(found)


def test_an_alias_of_one_day_is_called_so():
    _, time, _ = nightly(0, secondary=0.0)
    magnitude = np.sin(2 * np.pi * time / 3.7) + 0.5 * np.random.default_rng(1).standard_normal(400)
    found = period_search(time, magnitude, shortest=0.4, harmonics=1)
    assert found.period == pytest.approx(3.7, abs=4 * found.period_error)
    assert any("alias of it by the sampling" in each.relation for each in found.candidates)


def test_a_pulsating_star_has_no_multiple():
    time = np.sort(np.random.default_rng(4).uniform(0, 100, 150))
    wave = np.sin(2 * np.pi * time / 0.37) + 0.4 * np.sin(4 * np.pi * time / 0.37 + 1)
    found = period_search(time, wave + 0.1 * np.random.default_rng(5).standard_normal(150), shortest=0.1)
    assert found.period == pytest.approx(0.37, abs=4 * found.period_error)


def test_noise_alone_has_a_high_chance():
    time = np.sort(np.random.default_rng(6).uniform(0, 100, 80))
    found = period_search(time, np.random.default_rng(7).standard_normal(80), harmonics=1)
    assert found.candidates[0].false_alarm > 1e-3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 2, 3], [1, 2]), "of one length"),
        (([1.0, np.nan, 3], [1, 2, 3]), "finite times and values"),
        ((np.arange(8.0), np.arange(8.0)), "at least 16 points"),
    ],
)
def test_what_cannot_be_searched_is_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        period_search(*arguments)


def test_limits_that_leave_nothing_are_refused():
    time = np.arange(40.0)
    with pytest.raises(DataError, match="no period is left"):
        period_search(time, np.sin(time), shortest=5.0, longest=2.0)


@pytest.mark.external
def test_an_ogle_star_has_its_published_frequency(external_data):
    table = np.genfromtxt(external_data / "eclipsing_binaries/ogle_eb/eb.csv", delimiter=",", names=True)
    found = period_search(table["t"], table["m"], table["merr"], harmonics=1)
    assert found.candidates[0].frequency == pytest.approx(1.510571586, abs=1e-4)
    assert float(found.verdict.split()[-1]) == pytest.approx(1.323984, abs=2e-4)


# ---- times of minima


def eclipses(seed):
    time = np.arange(0, 30, 0.004)
    return time, _curve(time, _DETACHED) + 0.004 * np.random.default_rng(seed).standard_normal(time.size)


@pytest.mark.parametrize("method", ["polynomial", "kwee_van_woerden"])
def test_times_of_minimum_scatter_as_their_errors_say(method):
    off = []
    for seed in range(8):
        time, flux = eclipses(seed)
        found = times_of_minimum(
            time, flux, period=_DETACHED["period"], epoch=_DETACHED["time_of_minimum"], flux=True, method=method
        )
        expected = _DETACHED["time_of_minimum"] + _DETACHED["period"] * found.cycle
        off += list((found.time - expected) / found.error)
    assert len(off) > 100
    assert 0.8 < np.std(off) < 1.25
    assert abs(np.mean(off)) < 4 / np.sqrt(len(off))


def test_an_ephemeris_from_a_light_curve():
    time, flux = eclipses(1)
    found = times_of_minimum(
        time, flux, np.full(time.size, 0.004), period=2.862, epoch=_DETACHED["time_of_minimum"], flux=True
    )
    fit = pm.fit(TIMINGS, found.data("primary"))
    assert abs(fit.estimate["period"] - _DETACHED["period"]) < 4 * fit.standard_error["period"]
    both = pm.fit(TIMINGS, found.data("all"))
    assert both.standard_error["period"] < fit.standard_error["period"]
    assert len(found.data("secondary").outputs["time"]) + len(found.data().outputs["time"]) == len(found.time)
    assert "times of minimum by polynomial" in repr(found)
    assert found.table()[0]["points"] > 20


def test_timings_conform():
    assert check_model(TIMINGS) == []


def test_a_linear_ephemeris_is_that_of_a_straight_line():
    data = TIMINGS.known[1].data()
    fit = pm.fit(TIMINGS, data)
    slope, start = np.polyfit(data.inputs["cycle"], data.outputs["time"], 1)
    assert fit.estimate["period"] == pytest.approx(slope, rel=1e-10)
    assert fit.estimate["epoch"] == pytest.approx(start, rel=1e-10)


def test_the_picture_of_timings():
    import matplotlib.figure

    problem = TIMINGS.known_problem(TIMINGS.known[0])
    axes = matplotlib.figure.Figure().add_subplot()
    TIMINGS.picture(pm.fit(problem, starts=1), problem, axes)
    assert axes.get_ylabel() == "observed - computed"


def test_what_cannot_be_timed_is_refused():
    time, flux = eclipses(0)
    with pytest.raises(MethodError, match='method="kwee"'):
        times_of_minimum(time, flux, period=2.0, epoch=0.0, method="kwee")
    with pytest.raises(MethodError, match="a period above zero"):
        times_of_minimum(time, flux, period=-2.0, epoch=0.0)
    with pytest.raises(DataError, match="of one length"):
        times_of_minimum(time, flux[1:], period=2.0, epoch=0.0)
    with pytest.raises(DataError, match="finite numbers"):
        times_of_minimum(time, np.where(time > 3, np.nan, flux), period=2.0, epoch=0.0)
    with pytest.raises(DataError, match="no minimum has 7 points"):
        times_of_minimum(time[::300], flux[::300], period=2.8613, epoch=15.27, half_width=0.05)
    found = times_of_minimum(time, flux, period=2.8613, epoch=15.2744, flux=True)
    with pytest.raises(DataError, match='kind="third"'):
        found.data("third")


@pytest.mark.external
def test_the_period_of_hd_23642_from_its_minima(external_data):
    table = np.loadtxt(external_data / "eclipsing_binaries/hd23642_k2/HD23642.dat")
    found = times_of_minimum(*table[:, :3].T, period=2.4611357, epoch=7119.52217)
    fit = pm.fit(TIMINGS, found.data("primary"))
    assert abs(fit.estimate["period"] - 2.4611357) < 2 * fit.standard_error["period"]
    assert abs(fit.estimate["epoch"] - 7119.52217) < 2 * fit.standard_error["epoch"]
    assert fit.standard_error["period"] < 2e-5


def test_noise_alone_has_no_period_in_the_first_line():
    time = np.sort(np.random.default_rng(6).uniform(0, 100, 80))
    found = period_search(time, np.random.default_rng(7).standard_normal(80))
    assert not found.stands_out
    assert repr(found).startswith("no period stands out (false alarm ")
    assert "+-" not in repr(found).splitlines()[0]


def test_a_peak_at_the_very_edge_of_narrow_limits_is_an_answer():
    for seed in range(4):
        time = np.sort(np.random.default_rng(seed).uniform(0, 10, 60))
        found = period_search(time, time**2, shortest=2.9, longest=3.0)
        assert 2.5 < found.period < 3.5


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"candidates": 0}, MethodError, "candidates of a period search is a whole number of 1 or more; 0 came"),
        ({"harmonics": 2.5}, MethodError, "harmonics of a period search is a whole number"),
        ({"shortest": 0}, MethodError, "shortest is a period above zero"),
        ({"longest": "a"}, MethodError, "longest is a period above zero"),
        ({"shortest": 1e-6}, DataError, "are searched at most"),
        ({"time": "a"}, DataError, "times are to be a list of numbers; a came"),
        ({"magnitude": np.ones(500)}, DataError, "what does not change has no period"),
    ],
)
def test_settings_of_a_search_that_cannot_be(settings, error, words):
    time = np.linspace(0, 50, 500) ** 1.1
    with pytest.raises(error, match=words):
        period_search(**{"time": time, "magnitude": np.sin(time), **settings})


@pytest.mark.parametrize(
    ("limits", "side"),
    [({"shortest": 1.7005, "longest": 1.71}, "shortest"), ({"shortest": 1.68, "longest": 1.6995}, "longest")],
)
def test_a_period_stays_within_its_limits_and_a_flank_is_told(limits, side):
    random = np.random.default_rng(4)
    time = np.sort(random.uniform(0, 40, 150))
    light = 10 + 0.3 * np.sin(2 * np.pi * time / 1.7) + 0.01 * random.standard_normal(time.size)
    found = period_search(time, light, harmonics=1, **limits)
    assert limits["shortest"] <= found.period * (1 + 1e-12)
    assert found.period <= limits["longest"] * (1 + 1e-12)
    assert f"the {side} period that was searched explains most" in found.verdict
