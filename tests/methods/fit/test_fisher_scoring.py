"""Fisher scoring: the same optimum as L-BFGS in fewer evaluations, negative costs, bounds, priors, refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import parametra as pm
from fit_loop import box, free, run
from parametra.formats.petab import read_petab
from parametra.maths.distributions import Normal as NormalPrior
from parametra.methods.fit.fisher_scoring import FisherScoring
from parametra.methods.fit.levenberg_marquardt import LevenbergMarquardt
from parametra.nouns.asker import Answers, Ending
from parametra.nouns.errors import MethodError

N = 80
X = np.linspace(0, 2, N)
MEAN = np.exp(1 + 0.8 * X)
R = np.random.default_rng(3)
TRIALS = R.integers(5, 40, N)
CASES = {
    "poisson": (pm.Poisson(), R.poisson(MEAN)),
    "negative binomial": (pm.NegativeBinomial(), R.poisson(MEAN * R.gamma(2, 1 / 2, N))),
    "very dispersed": (pm.NegativeBinomial(), R.poisson(MEAN * R.gamma(0.3, 1 / 0.3, N))),
    "binomial": (pm.Binomial("n"), R.binomial(TRIALS, 1 / (1 + np.exp(1 - 1.5 * X)))),
    "gamma": (pm.Gamma(), MEAN * R.gamma(3, 1 / 3, N)),
    "weibull": (pm.Weibull(), MEAN * R.weibull(1.7, N)),
    "loglogistic": (pm.LogLogistic(), MEAN * np.exp(R.logistic(size=N) / 2)),
    "exponential": (pm.Exponential(), MEAN * R.exponential(size=N)),
    "student": (pm.StudentT("estimated", "estimated"), MEAN + R.standard_t(3, N)),
    "proportional": (pm.Normal("estimated", proportional=True), MEAN * (1 + 0.2 * R.standard_normal(N))),
}


def data_of(y):
    return pm.Data({"x": X, "y": np.asarray(y, dtype=float), "n": TRIALS}, inputs="x", output="y")


def fitted(name, method, start=None, **settings):
    noise, y = CASES[name]
    formula = "expit(a + b*x)" if name == "binomial" else "exp(a + b*x)"
    start = start or {"a": 0.0, "b": 0.0}
    settings = {"starts": 1, **settings}
    return pm.fit(formula, data_of(y), parameters=start, noise=noise, method=method, **settings)


@pytest.mark.parametrize("name", CASES)
def test_the_same_optimum_as_lbfgs_in_fewer_evaluations(name):
    found = fitted(name, "fisher_scoring")
    other = fitted(name, "lbfgs", evaluator="direct")
    assert found.status.ok
    assert found.log_likelihood >= other.log_likelihood - 1e-9 * abs(other.log_likelihood)
    for label, value in other.estimate.items():
        assert abs(found.estimate[label] - value) < 1e-4 * other.standard_error[label]
        assert found.standard_error[label] == pytest.approx(other.standard_error[label], rel=1e-4)
    # a large dispersion's expected information is approximate: as many steps as L-BFGS, not fewer
    allowed = 1.2 if name == "very dispersed" else 1.0
    assert found.receipt.evaluations < allowed * other.receipt.evaluations


def test_a_far_start_and_many_starts():
    far = fitted("poisson", "fisher_scoring", {"a": pm.Real(guess=-20), "b": pm.Real(guess=5)})
    near = fitted("poisson", "fisher_scoring")
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-9)
    bounded = {"a": pm.Real(-3, 5), "b": pm.Real(-2, 2)}
    many = fitted("poisson", "fisher_scoring", bounded, starts=12)
    assert many.starts.converged == 12
    assert many.starts.best_share == 1.0
    assert many.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-9)


def test_a_bound_and_a_prior():
    held = fitted("poisson", "fisher_scoring", {"a": 0.0, "b": pm.Real(-1, 0.5)})
    other = fitted("poisson", "lbfgs", {"a": 0.0, "b": pm.Real(-1, 0.5)})
    assert held.estimate["b"] == pytest.approx(0.5, abs=1e-7)
    assert held.estimate["a"] == pytest.approx(other.estimate["a"], rel=1e-6)
    prior = {"a": pm.Real(prior=NormalPrior(0, 0.1)), "b": 0.0}
    pulled = fitted("poisson", "fisher_scoring", prior)
    again = fitted("poisson", "lbfgs", prior)
    assert pulled.estimate["a"] == pytest.approx(again.estimate["a"], rel=1e-6)
    assert pulled.estimate["a"] < fitted("poisson", "fisher_scoring").estimate["a"] - 0.05


class Shifted:
    """A quadratic cost with an offset, told as rows: -log densities may be negative, or zero at the optimum."""

    def __init__(self, offset, shift=0.0):
        self.offset = offset
        self.matrix = np.array([[2.0, 0.3], [0.0, 1.5], [1.0, -1.0]])
        self.target = np.array([3.0 + shift, -2.0])
        self.asked = []

    def __call__(self, request):
        rows = (request.points - self.target) @ self.matrix.T
        self.asked += list(request.points)
        # the residuals' own length says nothing of the cost: two more rows hold a constant
        cost = 0.5 * (rows**2).sum(1) + self.offset
        rows = np.concatenate([rows, np.ones((len(rows), 2))], axis=1)
        jacobian = np.concatenate([self.matrix, np.zeros((2, 2))])
        jacobian = np.broadcast_to(jacobian, (len(rows), *jacobian.shape))
        gradient = np.einsum("bm,bmd->bd", rows, jacobian)
        normal = np.einsum("bmi,bmj->bij", jacobian, jacobian)
        ok = np.ones(len(rows), dtype=bool)
        return Answers(cost=cost, ok=ok, residuals=rows, jacobian=jacobian, gradient=gradient, normal=normal)


@pytest.mark.parametrize("offset", [-1e4, -3.0, 0.0, 1e4])
@pytest.mark.parametrize("starts", [1, 3])
def test_costs_of_either_sign(offset, starts):
    points = np.array([[0.0, 0.0], [5.0, 5.0], [-9.0, 1.0]])[:starts]
    evaluator = Shifted(offset)
    found = run(FisherScoring(), free(2), points, evaluator, pickle_each_step=True)
    np.testing.assert_allclose(found.points[found.best], [3, -2], rtol=1e-9)
    assert found.endings == (Ending.CONVERGED,) * starts
    assert found.cost[found.best] == pytest.approx(offset, abs=1e-9)
    assert len(evaluator.asked) < 12 * starts + 12
    assert "initial radii tried" not in found.message


@pytest.mark.parametrize("starts", [1, 2])
def test_what_a_cost_is_compared_with_knows_no_unit(starts):
    """Units of the data add to -log density, and may add any number: half the count of observations stays."""
    space = replace(free(2), observed=30)
    state = FisherScoring().start(space, np.zeros((starts, 2)))
    rules = FisherScoring()._lane_rules(state)
    assert rules.size(np.array([-5.0, 0.0, 3.0])).tolist() == [15.0, 15.0, 15.0]
    assert FisherScoring()._single_rules(state).cost_size == 15.0
    assert LevenbergMarquardt()._lane_rules(state).size(np.array([2.0, 1e-30])).tolist() == [2.0, 1e-30]


@pytest.mark.parametrize("starts", [[[30.0, 3.0]], [[30.0, 3.0], [40.0, 4.0]]], ids=len)
def test_the_path_of_a_logarithm_is_the_same_in_any_unit(starts):
    """A logarithm is only shifted by a change of units, so that its distance from 0 must set no region."""
    asked: dict[float, np.ndarray] = {}
    for shift in (0.0, 64.0):
        evaluator = Shifted(0.0, shift)
        space = replace(free(2), shifted=np.array([True, False]))
        run(FisherScoring(), space, np.add(starts, [shift, 0.0]), evaluator)
        asked[shift] = np.array(evaluator.asked) - [shift, 0.0]
    n = min(map(len, asked.values())) - 4  # the last digits of a sum differ
    np.testing.assert_allclose(asked[64.0][:n], asked[0.0][:n], rtol=1e-9)


@pytest.mark.parametrize("offset", [-1e4, 0.0])
def test_a_bound_with_costs_of_either_sign(offset):
    space, evaluator = box((-10, 1), (-10, 10)), Shifted(offset)
    found = run(FisherScoring(), space, np.array([[0.0, 0.0], [-9.0, 9.0]]), evaluator)
    assert found.points[found.best][0] == pytest.approx(1.0, abs=1e-6)
    asked = np.array(evaluator.asked)
    assert (asked >= space.lower).all() and (asked <= space.upper).all()


def test_what_it_cannot_serve():
    with pytest.raises(MethodError, match=r"`fisher_scoring` needs scores .* Use method=\"lbfgs\""):
        pm.fit(
            "expit(a + b*x)",
            data_of(CASES["binomial"][1]),
            parameters={"a": 0.0, "b": 0.0},
            noise=pm.BetaBinomial("n"),
            method="fisher_scoring",
        )
    with pytest.raises(MethodError, match=r"fisher_scoring\(lanes=0\): a whole number above zero is wanted"):
        FisherScoring(lanes=0)


@pytest.mark.slow
def test_random_starts_alone_reach_the_published_optimum_of_boehm(external_data):
    # Some ten of a hundred starts arrive; were it four, none of a hundred would have a chance of 2 %.
    folder = external_data / "petab_benchmark"
    published = json.loads((folder / "reference_llh.json").read_text())["Boehm_JProteomeRes2014"]["llh_amici_yaml"]
    problem = read_petab(folder / "Boehm_JProteomeRes2014" / "Boehm_JProteomeRes2014.yaml")
    parameters = {
        name: replace(each, guess=None) if isinstance(each, pm.Log) else each
        for name, each in problem.stated_space.parameters.items()
    }
    unknowing = pm.Problem(problem.model, problem.data_sets, parameters, noise=problem.noise)
    fit = pm.fit(unknowing, starts=100, seed=1)
    assert fit.method == "fisher_scoring"
    assert fit.log_likelihood == pytest.approx(published, abs=1e-3)
