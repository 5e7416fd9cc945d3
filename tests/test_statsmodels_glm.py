"""Generalised linear models against statsmodels: estimates, standard errors and log-likelihoods to six digits.

The data are those that statsmodels ships; the models are typed as formulas, as a person would.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import digamma

import parametra as pm

sm = pytest.importorskip("statsmodels.api")


def predictor(names):
    """The linear predictor b0 + b1*x1 + ... of some columns, as a formula."""
    return " + ".join(["b0", *(f"b{i}*{name}" for i, name in enumerate(names, 1))])


def table(exog, names, **more):
    return {**{name: np.array(exog[name], dtype=float) for name in names}, **more}


def agree(found, names, params, errors, llf, digits=6):
    assert found.status.ok, found.status
    estimate = np.array([found.estimate[name] for name in names])
    # a value that is small beside its own error has no six digits of its own
    np.testing.assert_allclose(estimate, params, rtol=10.0**-digits, atol=1e-6 * np.max(errors / np.abs(errors) * 1e-3))
    np.testing.assert_allclose([found.standard_error[name] for name in names], errors, rtol=10.0**-digits)
    assert found.log_likelihood == pytest.approx(llf, rel=1e-9)


def starts(names, **more):
    return {**{f"b{i}": 0.0 for i in range(len(names) + 1)}, **more}


@pytest.mark.parametrize("method", ["auto", "fisher_scoring"])
def test_poisson_executions(method):
    """Executions in 17 states of the USA in 1997 (cpunish), log link."""
    shipped = sm.datasets.cpunish.load()
    names = ["INCOME", "PERPOVERTY", "PERBLACK", "VC100k96", "SOUTH", "DEGREE"]
    reference = sm.GLM(
        np.asarray(shipped.endog), sm.add_constant(np.asarray(shipped.exog[names])), family=sm.families.Poisson()
    ).fit(tol=1e-14, maxiter=100)
    columns = table(shipped.exog, names, y=np.asarray(shipped.endog))
    columns["INCOME"] /= 1e4
    data = pm.Data(columns, inputs=names, output="y")
    found = pm.fit(
        f"exp({predictor(names)})", data, parameters=starts(names), noise=pm.Poisson(), method=method, starts=1
    )
    scale = np.array([1, 1e4, 1, 1, 1, 1, 1])
    agree(found, [f"b{i}" for i in range(7)], reference.params * scale, reference.bse * scale, reference.llf)


def test_logistic_grades():
    """Whether a student's grade improved (spector): single trials, logit link."""
    shipped = sm.datasets.spector.load()
    names = list(shipped.exog.columns)
    reference = sm.Logit(np.asarray(shipped.endog), sm.add_constant(np.asarray(shipped.exog))).fit(disp=0, tol=1e-14)
    data = pm.Data(table(shipped.exog, names, y=np.asarray(shipped.endog)), inputs=names, output="y")
    found = pm.fit(f"1 / (1 + exp(-({predictor(names)})))", data, parameters=starts(names), noise="binomial", starts=1)
    agree(found, [f"b{i}" for i in range(4)], reference.params, reference.bse, reference.llf)


def test_binomial_schools():
    """Pupils above the national median in 303 Californian districts (star98), trials from a column, logit link."""
    shipped = sm.datasets.star98.load()
    names = ["LOWINC", "PERASIAN", "PERBLACK", "PERHISP", "PCTYRRND"]
    above, below = np.asarray(shipped.endog, dtype=float).T
    reference = sm.GLM(
        np.column_stack([above, below]),
        sm.add_constant(np.asarray(shipped.exog[names])),
        family=sm.families.Binomial(),
    ).fit(tol=1e-14)
    data = pm.Data(table(shipped.exog, names, y=above, n=above + below), inputs=names, output="y")
    found = pm.fit(
        f"expit({predictor(names)})", data, parameters=starts(names), noise=pm.Binomial(trials="n"), starts=1
    )
    agree(found, [f"b{i}" for i in range(6)], reference.params, reference.bse, reference.llf)


@pytest.mark.parametrize("rows", [600, pytest.param(None, marks=pytest.mark.slow)])
def test_negative_binomial_visits(rows):
    """Visits to doctors in the RAND health insurance experiment (randhie), NB2, log link, dispersion estimated."""
    shipped = sm.datasets.randhie.load()
    names = ["lncoins", "idp", "disea", "hlthg", "hlthp"]
    visits, exog = np.asarray(shipped.endog, dtype=float)[:rows], shipped.exog[:rows]
    model = sm.NegativeBinomial(visits, sm.add_constant(np.asarray(exog[names])), loglike_method="nb2")
    with warnings.catch_warnings():  # on the way; the second fit starts where the first one ended
        warnings.simplefilter("ignore")
        first = model.fit(disp=0, method="bfgs", maxiter=500)
    reference = model.fit(first.params, disp=0, method="newton", maxiter=200, tol=1e-14)
    data = pm.Data(table(exog, names, y=visits), inputs=names, output="y")
    found = pm.fit(
        f"exp({predictor(names)})",
        data,
        parameters=starts(names),
        noise=pm.NegativeBinomial(),
        starts=1,
    )
    labels = [*(f"b{i}" for i in range(6)), "dispersion"]
    agree(found, labels, reference.params, reference.bse, reference.llf)


def test_gamma_taxes():
    """Votes for devolution in 32 Scottish districts (scotland), gamma, log link; the shape by maximum likelihood.

    statsmodels takes Pearson's dispersion; the coefficients do not depend on it, and the likeliest shape solves
    log k - digamma(k) = deviance / 2n.
    """
    shipped = sm.datasets.scotland.load()
    names = ["COUTAX", "UNEMPF", "MOR", "AGE"]
    votes = np.asarray(shipped.endog, dtype=float)
    model = sm.GLM(
        votes,
        sm.add_constant(np.asarray(shipped.exog[names])),
        family=sm.families.Gamma(link=sm.families.links.Log()),
    )
    reference = model.fit(tol=1e-14, maxiter=200)
    shape = brentq(lambda k: np.log(k) - digamma(k) - reference.deviance / (2 * votes.size), 1, 1e4, xtol=1e-12)
    observed = -model.hessian(reference.params, scale=1 / shape, observed=True)
    errors = np.sqrt(np.diag(np.linalg.inv(observed)))
    data = pm.Data(table(shipped.exog, names, y=votes), inputs=names, output="y")
    found = pm.fit(f"exp({predictor(names)})", data, parameters=starts(names), noise=pm.Gamma(), starts=1)
    llf = np.sum(model.family.loglike_obs(votes, reference.fittedvalues, scale=1 / shape))
    agree(found, [f"b{i}" for i in range(5)], reference.params, errors, llf)
    assert found.estimate["shape"] == pytest.approx(shape, rel=1e-6)


def test_lognormal_is_least_squares_of_logs():
    """The same votes, log-normal: ordinary least squares of their logarithms, in closed form."""
    shipped = sm.datasets.scotland.load()
    names = ["COUTAX", "UNEMPF", "MOR", "AGE"]
    votes = np.asarray(shipped.endog, dtype=float)
    reference = sm.OLS(np.log(votes), sm.add_constant(np.asarray(shipped.exog[names]))).fit()
    data = pm.Data(table(shipped.exog, names, y=votes), inputs=names, output="y")
    found = pm.fit(f"exp({predictor(names)})", data, parameters=starts(names), noise=pm.LogNormal(), starts=1)
    llf = reference.llf - np.log(votes).sum()
    agree(found, [f"b{i}" for i in range(5)], reference.params, reference.bse, llf)
    assert found.estimate["sigma"] == pytest.approx(np.sqrt(reference.scale), rel=1e-8)
    assert found.method == "levenberg_marquardt"
