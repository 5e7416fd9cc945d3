import numpy as np
import pytest

import parametra as pm
from parametra.nouns.problem import Problem
from parametra.verbs import fit_left_over
from parametra.verbs.fit_left_over import left_over

X = np.linspace(0, 10, 60)
LINE = {"a": (-50, 50), "b": (-50, 50)}


def alike(fit):
    return [doubt for doubt in fit.doubts if doubt.startswith("neighbours")]


def measured(y, **more):
    return pm.Data({"x": X, "y": y}, inputs="x", output="y", **more)


def test_a_curve_under_a_line_is_doubted_where_sigma_is_estimated():
    y = 0.2 * X**2 + np.random.default_rng(1).normal(0, 0.5, X.size)
    (doubt,) = alike(pm.fit("a + b * x", measured(y), LINE, progress=False))
    assert doubt.startswith("neighbours along x are alike in what the fit leaves over (p < 1e-12)")
    assert doubt.endswith(
        ": the model misses a part of the shape, or the noise has a memory. Errors are then too small. Look at the "
        "residuals, and try a richer model; for a noise with a memory state AR1() or KernelNoise()."
    )
    right = pm.fit("a + b * x + c * x**2", measured(y), {**LINE, "c": (-5, 5)}, progress=False)
    assert not alike(right)


def test_the_rows_may_come_in_any_order():
    order = np.random.default_rng(2).permutation(X.size)
    y = (0.2 * X**2 + np.random.default_rng(1).normal(0, 0.5, X.size))[order]
    data = pm.Data({"x": X[order], "y": y}, inputs="x", output="y")
    assert alike(pm.fit("a + b * x", data, LINE, progress=False))


def test_chi_square_speaks_first_where_sigma_is_known():
    y = 0.2 * X**2 + np.random.default_rng(1).normal(0, 0.5, X.size)
    fit = pm.fit("a + b * x", measured(y, sigma=0.5), LINE, progress=False)
    assert any("does not describe the data" in doubt for doubt in fit.doubts)
    assert not alike(fit)


@pytest.mark.parametrize("uneven", [False, True])
def test_false_alarms_are_as_rare_as_stated(uneven):
    draws = np.random.default_rng(3)
    problem = Problem("a + b * x", measured(X), LINE)
    size = np.where(np.abs(X - 5) < 0.7, 30.0, 1.0) if uneven else np.ones(X.size)
    basis, _ = np.linalg.qr(np.stack([np.ones(X.size), X], axis=1))
    alarms = 0
    for _ in range(2000):
        noise = draws.normal(size=X.size) * size
        alarms += left_over(problem, {"a": 0.0, "b": 1.0}, noise - basis @ (basis.T @ noise), None).along != ""
    assert alarms <= (20 if uneven else 6)  # 1 in 1000 fits with an even scatter, 1 in 100 with any other


def test_two_inputs_are_looked_at_in_both_orders():
    one, two = (grid.ravel() for grid in np.meshgrid(np.arange(8.0), np.arange(8.0)))
    y = one + np.sin(two) + np.random.default_rng(4).normal(0, 0.2, one.size)
    data = pm.Data({"u": one, "v": two, "y": y}, inputs=("u", "v"), output="y")
    (doubt,) = alike(pm.fit("a + b * u + 0 * v", data, LINE, progress=False))
    assert doubt.startswith("neighbours in the order of ")


def test_nothing_is_said_of_few_rows_of_roundings_and_of_correlated_noise():
    few = pm.Data({"x": X[:19], "y": X[:19] ** 2}, inputs="x", output="y")
    assert not alike(pm.fit("a + b * x", few, LINE, progress=False))
    assert not alike(pm.fit("a + b * x", measured(3 * X + 1 + 1e-9 * np.sin(X)), LINE, progress=False))
    remembered = pm.fit("a + b * x", measured(0.2 * X**2), LINE, noise=pm.AR1(), progress=False)
    assert not alike(remembered)


def test_counts_of_a_wrong_rate_are_doubted():
    counts = np.random.default_rng(5).poisson(20 + 15 * np.sin(X)).astype(float)
    data = measured(counts)
    fit = pm.fit("a + b * x", data, {"a": (1, 60), "b": (-1, 1)}, noise=pm.Poisson(), progress=False)
    assert alike(fit)


def test_a_fit_that_leaves_only_noise_over_passes():
    problem = Problem("a + b * x", measured(X), LINE)
    named, noise = {"a": 0.0, "b": 1.0}, np.random.default_rng(6).normal(size=X.size)
    assert left_over(problem, named, noise, None).plain
    assert left_over(problem, named, noise, 0.4).plain
    assert not left_over(problem, named, noise, 1e-5).plain
    assert not left_over(problem, named, np.sin(X) + 0.01 * noise, None).plain
    assert not left_over(problem, named, np.where(np.arange(X.size) % 2, 1.0, -1.0) + 0.1 * noise, None).plain
    few = Problem("a + b * x", pm.Data({"x": X[:12], "y": X[:12]}, inputs="x", output="y"), LINE)
    assert not left_over(few, named, noise[:12], None).plain
    assert left_over(few, named, noise[:12], 0.4).plain
    assert fit_left_over._LEAST == 20


def test_a_chi_square_that_is_too_small_is_no_sign_against_the_fit():
    problem = Problem("a + b * x", measured(X), LINE)
    noise = np.random.default_rng(6).normal(size=X.size)
    assert left_over(problem, {"a": 0.0, "b": 1.0}, 0.01 * noise, 0.9999).plain


def test_residuals_larger_than_they_are_stated_do_not_pass():
    counts = np.random.default_rng(7).poisson(20.0, X.size).astype(float)
    named, nothing = {"a": 20.0, "b": 0.0}, np.zeros(0)
    assert left_over(Problem("a + b * x", measured(counts), LINE, noise=pm.Poisson()), named, nothing, None).plain
    # three times as far from their mean: nine times the variance that counts have
    wide = np.rint(20 + 3 * (counts - 20)).clip(0)
    assert not left_over(Problem("a + b * x", measured(wide), LINE, noise=pm.Poisson()), named, nothing, None).plain


def test_nothing_is_said_of_censored_counts():
    """Beside a limit they do not lie about zero, so that neighbours are alike whatever the model is."""
    counts = np.random.default_rng(5).poisson(20 + 15 * np.sin(X)).astype(float)
    named = {"a": 20.0, "b": 0.0}

    def said(noise):
        return left_over(Problem("a + b * x", measured(counts), LINE, noise=noise), named, np.zeros(0), None)

    assert said(pm.Poisson()).doubts
    told = said(pm.Censored(pm.Poisson(), above=100))
    assert (told.doubts, told.plain) == ([], False)
