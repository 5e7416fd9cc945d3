"""Methods compared by evaluations: the counts of a method made by hand, reproducible tables, what never gets there."""

from __future__ import annotations

import dataclasses
import os
import signal
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import parametra as pm
from compared_problems import rosenbrock
from parametra import catalogue
from parametra.methods.fit.levenberg_marquardt import LevenbergMarquardt
from parametra.nouns.asker import Ending, Request, Solutions, Want
from parametra.nouns.bench_result import Contestant
from parametra.nouns.errors import MethodError, MissingExtraError, ModelError, ParametraError
from parametra.nouns.keys import generator
from parametra.nouns.status import Outcome
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.testing.fit_problems import decay
from parametra.verbs import bench_fit as verb
from parametra.verbs._bench_run import run_one
from parametra.verbs._bench_watch import Watch
from parametra.verbs.fit_choice import cost_of

FEW = ("levenberg_marquardt", "monte_carlo", "monte_carlo+levenberg_marquardt")


def line():
    """A straight line through (0, 1) and (1, 3), sigma 1: at (level, slope) the cost is (e0^2 + e1^2) / 2."""
    data = pm.Data({"x": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}, inputs=["x"], output="y", sigma=1.0)
    return pm.Problem("level + slope * x", data, {"level": pm.Real(-10, 10, guess=0), "slope": pm.Real(-10, 10)})


def stairs(ending=Ending.CONVERGED):
    """A method made by hand: two points, a Jacobian, the same point again, and the minimum."""

    @dataclass(frozen=True)
    class Stairs:
        card: ClassVar = dataclasses.replace(LevenbergMarquardt.card, name="stairs")

        def solve(self, space, starts, evaluate):
            for points, want in (
                ([[0.0, 0.0], [0.0, 1.0]], Want.COST),  # costs 17.5 and 7
                ([[0.0, 2.0]], Want.JACOBIAN),  # 1.5
                ([[0.0, 2.0]], Want.COST),
                ([[0.0, 5.0]], Want.GRADIENT),  # no better
                ([[1.0, 2.0]], Want.COST),  # 0
            ):
                evaluate(Request(np.array(points), want, np.zeros(len(points), dtype=int)))
            return Solutions(np.array([[1.0, 2.0]]), np.zeros(1), (ending,), np.ones(1, dtype=int), 0, "made by hand")

    return Stairs


@pytest.fixture
def hand_made(monkeypatch):
    """The catalogue with `stairs`, and with `flat`, which stays where it is."""

    @dataclass(frozen=True)
    class Flat:
        card: ClassVar = dataclasses.replace(LevenbergMarquardt.card, name="flat")

        def solve(self, space, starts, evaluate):
            evaluate(Request(starts, Want.COST, np.zeros(1, dtype=int)))
            return Solutions(starts, np.ones(1), (Ending.CONVERGED,), np.ones(1, dtype=int), 0, "it stays")

    known = {"stairs": stairs(), "flat": Flat, "levenberg_marquardt": LevenbergMarquardt}
    monkeypatch.setattr(catalogue, "methods", lambda _: tuple(sorted(known)))
    monkeypatch.setattr(catalogue, "method", lambda _, name: known[name])


def evaluator_of(problem):
    return choose_evaluator(problem, cost_of(problem, None), 1)


def run_from_zero(name, budget=100, target=-np.inf):
    problem = line()
    evaluator = evaluator_of(problem)
    return run_one(name, lambda _: (evaluator, 0.0), problem.search_space(), np.zeros((1, 2)), budget, target, None)


def test_the_counts_of_a_method_made_by_hand(hand_made):
    run = run_from_zero("stairs")
    # the Jacobian costs 2 more than its point, a point seen before nothing, and a gradient again 2 more
    assert run.improvements == ((1, 1, 17.5), (2, 2, 7.0), (3, 3, 1.5), (9, 5, 0.0))
    assert (run.spent, run.spent_requests, run.ended) == (9, 5, "converged")
    assert run.until(2.0) == (3.0, 3.0)
    assert run.until(-1.0) == (np.inf, np.inf)


def test_a_spent_budget_and_a_met_target_end_a_run(hand_made):
    ends = {}
    for name, budget, target in (("budget", 6, -np.inf), ("target", 100, 1.5), ("batch", 1, -np.inf)):
        run = run_from_zero("stairs", budget, target)
        ends[name] = (run.spent, run.lowest, run.ended)
    assert ends == {"budget": (6, 1.5, "budget"), "target": (5, 1.5, "reached"), "batch": (1, 17.5, "budget")}


def test_derivatives_at_a_known_point_count_only_themselves():
    problem = line()
    watch = Watch(evaluator_of(problem), problem.search_space(), 100, -np.inf)
    for want, evaluations, requests in (
        (Want.COST, 1, 1), (Want.JACOBIAN, 3, 2), (Want.GRADIENT, 3, 2), (Want.RESIDUALS, 3, 2),
    ):  # fmt: skip
        watch.evaluate(np.array([[1.0, 1.0]]), want)
        assert (watch.evaluations, watch.requests) == (evaluations, requests)


def test_two_methods_after_one_another_share_one_account(hand_made):
    run = run_from_zero("flat+stairs")
    assert run.improvements == ((1, 1, 17.5), (2, 2, 7.0), (3, 3, 1.5), (9, 5, 0.0))  # (0, 0) is known from the first


def test_a_comparison_by_hand(hand_made):
    bench = pm.bench_fit(line(), methods=["flat", "stairs"], seeds=1, accuracies=[0.5, 1e-3])
    assert bench.status.ok
    assert (bench.reference, bench.scale, bench.dimension) == (0.0, 17.5, 2)
    stairs_ = bench.contestant("stairs")
    assert stairs_.evaluations.tolist() == [[2.0], [9.0]]  # 17.5 / 2 is met by 7, a thousandth by 0
    assert stairs_.requests.tolist() == [[2.0], [5.0]]
    assert bench.ranking() == ("stairs", "flat")
    flat = bench.contestant("flat")
    assert np.isinf(flat.evaluations).all()
    assert flat.expected(0) == np.inf
    assert bench.behind("flat") == np.inf
    shown = str(bench)
    assert "never" in next(row for row in shown.splitlines() if row.startswith("flat"))
    assert "in another basin or stuck: flat 1 of 1." in " ".join(shown.split())
    assert "never within 1e-03 here: flat." in " ".join(shown.split())
    assert bench.to_json()["methods"]["flat"]["0.001"]["expected_evaluations"] is None


def test_expected_evaluations_count_the_runs_that_fail():
    one = Contestant(
        name="some",
        auto=False,
        evaluations=np.array([[10.0, np.inf, 20.0]]),
        requests=np.array([[5.0, np.inf, 10.0]]),
        spent=np.array([12.0, 100.0, 30.0]),
        spent_requests=np.array([6.0, 50.0, 15.0]),
        cost=np.zeros(3),
        ends=("reached", "budget", "reached"),
    )
    assert one.expected(0) == (10 + 100 + 20) / 2
    assert one.expected(0, exact=True) == (5 + 50 + 10) / 2
    assert one.share(0) == 2 / 3
    assert one.quartiles(0) == (10.0, 20.0, 20.0) or one.quartiles(0)[1] == 20.0


def test_the_same_seed_gives_the_same_table():
    first, again = (pm.bench_fit(rosenbrock(), methods=FEW, seeds=2, evaluations=80) for _ in range(2))
    assert first.refused == {}
    assert first.table().rows == again.table().rows
    assert first.ranking()[-1] == "monte_carlo"
    assert [c.name for c in first.contestants if c.auto] == ["levenberg_marquardt"]
    other = pm.bench_fit(rosenbrock(), methods=FEW, seeds=2, evaluations=80, seed=1)
    assert other.table().rows != first.table().rows


def test_the_result_is_saved_and_loaded(tmp_path):
    bench = pm.bench_fit(decay(), methods=["nelder_mead", "levenberg_marquardt"], seeds=2, evaluations=60)
    bench.save(tmp_path / "bench.json")
    loaded = pm.load(tmp_path / "bench.json")
    assert isinstance(loaded, pm.Bench)
    assert str(loaded) == str(bench)
    assert loaded.to_json() == bench.to_json()
    assert np.array_equal(loaded.contestants[1].evaluations, bench.contestants[1].evaluations)


def test_a_comparison_ends_when_its_time_is_over(monkeypatch):
    bench = pm.bench_fit(decay(), methods=["nelder_mead"], seeds=50, seconds=1e-3)
    assert bench.status.outcome is Outcome.BUDGET
    assert "0.001 seconds is spent" in bench.status.message
    assert str(bench)
    with pytest.raises(ParametraError, match="nothing to draw"):
        bench.plot()


def test_a_model_that_fails_everywhere_is_told():
    def model(x, a):
        return np.where(a == 1.0, a * x, np.nan)  # only the guess can be evaluated

    data = pm.Data({"x": [1.0, 2.0], "y": [1.0, 2.0]}, inputs=["x"], output="y", sigma=1.0)
    bench = pm.bench_fit(pm.Problem(model, data, {"a": pm.Real(0, 2, guess=1)}), methods=["nelder_mead"], seeds=2)
    assert bench.status.ok  # the guess is the best there is, and one half is what it may lose
    assert (bench.reference, bench.scale) == (0.0, 0.5)


def test_a_missing_package_is_no_mistake(monkeypatch, hand_made):
    def solve(self, space, starts, evaluate):
        raise MissingExtraError("clever", "clever", "method=flat")

    monkeypatch.setattr(catalogue.method("fit", "flat"), "solve", solve)
    bench = pm.bench_fit(line(), methods=["flat", "stairs"], seeds=2)
    assert [c.name for c in bench.contestants] == ["stairs"]
    assert "needs the package clever" in bench.refused["flat"]
    assert "not here: flat: method=flat needs the package" in " ".join(str(bench).split())


MISTAKES = {
    "a model alone": ({"problem": "a * x"}, ModelError, "compares methods on a Problem; str came"),
    "an unknown method": ({"methods": ["lbgfs"]}, MethodError, 'did you mean "lbfgs"?'),
    "an unknown second method": ({"methods": ["lbfgs+nelder"]}, MethodError, 'fit has no method "nelder"'),
    "no methods": ({"methods": []}, MethodError, "methods: none came"),
    "methods that cannot": ({"methods": ["brent"]}, MethodError, "none of these methods can work on this problem: `br"),
    "accuracy zero": ({"accuracies": [0.0]}, MethodError, "0.0 is no share between 0 and 1"),
    "accuracy one": ({"accuracies": [1e-2, 1.0]}, MethodError, "1.0 is no share between 0 and 1"),
    "accuracy not a number": ({"accuracies": [float("nan")]}, MethodError, "nan is no share"),
    "no accuracies": ({"accuracies": []}, MethodError, "accuracies: none came"),
    "no seeds": ({"seeds": 0}, MethodError, "seeds=0: a whole number, 1 or more"),
    "no evaluations": ({"evaluations": 0}, MethodError, "evaluations=0: a whole number, 1 or more"),
    "a seed below zero": ({"seed": -1}, MethodError, "seed=-1: a whole number, 0 or more"),
    "no time": ({"seconds": 0.0}, MethodError, "seconds=0.0: a budget"),
    "an unknown loss": ({"loss": "hubr"}, MethodError, 'did you mean "huber"?'),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told(name):
    settings, kind, message = MISTAKES[name]
    with pytest.raises(kind) as told:
        pm.bench_fit(**{"problem": decay(), **settings})
    assert message in str(told.value)


def test_discrete_parameters_are_refused():
    data = pm.Data({"x": [1.0, 2.0], "y": [1.0, 2.0]}, inputs=["x"], output="y", sigma=1.0)
    problem = pm.Problem("a * x + n", data, {"a": 1.0, "n": pm.Integer(0, 3)})
    with pytest.raises(ModelError, match="n are not"):
        pm.bench_fit(problem)


def test_an_unknown_name_in_the_result(hand_made):
    bench = pm.bench_fit(line(), methods=["stairs"], seeds=1)
    with pytest.raises(ParametraError, match='"stair" is not in this comparison; did you mean "stairs"'):
        bench.contestant("stair")
    with pytest.raises(ParametraError, match=r"the accuracy 0\.3 was not asked for; known here: 0.01, 0.0001, 1e-06"):
        bench.ranking(0.3)


def test_a_penalty_is_refused():
    data = pm.Data({"x": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}, inputs=["x"], output="y", sigma=1.0)
    parameters = {"level": pm.Real(-10, 10, guess=0), "slope": pm.Real(-10, 10)}
    with pytest.raises(MethodError, match="Leave the penalty out"):
        pm.bench_fit(pm.Problem("level + slope * x", data, parameters, penalty={"kind": "lasso"}))


def test_an_adversary_is_refused():
    data = pm.Data({"x": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}, inputs=["x"], output="y", sigma=1.0)
    parameters = {"level": pm.Real(-10, 10, guess=0), "slope": pm.Real(-10, 10)}
    with pytest.raises(MethodError, match="Leave the adversary out"):
        pm.bench_fit(pm.Problem("level + slope * x", data, parameters, adversary=["slope"]))


def test_scores_and_residuals_are_compared_on_one_cost():
    bench = pm.bench_fit(rosenbrock(), methods=["fisher_scoring", "levenberg_marquardt"], seeds=2, evaluations=200)
    for one in bench.contestants:
        assert np.isfinite(one.evaluations).all()
        assert np.all(one.cost >= 0)  # a sum of squares, without the constants of the likelihood
    assert bench.reference < 1e-12


def test_a_point_that_misses_its_constraints_is_no_improvement():
    from parametra.nouns.limits import Limits

    class Sum(Limits):
        def values(self, points):
            return points.sum(axis=1, keepdims=True)

    problem = line()
    limits = Sum(("sum",), np.array([-np.inf]), np.array([1.0]), np.array([True]))
    space = dataclasses.replace(problem.search_space(), limits=limits)
    watch = Watch(evaluator_of(problem), space, 100, -np.inf)
    watch.evaluate(np.array([[1.0, 2.0]]), Want.COST)
    assert watch.lowest == np.inf
    watch.evaluate(np.array([[0.0, 1.0]]), Want.COST)
    assert watch.lowest == 7.0


def test_everything_that_works_takes_part():
    names, refused = verb._names(decay(), None, "levenberg_marquardt", None)
    alone = {name for name in names if "+" not in name}
    assert alone | {name for name in refused if "+" not in name} == set(catalogue.methods("fit"))
    assert ("monte_carlo" in alone) == ("monte_carlo+levenberg_marquardt" in names)  # it is there with its finder


def test_a_comparison_that_is_stopped_keeps_what_is_complete(monkeypatch):
    real = Watch.evaluate

    def interrupted(self, points, want):
        if self.budget == 77 and self.space.seed != first:
            os.kill(os.getpid(), signal.SIGINT)  # in the second start
        return real(self, points, want)

    first = int(generator(0, "bench_fit", 0).integers(2**31))
    monkeypatch.setattr(Watch, "evaluate", interrupted)
    bench = pm.bench_fit(rosenbrock(), methods=["levenberg_marquardt", "nelder_mead"], seeds=5, evaluations=77)
    assert bench.status.outcome is Outcome.STOPPED
    assert "2 methods ran from 1 start each by then" in bench.status.message
