"""fit: what comes back is by name, honest, and the same for the same statement in any order."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

import parametra as pm
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.errors import DataError, FormulaError, MethodError, ModelError, NoiseError
from parametra.verbs.fit_judge import stopped_doubt

X = np.linspace(0.2, 6, 40)
WAVE = 0.05 * np.sin(2.7 * np.arange(40) + 0.3 * np.arange(40) ** 2)


def table(**columns):
    return {"x": X, **columns}


def data(y, **settings):
    return pm.Data(table(y=y), inputs=["x"], output="y", **{"sigma": 0.05, **settings})


DECAY = 4 * np.exp(-0.8 * X) + 1 + WAVE
THREE = {"a": pm.Real(0, 20, guess=2), "k": pm.Log(0.01, 10, guess=1), "c": 0.5}
FORMULA = "a * exp(-k * x) + c"


def test_the_order_of_statement_changes_no_bit():
    one = pm.fit(FORMULA, data(DECAY), THREE)
    other = pm.fit(FORMULA, data(DECAY), dict(reversed(THREE.items())))
    assert {r.label: r for r in one.rows} == {r.label: r for r in other.rows}
    assert one.starts.costs == other.starts.costs
    assert list(one.estimate) == ["a", "k", "c"]
    assert list(other.estimate) == ["c", "k", "a"]


def test_the_seed_decides():
    one, two = (pm.fit(FORMULA, data(DECAY), THREE, seed=s) for s in (1, 1))
    assert one.starts == two.starts
    assert one.rows == two.rows
    assert pm.fit(FORMULA, data(DECAY), THREE, seed=2).starts.costs != one.starts.costs


def test_linear_models_need_one_start_and_agree_with_ordinary_least_squares():
    fit = pm.fit("a + b * x + c * x**2", data(DECAY, sigma=None), {"a": 0.0, "b": 0.0, "c": 0.0})
    wanted = sm.OLS(DECAY, np.column_stack([np.ones(40), X, X**2])).fit()
    assert fit.starts.count == 1 and "linear" in fit.starts.why
    for label, value, error, interval in zip("abc", wanted.params, wanted.bse, wanted.conf_int(), strict=True):
        assert fit.estimate[label] == pytest.approx(value, rel=1e-9)
        assert fit.standard_error[label] == pytest.approx(error, rel=1e-9)
        np.testing.assert_allclose(fit.interval[label], interval, rtol=1e-9)
    assert fit.log_likelihood == pytest.approx(wanted.llf, rel=1e-12)
    assert fit.aic == pytest.approx(wanted.aic + 2)  # sigma is counted
    assert fit.estimate["sigma"] == pytest.approx(np.sqrt(wanted.mse_resid))


def test_the_sandwich_is_statsmodels_hc1():
    y = DECAY + WAVE * X
    fit = pm.fit("a + b * x", data(y, sigma=None), {"a": 0.0, "b": 0.0}, covariance="sandwich")
    wanted = sm.OLS(y, np.column_stack([np.ones(40), X])).fit(cov_type="HC1")
    assert fit.standard_error["a"] == pytest.approx(wanted.bse[0], rel=1e-9)
    assert fit.standard_error["b"] == pytest.approx(wanted.bse[1], rel=1e-9)


def test_a_robust_fit_is_iteratively_reweighted_least_squares():
    y = 1 + 2 * X + WAVE
    y[[3, 20]] += [4, -3]
    fit = pm.fit("a + b * x", data(y), {"a": 0.0, "b": 0.0}, loss="huber", loss_scale=1.345)
    A = np.column_stack([np.ones(40), X])
    b = np.array([1.0, 2.0])
    for _ in range(200):  # iteratively reweighted least squares, by hand
        r = (y - A @ b) / 0.05
        w = np.minimum(1, 1.345 / np.maximum(np.abs(r), 1e-12))
        b = np.linalg.solve(A.T @ (w[:, None] * A), A.T @ (w * y))
    np.testing.assert_allclose([fit.estimate["a"], fit.estimate["b"]], b, rtol=1e-8)
    assert "huber" in fit.estimator and "sandwich" in fit.uncertainty


def test_known_scale_and_relative_weights():
    known = pm.fit(FORMULA, data(DECAY, sigma=0.1), THREE)
    relative = pm.fit(FORMULA, data(DECAY, sigma=0.1), THREE, noise=pm.Normal(scale="estimated"))
    s = np.sqrt(known.chi_square / known.degrees_of_freedom)
    for label in THREE:
        assert relative.standard_error[label] == pytest.approx(s * known.standard_error[label], rel=1e-9)
    assert relative.estimate["scale"] == pytest.approx(s)
    assert known.chi_square_tests and not relative.chi_square_tests


def test_a_flat_direction_is_named_and_the_rest_keeps_its_errors():
    fit = pm.fit("a * b * exp(-k * x) + c", data(DECAY), {"a": 1.0, "b": 2.0, "k": pm.Log(guess=1), "c": 0.5})
    assert "only together with b" in fit.notes["a"] and "only together with a" in fit.notes["b"]
    reference = pm.fit(FORMULA, data(DECAY), THREE)
    assert fit.standard_error["k"] == pytest.approx(reference.standard_error["k"], rel=1e-5)
    assert fit.standard_error["a"] is None and fit.interval["b"] is None
    assert any("do not determine a, b" in d for d in fit.doubts)


def test_a_derived_quantity_of_the_determined_combination_has_an_error():
    fit = pm.fit(
        "a * b * exp(-k * x) + c",
        data(DECAY),
        {"a": 1.0, "b": 2.0, "k": pm.Log(guess=1), "c": 0.5},
        derived={"product": "a * b", "half_life": {"formula": "log(2) / k", "unit": "s"}},
    )
    reference = pm.fit(FORMULA, data(DECAY), THREE)
    assert fit.estimate["product"] == pytest.approx(reference.estimate["a"], rel=1e-6)
    assert fit.standard_error["product"] == pytest.approx(reference.standard_error["a"], rel=1e-4)
    k, error = reference.estimate["k"], reference.standard_error["k"]
    assert fit.standard_error["half_life"] == pytest.approx(np.log(2) / k**2 * error, rel=1e-4)
    assert fit.row("half_life").unit == "s"


def test_at_a_bound_there_is_a_sentence():
    fit = pm.fit(FORMULA, data(DECAY), {**THREE, "c": pm.Real(2, 5)})
    assert fit.estimate["c"] == pytest.approx(2, abs=1e-9) and fit.estimate["c"] >= 2
    assert "lower bound" in fit.notes["c"] and fit.standard_error["c"] is None
    assert any("c ended at its lower bound" in d for d in fit.doubts)


def test_an_interval_of_a_logarithmic_parameter_is_symmetric_there():
    fit = pm.fit(FORMULA, data(DECAY), THREE)
    low, high = fit.interval["k"]
    assert low > 0 and low * high == pytest.approx(fit.estimate["k"] ** 2)


def test_a_maximum_is_not_taken_for_a_minimum():
    # the cost is symmetric in a with a maximum at 0, where its gradient vanishes
    fit = pm.fit("cos(a * x)", data(np.cos(0.5 * X)), {"a": pm.Real(guess=0.0)}, starts=1)
    assert fit.standard_error["a"] is None
    assert fit.doubts


def test_interchangeable_terms_are_told():
    y = 2 * np.exp(-0.3 * X) + 5 * np.exp(-3 * X) + 0.01 * WAVE
    parameters = {"a": pm.Real(0, 10), "k": pm.Log(0.01, 10), "b": pm.Real(0, 10), "l": pm.Log(0.01, 10)}
    fit = pm.fit("a * exp(-k * x) + b * exp(-l * x)", data(y, sigma=0.001), parameters)
    assert sum(b.same_as_best for b in fit.starts.basins) == 1
    assert any("cannot tell from this one" in d for d in fit.doubts)


def test_what_is_bent_is_told():
    y = 1 / (1 + np.exp(-(X - 3) * 50))
    fit = pm.fit(
        "1 / (1 + exp(-(x - m) * s))", data(y, sigma=0.3), {"m": pm.Real(0, 6, guess=3), "s": pm.Log(0.1, 1e4, guess=9)}
    )
    assert any("not parabolic within one standard error, mostly along s" in d for d in fit.doubts)


def test_discrete_parameters_are_all_tried():
    y = 3 * X**2 + WAVE
    fit = pm.fit("a * x**n", data(y), {"a": 1.0, "n": pm.Integer(1, 4)})
    assert fit.estimate["n"] == 2
    assert fit.row("n").role == "choice"

    def model(x, a, law):
        return a * x if law == "linear" else a * np.sqrt(x)

    fit = pm.fit(model, data(2 * np.sqrt(X) + WAVE), {"a": 1.0, "law": pm.Choice(["linear", "root"])})
    assert fit.estimate["law"] == "root" and fit.free == 2
    with pytest.raises(pm.ParametraError, match="have 2000 combinations"):
        pm.fit("a * x**n", data(y), {"a": 1.0, "n": pm.Integer(1, 2000)})


def test_several_data_sets_share_parameters_by_name():
    near = data(DECAY, name="near")
    far = data(DECAY + 3, name="far", parameters={"c": "c_far"})
    fit = pm.fit(FORMULA, [near, far], {**THREE, "c_far": 1.0})
    assert fit.estimate["c_far"] - fit.estimate["c"] == pytest.approx(3, abs=1e-6)
    assert [v.data_set for v in fit.views] == ["near", "far"]
    alone = pm.fit(FORMULA, near, THREE)
    assert fit.standard_error["k"] < alone.standard_error["k"]


def test_several_outputs_each_with_its_noise():
    def model(x, a, k):
        return {"up": a * (1 - np.exp(-k * x)), "down": a * np.exp(-k * x)}

    columns = table(up=2 * (1 - np.exp(-0.7 * X)) + WAVE, down=2 * np.exp(-0.7 * X) - WAVE)
    both = pm.Data(columns, inputs=["x"], output=["up", "down"])
    parameters = {"a": pm.Positive(guess=1), "k": pm.Log(0.01, 10)}
    fit = pm.fit(model, both, parameters, noise={"up": pm.Normal(0.05), "down": pm.Normal(0.1)})
    assert fit.estimate["a"] == pytest.approx(2, abs=0.05)
    assert fit.method == "levenberg_marquardt"
    free = pm.fit(model, both, parameters)
    assert free.method == "fisher_scoring"
    assert {"sigma_up", "sigma_down"} <= set(free.estimate)
    assert free.row("sigma_up").role == "noise"


def test_masked_values_are_left_out_and_counted():
    y = DECAY.copy()
    y[[2, 30]] = np.nan
    fit = pm.fit(FORMULA, data(y, missing="mask"), THREE)
    keep = ~np.isnan(y)
    short = pm.Data({"x": X[keep], "y": y[keep]}, inputs=["x"], output="y", sigma=0.05)
    assert fit.points == 38 and fit.masked == 2
    assert fit.estimate["k"] == pytest.approx(pm.fit(FORMULA, short, THREE).estimate["k"], rel=1e-9)


def test_a_normal_prior_is_one_more_residual():
    prior = pm.fit(FORMULA, data(DECAY), {**THREE, "c": pm.Real(prior=_normal(2.0, 0.02))})
    assert 1.0 < prior.estimate["c"] < 2.0
    assert prior.method == "levenberg_marquardt"
    assert "priors on c" in prior.estimator
    by_likelihood = pm.fit(FORMULA, data(DECAY), {**THREE, "c": pm.Real(prior=_normal(2.0, 0.02))}, method="lbfgs")
    assert by_likelihood.estimate["c"] == pytest.approx(prior.estimate["c"], rel=1e-6)


def _normal(mean, sd):
    from parametra.maths.distributions import Normal

    return Normal(mean, sd)


def test_a_simplex_and_an_array():
    y = 0.2 * np.exp(-0.5 * X) + 0.8 * np.exp(-2 * X)
    fit = pm.fit(
        "w[0] * exp(-r[0] * x) + w[1] * exp(-r[1] * x)",
        data(y, sigma=0.001),
        {"w": pm.Simplex(2), "r": pm.Log(0.1, 10, shape=(2,), guess=[0.5, 2.0])},
        starts=1,
    )
    np.testing.assert_allclose(fit.estimate["w"], [0.2, 0.8], atol=1e-6)
    np.testing.assert_allclose(fit.estimate["r"], [0.5, 2.0], atol=1e-5)
    assert {"w[0]", "w[1]", "r[0]", "r[1]"} <= set(fit.standard_error)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    fit = pm.fit(FORMULA, data(DECAY), THREE, derived={"half": "log(2) / k"})
    fit.save(tmp_path / "fit.json")
    again = pm.load(tmp_path / "fit.json")
    assert again.rows == fit.rows and again.starts == fit.starts and again.status == fit.status
    np.testing.assert_array_equal(again.covariance, fit.covariance)
    np.testing.assert_array_equal(again.views[0].curve, fit.views[0].curve)
    assert str(again) == str(fit)
    assert again.to_json() == fit.to_json()


def test_as_a_table_and_as_xarray():
    fit = pm.fit(FORMULA, data(DECAY), THREE)
    assert fit.table().records()[0]["name"] == "a"
    assert fit.table().to_pandas().shape == (3, 7)
    found = fit.to_xarray()
    assert float(found["estimate"].sel(parameter="k")) == fit.estimate["k"]
    assert float(found["correlation"].sel(parameter="a", other="k")) == pytest.approx(fit.correlation["a"]["k"])
    assert "k" in repr(fit) and "±" in str(fit)


def test_coverage_of_95_percent_intervals():
    """400 simulated fits: 380 expected, standard deviation 4.4; 360 to 398 leaves a false alarm of 1e-4 or less."""
    inside = 0
    truth = 4 * np.exp(-0.8 * X) + 1
    for seed in range(400):
        y = truth + 0.05 * np.random.default_rng(seed).normal(size=40)
        low, high = pm.fit(FORMULA, data(y, sigma=None), THREE, starts=1).interval["k"]
        inside += low <= 0.8 <= high
    assert 360 <= inside <= 398


def _file():
    return pm.read_problem(Path(__file__).parents[2] / "examples" / "michaelis_menten" / "problem.toml")


MISTAKES = [
    (lambda: pm.fit(FORMULA, data(DECAY)), ModelError, r"has no parameters. Give all three"),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, method="lbfsg"), MethodError, 'did you mean "lbfgs"'),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, starts=0), MethodError, "starts=0: give"),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, seed=-1), MethodError, "seed=-1"),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, loss="hubert"), MethodError, 'did you mean "huber"'),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, covariance="x"), MethodError, 'covariance="x"'),
    (lambda: pm.fit(FORMULA, data(DECAY), {**THREE, "d": 1.0}), ModelError, '"d" is used by nothing'),
    (lambda: pm.fit("a * exp(-q * x)", data(DECAY), {"a": 1.0, "k": 1.0}), FormulaError, '"q" in the model'),
    (lambda: pm.fit(lambda x, a, q: a * x, data(DECAY), {"a": 1.0}), ModelError, '"q" in the model'),
    (lambda: pm.fit(lambda x, a: a * x[:5], data(DECAY), {"a": 1.0}), ModelError, r"shape \(5,\).*40 rows"),
    (lambda: pm.fit("a * log(b - x)", data(DECAY), {"a": 1.0, "b": 1.0}), ModelError, "gives nan.*at the guess"),
    (lambda: pm.fit(lambda x, a: 1 / 0, data(DECAY), {"a": 1.0}), ModelError, "raised ZeroDivisionError at the guess"),
    (lambda: pm.fit(lambda x, a: a * x + 1j, data(DECAY), {"a": 1.0}), ModelError, "real numbers are wanted"),
    (lambda: pm.fit(lambda *p: p, data(DECAY), {"a": 1.0}), ModelError, "whose names cannot be told"),
    (lambda: pm.fit(_file()), ModelError, "this is a problem file"),
    (lambda: pm.fit(7, data(DECAY), {"a": 1.0}), ModelError, "a model is a formula"),
    (
        lambda: pm.fit("a + b * x", pm.Data({"x": [1.0], "y": [2.0]}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0}),
        DataError,
        "1 observed values cannot determine 2 parameters",
    ),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, noise={"z": pm.Normal()}), NoiseError, "which is no output"),
    (lambda: pm.fit(pm.Objective(lambda a: a * a, {"a": 1.0})), MethodError, "this is an objective"),
    (lambda: pm.fit(pm.Problem(FORMULA, data(DECAY), THREE), data(DECAY)), ModelError, "takes no data"),
    (
        lambda: pm.fit(
            FORMULA, data(DECAY, sigma=None), THREE, noise=pm.Normal("estimated", proportional=True), loss="huber"
        ),
        MethodError,
        "needs residuals",
    ),
    (
        lambda: pm.fit(FORMULA, data(DECAY, sigma=None), THREE, noise=pm.StudentT(), method="levenberg_marquardt"),
        MethodError,
        r'needs residuals; this problem offers .* Use method="fisher_scoring"',
    ),
    (lambda: pm.fit(FORMULA, data(DECAY), THREE, derived={"a": "k"}), FormulaError, "already a parameter"),
    (
        lambda: pm.fit(FORMULA, data(DECAY), THREE, derived={"h": "q"}),
        FormulaError,
        '"q" in the formula "q" is not known',
    ),
]


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistakes(number):
    call, kind, message = MISTAKES[number]
    with pytest.raises(kind, match=message):
        call()
    assert issubclass(kind, pm.ParametraError)


def test_failures_are_printed_with_their_reasons():
    def model(t, a, k):
        if k > 8:
            raise ValueError("too fast")
        return a * np.exp(-k * t)

    t = np.linspace(0, 2, 12)
    data = pm.Data({"t": t, "y": 2 * np.exp(-t)}, inputs="t", output="y", sigma=0.1)
    fit = pm.fit(model, data, {"a": (0, 5), "k": pm.Real(0, 16, guess=2)}, starts=12)
    count = fit.receipt.failures["ValueError: too fast"]
    assert str(fit).endswith(f"\nfailed evaluations of the model: {count} x ValueError: too fast")
    assert f"{fit.starts.count - fit.starts.converged - fit.starts.failed} stopped" not in str(fit)


def test_starts_that_were_stopped_are_told():
    t = np.linspace(0, 2, 12)
    data = pm.Data({"t": t, "y": 2 * np.exp(-t) + np.exp(-3 * t)}, inputs="t", output="y", sigma=0.1)
    box = {"a": (0, 5), "k": (0, 9), "b": (0, 5), "l": (0, 9)}
    options = {"maximum_iterations": 3}
    fit = pm.fit("a * exp(-k * t) + b * exp(-l * t)", data, box, method="nelder_mead", starts=5, options=options)
    stopped = fit.starts.count - fit.starts.converged - fit.starts.failed
    assert stopped > 0
    assert f", {stopped} stopped before they converged" in " ".join(str(fit).split())


def test_starts_that_were_stopped_on_their_way_are_doubted():
    ends = (Ending.CONVERGED,) * 8 + (Ending.LIMIT,) * 2
    many = Solutions(np.zeros((10, 1)), np.zeros(10), ends, np.zeros(10, dtype=np.int64), 0, "")
    (doubt,) = stopped_doubt(many, "levenberg_marquardt")
    assert doubt == (
        "2 of 10 starts were stopped at the limit of the method before they converged. "
        'Let them go on with options={"lanes_iterations": 1000}.'
    )
    assert '{"maximum_iterations": ' in stopped_doubt(many, "nelder_mead")[0]
    few = dataclasses.replace(many, endings=(Ending.CONVERGED,) * 9 + (Ending.LIMIT,))
    assert stopped_doubt(few, "levenberg_marquardt") == ()
