"""New Algol Variable: the formula of the paper, guesses that find their way, stars, derived quantities."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from eclipsing_discs import magnitudes
from parametra.models.eclipsing_binary import colours
from parametra.models.eclipsing_binary._fold import candidate_periods
from parametra.models.eclipsing_binary._nav_data import algol, curve, hd_23642
from parametra.models.eclipsing_binary.nav import READY
from parametra.models.eclipsing_binary.trigonometric_polynomial import READY as POLYNOMIAL
from parametra.testing.check_model import check_model

# six stars like those of the paper on the sample: period, half width, depths, shapes, points, days, error
STARS = (
    (0.95, 0.045, 0.7, 0.25, 1.4, 2.0, 500, 40, 0.02),
    (1.35, 0.06, 0.9, 0.2, 1.8, 1.6, 400, 60, 0.03),
    (2.2, 0.035, 0.5, 0.4, 2.0, 1.7, 600, 50, 0.02),
    (0.42, 0.11, 0.35, 0.30, 1.3, 1.4, 350, 20, 0.02),
    (0.37, 0.12, 0.3, 0.27, 1.5, 1.6, 400, 30, 0.02),
    (0.61, 0.1, 0.45, 0.25, 1.6, 1.5, 450, 25, 0.025),
)


def star(k, stated_sigma=True):
    period, half_width, depth1, depth2, shape1, shape2, count, days, sigma = STARS[k]
    generator = np.random.default_rng(k)
    truth = {
        "mean": 13.0, "cos1": 0.01, "sin1": 0.01, "cos2": 0.03 if half_width < 0.08 else 0.1, "depth1": depth1,
        "depth2": depth2, "half_width": half_width, "shape1": shape1, "shape2": shape2,
    }  # fmt: skip
    time = generator.uniform(-days / 2, days / 2, count)
    magnitude = curve((time - 0.1) / period, truth) + sigma * generator.normal(size=count)
    table = {"time": time, "magnitude": magnitude}
    return pm.Data(table, inputs=["time"], output="magnitude", sigma=sigma if stated_sigma else None)


def quick(problem, **settings):
    return pm.fit(problem, starts=1, progress=False, **settings)


def folded(phase, magnitude, sigma=None):
    return pm.Data({"phase": phase, "magnitude": magnitude}, inputs=["phase"], output="magnitude", sigma=sigma)


def test_it_conforms():
    assert check_model(READY) == []


@pytest.mark.parametrize("at", ["phase", "time"])
def test_the_formula_is_that_of_the_paper(at):
    generator = np.random.default_rng(1)
    names = ("mean", "cos1", "sin1", "cos2", "sin2", "depth1", "depth2", "half_width", "shape1", "shape2")
    for _ in range(5):
        truth = dict(zip(names, [12.0, *generator.normal(0, 0.1, 4), *generator.uniform(0.05, 0.2, 5)], strict=True))
        truth |= {"shape1": generator.uniform(0.5, 5), "shape2": generator.uniform(0.5, 5)}
        phase = np.r_[generator.uniform(-3, 3, 200), -1.0, 0.0, 0.5, 1.5]
        where = phase if at == "phase" else 40.0 + 0.7 * phase
        data = pm.Data({at: where, "magnitude": 12 + 0.1 * phase}, inputs=[at], output="magnitude")
        problem = READY.problem(data, **({} if at == "phase" else {"period": 0.7}))
        predicted = problem.model.predict({**truth, "period": 0.7, "epoch": 40.0}, {at: where})["magnitude"]
        np.testing.assert_allclose(predicted, curve(phase, truth), rtol=0, atol=1e-9)


def test_ten_parameters_by_phase_and_twelve_by_time():
    generator = np.random.default_rng(2)
    at, seen = generator.uniform(0, 1, 100), generator.normal(12, 0.1, 100)
    assert len(READY.problem(folded(at, seen, 0.1)).fit_space.labels) == 10
    data = pm.Data({"time": 9 * at, "magnitude": seen}, inputs=["time"], output="magnitude", sigma=0.1)
    assert len(READY.problem(data).fit_space.labels) == 12


@pytest.mark.parametrize("k", range(6))
def test_the_period_is_found_by_the_guess(k):
    data = star(k)
    fit = quick(READY.problem(data))
    assert fit.status.ok
    assert abs(fit.estimate["period"] - STARS[k][0]) < 4 * fit.standard_error["period"]
    assert fit.chi_square < 1.2 * data.rows


def test_minima_that_are_alike_do_not_halve_the_period():
    generator = np.random.default_rng(7)
    time = generator.uniform(0, 200, 500)
    truth = {"mean": 12.0, "depth1": 0.5, "depth2": 0.49, "half_width": 0.05, "shape1": 1.5, "shape2": 1.5}
    magnitude = curve(time / 2.7, truth) + 0.02 * generator.normal(size=500)
    data = pm.Data({"time": time, "magnitude": magnitude}, inputs=["time"], output="magnitude")
    assert READY.guess(data)["period"] == pytest.approx(2.7, rel=1e-3)


def test_the_double_of_every_period_is_looked_at():
    data = star(3)
    time, magnitude = data.inputs["time"], data.outputs["magnitude"]
    one, double = candidate_periods(time, magnitude, np.ones_like(time), None, count=1)
    assert double == pytest.approx(2 * one, rel=1e-3)
    assert double != one


def test_the_guess_weighs_by_sigma():
    generator = np.random.default_rng(8)
    phase, wrong = generator.uniform(-0.5, 0.5, 400), np.arange(400) % 3 == 0
    truth = {"mean": 12.0, "depth1": 0.6, "depth2": 0.3, "half_width": 0.07, "shape1": 1.5, "shape2": 1.5}
    magnitude = curve(phase, truth) + np.where(wrong, generator.normal(0, 1.0, 400), generator.normal(0, 0.01, 400))
    guess = READY.guess(folded(phase, magnitude, np.where(wrong, 1.0, 0.01)))
    assert guess["depth1"] == pytest.approx(0.6, abs=0.05)
    assert guess["half_width"] == pytest.approx(0.07, rel=0.3)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 20])
@pytest.mark.parametrize("at", ["phase", "time"])
@pytest.mark.parametrize("constant", [True, False])
def test_ugly_data_have_a_guess_within_its_bounds(count, at, constant):
    generator = np.random.default_rng(count)
    values = np.full(count, 7.0) if constant else generator.normal(7, 1, count)
    table = {at: generator.uniform(0, 5, count), "magnitude": values}
    data = pm.Data(table, inputs=[at], output="magnitude", sigma=0.1)
    for ready in (READY, POLYNOMIAL):
        parameters, guess = ready.form_of(data).parameters, ready.guess(data)
        for name, value in guess.items():
            low, high = parameters[name].lower, parameters[name].upper
            assert np.isfinite(value)
            assert (low is None or low <= value) and (high is None or value <= high), name


def test_missing_magnitudes_and_order_change_nothing():
    whole = algol()
    order = np.random.default_rng(3).permutation(whole.rows)
    gaps = np.where(np.arange(whole.rows) % 9 == 0, np.nan, whole.outputs["magnitude"])
    kept = ~np.isnan(gaps)
    table = {"time": whole.inputs["time"][order], "magnitude": gaps[order]}
    shuffled = pm.Data(table, inputs=["time"], output="magnitude", sigma=0.01, missing="mask")
    table = {"time": whole.inputs["time"][kept], "magnitude": gaps[kept]}
    plain = pm.Data(table, inputs=["time"], output="magnitude", sigma=0.01)
    one, other = (quick(READY.problem(each)) for each in (shuffled, plain))
    assert one.estimate["period"] == pytest.approx(other.estimate["period"], rel=1e-9)


def test_seven_parameters_are_solved_for_and_the_answer_is_the_same():
    problem = READY.problem(star(3), period=0.42)
    one, other = quick(problem, method="variable_projection"), quick(problem)
    assert one.chi_square == pytest.approx(other.chi_square, rel=1e-9)
    solved = {row.label for row in one.rows if "solved for" in str(row.note)}
    assert solved == {"mean", "cos1", "sin1", "cos2", "sin2", "depth1", "depth2"}


def curves_of(fit, problem, at):
    return problem.model.predict(dict(fit.estimate), {"phase": at})["magnitude"]


@pytest.mark.parametrize("seed", [0, 1])
def test_narrow_eclipses_better_with_ten_parameters_than_with_forty(seed):
    """An Algol of two discs: the optimal polynomial has 4 times the parameters and twice the error of the curve."""

    def truth(phase):
        return magnitudes(phase, 0.13, 0.17, 85.0, 1.0, 0.25, cos1=0.01, cos2=0.01)

    generator = np.random.default_rng(seed)
    phase, at = generator.uniform(-0.5, 0.5, 800), np.linspace(-0.5, 0.5, 2000)
    data = folded(phase, truth(phase) + 0.02 * generator.normal(size=800), 0.02)
    problems = [ready.problem(data) for ready in (READY, POLYNOMIAL)]
    fits = [quick(each) for each in problems]
    error = [np.std(curves_of(*pair, at) - truth(at)) for pair in zip(fits, problems, strict=True)]
    assert 30 <= len(problems[1].fit_space.labels) <= 50
    assert fits[0].chi_square / fits[0].degrees_of_freedom < fits[1].chi_square / fits[1].degrees_of_freedom
    assert error[0] < 0.6 * error[1]
    assert fits[0].bic < fits[1].bic - 100


@pytest.mark.parametrize(
    ("k", "replicates"), [(4, 200), *(pytest.param(k, 200, marks=pytest.mark.slow) for k in range(6))]
)
def test_errors_of_period_and_epoch_are_the_scatter_of_repeated_fits(k, replicates):
    problem = READY.problem(star(k), period=STARS[k][0])
    fit = quick(problem, method="variable_projection")
    again = pm.bootstrap(problem, fit, kind="parametric", replicates=replicates, seed=k, progress=False)
    assert not again.failed
    for name in ("period", "epoch"):
        assert again.standard_error[name] == pytest.approx(fit.standard_error[name], rel=0.2)


@pytest.mark.parametrize("k", range(6))
def test_the_period_is_more_precise_than_with_the_optimal_polynomial(k):
    data = star(k, stated_sigma=False)
    one, other = (quick(ready.problem(data, period=STARS[k][0])) for ready in (READY, POLYNOMIAL))
    assert one.standard_error["period"] <= other.standard_error["period"]


def two_colours(seed, radius1=0.14, radius2=0.2, inclination=90.0):
    """V and R of a star whose surfaces have brightness 1 and 1/4 in V, 0.9 and 0.35 in R."""
    generator, tables = np.random.default_rng(seed), {}
    for colour, one, other, sin1, zero in (("V", 1.0, 0.25, 0.03, 15.0), ("R", 0.9, 0.35, 0.02, 14.6)):
        phase = generator.uniform(-0.5, 0.5, 700)
        seen = zero + magnitudes(phase, radius1, radius2, inclination, one, other, sin1=sin1, cos2=0.01)
        tables[colour] = {"phase": phase, "magnitude": seen + 0.01 * generator.normal(size=700)}
    return colours(tables, at="phase", sigma=0.01)


def colour_of(one, other, radius1=0.14, radius2=0.2):
    """V - R of a surface with these brightnesses in V and R, where the whole star has V - R = 0.4."""
    whole = [b1 * radius1**2 + b2 * radius2**2 for b1, b2 in ((1.0, 0.25), (0.9, 0.35))]
    return 0.4 - 2.5 * np.log10(one / whole[0]) + 2.5 * np.log10(other / whole[1])


def test_colours_and_radii_of_a_total_eclipse_within_5_percent():
    fit = quick(READY.problem(two_colours(0), profile="nav_flat", eclipse="occultation"))
    truth = {
        "radius1_V": 0.14, "radius1_R": 0.14, "radius2_V": 0.2, "radius2_R": 0.2, "radii_sum": 0.34,
        "brightness_ratio_V": 4.0, "brightness_ratio_R": 0.9 / 0.35,
        "colour1_V_R": colour_of(1.0, 0.9), "colour2_V_R": colour_of(0.25, 0.35),
    }  # fmt: skip
    for name, value in truth.items():
        assert fit.row(name).value == pytest.approx(value, rel=0.05), name
    assert fit.estimate["sin1_V"] == pytest.approx(0.03, abs=3 * fit.standard_error["sin1_V"])
    assert fit.row("maximum_difference_R").value == pytest.approx(
        0.04, abs=3 * fit.row("maximum_difference_R").standard_error
    )


def test_the_ratio_of_surface_brightness_needs_no_total_eclipse():
    fit = quick(READY.problem(two_colours(1, inclination=80.0)))
    for name, value in (("brightness_ratio_V", 4.0), ("brightness_ratio_R", 0.9 / 0.35)):
        assert fit.row(name).value == pytest.approx(value, rel=0.06), name
    assert "radii_sum" not in {row.label for row in fit.rows}


def test_a_transit_is_an_occultation_with_the_stars_exchanged():
    data = two_colours(2)[0]
    plain = folded(data.inputs["phase"], data.outputs["magnitude"], 0.01)
    shifted = folded(data.inputs["phase"] + 0.5, data.outputs["magnitude"], 0.01)
    one = quick(READY.problem(plain, profile="nav_flat", eclipse="occultation"))
    other = quick(READY.problem(shifted, profile="nav_flat", eclipse="transit"))
    assert one.row("radius1").value == pytest.approx(other.row("radius2").value, rel=1e-6)
    assert one.row("radius2").value == pytest.approx(other.row("radius1").value, rel=1e-6)


@pytest.mark.external
def test_hd_23642_is_as_a_physical_model_found_it(external_data):
    """Period, epoch, surface brightnesses, and the half width that radii and inclination of the paper give."""
    assert external_data
    fit = quick(READY.problem(hd_23642(), period=2.46))
    polynomial = POLYNOMIAL.problem(hd_23642(), period=2.46)
    tilt, radii = np.radians(78.21), 0.1450 + 0.1262
    half_width = np.arcsin(np.sqrt((radii**2 - np.cos(tilt) ** 2) / np.sin(tilt) ** 2)) / (2 * np.pi)
    assert fit.estimate["period"] == pytest.approx(2.4611357, abs=2 * fit.standard_error["period"])
    assert fit.estimate["half_width"] == pytest.approx(half_width, rel=0.01)
    assert fit.row("brightness_ratio").value == pytest.approx(1 / 0.4859, rel=0.01)
    assert len(polynomial.fit_space.labels) > 4 * len(READY.problem(hd_23642(), period=2.46).fit_space.labels)
    assert quick(polynomial).estimate["sigma"] > 1.1 * fit.estimate["sigma"]


@pytest.mark.external
def test_the_ogle_star_has_twice_the_period_of_its_periodogram(external_data):
    rows = np.genfromtxt(external_data / "eclipsing_binaries" / "ogle_eb" / "eb.csv", delimiter=",", skip_header=1)
    data = pm.Data({"time": rows[:, 0] - 2451000, "magnitude": rows[:, 1]}, inputs=["time"], output="magnitude")
    fit, polynomial = quick(READY.problem(data)), quick(POLYNOMIAL.problem(data, period=1.324))
    assert fit.estimate["period"] == pytest.approx(2 / 1.510571586, rel=2e-5)
    assert fit.bic < polynomial.bic - 50
    assert fit.standard_error["period"] < polynomial.standard_error["period"]


def test_the_picture_shows_every_colour_with_its_curve():
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    for data in (two_colours(3), star(0)):
        problem, axes = READY.problem(data), Figure().add_subplot()
        READY.picture(quick(problem), problem, axes)
        assert len(axes.lines) == 2 * len(problem.data_sets)
        assert axes.get_ylim()[0] > axes.get_ylim()[1]


@pytest.mark.parametrize("period", ["2.4", -1, 0.0, True, float("inf")])
def test_a_period_that_is_none_is_refused(period):
    data = pm.Data({"time": [0.0, 1.0, 2.0], "magnitude": [1.0, 2.0, 1.0]}, inputs=["time"], output="magnitude")
    with pytest.raises(pm.ParametraError, match="option period wants a number above zero"):
        READY.problem(data, period=period)


def test_colours_refuse_what_they_cannot_name():
    with pytest.raises(pm.ParametraError, match="at least one table"):
        colours({})
    with pytest.raises(pm.ParametraError, match="R-c"):
        colours({"R-c": {"time": [1.0], "magnitude": [1.0]}})


def test_fluxes_are_no_magnitudes():
    data = star(0)
    flux = 10 ** (-0.4 * (data.outputs["magnitude"] - 13.0))
    with pytest.raises(pm.ParametraError, match=r"are these fluxes\? Take -2\.5 log10"):
        READY.problem(pm.Data({"time": data.inputs["time"], "magnitude": flux}, inputs=["time"], output="magnitude"))
