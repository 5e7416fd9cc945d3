"""R's survreg: accelerated failure times with right-censored data, Tobin's left-censored and Nelson's interval data.

survreg's coefficients are those of the logarithm of our prediction, and its log(scale) is minus the logarithm of our
shape (that of sigma, for the log-normal). Its log-likelihood is that of the times, as ours.
"""

import json

import numpy as np
import pytest

import parametra as pm

# data set, terms, noise, survreg's name of each of our parameters
LUNG = ("R_lung.csv", "time", {"ecog": "ph.ecog", "sex": "sex", "age": "age"}, {"event": 2})
OVARIAN = ("R_ovarian.csv", "futime", {"ps": "ecog.ps", "rx": "rx"}, {"status": "fustat", "event": 1})
MELANOMA = ("R_Melanoma.csv", "time", {n: n for n in ("sex", "age", "thickness", "ulcer")}, {"event": 1})
NULL = (LUNG[0], "time", {}, {"event": 2})
SEX_ECOG = (LUNG[0], "time", {"ecog": "ph.ecog", "sex": "sex"}, {"event": 2})
CASES = {
    "lung_weibull_null": (NULL, pm.Weibull()),
    "lung_weibull_phecog_sex": (SEX_ECOG, pm.Weibull()),
    "lung_weibull_sex_age_phecog": (LUNG, pm.Weibull()),
    "lung_exponential_phecog_sex": (SEX_ECOG, pm.Exponential()),
    "lung_lognormal_phecog_sex": (SEX_ECOG, pm.LogNormal()),
    "lung_loglogistic_phecog_sex": (SEX_ECOG, pm.LogLogistic()),
    "ovarian_weibull": (OVARIAN, pm.Weibull()),
    "ovarian_exponential": (OVARIAN, pm.Exponential()),
    "melanoma_weibull": (MELANOMA, pm.Weibull()),
    "melanoma_weibull_null": ((*MELANOMA[:2], {}, {"event": 1}), pm.Weibull()),
}


@pytest.fixture(scope="module")
def references(external_data):
    return json.loads((external_data / "survival" / "reference_R_survreg.json").read_text())


def errors_of(reference):
    stated = reference["se_from_var"]
    return list(stated.values()) if isinstance(stated, dict) else stated


@pytest.mark.external
def test_no_fit_of_the_reference_is_left_out(references):
    of_survreg = {name for name, one in references.items() if "survreg" in one.get("call", "")}
    assert of_survreg == {*CASES, "lung_weibull_strata_sex"}


@pytest.mark.external
@pytest.mark.parametrize("name", CASES)
def test_survreg(name, references, external_data):
    (file, output, inputs, settings), noise = CASES[name]
    reference = references[name]
    path = external_data / "survival" / file
    data = pm.Data(path, inputs=inputs, output=output, missing="mask")
    terms = "".join(f" + b_{term} * {term}" for term in inputs)
    parameters = {"b": 5.0, **{f"b_{term}": 0.0 for term in inputs}}
    scale = "" if isinstance(noise, pm.Exponential) else "-log(shape)"
    scale = "log(sigma)" if isinstance(noise, pm.LogNormal) else scale
    fit = pm.fit(
        f"exp(b{terms})",
        data,
        parameters=parameters,
        noise=pm.Censored(noise, **{"status": "status", **settings}),
        derived={"log_scale": scale} if scale else {},
        starts=1,
    )
    assert fit.status.ok
    assert fit.points == reference["n"]
    names = {"(Intercept)": "b", **{f"{column}": f"b_{term}" for term, column in inputs.items()}}
    for (theirs, value), error in zip(reference["coef"].items(), errors_of(reference), strict=False):
        # relative to the error: where a coefficient is small, its digits are those of the others
        assert fit.estimate[names[theirs]] == pytest.approx(value, rel=1e-6, abs=1e-6 * error), theirs
        assert fit.standard_error[names[theirs]] == pytest.approx(error, rel=1e-5), theirs
    if scale:
        assert fit.estimate["log_scale"] == pytest.approx(np.log(reference["scale"][0]), abs=1e-6)
        assert fit.standard_error["log_scale"] == pytest.approx(errors_of(reference)[-1], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(reference["loglik"][1], rel=1e-9)


@pytest.mark.external
def test_strata_are_two_outputs_with_a_shape_each(references, external_data):
    """`strata(sex)` shares the coefficients and not the scale: here two outputs, whose noises have their own shape."""
    reference = references["lung_weibull_strata_sex"]
    inputs = {"ecog": "ph.ecog", "age": "age"}
    table = np.genfromtxt(external_data / "survival" / "R_lung.csv", delimiter=",", names=True, missing_values="NA")
    sets = {}
    for sex, name in ((1, "men"), (2, "women")):
        rows = table[table["sex"] == sex]
        columns = {"ecog": rows["phecog"], "age": rows["age"], name: rows["time"], "status": rows["status"]}
        sets[name] = pm.Data(columns, inputs=list(inputs), output=name, missing="mask")
    formula = "exp(b + b_ecog * ecog + b_age * age)"
    fit = pm.fit(
        {"men": formula, "women": formula},
        sets,
        parameters={"b": 5.0, "b_ecog": 0.0, "b_age": 0.0},
        noise={name: pm.Censored(pm.Weibull(), status="status", event=2) for name in sets},
        derived={"men_scale": "-log(shape_men)", "women_scale": "-log(shape_women)"},
        starts=1,
    )
    ours = ["b", "b_ecog", "b_age", "men_scale", "women_scale"]
    theirs = [*reference["coef"].values(), *np.log(list(reference["scale"].values()))]
    assert [fit.estimate[k] for k in ours] == pytest.approx(theirs, rel=1e-6)
    assert [fit.standard_error[k] for k in ours] == pytest.approx(errors_of(reference), rel=1e-5)
    assert fit.log_likelihood == pytest.approx(reference["loglik"][1], rel=1e-9)
    assert fit.points == reference["n"]


# Tobin (1958), doi:10.2307/1907382; survival::tobin
TOBIN = {
    "durable": [0, 0.7, 0, 0, 0, 0, 0, 3.7, 0, 3, 10.4, 0, 0, 0, 1.5, 0, 0, 3.5, 6.1, 0],
    "age": [
        57.7,
        50.9,
        48.5,
        41.7,
        47.7,
        59.8,
        44.3,
        45.1,
        51.7,
        50,
        46.8,
        58,
        58.9,
        40,
        34.1,
        39.9,
        33.4,
        48.1,
        46.6,
        53.1,
    ],
    "quant": [236, 283, 207, 220, 238, 216, 284, 221, 275, 269, 207, 249, 246, 277, 231, 219, 240, 266, 214, 251],
}


@pytest.mark.parametrize("how", ["limit", "status"])
def test_tobins_left_censored_data(how):
    """survreg(Surv(durable, durable > 0, type = 'left') ~ age + quant, dist = 'gaussian'), as printed: 3 decimals."""
    table = {**TOBIN, "bought": (np.array(TOBIN["durable"]) > 0).astype(float)}
    data = pm.Data(table, inputs=["age", "quant"], output="durable")
    noise = pm.Censored(pm.Normal(), below=0)
    if how == "status":
        noise = pm.Censored("normal", status="bought", meaning={"exact": 1, "left": 0})
    fit = pm.fit(
        "a + b * age + c * quant",
        data,
        parameters={"a": 1.0, "b": 0.0, "c": 0.0},
        noise=noise,
        derived={"log_scale": "log(sigma)"},
        starts=1,
    )
    printed = {"a": (15.145, 16.079), "b": (-0.129, 0.219), "c": (-0.046, 0.058), "log_scale": (1.718, 0.310)}
    for name, (value, error) in printed.items():
        assert fit.estimate[name] == pytest.approx(value, abs=5.1e-4), name
        assert fit.standard_error[name] == pytest.approx(error, abs=5.1e-4), name
    assert fit.aic == pytest.approx(65.880, abs=5.1e-4)


# Nelson (1982), Applied Life Data Analysis: turbine parts inspected once each, day by day; survival::cracks
CRACKS = {186: 5, 606: 16, 902: 12, 1077: 18, 1209: 18, 1377: 2, 1592: 6, 1932: 17}


def test_nelsons_left_interval_and_right_censored_cracks():
    """survreg(Surv(day1, day2, type = 'interval2') ~ 1, dist = 'weibull'), as printed: 4 decimals."""
    days, counts = list(CRACKS), list(CRACKS.values())
    rows = [(days[0], np.nan, "left")] * counts[0]
    for before, day, count in zip(days, days[1:], counts[1:], strict=False):
        rows += [(before, day, "interval")] * count
    rows += [(days[-1], np.nan, "right")] * (167 - sum(counts))
    table = dict(zip(("day", "to", "kind"), map(list, zip(*rows, strict=True)), strict=True))
    data = pm.Data(table, output="day")
    fit = pm.fit(
        "exp(b)",
        data,
        parameters={"b": 5.0},
        noise=pm.Censored(pm.Weibull(), status="kind", upper="to"),
        derived={"log_scale": "-log(shape)"},
        starts=1,
    )
    assert fit.estimate["b"] == pytest.approx(7.6880, abs=5.1e-5)
    assert fit.standard_error["b"] == pytest.approx(0.0744, abs=5.1e-5)
    assert fit.estimate["log_scale"] == pytest.approx(-0.3953, abs=5.1e-5)
    assert fit.standard_error["log_scale"] == pytest.approx(0.0987, abs=5.1e-5)
    assert fit.log_likelihood == pytest.approx(-309.6, abs=0.051)
    words = "Weibull around the scale, estimated shape; 73 right-censored, 5 left-censored, 89 interval-censored of 167"
    assert fit.noise["day"].startswith(words)
