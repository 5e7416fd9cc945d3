"""Refits of many data sets side by side: the same as fitting each alone, by this package, SciPy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from parametra.maths.distributions import Normal as NormalPrior
from parametra.maths.losses import Loss
from parametra.nouns.asker import Request, Want
from parametra.nouns.bootstrap_data import ReplicateData, case_data, parametric_data, residual_data, without_each_row
from parametra.nouns.data import Data
from parametra.nouns.errors import MethodError, NoiseError
from parametra.nouns.keys import generator
from parametra.nouns.noise import AR1, Censored, LogLikelihood, LogNormal, Normal, Outliers, StudentT
from parametra.nouns.noise_simulate import simulate, with_observed
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Log, Real
from parametra.nouns.problem import Problem
from parametra.runs._refits_density import DensityReplicates
from parametra.runs._refits_each import EachReplicate
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.runs.refits import Refitter, ShiftedReplicates, of_batches, weighted_cost
from parametra.verbs.at_estimate import at_estimate
from parametra.verbs.bootstrap import refitter
from parametra.verbs.fit import fit

T = np.linspace(0.1, 10, 30)
MEAN = 20 * np.exp(-0.3 * T) + 5
SPACE = {"a": (0.1, 100), "b": Log(0.01, 10, guess=0.4), "c": (0.1, 20)}


def random(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def problem_of(noise: object, values: np.ndarray, model: object = "a * exp(-b * t) + c", **more) -> Problem:
    return Problem(model, Data({"t": T, "y": values}, inputs=["t"], output="y"), more.pop("space", SPACE), noise=noise)


def normal(sigma: float = 0.5) -> np.ndarray:
    return MEAN + sigma * random().standard_normal(T.size)


def ready(problem: Problem, evaluator: str = "direct") -> Refitter:
    found = fit(problem, progress=False, starts=1, evaluator="direct")
    return refitter(at_estimate(problem, found, evaluator=evaluator, lanes=64))


def simulated(refitting: Refitter, count: int, seed: int = 0) -> ReplicateData:
    return parametric_data(refitting.problem, refitting.named(refitting.x), count, generator(seed, "test", 0))


def alone(refitting: Refitter, data: ReplicateData, b: int) -> Problem:
    """The problem with the data of one replicate."""
    assert data.observed is not None
    return with_observed(refitting.problem, tuple({k: v[b] for k, v in one.items()} for one in data.observed))


FAMILIES = {
    "sigma estimated": (Normal(), normal()),
    "sigma known": (Normal(sigma=0.5), normal()),
    "lognormal": (LogNormal(), MEAN * np.exp(0.1 * random().standard_normal(T.size))),
    "Student's t": (StudentT(sigma=0.5), MEAN + 0.5 * random().standard_t(4, T.size)),
    "Student's t, width estimated": (StudentT(), MEAN + 0.5 * random().standard_t(4, T.size)),
    "in proportion": (Normal(proportional=True), MEAN * (1 + 0.1 * random().standard_normal(T.size))),
    "poisson": ("poisson", random().poisson(MEAN).astype(float)),
    "gamma": ("gamma", MEAN * random().gamma(20, 1 / 20, T.size)),
    "AR1, correlation estimated": (AR1(), normal()),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_refit_is_the_fit_of_its_data(family):
    noise, values = FAMILIES[family]
    refitting = ready(problem_of(noise, values))
    data = simulated(refitting, 6)
    found = refitting.refit(data)
    assert found.ok.all()
    error = np.sqrt(np.diagonal(found.covariance(), axis1=1, axis2=2))
    for b in range(2):
        other = alone(refitting, data, b)
        expected = fit(other, starts=1, progress=False, evaluator="direct")
        x = other.fit_space.from_named({n: expected.values[n] for n in other.fit_space.names})
        assert np.all(np.abs(found.points[b] - x) <= 1e-4 * error[b] + 1e-9)


@pytest.mark.parametrize(
    "noise", [Censored(Normal(sigma=1.0), below=6.0), Outliers(Normal(sigma=1.0), 0.1, width=10.0)]
)
def test_likelihoods_without_scores_are_refitted_too(noise):
    """Which values are censored follows from each data set, not from the first one."""
    values = np.maximum(MEAN + random().standard_normal(T.size), 6.0)
    refitting = ready(problem_of(noise, values))
    data = simulated(refitting, 4)
    found = refitting.refit(data)
    assert isinstance(refitting.replicates(data), DensityReplicates)
    for b in range(2):
        other = alone(refitting, data, b)
        expected = fit(other, starts=1, progress=False, evaluator="direct").values
        assert np.allclose(other.fit_space.to_named(found.points[b])["a"], expected["a"], rtol=1e-5)


def test_thousand_refits_agree_with_scipy_one_by_one():
    refitting = ready(problem_of(None, normal(), space={"a": (0.1, 100), "b": (0.001, 5), "c": (0.1, 20)}))
    data = simulated(refitting, 60)
    assert data.observed is not None
    found = refitting.refit(data)
    spread = found.points.std(axis=0)
    for point, y in zip(found.points, data.observed[0]["y"], strict=True):
        other = least_squares(
            lambda x, y=y: x[0] * np.exp(-x[1] * T) + x[2] - y, refitting.x, method="lm", xtol=1e-13, ftol=1e-13
        )
        assert np.max(np.abs(point - other.x) / spread) < 1e-5


def test_poisson_refits_agree_with_statsmodels():
    glm = pytest.importorskip("statsmodels.api")
    x = np.linspace(-1, 1, 25)
    y = random().poisson(np.exp(1.5 + 0.7 * x)).astype(float)
    problem = Problem(
        "exp(a + b * x)", Data({"x": x, "y": y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0}, noise="poisson"
    )
    refitting = ready(problem)
    data = simulated(refitting, 10)
    assert data.observed is not None
    found = refitting.refit(data)
    design = np.stack([np.ones_like(x), x], axis=1)
    for b, values in enumerate(data.observed[0]["y"]):
        other = glm.GLM(values, design, family=glm.families.Poisson()).fit(tol=1e-12)
        assert np.allclose(found.points[b], other.params, atol=1e-6)
        assert np.allclose(found.covariance()[b], other.cov_params(), rtol=1e-5)


WANTS = {Want.COST: "cost", Want.RESIDUALS: "residuals", Want.JACOBIAN: "jacobian", Want.NORMAL: "normal"}


@pytest.mark.parametrize("want", [*WANTS, Want.GRADIENT])
@pytest.mark.parametrize("evaluator", ["direct", "compiled"])
def test_the_data_depend_on_the_start(want, evaluator):
    """Points of several starts in one request, in any order, as profiles of replicates ask for them."""
    refitting = ready(problem_of(StudentT(sigma=0.5), normal()), evaluator)
    data = simulated(refitting, 3)
    owners = np.array([2, 0, 2, 1, -1])
    points = refitting.x + 0.01 * random().standard_normal((owners.size, refitting.x.size))
    answers = refitting.replicates(data).evaluate(Request(points, want, owners))
    for k, owner in enumerate(owners[:-1]):
        own = Direct(alone(refitting, data, int(owner)), refitting.evaluator.cost)
        expected = own.evaluate(points[k : k + 1], want)
        for name in ("cost", "gradient", "residuals", "jacobian", "normal"):
            if getattr(expected, name) is not None and not (want is Want.RESIDUALS and name == "cost"):
                assert np.allclose(getattr(answers, name)[k], getattr(expected, name)[0], rtol=1e-8, atol=1e-9)


def test_weights_are_repeated_rows():
    """A data set of drawn rows, evaluated by weights, is the data set with these rows written out."""
    problem = problem_of(StudentT(sigma=0.5), normal())
    refitting = ready(problem)
    data = case_data(problem, 3, generator(0, "test", 1))
    assert data.weights is not None
    assert np.array_equal(data.weights.sum(axis=1), np.full(3, T.size))
    found = refitting.refit(data)
    rows = np.repeat(np.arange(T.size), data.weights[1].astype(int))
    values = problem.data_sets[0].outputs["y"][rows]
    other = Problem(
        problem.model, Data({"t": T[rows], "y": values}, inputs=["t"], output="y"), SPACE, noise=problem.noise
    )
    expected = fit(other, starts=1, progress=False, evaluator="direct")
    x = other.fit_space.from_named({n: expected.values[n] for n in other.fit_space.names})
    assert np.allclose(found.points[1], x, rtol=1e-6)
    assert found.cost[1] == pytest.approx(Direct(other, refitting.evaluator.cost).evaluate(x[None], Want.COST).cost[0])


def test_weighted_cost_of_plain_and_robust_rows():
    r, w = random().standard_normal((2, 5)), np.array([[1.0, 2, 0, 1, 3]] * 2)
    cost = Cost(True, ((1, 4, Loss("cauchy", 0.7)),))
    by_hand = 0.5 * (w[:, [0, 4]] * r[:, [0, 4]] ** 2).sum(axis=1)
    by_hand += 0.5 * 0.7**2 * (w[:, 1:4] * np.log1p((r[:, 1:4] / 0.7) ** 2)).sum(axis=1)
    assert np.allclose(weighted_cost(r, w, cost), by_hand, rtol=1e-14)


def test_the_jackknife_leaves_one_row_out():
    """Of a mean: the estimates without each row are known in closed form."""
    y = np.array([1.0, 2.0, 4.0, 8.0])
    problem = Problem("m + 0 * x", Data({"x": np.arange(4.0), "y": y}, inputs=["x"], output="y"), {"m": 0.0})
    found = ready(problem).refit(without_each_row(problem))
    assert np.allclose(found.points[:, 0], (y.sum() - y) / 3, rtol=1e-10)


def test_residuals_are_as_large_as_errors_and_have_no_mean():
    """Of a straight line: r_i / sqrt(1 - h_i) with the known leverages, less their mean."""
    x = np.arange(9.0)
    y = 1 + 0.5 * x + random().standard_normal(9)
    problem = Problem("a + b * x", Data({"x": x, "y": y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0})
    residuals, leverage = ready(problem).residuals()
    assert np.allclose(leverage, 1 / 9 + (x - 4) ** 2 / 60, rtol=1e-10)
    data = residual_data(residuals, leverage, 9, 400, generator(0, "test", 2))
    errors = residuals / np.sqrt(1 - leverage)
    errors = errors - errors.mean()
    assert data.shifts is not None
    drawn = data.shifts + residuals
    assert np.allclose(np.min(np.abs(drawn[:, :, None] - errors), axis=2), 0, atol=1e-12)
    assert data.scale == pytest.approx(np.sqrt((errors**2).mean()))


def test_priors_and_bounds_hold_in_every_refit():
    """A prior is one more row that no data set changes; a bound is met exactly."""
    x = np.array([0.5, 1, 1.5, 2, 3, 4, 6, 8])
    y = np.array([0.91, 1.76, 2.13, 1.98, 3.70, 4.18, 4.79, 5.95])
    space = {"v": Real(0, 10.5, guess=9), "k": Real(0.1, 100, guess=5, prior=NormalPrior(6.0, 1.0))}
    problem = Problem(
        "v * x / (k + x)", Data({"x": x, "y": y}, inputs=["x"], output="y"), space, noise=Normal(sigma=0.4)
    )
    refitting = ready(problem)
    data = simulated(refitting, 40)
    found = refitting.refit(data)
    assert found.ok.all()
    assert found.points[:, problem.fit_space.labels.index("v")].max() == 10.5
    assert found.held.any(axis=1).sum() > 5
    for b in (0, int(np.argmax(found.held.any(axis=1)))):
        other = alone(refitting, data, b)
        expected = fit(other, starts=1, progress=False, evaluator="direct").values
        assert dict(other.fit_space.to_named(found.points[b])) == pytest.approx(
            {n: float(expected[n]) for n in ("v", "k")}, rel=1e-5
        )


def test_failures_are_counted_by_reason():
    """Rows at one place alone cannot determine a line; of four draws of two rows about half are so."""
    x, y = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    problem = Problem(
        "a + b * x", Data({"x": x, "y": y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0}, noise=Normal(sigma=1.0)
    )
    refitting = ready(problem)
    data = case_data(problem, 200, generator(0, "test", 3))
    assert data.weights is not None
    found = refitting.refit(data)
    alike = (data.weights == 0).any(axis=1)
    assert np.array_equal(found.ok, ~alike)
    assert found.reasons == {"its data do not determine all parameters": int(alike.sum())}
    assert np.isnan(found.points[alike]).all()


def test_a_model_that_fails_is_told():
    def model(t, a):
        return np.where(a > 1.0, np.nan, a + 0 * t)

    t = np.arange(6.0)
    problem = Problem(
        model,
        Data({"t": t, "y": np.full(6, 0.5)}, inputs=["t"], output="y"),
        {"a": (-10, 10)},
        noise=Normal(sigma=0.1),
    )
    refitting = ready(problem)
    shifted = ReplicateData(2, observed=({"y": np.stack([np.full(6, 0.4), np.full(6, 3.0)])},))
    found = refitting.refit(shifted)
    assert found.ok.tolist() == [True, False]
    assert sum(found.reasons.values()) == 1


def test_a_spent_budget_is_a_reason():
    refitting = ready(problem_of(None, normal()))
    short = Refitter(
        refitting.problem,
        refitting.evaluator,
        refitting.x,
        refitting.scale,
        refitting.method,
        budget=type(refitting.budget)(evaluations=600),
    )
    found = short.refit(simulated(refitting, 600))
    assert found.failed > 0
    assert all("is spent" in why for why in found.reasons)


def test_the_best_of_several_starts_counts():
    refitting = ready(problem_of(None, normal()))
    data = simulated(refitting, 5)
    far = refitting.x + np.array([5.0, 1.0, 3.0])
    assert np.allclose(
        refitting.refit(data).points, refitting.refit(data, np.stack([far, refitting.x])).points, rtol=1e-6
    )


def test_to_first_order_a_line_moves_exactly():
    """The linear change of a linear model is its change; that of Poisson's score has a mean of zero."""
    x = np.arange(9.0)
    y = 1 + 0.5 * x + random().standard_normal(9)
    problem = Problem("a + b * x", Data({"x": x, "y": y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0})
    refitting = ready(problem)
    data = simulated(refitting, 20)
    changes = refitting.linear_changes(data)
    assert changes is not None
    assert np.allclose(changes[0], refitting.refit(data).points - refitting.x, atol=1e-9)


def test_unusual_noises_say_what_to_do():
    problem = problem_of(AR1(), normal())
    refitting = ready(problem)
    with pytest.raises(MethodError, match=r'errors of "y" are correlated\. Use kind="parametric"'):
        case_data(problem, 3, generator(0, "test", 0))
    assert isinstance(refitting.replicates(simulated(refitting, 2)), EachReplicate)
    with pytest.raises(MethodError, match='use kind="parametric"'):
        refitting.replicates(ReplicateData(2, weights=np.ones((2, T.size))))
    with pytest.raises(MethodError, match="residuals cannot be resampled"):
        refitting.residuals()
    with pytest.raises(MethodError, match="need shifts or weights"):
        ShiftedReplicates(refitting.evaluator, None)


@pytest.mark.parametrize("words", ["penalty", "constraints"])
def test_what_cannot_be_refitted_side_by_side_is_refused(words):
    more = {"constraints": {"constraints": ["a <= 50"]}, "penalty": {"penalty": "lasso"}}[words]
    space = {"a": (-100, 100), "c": (-20, 20)}
    plain = Problem("a * exp(-t) + c", Data({"t": T, "y": normal()}, inputs=["t"], output="y"), space)
    here = at_estimate(plain, fit(plain, progress=False))
    stated = Problem("a * exp(-t) + c", plain.data_sets, space, **more)
    with pytest.raises(MethodError, match=words):
        refitter(type(here)(stated, here.fit, here.drive, here.x, here.cost, here.around))


def test_the_compiled_evaluator_is_taken_once_it_is_verified():
    problem = problem_of(None, normal())
    both = choose_evaluator(problem, Cost(True), 64, "compiled")
    assert of_batches(both).kind == "compiled"
    direct = choose_evaluator(problem, Cost(True), 64, "direct")
    assert of_batches(direct) is direct


# ---- simulated data


def of_prey(kind: str) -> Problem:
    """Two outputs whose scatter is estimated, from differential equations, which gain by batches, or from functions."""
    table = {"t": T, "x": 30 * np.exp(0.3 * np.sin(T)), "y": 5 * np.exp(0.5 * np.sin(T))}
    data = Data(table, inputs=["t"], output=["x", "y"])
    space = {"birth": Log(0.05, 5, guess=0.5), "death": Log(0.08, 8, guess=0.8)}
    equations = {"x": "(birth - 0.03 * y) * x", "y": "(0.03 * x - death) * y"}

    def waves(t, birth, death):
        return {"x": 30 * np.exp(birth * np.sin(t)), "y": 5 * np.exp(death * np.sin(t))}

    def one_by_one(t, birth, death):
        return waves(t, birth, death) if np.size(birth) == 1 else {}

    kinds = {
        "equations": ODE(equations, initial={"x": 30, "y": 5}, time="t"),
        "function": waves,
        "one by one": one_by_one,
    }
    return Problem(kinds[kind], data, space, noise=LogNormal())


@pytest.mark.parametrize("kind", ["function", pytest.param("equations", marks=pytest.mark.slow)])
def test_predictions_of_many_points_take_one_call_of_a_model_that_takes_them(kind):
    """The second route: point by point."""
    direct = Direct(of_prey(kind), Cost(least_squares=False, scores=True))
    assert direct._predicts_together
    x = direct.space.guess + 0.1 * random().standard_normal((7, direct.space.dimension))
    before = direct.calls
    found = direct.evaluate(x, Want.PREDICTED)
    assert direct.calls == before + 1
    direct.__dict__["_predicts_together"] = False
    alone = direct.evaluate(x, Want.PREDICTED)
    np.testing.assert_allclose(found.predicted, alone.predicted, rtol=1e-9)
    np.testing.assert_allclose(found.jacobian, alone.jacobian, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(found.ok, alone.ok)


def test_a_model_that_refuses_many_points_is_asked_one_by_one():
    direct = Direct(of_prey("one by one"), Cost(least_squares=False, scores=True))
    assert not direct._predicts_together
    assert direct.evaluate(direct.space.guess[None], Want.PREDICTED).ok.all()


def test_one_point_that_spoils_a_batch_leaves_the_others():
    def decay(t, a, k):
        if np.any(np.real(k) < 0.1):
            return t * np.nan + 0 * a
        return a * np.exp(-k * t)

    space = {"a": Real(0, 40, guess=15.0), "k": Real(0.01, 5, guess=0.8)}
    direct = Direct(
        problem_of(StudentT(4, sigma=0.5), normal(), decay, space=space), Cost(least_squares=False, scores=True)
    )
    points = np.array([[15.0, 0.8], [15.0, 0.5], [15.0, 0.05]])
    assert direct._predicts_together
    answers = direct.evaluate(points, Want.PREDICTED)
    assert answers.ok.tolist() == [True, True, False]
    assert answers.predicted[1] == pytest.approx(15 * np.exp(-0.5 * T), rel=1e-12)


def _refitted_line(unit: float) -> np.ndarray:
    """Standard deviations of refits of a line whose outputs and parameters are in some unit."""
    x = np.linspace(0, 5, 40)
    y = 1 + 0.5 * x + 0.2 * np.random.default_rng(0).standard_normal(40)
    y[[3, 17, 30]] += 3.0
    data = Data({"x": x, "y": y * unit}, inputs=["x"], output="y")
    space = {n: Real(-10 * unit, 10 * unit, guess=g * unit) for n, g in (("a", 0.9), ("b", 0.4))}
    engine = ready(Problem("a + b * x", data, space, noise=Outliers(Normal())))
    found = engine.refit(parametric_data(engine.problem, engine.named(engine.x), 20, generator(0, "unit", 0)))
    assert found.ok.all(), found.reasons
    return found.points[:, :2].std(axis=0)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_refits_without_scores_do_not_depend_on_the_unit(unit):
    assert _refitted_line(unit) / unit == pytest.approx(_refitted_line(1.0), rel=1e-3)


def test_refits_beside_a_bound_of_what_the_noise_reads():
    """Clean data: the share of outliers ends at its lower bound, beyond which there is no density."""
    x = np.linspace(0, 5, 40)
    y = 1 + 0.5 * x + 0.2 * np.random.default_rng(0).standard_normal(40)
    data = Data({"x": x, "y": y}, inputs=["x"], output="y")
    space = {"a": Real(-10, 10, guess=0.9), "b": Real(-10, 10, guess=0.4)}
    engine = ready(Problem("a + b * x", data, space, noise=Outliers(Normal())))
    found = engine.refit(parametric_data(engine.problem, engine.named(engine.x), 20, generator(0, "bound", 0)))
    assert found.ok.sum() >= 18, found.reasons


def test_simulated_data_have_the_mean_and_the_variance_of_their_noise():
    """Of 4000 data sets; five standard errors are exceeded by chance once in a million numbers."""
    problem = problem_of(Normal(), normal())
    drawn = simulate(problem, {"a": 20.0, "b": 0.3, "c": 5.0, "sigma": 0.5}, 4000, generator(0, "test", 4))[0]["y"]
    assert np.max(np.abs(drawn.mean(axis=0) - MEAN)) < 5 * 0.5 / np.sqrt(4000)
    assert np.max(np.abs(drawn.var(axis=0) / 0.25 - 1)) < 5 * np.sqrt(2 / 4000)


def test_outputs_that_were_not_observed_are_not_simulated():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    table = {"x": x, "y": [1.0, np.nan, 2.0, 3.0], "z": [1.0, 2.0, 3.0, 4.0]}
    data = Data(table, inputs=["x"], output=["y", "z"], missing="mask", sigma=0.1)
    problem = Problem({"y": "a + x", "z": "b + x"}, data, {"a": 0.0, "b": 0.0})
    drawn = simulate(problem, {"a": 1.0, "b": 2.0}, 5, generator(0, "test", 5))
    assert {k: v.shape for k, v in drawn[0].items()} == {"y": (5, 3), "z": (5, 4)}
    refitting = ready(problem)
    found = refitting.refit(ReplicateData(5, observed=drawn))
    y = drawn[0]["y"] - x[[0, 2, 3]]
    assert np.allclose(found.points[:, 0], y.mean(axis=1), rtol=1e-10)
    weights = case_data(problem, 50, generator(0, "test", 6)).weights
    assert weights is not None
    assert np.array_equal(weights[:, :3], weights[:, [3, 5, 6]])


def test_what_cannot_be_simulated_is_refused():
    data = Data({"t": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0], "s": [1, 0, 1]}, inputs=["t"], output="y")
    problem = Problem("a + 0 * t", data, {"a": (0.1, 9)}, noise=Censored(Normal(sigma=1.0), status="s", event=1))
    with pytest.raises(NoiseError, match=r"is not known\. Resample cases"):
        simulate(problem, {"a": 1.0}, 2, generator(0, "test", 0))

    def mine(observed, predicted):
        return -np.abs(observed - predicted)

    other = Problem(
        "a + 0 * t", Data({"t": T, "y": T}, inputs=["t"], output="y"), {"a": 1.0}, noise=LogLikelihood(mine)
    )
    with pytest.raises(NoiseError):
        simulate(other, {"a": 1.0}, 2, generator(0, "test", 0))
