"""Fits with penalties against scikit-learn, and what is told of them.

Lasso paths on its diabetes data and on simulated ones, logistic regression with an l1 penalty, cross-validation.
"""

import json
import math

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LogisticRegression, lasso_path

import parametra as pm
from parametra.maths.losses import Loss
from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.fit_json import to_json
from parametra.runs.cost import Cost
from parametra.runs.linear import of_rows
from parametra.verbs._penalised_folds import parts_of

DIABETES = load_diabetes()
NAMES = list(DIABETES.feature_names)


def simulated(seed=0, n=60, p=100, noise=1.0):
    r = np.random.default_rng(seed)
    X = r.normal(size=(n, p))
    beta = np.zeros(p)
    beta[:4] = [2.0, -1.5, 1.0, 3.0]
    return X, X @ beta + 0.5 + noise * r.normal(size=n)


def many(X, y, penalty, parameters=None, **settings):
    """A model with an array parameter; its closure holds the columns."""

    def model(beta, b0):
        return X @ beta + b0

    stated = {"beta": pm.Real(guess=0.0, shape=(X.shape[1],)), "b0": 0.0, **(parameters or {})}
    return pm.fit(model, pm.Data({"y": y}, output="y"), stated, penalty=penalty, progress=False, **settings)


def as_formula(X, y, penalty, names=NAMES, **settings):
    """The same with a formula and a scalar a term."""
    columns = {name: X[:, j] for j, name in enumerate(names)}
    data = pm.Data({**columns, "y": y}, inputs=names, output="y")
    formula = "b0 + " + " + ".join(f"b_{name} * {name}" for name in names)
    stated = {"b0": 0.0, **{f"b_{name}": 0.0 for name in names}}
    return pm.fit(formula, data, stated, penalty=penalty, progress=False, **settings)


@pytest.mark.parametrize("alpha", [1.5, 0.5, 0.05, 0.005])
def test_diabetes_is_scikit_learn_s_lasso(alpha):
    fit = as_formula(DIABETES.data, DIABETES.target, pm.Penalty("lasso", alpha, unpenalised=["b0"]))
    wanted = Lasso(alpha=alpha, tol=1e-15, max_iter=1_000_000).fit(DIABETES.data, DIABETES.target)
    size = np.abs(wanted.coef_).max(initial=1.0)
    found = np.array([fit.estimate[f"b_{name}"] for name in NAMES])
    assert fit.status.ok
    np.testing.assert_allclose(found, wanted.coef_, atol=1e-6 * size)
    assert fit.estimate["b0"] == pytest.approx(wanted.intercept_, rel=1e-9)
    assert ((found != 0) == (wanted.coef_ != 0)).all()


def test_no_strength_is_least_squares():
    fit = as_formula(DIABETES.data, DIABETES.target, pm.Penalty("lasso", 0, unpenalised=["b0"]))
    wanted = np.linalg.lstsq(np.column_stack([np.ones(442), DIABETES.data]), DIABETES.target)[0]
    np.testing.assert_allclose([fit.estimate[f"b_{name}"] for name in NAMES], wanted[1:], atol=1e-5 * wanted.max())


def test_the_path_is_scikit_learn_s():
    X, y = DIABETES.data, DIABETES.target
    fit = as_formula(X, y, pm.Penalty("lasso", "bic", unpenalised=["b0"], path=30))
    path = fit.path
    centred = y - y.mean()
    assert path.strengths[0] == pytest.approx(np.abs(X.T @ centred).max() / len(y), rel=1e-6)
    _, wanted, _ = lasso_path(X, centred, alphas=path.strengths, tol=1e-12, max_iter=1_000_000)
    np.testing.assert_allclose(
        path.values, wanted.T[:, [NAMES.index(k[2:]) for k in path.labels]], atol=1e-6 * np.abs(wanted).max()
    )
    assert path.kept[0] == 0 and fit.path.chosen_by == "bic"
    # the criterion, computed anew
    rss = ((centred[:, None] - X @ wanted) ** 2).sum(0)
    n, k = len(y), (wanted != 0).sum(0) + 2
    bic = n * np.log(2 * np.pi * rss / n) + n + k * np.log(n)
    np.testing.assert_allclose(path.criterion, bic, rtol=1e-6)
    assert path.chosen == np.argmin(bic)
    assert fit.bic == pytest.approx(bic.min(), rel=1e-7)


@pytest.mark.parametrize("alpha", [0.5, 0.1, 0.02])
def test_more_terms_than_data(alpha):
    X, y = simulated()
    fit = many(X, y, pm.Penalty("lasso", alpha, parameters=["beta"]))
    wanted = Lasso(alpha=alpha, tol=1e-15, max_iter=1_000_000).fit(X, y)
    np.testing.assert_allclose(fit.estimate["beta"], wanted.coef_, atol=1e-6)
    assert fit.degrees_of_freedom == 60 - 1 - (wanted.coef_ != 0).sum()
    rss = ((y - wanted.predict(X)) ** 2).sum()
    assert fit.estimate["sigma"] == pytest.approx(np.sqrt(rss / fit.degrees_of_freedom), rel=1e-6)


def test_columns_are_measured_where_asked_for():
    X, y = simulated()
    widths = np.geomspace(0.1, 10, 100)
    fit = many(X * widths + 5, y, pm.Penalty("lasso", 0.1, parameters=["beta"], scale="columns"))
    standard = (X - X.mean(0)) / X.std(0)
    wanted = Lasso(alpha=0.1, tol=1e-15, max_iter=1_000_000).fit(standard, y)
    np.testing.assert_allclose(fit.estimate["beta"] * widths * X.std(0), wanted.coef_, atol=1e-6)
    assert "terms measured by their columns" in fit.estimator


@pytest.mark.parametrize("alpha", [0.06, 0.02])
def test_logistic_regression_is_scikit_learn_s(alpha):
    r = np.random.default_rng(1)
    X = r.normal(size=(120, 80))
    y = (r.uniform(size=120) < 1 / (1 + np.exp(-2 * X[:, 0] + X[:, 3] - 0.3))).astype(float)

    def model(beta, b0):
        return 1 / (1 + np.exp(-(X @ beta + b0)))

    fit = pm.fit(
        model,
        pm.Data({"y": y}, output="y"),
        {"beta": pm.Real(guess=0.0, shape=(80,)), "b0": 0.0},
        noise=pm.Binomial(1),
        penalty=pm.Penalty("lasso", alpha, unpenalised="b0"),
    )
    settings = {"l1_ratio": 1.0, "solver": "saga", "tol": 1e-11, "max_iter": 100_000}
    wanted = LogisticRegression(C=1 / (120 * alpha), **settings).fit(X, y)
    np.testing.assert_allclose(fit.estimate["beta"], wanted.coef_[0], atol=1e-5)
    assert fit.estimate["b0"] == pytest.approx(wanted.intercept_[0], abs=1e-5)
    assert "backwards" in fit.receipt.evaluator


def test_cross_validation_is_that_of_scikit_learn_s_lasso_on_the_same_parts():
    X, y = simulated(n=40, p=12)
    fit = many(X, y, pm.Penalty("lasso", "cross_validation", parameters=["beta"], folds=5, path=20))
    path, parts = fit.path, parts_of(40, 5, 0)
    assert sorted(np.bincount(parts)) == [8] * 5
    wanted = np.empty((5, len(path.strengths)))
    for fold in range(5):
        out = parts == fold
        for i, alpha in enumerate(path.strengths):
            model = Lasso(alpha=alpha, tol=1e-12, max_iter=1_000_000).fit(X[~out], y[~out])
            wanted[fold, i] = 0.5 * ((y[out] - model.predict(X[out])) ** 2).mean()
    np.testing.assert_allclose(path.criterion, wanted.mean(0), rtol=1e-3)
    np.testing.assert_allclose(path.criterion_error, wanted.std(0, ddof=1) / np.sqrt(5), rtol=1e-2)
    assert path.chosen == np.argmin(path.criterion)


def test_cross_validation_without_a_linear_model_leaves_data_out():
    x = np.linspace(0.1, 3, 30)
    y = 2 * np.exp(-x) + 0.05 * np.sin(9 * x)
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y")
    stated = {"a": 1.0, "k": pm.Log(0.1, 10, guess=1), "c": 0.0}
    penalty = pm.Penalty("lasso", "cross_validation", parameters=["c"], folds=3, path=6)
    fit = pm.fit("a * exp(-k * x) + c * x**2", data, stated, penalty=penalty)
    assert fit.status.ok and np.isfinite(fit.path.criterion).all() and (fit.path.criterion_error > 0).all()


def test_cross_validation_by_two_routes():
    """Parts of the rows of a linear model, and parts of the data of the same model with another intercept."""
    X, y = simulated(n=30, p=5)
    penalty = pm.Penalty("lasso", "cross_validation", parameters=["beta"], folds=3, path=5)

    def curved(beta, level):
        return X @ beta + np.exp(level)

    stated = {"beta": pm.Real(guess=0.0, shape=(5,)), "level": 1.0}
    data = pm.Data({"y": y + 5}, output="y")
    rows = many(X, y + 5, penalty).path
    parts = pm.fit(curved, data, stated, penalty=penalty, progress=False).path
    np.testing.assert_allclose(parts.criterion, rows.criterion, rtol=1e-3)
    np.testing.assert_allclose(parts.values, rows.values, atol=1e-5)


def test_losses_follow_the_rows_that_are_left():
    cost = Cost(True, ((0, 3, Loss("huber", 1.0)), (5, 8, Loss("cauchy", 2.0))))
    left = of_rows(cost, np.array([1, 0, 1, 1, 1, 0, 0, 1], dtype=bool))
    assert left.losses == ((0, 2, Loss("huber", 1.0)), (4, 5, Loss("cauchy", 2.0)))


@pytest.mark.parametrize("kind", ["scad", "mcp"])
def test_large_terms_are_not_shrunk_by_penalties_that_level_off(kind):
    X, y = simulated(n=80)
    fit = many(X, y, pm.Penalty(kind, "extended_bic", parameters=["beta"], path=40))
    kept = np.flatnonzero(fit.estimate["beta"])
    assert list(kept) == [0, 1, 2, 3]
    plain = np.linalg.lstsq(np.column_stack([X[:, kept], np.ones(80)]), y)[0]
    np.testing.assert_allclose(fit.estimate["beta"][kept], plain[:4], rtol=1e-5)
    lasso = many(X, y, pm.Penalty("lasso", fit.path.strength, parameters=["beta"]))
    assert (np.abs(lasso.estimate["beta"][kept]) < np.abs(plain[:4])).all()


def test_terms_may_be_held_on_one_side_of_zero():
    X, y = simulated()
    terms = {"beta": pm.Real(0, shape=(100,), guess=0.0)}
    fit = many(X, y, pm.Penalty("lasso", 0.1, parameters=["beta"]), terms)
    wanted = Lasso(alpha=0.1, positive=True, tol=1e-15, max_iter=1_000_000).fit(X, y)
    np.testing.assert_allclose(fit.estimate["beta"], wanted.coef_, atol=1e-6)
    path = many(X, -y, pm.Penalty("lasso", "bic", parameters=["beta"], path=5), terms).path
    assert path.strengths[0] == pytest.approx((X.T @ (y.mean() - y)).max() / 60, rel=1e-6)
    assert path.kept[0] == 0 and path.kept[1] > 0


# ---- what is told


@pytest.fixture(scope="module")
def chosen():
    X, y = simulated(n=80)
    return many(X, y, pm.Penalty("mcp", "extended_bic", parameters=["beta"], path=40))


def test_the_extended_criterion_counts_the_ways_to_choose(chosen):
    path = chosen.path
    ways = np.array([np.log(float(math.comb(100, int(k)))) for k in path.kept])
    wanted = -2 * path.log_likelihood + np.log(80) * (path.kept + 2) + 2 * ways
    np.testing.assert_allclose(path.criterion, wanted, rtol=1e-12)


def test_nothing_is_said_of_errors(chosen):
    assert chosen.covariance.shape == (0, 0) and set(chosen.standard_error.values()) == {None}
    assert chosen.uncertainty.startswith("none: which terms are kept was decided with the same data")
    assert "fit the kept terms alone to new data" in chosen.uncertainty
    notes = chosen.notes
    assert notes["beta[50]"] == "dropped by the penalty"
    assert notes["beta[0]"] == "kept; no error: chosen by the same data"
    assert notes["b0"] == notes["sigma"] == "no error: the terms beside it were chosen by the same data"
    assert chosen.estimator.startswith("maximum likelihood with an MCP penalty (gamma = 3), strength ")
    assert "chosen by the extended BIC among" in chosen.estimator
    assert chosen.estimator.endswith("4 of 100 terms kept")
    assert chosen.free == 4 + 1 + 1 and chosen.p_value is None
    assert "starts=20 looks for other optima" in chosen.starts.why


def test_it_prints_saves_draws_and_lists_its_path(chosen, tmp_path):
    text = str(chosen)
    assert "96 more terms" in text and "beta[50]" not in text and "beta[3]" in text
    chosen.save(tmp_path / "fit.json")
    again = pm.load(tmp_path / "fit.json")
    np.testing.assert_array_equal(again.path.values, chosen.path.values)
    assert again.path.chosen == chosen.path.chosen
    found = json.loads(json.dumps(to_json(chosen)))
    assert found["path"]["chosen_by"] == "extended_bic"
    table = chosen.path.table()
    assert table.columns == ("strength", "terms kept", "log-likelihood", "extended_bic", "")
    assert [row[-1] for row in table.rows].count("chosen") == 1
    terms = chosen.path.terms()
    assert {row[0] for row in terms.rows[:3]} <= {"beta[0]", "beta[1]", "beta[2]", "beta[3]"}
    assert len(terms) == 100 and terms.rows[-1][1] is None
    figure = chosen.plot("path")
    top, bottom = figure.axes
    assert "4 of 100 terms kept" in top.get_title(loc="left") and bottom.get_ylabel() == "extended BIC"
    stated = many(*simulated(), pm.Penalty("lasso", 0.5, parameters=["beta"]))
    with pytest.raises(
        ParametraError, match="this fit has no path: it has no penalty, or one whose strength was stated"
    ):
        stated.plot("path")


def test_doubts():
    X, y = simulated()
    twin = X.copy()
    twin[:, 50] = X[:, 3] + 0.05 * X[:, 51]
    doubts = many(twin, y, pm.Penalty("lasso", 0.3)).doubts
    assert any("could stand in for kept ones, their columns being alike: beta[50] for beta[3]" in d for d in doubts)
    assert any("b0 adds the same to every prediction and is penalised" in d for d in doubts)
    bic = many(X, y, pm.Penalty("mcp", "bic", parameters=["beta"], path=20))
    assert any(
        'with 100 terms and 60 observed values, bic keeps terms by chance alone: "extended_bic"' in d
        for d in bic.doubts
    )
    assert any("bic still falls where the path ends, at " in d for d in bic.doubts)
    r = np.random.default_rng(3)
    nothing = many(X, r.normal(size=60), pm.Penalty("lasso", "extended_bic", parameters=["beta"]))
    assert nothing.doubts == ("no term is kept: the data speak for none of them at this sample size.",)
    short = many(X, y, pm.Penalty("lasso", 0.01, parameters=["beta"]), evaluations=20)
    assert not short.status.ok and "budget of 20 evaluations" in short.message
    assert short.doubts[0].startswith("this is not an established optimum: terms may still come and go.")


@pytest.mark.parametrize(("strength", "words"), [(0.0, "no penalty"), (1e-9, "too small a penalty")])
def test_more_kept_terms_than_data_are_a_doubt(strength, words):
    X, y = simulated(n=12, p=30)
    fit = many(X, y, pm.Penalty("lasso", strength))
    assert fit.degrees_of_freedom < 0
    assert f"parameters are kept for 12 observed values, with {words}" in fit.doubts[0]


def test_a_budget_that_ends_on_the_path_keeps_what_was_found():
    X, y = simulated()
    fit = many(X, y, pm.Penalty("mcp", "extended_bic", parameters=["beta"]), evaluations=60)
    assert not fit.status.ok and 1 < len(fit.path.strengths) < 100
    assert np.isfinite(fit.log_likelihood)


def test_many_starts_look_for_other_optima():
    X, y = simulated(n=30, p=12)
    fit = many(X, y, pm.Penalty("scad", 0.3, parameters=["beta"]), starts=8)
    assert fit.starts.count == 8 and fit.starts.costs[0] <= fit.starts.costs[-1]
    alone = many(X, y, pm.Penalty("scad", 0.3, parameters=["beta"]))
    assert fit.starts.costs[0] <= alone.starts.costs[0] * (1 + 1e-9)


def test_a_model_that_is_nothing_without_its_terms_is_fitted_from_the_guess():
    x = np.linspace(1, 5, 20)
    data = pm.Data({"x": x, "y": 2 * x + 0.1 * np.sin(7 * x)}, inputs=["x"], output="y", sigma=0.1)
    fit = pm.fit("x / a + b", data, {"a": 1.0, "b": 1.0}, penalty=pm.Penalty("lasso", 0.1))
    assert np.isfinite(fit.log_likelihood) and fit.estimate["a"] == pytest.approx(0.5, rel=0.1)


def test_with_a_separating_term_the_path_ends_before_the_estimates_run_away():
    r = np.random.default_rng(0)
    X = r.normal(size=(60, 20))
    y = (X[:, 2] + 0.5 * X[:, 5] > 0).astype(float)

    def model(beta, b0):
        return 1 / (1 + np.exp(-(X @ beta + b0)))

    stated = {"beta": pm.Real(guess=0.0, shape=(20,)), "b0": 0.0}
    penalty = pm.Penalty("mcp", "aic", parameters=["beta"], path=20, shape=12)
    fit = pm.fit(model, pm.Data({"y": y}, output="y"), stated, noise=pm.Binomial(1), penalty=penalty)
    assert fit.path.certain and 1 < len(fit.path.strengths) < 20
    assert (fit.path.log_likelihood <= 0.02 * fit.path.log_likelihood[0]).all()
    assert np.abs(fit.estimate["beta"]).max() < 100
    assert "with more terms every yes and no is foretold, where estimates run away" in fit.doubts[0]


def test_a_problem_file(tmp_path):
    X, y = DIABETES.data[:, :4], DIABETES.target
    rows = "\n".join(",".join(f"{v:.17g}" for v in (*a, b)) for a, b in zip(X, y, strict=True))
    (tmp_path / "data.csv").write_text("age,sex,bmi,bp,y\n" + rows + "\n")
    text = """
[model]
formula = "b0 + b1 * age + b2 * sex + b3 * bmi + b4 * bp"
[parameters]
b0 = 0.0
b1 = 0.0
b2 = 0.0
b3 = 0.0
b4 = 0.0
[data]
file = "data.csv"
inputs = ["age", "sex", "bmi", "bp"]
output = "y"
[penalty]
kind = "lasso"
strength = 0.5
unpenalised = ["b0"]
"""
    (tmp_path / "problem.toml").write_text(text)
    file = pm.read_problem(tmp_path / "problem.toml")
    fit = pm.fit(file.problem, **file.settings.for_fit())
    wanted = Lasso(alpha=0.5, tol=1e-15, max_iter=1_000_000).fit(X, y).coef_
    np.testing.assert_allclose([fit.estimate[f"b{j}"] for j in range(1, 5)], wanted, atol=1e-4)
    (tmp_path / "problem.toml").write_text(text.replace('"lasso"', '"laso"'))
    with pytest.raises(
        ParametraError, match=r'problem.toml: \[penalty\]: there is no penalty "laso"; did you mean "lasso"\?'
    ):
        pm.read_problem(tmp_path / "problem.toml")


@pytest.mark.parametrize(
    ("penalty", "settings", "message"),
    [
        (
            {"kind": "mcp", "strength": "bic"},
            {"loss": "huber"},
            'strength="bic" compares likelihoods, and loss="huber"',
        ),
        ({"kind": "mcp", "strength": 1}, {"starts": 0}, 'starts=0: give "auto" or a whole number'),
        (
            {"kind": "mcp", "strength": "cross_validation"},
            {},
            "folds=10: 4 observed values cannot be parted into as many",
        ),
        ({"kind": "mcp", "strength": 1}, {"method": "lbfgs"}, "`lbfgs` knows no penalty, which this problem has"),
    ],
)
def test_what_does_not_go_together(penalty, settings, message):
    data = pm.Data({"x": np.arange(4.0), "y": np.arange(4.0)}, inputs=["x"], output="y")
    with pytest.raises(MethodError, match=message):
        pm.fit("a * x + b", data, {"a": 1.0, "b": 1.0}, penalty=penalty, **settings)


def test_a_robust_loss_beside_a_penalty():
    X, y = simulated()
    y[:3] += 30
    fit = many(X, y, pm.Penalty("lasso", 0.3, parameters=["beta"]), loss="huber", loss_scale=1.0)
    assert fit.status.ok and fit.estimator.startswith("M-estimate with the loss huber with a lasso penalty")
    b, b0 = fit.estimate["beta"], fit.estimate["b0"]
    slope = X.T @ np.clip(X @ b + b0 - y, -1.0, 1.0) / 60
    assert np.abs(slope[b == 0]).max() <= 0.3 * (1 + 1e-6)
    np.testing.assert_allclose(slope[b != 0], -0.3 * np.sign(b[b != 0]), atol=1e-6)


def test_a_penalty_that_bends_more_than_the_cost_is_a_doubt():
    penalty = {"kind": "mcp", "strength": 0.5, "unpenalised": ["b0"]}
    fit = as_formula(DIABETES.data, DIABETES.target, penalty)
    (doubt,) = fit.doubts
    assert doubt.startswith("the mcp penalty bends more than the cost of most terms does, so that terms come and go")
    assert as_formula(DIABETES.data, DIABETES.target, {**penalty, "scale": "columns"}).doubts == ()


def test_the_plan_is_what_is_done():
    X, y = simulated()

    def model(beta, b0):
        return X @ beta + b0

    data, stated = pm.Data({"y": y}, output="y"), {"beta": pm.Real(guess=0.0, shape=(100,)), "b0": 0.0}
    plan = pm.choose(pm.Problem(model, data, stated, penalty=pm.Penalty("mcp", 0.3, parameters="beta")))
    assert (plan.method, plan.starts) == ("proximal_gradient", 1)
    assert plan.starts_reason.startswith("the strengths of the penalty are followed down")
    assert plan.derivative == "automatic differentiation, backwards, once, as it is linear"


def test_models_written_with_jax_numpy_are_differentiated_backwards():
    import jax.numpy as jnp

    X, y = simulated(p=30)

    def model(X, beta, b0):
        return 5 * jnp.tanh((X @ beta + b0) / 5)

    data = pm.Data({"y": 5 * np.tanh(y / 5)}, inputs={"X": X}, output="y")
    stated = {"beta": pm.Real(guess=0.0, shape=(30,)), "b0": 0.0}
    fit = pm.fit(model, data, stated, penalty=pm.Penalty("lasso", 0.2, unpenalised="b0"))
    assert fit.receipt.evaluator == "compiled, derivatives by automatic differentiation, backwards"
    eta = X @ fit.estimate["beta"] + fit.estimate["b0"]
    slope = X.T @ ((5 * np.tanh(eta / 5) - data.outputs["y"]) * (1 - np.tanh(eta / 5) ** 2)) / 60
    zero = fit.estimate["beta"] == 0
    assert fit.status.ok and zero.any()
    assert np.abs(slope[zero]).max() <= 0.2 * (1 + 1e-6)
    np.testing.assert_allclose(slope[~zero], -0.2 * np.sign(fit.estimate["beta"][~zero]), atol=1e-6)
