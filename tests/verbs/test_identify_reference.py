"""R's profile intervals, the exact ones by brute force, and NIST's standard errors, by identify.

MASS::confint.nls walks a profile t in steps and interpolates it by a spline: what it prints agrees with the exact
intervals to 3.9 digits or more. The exact ones are made here by a root finder around SciPy's least squares.
"""

import json
import math

import numpy as np
import pytest

import parametra as pm
from brute_profiles import intervals
from nist_models import FORMULAS
from nist_problems import certified, columns, digits, function_of, names
from parametra.verbs.identify import identify

CASES = {
    "puromycin_treated": (
        "Puromycin.csv",
        {"state": "treated"},
        ["conc"],
        "rate",
        "Vm * conc / (K + conc)",
        {"Vm": 200, "K": 0.05},
        "puromycin_treated_profile_ci95",
    ),
    "theoph_1_fol": (
        "Theoph.csv",
        {"Subject": 1},
        ["Dose", "Time"],
        "conc",
        "Dose * exp(lKe + lKa - lCl) / (exp(lKa) - exp(lKe)) * (exp(-exp(lKe) * Time) - exp(-exp(lKa) * Time))",
        {"lKe": -2.5, "lKa": 0.5, "lCl": -3},
        "theoph_1_profile_ci95",
    ),
}


def stated(case, folder):
    file, where, inputs, output, formula, guess, key = CASES[case]
    data = pm.Data(folder / "nls" / file, inputs=inputs, output=output, where=where)
    reference = json.loads((folder / "nls" / "reference_R_nls.json").read_text())
    return pm.Problem(formula, data, guess), reference[key], reference[case]


def exact(case, problem, estimate):
    """Brute force from the estimate, in the parameters as they are stated."""
    formula, guess = CASES[case][4], CASES[case][5]
    (data,) = problem.data_sets
    code, order = compile(formula, "formula", "eval"), sorted(guess)
    observed = np.asarray(data.outputs[CASES[case][3]])

    def residuals(x):
        known = {"exp": np.exp, **data.inputs, **dict(zip(order, x, strict=True))}
        return eval(code, known) - observed  # noqa: S307  text of this file

    start = np.array([estimate[n] for n in order])
    width = np.full(start.size, np.inf)
    ends = intervals(residuals, start, -width, width, None)
    return {n: tuple(float(v) for v in pair) for n, pair in zip(order, ends, strict=True)}


@pytest.mark.external
@pytest.mark.parametrize("case", sorted(CASES))
def test_profiles_of_r(case, external_data):
    problem, wanted, fitted = stated(case, external_data)
    found = identify(problem, starts=1)
    ends = exact(case, problem, found.fit.estimate)
    for label, printed in wanted.items():
        assert found.verdicts[label].profile == pytest.approx(ends[label], rel=1e-6), label
        side = min(abs(e - fitted["coef"][label]) for e in ends[label])
        for ours, end, theirs in zip(found.verdicts[label].profile, ends[label], printed, strict=True):
            assert digits(ours, theirs) > 3.9, label
            assert abs(end - theirs) < 1e-3 * side, label


RUNS = sorted(FORMULAS)


@pytest.mark.external
@pytest.mark.parametrize("name", RUNS)
def test_standard_errors_of_nist(name, external_data):
    """The covariance of `identify`, and the interval by the curvature that is made of it, to four digits."""
    entry = certified(external_data)[name]
    table = columns(name, entry)
    data = pm.Data(table, inputs=[k for k in table if k != "y"], output="y")
    guess = dict(zip(names(entry), entry["start2"], strict=True))
    found = identify(pm.Problem(function_of(name), data, guess), starts=1, method="fisher_information")
    errors = dict(zip(found.information.labels, np.sqrt(np.diag(found.information.covariance)), strict=True))
    from scipy.stats import t

    quantile = float(t.ppf(0.975, entry["n"] - entry["p"]))
    for label, wanted in zip(names(entry), entry["certified_sd"], strict=True):
        if name == "Lanczos1":  # computed to 14 digits: its certified errors are those of rounding
            assert errors[label] < 1e-6
            continue
        assert digits(float(errors[label]), wanted) >= 4, label
        low, high = found.verdicts[label].curvature
        assert digits(0.5 * (high - low) / quantile, wanted) >= 4, label
        assert math.isclose(0.5 * (low + high), found.fit.estimate[label], rel_tol=1e-9)
