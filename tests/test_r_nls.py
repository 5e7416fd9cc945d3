"""R's nls on its own data sets: coefficients to 6 digits, standard errors to 4, sigma, residual sum and likelihood."""

import json

import pytest

import parametra as pm

CASES = {
    "puromycin_treated": (
        "Puromycin.csv",
        {"state": "treated"},
        "conc",
        "rate",
        "Vm * conc / (K + conc)",
        {"Vm": 200, "K": 0.05},
    ),
    "puromycin_untreated": (
        "Puromycin.csv",
        {"state": "untreated"},
        "conc",
        "rate",
        "Vm * conc / (K + conc)",
        {"Vm": 160, "K": 0.05},
    ),
    "dnase_run1_logis3": (
        "DNase.csv",
        {"Run": 1},
        "conc",
        "density",
        "Asym / (1 + exp((xmid - log(conc)) / scal))",
        {"Asym": 3, "xmid": 0, "scal": 1},
    ),
    "dnase_run1_fpl": (
        "DNase.csv",
        {"Run": 1},
        "conc",
        "density",
        "A + (B - A) / (1 + exp((xmid - log(conc)) / scal))",
        {"A": 0.1, "B": 3, "xmid": 1, "scal": 1},
    ),
    "theoph_1_fol": (
        "Theoph.csv",
        {"Subject": 1},
        ["Dose", "Time"],
        "conc",
        "Dose * exp(lKe + lKa - lCl) / (exp(lKa) - exp(lKe)) * (exp(-exp(lKe) * Time) - exp(-exp(lKa) * Time))",
        {"lKe": -2.5, "lKa": 0.5, "lCl": -3},
    ),
    "bod": ("BOD.csv", None, "Time", "demand", "A * (1 - exp(-exp(lrc) * Time))", {"A": 20, "lrc": -1}),
    "loblolly_301": (
        "Loblolly.csv",
        {"Seed": 301},
        "age",
        "height",
        "Asym + (R0 - Asym) * exp(-exp(lrc) * age)",
        {"Asym": 100, "R0": -8, "lrc": -3.2},
    ),
}


@pytest.mark.external
@pytest.mark.parametrize("method", ["levenberg_marquardt", "least_squares", "lbfgs"])
@pytest.mark.parametrize("case", sorted(CASES))
def test_reference(case, method, external_data):
    file, where, inputs, output, formula, guess = CASES[case]
    reference = json.loads((external_data / "nls" / "reference_R_nls.json").read_text())[case]
    inputs = [inputs] if isinstance(inputs, str) else inputs
    data = pm.Data(external_data / "nls" / file, inputs=inputs, output=output, where=where)
    fit = pm.fit(formula, data, parameters=guess, starts=1, method=method)
    for name, value in reference["coef"].items():
        assert fit.estimate[name] == pytest.approx(value, rel=1e-6), name
        assert fit.standard_error[name] == pytest.approx(reference["se"][name], rel=1e-4), name
    assert fit.estimate["sigma"] == pytest.approx(reference["sigma"], rel=1e-6)
    assert fit.chi_square == pytest.approx(reference["rss"], rel=1e-7)
    assert fit.degrees_of_freedom == reference["df"]
    assert fit.log_likelihood == pytest.approx(reference["loglik"], rel=1e-7)
