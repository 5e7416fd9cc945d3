"""Mixture cure with additive hazards, curves with bands and their pictures, and the estimates without a family."""

import dataclasses
import math

import numpy as np
import pytest

import parametra as pm
from parametra.models import survival
from parametra.models.survival._additive_cure import AdditiveCure, knots_of
from parametra.models.survival._roughness import Likelihood, chosen
from parametra.models.survival.accelerated_failure_time import READY as AFT
from parametra.models.survival.accelerated_failure_time import ovarian
from parametra.models.survival.mixture_cure_additive_hazards import READY as CURE
from parametra.models.survival.mixture_cure_additive_hazards import TRUTH, simulated
from parametra.nouns.noise import Scatter

REGRESSED = {"hazard_covariates": "treated", "cure_covariates": ("treated", "marker")}


def scatter_of(family, values, columns, observed):
    n = len(observed)
    return Scatter("time", True, np.ones(n), np.asarray(observed), None, values, np, columns)


def test_the_density_is_that_of_the_survival():
    """f = -dS/dt, the mass of an interval, and both tails, at times within, between and beyond the knots."""
    family = AdditiveCure((0.0, 1.0, 2.5), ("x",), ("x",))
    values = {
        "level": np.array(0.4),
        "rise": np.array(0.2),
        "change": np.array([0.3, -1.0]),
        "susceptible": np.array(0.7),
        "excess_x": np.array(0.2),
        "odds_x": np.array(-0.5),
    }
    times = np.array([0.3, 0.99, 1.6, 2.4, 4.0])
    columns = {"x": np.array([0.0, 1.0, 0.5, 1.5, 1.0])}

    def survive(t):
        return np.exp(family.log_survival(scatter_of(family, values, columns, t)))

    here = scatter_of(family, values, columns, times)
    slope = (survive(times - 1e-6) - survive(times + 1e-6)) / 2e-6
    assert np.exp(family.log_density(here)) == pytest.approx(slope, rel=1e-7)
    assert np.exp(family.log_cdf(here)) == pytest.approx(1 - survive(times), rel=1e-12)
    between = family.log_between(here, times, times + 0.7)
    assert np.exp(between) == pytest.approx(survive(times) - survive(times + 0.7), rel=1e-10)
    assert survive(np.full(5, 1e6)) == pytest.approx(1 / (1 + np.exp(0.7 - 0.5 * columns["x"])), rel=1e-12)


def test_the_hazard_is_never_below_zero():
    """A covariate that takes away more than there is leaves a small hazard, not a negative one."""
    family = AdditiveCure((0.0, 1.0), ("x",), cure=False)
    values = {"level": np.array(0.5), "rise": np.array(0.0), "change": np.array([0.0]), "excess_x": np.array(-1.0)}
    x = np.linspace(0, 3, 301)
    heights = family.heights(scatter_of(family, values, {"x": x}, np.ones(301)))
    assert (heights > 0).all()
    assert heights[x < 0.494, 0] == pytest.approx(0.5 - x[x < 0.494])
    assert (np.diff(heights[:, 0]) < 0).all()


def test_simulated_lifetimes_are_those_of_the_family():
    family = AdditiveCure((0.0, 1.0, 2.0), ("x",), ())
    values = {"level": 0.6, "rise": 0.0, "change": np.array([0.7, -1.0]), "susceptible": 0.5, "excess_x": 0.3}
    columns = {"x": np.ones(20000)}
    scatter = scatter_of(family, values, columns, np.ones(20000))
    times = family.simulate(scatter, np.random.default_rng(3))
    for at in (0.5, 1.5, 5.0, 50.0):
        there = dataclasses.replace(scatter, observed=np.full(20000, at))
        assert np.mean(times > at) == pytest.approx(math.exp(family.log_survival(there)[0]), abs=0.011)


def test_knots_share_the_events():
    assert knots_of(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 9.0, 2) == (0.0, 3.0, 5.0)
    assert knots_of(np.array([2.0, 2.0, 2.0]), 2.0, 5) == (0.0, 2.0)
    assert knots_of(np.empty(0), 7.0, 3) == (0.0, 7.0)


def fitted(data, evaluator="direct", **options):
    """In NumPy, which is as fast for one fit as compiling is."""
    return pm.fit(CURE.problem(data, **options), starts=1, progress=False, evaluator=evaluator)


def test_partly_interval_censored_times():
    """Truth within three standard errors; nearly what the exact times give."""
    exact = fitted(simulated(), **REGRESSED)
    coarse = fitted(simulated(intervals=True), upper="upper", **REGRESSED)
    assert "interval-censored" in coarse.noise["time"]
    for name, value in TRUTH.items():
        assert abs(coarse.estimate[name] - value) < 3 * coarse.standard_error[name]
        assert abs(coarse.estimate[name] - exact.estimate[name]) < 0.5 * exact.standard_error[name]
        assert coarse.standard_error[name] > 0.99 * exact.standard_error[name]


def test_ignoring_the_cured_is_a_bias():
    """Without a cured share the treatment, which cures, seems to take from the hazard."""
    data = simulated(2500, seed=2)
    honest, wrong = fitted(data, **REGRESSED), fitted(data, hazard_covariates="treated", cure=False)
    assert abs(honest.estimate["excess_treated"] - 0.3) < 3 * honest.standard_error["excess_treated"]
    assert wrong.estimate["excess_treated"] < 0.3 - 5 * wrong.standard_error["excess_treated"]
    assert wrong.aic > honest.aic + 100


def test_less_roughness_is_a_smoother_hazard():
    rough, smooth = (fitted(simulated(), roughness=r, **REGRESSED).estimate["change"] for r in (2.0, 0.05))
    assert np.abs(smooth).max() < 0.1 * np.abs(rough).max()


def likelihood_of(data, pieces=5):
    """What the roughness of the simulated data is chosen by."""
    knots = knots_of(data.outputs["time"][data.columns["status"] == 1], 5.0, pieces)
    family = AdditiveCure(knots, ("treated",), ("treated", "marker"))
    noise = pm.Censored(family, status="status", event=1)
    return Likelihood([data], "time", family, noise, 0.5, 0.8)


def test_the_roughness_that_the_data_choose_makes_the_marginal_likelihood_level():
    """Against Laplace's approximation itself, minimised at each roughness by SciPy, the curvature kept."""
    from scipy.optimize import minimize

    data = simulated(seed=64)
    found = likelihood_of(data)
    roughness = chosen(found)
    problem = CURE.problem(data, **REGRESSED)
    assert problem.stated_space["change"].prior.sd == pytest.approx(roughness, rel=0.03)
    assert "by the data" in problem.stated_space["change"].description

    def best(at):
        precision = np.zeros(found.start.size)
        precision[found.steps] = 1 / at**2
        end = minimize(
            lambda x: -float(found.value(x)) + 0.5 * np.sum(precision * x**2),
            found.start,
            jac=lambda x: precision * x - found.gradient(x),
            method="BFGS",
        )
        return end.x, end.fun

    x, _ = best(roughness)
    curvature, steps = found.curvature(x), found.steps

    def minus_log_marginal(log_roughness, x):
        whole, at = curvature.copy(), np.exp(log_roughness)
        whole[steps, steps] += np.eye(steps.stop - 1) / at**2
        count = steps.stop - 1
        return 0.5 * np.sum(x[steps] ** 2) / at**2 + count * log_roughness + 0.5 * np.linalg.slogdet(whole)[1]

    slope = (minus_log_marginal(np.log(roughness) + 1e-4, x) - minus_log_marginal(np.log(roughness) - 1e-4, x)) / 2e-4
    far = (minus_log_marginal(np.log(2 * roughness) + 1e-4, x) - minus_log_marginal(np.log(2 * roughness), x)) / 1e-4
    assert abs(slope) < 0.05
    assert far > 0.2


def test_a_level_hazard_is_chosen_smooth_and_a_steep_one_rough():
    generator = np.random.default_rng(6)
    level = pm.Data({"time": generator.exponential(2.0, 400)}, output="time")
    steep = pm.Data({"time": 2.0 * generator.weibull(4.0, 400)}, output="time")
    smooth, rough = (CURE.problem(one, cure=False).stated_space["change"].prior.sd for one in (level, steep))
    assert smooth < 0.25
    assert rough > 0.6
    few = pm.Data({"time": [1.0, 2.0, 4.0, 5.0]}, output="time")
    assert 0 < CURE.problem(few).stated_space["change"].prior.sd <= 3.0


@pytest.mark.parametrize(("time", "covariate"), [(1e-8, 1.0), (3.15e7, 1.0), (1.0, 1e5), (365.25, 1e-6)])
def test_units_do_not_count_in_the_roughness(time, covariate):
    """Of a hazard that is high early and late, with a covariate that lengthens lives."""
    generator = np.random.default_rng(1)
    x = generator.integers(0, 2, 400).astype(float)
    lived = np.where(generator.random(400) < 0.4, generator.exponential(0.2, 400), 2 + 0.6 * generator.random(400))
    lived = np.minimum(np.where(x > 0, np.minimum(lived, generator.exponential(4.0, 400)), lived), 2.5)
    table = {"x": x, "time": lived, "status": (lived < 2.5).astype(float)}

    def roughness(table):
        data = pm.Data(table, inputs=["x"], output="time")
        return CURE.form_of(data, cure=False, pieces=6).parameters["change"].prior.sd

    scaled = {**table, "time": time * lived, "x": covariate * x}
    assert roughness(scaled) == pytest.approx(roughness(table), rel=1e-4)


def test_the_band_is_that_of_the_estimate_itself():
    """Of exponential lifetimes S = exp(-t / b): log(-log S) has the standard error of log b."""
    time = np.random.default_rng(4).exponential(5.0, 300)
    problem = AFT.problem(pm.Data({"time": time}, output="time"), distribution="exponential")
    fit = pm.fit(problem, starts=1, progress=False, evaluator="direct")
    curve = survival.survival_curve(fit, problem, [1.0, 5.0])
    b, error = fit.estimate["scale"], fit.standard_error["intercept"]
    assert curve.value == pytest.approx(np.exp(-np.array([1.0, 5.0]) / b), rel=1e-9)
    low = np.exp(-np.array([1.0, 5.0]) / b * math.exp(1.959963984540054 * error))
    assert curve.lower == pytest.approx(low, rel=1e-5)
    rate = survival.hazard_curve(fit, problem, [1.0, 5.0])
    assert rate.value == pytest.approx([1 / b, 1 / b], rel=1e-9)
    assert rate.upper == pytest.approx([math.exp(1.959963984540054 * error) / b] * 2, rel=1e-5)
    assert list(rate.table()) == ["time", "value", "lower", "upper"]


def test_covariates_can_be_held():
    problem = AFT.problem(ovarian())
    fit = pm.fit(problem, starts=1, progress=False, evaluator="direct")
    curves = [survival.survival_curve(fit, problem, [500.0], at={"rx": rx}).value[0] for rx in (1.0, 2.0)]
    values, ecog = fit.estimate, ovarian().inputs["ecog"]
    for rx, found in zip((1.0, 2.0), curves, strict=True):
        scale = values["scale"] * np.exp(values["time_ecog"] * ecog + values["time_rx"] * rx)
        assert found == pytest.approx(np.mean(np.exp(-((500 / scale) ** values["shape"]))), rel=1e-9)
    with pytest.raises(pm.ParametraError, match="no such covariate"):
        survival.survival_curve(fit, problem, [1.0], at={"dose": 1.0})


def test_log_normal_lifetimes_have_a_band_too():
    time = np.exp(np.random.default_rng(5).normal(1.0, 0.5, 200))
    problem = AFT.problem(pm.Data({"time": time}, output="time"), distribution="lognormal")
    fit = pm.fit(problem, starts=1, progress=False, evaluator="direct")
    curve = survival.survival_curve(fit, problem, [math.e])
    assert curve.lower[0] < curve.value[0] < curve.upper[0]
    assert curve.value[0] == pytest.approx(0.5, abs=0.1)


def test_kaplan_meier_of_data_by_group():
    found = survival.kaplan_meier(ovarian(), by="rx")
    assert list(found) == ["rx = 1", "rx = 2"]
    assert found["rx = 1"].median[0] == 638  # survfit(Surv(futime, fustat) ~ rx) prints 638 and NA
    assert found["rx = 2"].median[0] == np.inf
    assert survival.kaplan_meier(ovarian())["all"].events.sum() == 12
    with pytest.raises(pm.ParametraError, match=r"take survival\.turnbull"):
        survival.kaplan_meier(pm.Data({"time": [1.0, 2.0], "status": ["left", "exact"]}, output="time"))
    with pytest.raises(pm.ParametraError, match='did you mean "rx"'):
        survival.kaplan_meier(ovarian(), by="rxx")


def test_turnbull_of_intervals():
    data = simulated(intervals=True)
    found = survival.turnbull(data, upper="upper")["all"]
    assert found.mass.sum() == pytest.approx(1)
    exact = survival.kaplan_meier(simulated())["all"]
    inside = (found.upper > 0.5) & (found.upper < 3)
    assert np.abs(found.survival[inside] - exact.at(found.upper[inside])).max() < 0.05


@pytest.mark.parametrize("intervals", [False, True])
def test_pictures(intervals):
    from matplotlib.figure import Figure

    options = {**REGRESSED, **({"upper": "upper"} if intervals else {})}
    problem = CURE.problem(simulated(300, intervals=intervals), **options)
    fit = pm.fit(problem, starts=1, progress=False, evaluator="direct")
    figure = Figure()
    for axes, picture in zip(figure.subplots(1, 2), (CURE.picture, survival.hazard_picture), strict=True):
        picture(fit, problem, axes)
        assert [line.get_text() for line in axes.get_legend().get_texts()] == ["treated = 0", "treated = 1"]
        assert "time (year)" in axes.get_xlabel()
    figure.draw_without_rendering()
    survived = figure.axes[0].lines[0].get_ydata()
    assert (np.diff(survived) <= 0).all()
    assert 0 <= survived.min() <= survived.max() <= 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("intervals", [False, True])
def test_two_hundred_data_sets_of_500(intervals):
    """Bias within two standard errors of the mean and 0.02, maximum likelihood's own for log odds; coverage of 95 %."""
    options = {**REGRESSED, **({"upper": "upper"} if intervals else {})}
    found, inside = [], []
    for seed in range(200):
        fit = fitted(simulated(seed=seed + 5000, intervals=intervals), "compiled", **options)
        assert fit.status.ok
        found.append([fit.estimate[k] for k in TRUTH])
        inside.append([fit.interval[k][0] <= v <= fit.interval[k][1] for k, v in TRUTH.items()])
    bias = np.mean(found, axis=0) - np.array(list(TRUTH.values()))
    error, share = np.std(found, axis=0) / math.sqrt(200), np.mean(inside, axis=0)
    told = {k: (b, e, s) for k, b, e, s in zip(TRUTH, bias, error, share, strict=True)}
    assert (np.abs(bias) < 2 * error + 0.02).all(), told
    assert ((share >= 0.92) & (share <= 0.985)).all(), told
