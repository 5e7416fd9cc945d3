"""The survival models: R's survreg, the special cases of the flexible family, what is refused."""

import json
import math

import numpy as np
import pytest

import parametra as pm
from parametra.models.survival._veteran import veteran
from parametra.models.survival.accelerated_failure_time import READY as AFT
from parametra.models.survival.accelerated_failure_time import ovarian
from parametra.models.survival.flexible import CELLS, burr, simulated
from parametra.models.survival.flexible import READY as FLEXIBLE
from parametra.models.survival.mixture_cure_additive_hazards import READY as CURE


def fitted(data, evaluator="direct", **options):
    """In NumPy: each stated kappa would compile functions of its own, for one fit."""
    return pm.fit(FLEXIBLE.problem(data, **options), starts=1, progress=False, evaluator=evaluator)


def accelerated(data, **options):
    return pm.fit(AFT.problem(data, **options), starts=1, progress=False, evaluator="direct")


LUNG = ("R_lung.csv", {"ecog": "ph.ecog", "sex": "sex", "age": "age"}, "time", {"event": 2})
SEX_ECOG = (LUNG[0], {"ecog": "ph.ecog", "sex": "sex"}, "time", {"event": 2})
MELANOMA = ("R_Melanoma.csv", {n: n for n in ("sex", "age", "thickness", "ulcer")}, "time", {"event": 1})
OVARIAN = ("R_ovarian.csv", {"ps": "ecog.ps", "rx": "rx"}, "futime", {"status": "fustat", "event": 1})
CASES = {
    "lung_weibull_null": ((*LUNG[:1], {}, *LUNG[2:]), "weibull"),
    "lung_weibull_phecog_sex": (SEX_ECOG, "weibull"),
    "lung_weibull_sex_age_phecog": (LUNG, "weibull"),
    "lung_exponential_phecog_sex": (SEX_ECOG, "exponential"),
    "lung_lognormal_phecog_sex": (SEX_ECOG, "lognormal"),
    "lung_loglogistic_phecog_sex": (SEX_ECOG, "loglogistic"),
    "ovarian_weibull": (OVARIAN, "weibull"),
    "ovarian_exponential": (OVARIAN, "exponential"),
    "melanoma_weibull": (MELANOMA, "weibull"),
}


@pytest.mark.external
@pytest.mark.parametrize("name", CASES)
def test_survreg(name, external_data):
    """Coefficients, errors and likelihood of R's survreg, to five digits and more."""
    (file, inputs, output, status), distribution = CASES[name]
    reference = json.loads((external_data / "survival" / "reference_R_survreg.json").read_text())[name]
    data = pm.Data(external_data / "survival" / file, inputs=inputs, output=output, missing="mask")
    fit = accelerated(data, distribution=distribution, **status)
    errors = reference["se_from_var"]
    errors = list(errors.values()) if isinstance(errors, dict) else errors
    names = {"(Intercept)": "intercept", **{column: f"time_{term}" for term, column in inputs.items()}}
    for (theirs, value), error in zip(reference["coef"].items(), errors, strict=False):
        assert fit.estimate[names[theirs]] == pytest.approx(value, rel=1e-6, abs=1e-6 * error), theirs
        assert fit.standard_error[names[theirs]] == pytest.approx(error, rel=1e-5), theirs
    if distribution == "lognormal":
        assert fit.estimate["sigma"] == pytest.approx(reference["scale"][0], rel=1e-6)
    elif distribution != "exponential":
        assert fit.estimate["log_scale"] == pytest.approx(math.log(reference["scale"][0]), abs=1e-6)
        assert fit.standard_error["log_scale"] == pytest.approx(errors[-1], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(reference["loglik"][1], rel=1e-9)


@pytest.mark.parametrize(("kappa", "distribution"), [(1.0, "weibull"), (0.0, "loglogistic")])
def test_weibull_and_log_logistic_are_special_cases(kappa, distribution):
    ours = fitted(ovarian(), time_covariates=("ecog", "rx"), kappa=kappa)
    theirs = accelerated(ovarian(), distribution=distribution)
    for name in ("scale", "shape", "time_ecog", "time_rx"):
        assert ours.estimate[name] == pytest.approx(theirs.estimate[name], rel=1e-6)
        assert ours.standard_error[name] == pytest.approx(theirs.standard_error[name], rel=1e-4)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-9)


def test_for_weibull_a_factor_on_time_is_one_on_the_hazard():
    on_time = fitted(ovarian(), time_covariates="rx", kappa=1)
    on_hazard = fitted(ovarian(), hazard_covariates="rx", kappa=1)
    assert on_hazard.log_likelihood == pytest.approx(on_time.log_likelihood, abs=1e-9)
    factor = -on_time.estimate["time_rx"] * on_time.estimate["shape"]
    assert on_hazard.estimate["hazard_rx"] == pytest.approx(factor, rel=1e-5)


def drawn(family, named, covariates, scales, seed, last=60.0):
    """Right-censored lifetimes of a family."""
    generator = np.random.default_rng(seed)
    scatter = pm_scatter(scales, named, covariates)
    time, end = family.simulate(scatter, generator), generator.uniform(0.2 * last, last, scales.size)
    table = {"time": np.minimum(time, end), "status": (time <= end) * 1.0, **covariates}
    return pm.Data(table, inputs=list(covariates), output="time")


def pm_scatter(scales, named, covariates):
    from parametra.nouns.noise import Scatter

    return Scatter("time", True, scales, None, None, named, np, covariates)


@pytest.mark.parametrize(("kappa", "shape"), [(1.0, 1.5), (0.0, 2.0), (-0.4, 1.6)])
def test_the_kappa_of_simulated_lifetimes_comes_back(kappa, shape):
    from parametra.models.survival._lifetimes import Lifetimes

    data = drawn(Lifetimes(shape=shape, kappa=kappa), {}, {}, np.full(2000, 10.0), 8)
    fit = fitted(data)
    for name, value in (("kappa", kappa), ("shape", shape), ("scale", 10.0)):
        assert abs(fit.estimate[name] - value) < 3 * fit.standard_error[name], name
    if kappa < 0:
        assert abs(fit.estimate["cured"] - math.exp((kappa + 1) / kappa)) < 3 * fit.standard_error["cured"]
    else:
        assert fit.estimate["cured"] <= 0.1
    fixed = fitted(data, kappa=kappa)
    assert fixed.log_likelihood <= fit.log_likelihood + 1e-9
    assert 2 * (fit.log_likelihood - fixed.log_likelihood) < 6.6


def test_gompertz():
    """kappa of infinity with shape 1 is h(t) = hazard / scale exp(t / scale)."""
    from parametra.models.survival._lifetimes import Lifetimes

    data = drawn(Lifetimes(shape=1.0, hazard=0.3, kappa=math.inf), {}, {}, np.full(1500, 20.0), 3)
    fit = fitted(data, kappa=math.inf, shape=1.0, hazard="estimated")
    assert abs(fit.estimate["scale"] - 20) < 3 * fit.standard_error["scale"]
    assert abs(fit.estimate["hazard"] - 0.3) < 3 * fit.standard_error["hazard"]


def test_burr():
    """With kappa 0 the factor on the hazard is Burr XII's second shape: S = (1 + (t / scale)^shape)^-hazard."""
    from scipy.stats import burr12

    fit = fitted(burr(), time_covariates="treated", kappa=0, hazard="estimated")
    values = fit.estimate
    data = burr()
    family = burr12(
        values["shape"],
        values["hazard"],
        scale=values["scale"] * np.exp(values["time_treated"] * data.inputs["treated"]),
    )
    density = np.where(
        data.columns["status"] == 1, family.logpdf(data.outputs["time"]), family.logsf(data.outputs["time"])
    )
    assert fit.log_likelihood == pytest.approx(density.sum(), rel=1e-10)


@pytest.mark.external
def test_the_likeliest_shape_of_the_melanoma_data_is_one_with_a_cure(external_data):
    """AIC picks the shape: follow-up over 15 years levels off, and the free kappa falls below 0."""
    data = pm.Data(external_data / "survival" / "R_Melanoma.csv", inputs=["thickness", "ulcer"], output="time")
    names = ("thickness", "ulcer")
    weibull, loglogistic, free = (
        fitted(data, time_covariates=names, event=1, kappa=kappa) for kappa in (1.0, 0.0, "estimated")
    )
    assert free.aic < loglogistic.aic < weibull.aic
    assert free.aic == pytest.approx(1091.13, abs=0.01)
    assert -0.8 < free.estimate["kappa"] < 0
    assert free.estimate["cured"] == pytest.approx(0.34, abs=0.01)


def power_weibull_aic(kappa, karnofsky_on_shape):
    """A second route to an AIC of the lung cancer trial: the family as it is printed, minimised by SciPy."""
    from scipy.optimize import minimize

    data = veteran()
    time, event = data.outputs["time"], data.columns["status"] == 1
    x = np.column_stack([data.inputs[name] for name in CELLS])

    def cost(p):
        k = p[6] if kappa is None else kappa
        gamma = np.exp(p[1] + (p[7] * x[:, 0] if karnofsky_on_shape else 0.0))
        phi = np.exp(-p[0] - x @ p[2:6])
        inside = 1 + (phi * time) ** gamma / (k + 1)
        hazard = gamma * phi**gamma * time ** (gamma - 1) * inside ** (k - 1)
        passed = (k + 1) / k * (inside**k - 1) if abs(k) > 1e-9 else np.log(inside)
        return -np.sum(np.log(hazard)[event]) + np.sum(passed)

    best = np.array([3.0, 0.3, 0.03, -0.7, -0.8, -0.1, 0.3, 0.001])
    unit = np.array([1, 1, 0.02, 1, 1, 1, 1, 0.01])
    for _ in range(3):
        found = minimize(lambda q: cost(q * unit), best / unit, method="BFGS")
        best = found.x * unit
    return 2 * found.fun + 2 * (6 + (kappa is None) + karnofsky_on_shape)


@pytest.mark.parametrize(
    ("kappa", "on_shape", "aic"),
    [
        (1.0, False, 1445.030),
        (0.0, False, 1437.188),
        (None, False, 1437.99),
        (0.0, True, 1430.00),
        (None, True, 1430.30),
    ],
)
def test_the_lung_cancer_trial(kappa, on_shape, aic):
    """AIC picks log-logistic, its shape by Karnofsky's index; lifelines has 1445.030 and 1437.188 for the first two."""
    kept = {} if kappa is None else {"kappa": kappa}
    shape = "karnofsky" if on_shape else None
    fit = fitted(veteran(), time_covariates=CELLS, shape_covariates=shape, **kept)
    assert fit.aic == pytest.approx(aic, abs=0.0051)
    assert fit.aic == pytest.approx(power_weibull_aic(kappa, on_shape), abs=2e-3)


@pytest.mark.external
def test_the_lung_data_need_no_more_than_weibull(external_data):
    data = pm.Data(external_data / "survival" / "R_lung.csv", inputs=["sex"], output="time", missing="mask")
    weibull, loglogistic, free = (
        fitted(data, time_covariates="sex", event=2, kappa=kappa) for kappa in (1.0, 0.0, "estimated")
    )
    assert weibull.aic < loglogistic.aic
    assert weibull.aic < free.aic + 2
    assert free.estimate["kappa"] > 0.3


def test_interval_censored_lifetimes():
    """Nelson's cracks (survival::cracks): survreg prints 7.6880 (0.0744), log scale -0.3953 (0.0987)."""
    days, counts = [186, 606, 902, 1077, 1209, 1377, 1592, 1932], [5, 16, 12, 18, 18, 2, 6, 17]
    rows = [(days[0], np.nan, 2)] * counts[0]
    for before, day, count in zip(days, days[1:], counts[1:], strict=False):
        rows += [(before, day, 3)] * count
    rows += [(days[-1], np.nan, 0)] * (167 - sum(counts))
    table = {
        name: list(map(float, column))
        for name, column in zip(("time", "to", "status"), zip(*rows, strict=True), strict=True)
    }
    data = pm.Data(table, output="time")
    fit = accelerated(data, upper="to")
    assert fit.estimate["intercept"] == pytest.approx(7.6880, abs=5.1e-5)
    assert fit.standard_error["log_scale"] == pytest.approx(0.0987, abs=5.1e-5)
    again = fitted(data, upper="to", kappa=1)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)
    assert again.log_likelihood == pytest.approx(-309.6, abs=0.051)


def test_ugly_data_are_guessed_at_all_the_same():
    tables = [
        {"time": [3.0] * 4, "status": [1.0] * 4},
        {"time": [2.0, 2.0, 2.0], "status": [0.0, 0.0, 0.0]},
        {"time": [9.0, 1e-8, 4e7], "status": [1.0, 0.0, 1.0]},
    ]
    for table in tables:
        for ready in (AFT, FLEXIBLE, CURE):
            space = ready.problem(pm.Data(table, output="time")).fit_space
            assert np.isfinite(space.guess).all()
            assert ((space.guess >= space.lower) & (space.guess <= space.upper)).all()


def message(ready, data, **options):
    with pytest.raises(pm.ParametraError) as caught:
        ready.problem(data, **options)
    return str(caught.value)


def test_what_is_refused():
    data = ovarian()
    assert "is no input of the data" in message(AFT, data, covariate_names="sex")
    assert "time_covariates names" in message(FLEXIBLE, data, time_covariates=("rx", "rux"))
    assert 'did you mean "rx"' in message(FLEXIBLE, data, time_covariates="rxx")
    assert "the covariate rx cannot be in both" in message(
        FLEXIBLE, data, time_covariates="rx", hazard_covariates="rx", kappa=1
    )
    assert 'hazard="estimated" cannot be in both' in message(FLEXIBLE, data, kappa=1, hazard="estimated")
    assert '"kappa" is "estimated" or a number above -1' in message(FLEXIBLE, data, kappa=-1)
    assert "a number above 0; inf came" in message(FLEXIBLE, data, shape=math.inf)
    assert "one of 'weibull'" in message(AFT, data, distribution="gamma")
    assert "pieces is a whole number" in message(CURE, data, pieces=0)
    assert 'roughness is "chosen" or a number above zero' in message(CURE, data, roughness=0)
    assert "leaves nobody cured" in message(CURE, data, cure=False, cure_covariates="rx")
    alive = pm.Data({"time": [1.0, 2.0, 3.0], "status": [1.0, 2.0, 2.0]}, output="time")
    assert "1 and 2 only" in message(AFT, alive)
    assert "one output, the time" in message(AFT, pm.Data({"a": [1.0, 2.0], "b": [1.0, 2.0]}, output=["a", "b"]))
    assert "values above zero" in message(FLEXIBLE, pm.Data({"time": [0.0, 2.0]}, output="time"))
    assert "values above zero" in message(CURE, pm.Data({"time": [0.0, 2.0]}, output="time"))
    assert "in place of status, event" in message(AFT, data, end="rx", event=1)


def test_without_a_status_column_all_times_are_events():
    time = np.random.default_rng(1).weibull(1.5, 400) * 7
    fit = accelerated(pm.Data({"life": time}, output="life"))
    assert fit.estimate["shape"] == pytest.approx(1.5, abs=0.2)
    other = pm.fit("b", pm.Data({"life": time}, output="life"), parameters={"b": 5.0}, noise="weibull", starts=1)
    assert fit.estimate["scale"] == pytest.approx(other.estimate["b"], rel=1e-6)


def test_simulated_lifetimes_are_those_of_the_family():
    from parametra.models.survival._lifetimes import Lifetimes

    generator = np.random.default_rng(5)
    family = Lifetimes(shape=1.6, kappa=-0.4, shape_by=("x",))
    scatter = pm_scatter(np.full(20000, 3.0), {"shape_x": 0.3}, {"x": np.full(20000, 1.0)})
    times = family.simulate(scatter, generator)
    assert np.mean(np.isinf(times)) == pytest.approx(math.exp(-0.6 / 0.4), abs=0.01)
    import dataclasses

    for at in (1.0, 3.0, 30.0):
        chance = np.exp(family.log_survival(dataclasses.replace(scatter, observed=np.full(20000, at))))[0]
        assert np.mean(times > at) == pytest.approx(chance, abs=0.011)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_coverage_of_the_flexible_family():
    """200 data sets of the first known answer: unbiased within 3 standard errors, coverage of 95 % intervals."""
    truth = {"kappa": -0.4, "shape": 1.6, "hazard_treated": -0.6, "shape_marker": 0.2, "scale": 24.0}
    off, inside = [], []
    for seed in range(200):
        fit = fitted(simulated(seed + 1000), "compiled", hazard_covariates="treated", shape_covariates="marker")
        assert fit.status.ok
        off.append([(fit.estimate[k] - v) / fit.standard_error[k] for k, v in truth.items()])
        inside.append([fit.interval[k][0] <= v <= fit.interval[k][1] for k, v in truth.items()])
    assert (np.abs(np.mean(off, axis=0)) < 3 / np.sqrt(200) + 0.1).all()
    share = np.mean(inside, axis=0)
    assert ((share >= 0.915) & (share <= 0.985)).all(), dict(zip(truth, share, strict=True))


def test_ends_of_watching_tell_the_same_as_a_status_and_let_data_be_simulated():
    data = simulated()
    options = {"hazard_covariates": "treated", "shape_covariates": "marker"}
    by_end, by_status = fitted(data, end="end", **options), fitted(data, **options)
    assert by_end.log_likelihood == pytest.approx(by_status.log_likelihood, abs=1e-9)
    problem = FLEXIBLE.problem(data, end="end", **options)
    from parametra.testing.check_model import simulated_data

    (again,) = simulated_data(problem, by_end, np.random.default_rng(1))
    assert (again.outputs["time"] <= data.columns["end"]).all()
    assert 0.2 < np.mean(again.outputs["time"] == data.columns["end"]) < 0.9
