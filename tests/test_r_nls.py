"""R's nls on its own data sets, and the same optima computed to 40 digits.

nls stops when the next step is 1e-5 of the confidence region, so its printed coefficients are off by up to 3e-5
standard errors: between 5.4 and 7.2 digits agree with the true optimum. Both are held here: R within its own tolerance,
with a residual sum that is never above R's, and the optimum itself, by Newton's method in 40 digits, to 9 digits.
"""

import json

import mpmath
import numpy as np
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
        assert fit.estimate[name] == pytest.approx(value, abs=5e-5 * reference["se"][name]), name
        assert fit.estimate[name] == pytest.approx(value, rel=5e-6), name
        assert fit.standard_error[name] == pytest.approx(reference["se"][name], rel=1e-4), name
    assert fit.estimate["sigma"] == pytest.approx(reference["sigma"], rel=1e-6)
    assert fit.chi_square == pytest.approx(reference["rss"], rel=1e-7)
    assert fit.chi_square <= reference["rss"] * (1 + 1e-11)
    assert fit.degrees_of_freedom == reference["df"]
    assert fit.log_likelihood == pytest.approx(reference["loglik"], rel=1e-7)


def optimum(formula, table, observed, guess):
    """Newton's method on the gradient of the residual sum of squares, in 40 digits, from a good guess."""
    known = {k: getattr(mpmath, k) for k in ("exp", "log")}
    code = compile(formula, "formula", "eval")
    names = sorted(guess)

    def residuals(values):
        named = dict(zip(names, values, strict=True))
        rows = ({k: mpmath.mpf(float(column[i])) for k, column in table.items()} | named for i in range(len(observed)))
        return [eval(code, known, row) - mpmath.mpf(float(y)) for row, y in zip(rows, observed, strict=True)]  # noqa: S307

    def gradient(*values):
        h = mpmath.mpf(10) ** -20
        r = residuals(values)
        result = []
        for j in range(len(values)):
            up = [v + (h if i == j else 0) for i, v in enumerate(values)]
            down = [v - (h if i == j else 0) for i, v in enumerate(values)]
            slopes = [(a - b) / (2 * h) for a, b in zip(residuals(up), residuals(down), strict=True)]
            result.append(mpmath.fsum(a * b for a, b in zip(r, slopes, strict=True)))
        return result

    with mpmath.workdps(60):
        found = mpmath.findroot(gradient, [mpmath.mpf(float(guess[k])) for k in names], tol=1e-40, maxsteps=30)
        return {k: float(found[i]) for i, k in enumerate(names)}


@pytest.mark.external
@pytest.mark.parametrize("case", sorted(CASES))
def test_the_optimum_itself(case, external_data):
    file, where, inputs, output, formula, guess = CASES[case]
    inputs = [inputs] if isinstance(inputs, str) else inputs
    data = pm.Data(external_data / "nls" / file, inputs=inputs, output=output, where=where)
    fit = pm.fit(formula, data, parameters=guess, starts=1)
    estimate = {k: fit.estimate[k] for k in guess}
    wanted = optimum(formula, data.inputs, np.asarray(data.outputs[output]), estimate)
    for name, value in wanted.items():
        assert estimate[name] == pytest.approx(value, rel=1e-9), name
