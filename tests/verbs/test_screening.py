import sys
from pathlib import Path

import numpy as np
import pytest

import parametra as pm
from parametra.maths.distributions import Normal
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.errors import MethodError
from parametra.nouns.search_space import SearchSpace
from parametra.verbs.fit_screening import retired

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import light_curve as lc


@pytest.fixture(scope="module")
def problem():
    t, y = lc.data(3)
    data = pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=lc.SIGMA)
    bounds = {k: pm.Real(lo, hi) for k, lo, hi in zip(lc.NAMES, lc.LOWER, lc.UPPER, strict=True)}
    return pm.Problem(lc.model, data, bounds)


@pytest.fixture(scope="module")
def both(problem):
    return [pm.fit(problem, starts=120, screening=wish, progress=False) for wish in ("off", "auto")]


def test_the_same_answer_from_less_work(both):
    full, screened = both
    for name in lc.NAMES:
        # the two dips may be named either way round: compare what does not depend on it
        if not name[-1].isdigit() or name in ("a1", "a2", "b1", "b2"):
            assert screened.estimate[name] == pytest.approx(full.estimate[name], abs=1e-8)
    assert screened.chi_square == pytest.approx(full.chi_square, rel=1e-12)
    assert screened.status.ok
    assert "first on 125 of 1000 rows" in str(screened)
    assert "first on" not in str(full)


def test_no_basin_near_the_best_is_lost_to_retirement(both):
    full, screened = both
    near = [b for b in full.starts.basins if b.cost < 5 * full.starts.basins[0].cost]
    found = np.array([b.cost for b in screened.starts.basins])
    assert len(near) >= 4
    for basin in near:
        assert np.abs(found - basin.cost).min() < 1e-6 * basin.cost
    # binomial: the shares of 120 starts differ by less than four standard errors, false alarm 6e-5
    assert abs(full.starts.best_share - screened.starts.best_share) < 4 * np.sqrt(0.25 / 120)


def test_retired_starts_stand_where_a_better_one_does():
    points = np.array([[0.0, 0.0], [0.011, 0.0], [0.5, 0.5], [0.0, 0.012], [9.0, 9.0]])
    cost = np.array([1.0, 1.005, 1.004, 3.0, np.inf])
    ends = Solutions(points, cost, (Ending.CONVERGED,) * 4 + (Ending.FAILED,), np.ones(5, dtype=int), 0, "")
    kept, stands_for = retired(ends, SearchSpace(np.zeros(2), np.ones(2)))
    assert kept.tolist() == [0, 2, 3]
    assert stands_for.tolist() == [0, 0, 1, 2, -1]


def test_a_spent_budget_still_tells_the_cost_on_all_data(problem):
    found = pm.fit(problem, starts=120, evaluations=600, progress=False)
    assert found.status.outcome is pm.Outcome.BUDGET
    residuals = problem.residuals(found.estimate, problem.arrays)
    assert found.starts.costs[0] == pytest.approx(0.5 * residuals @ residuals, rel=1e-12)


@pytest.mark.parametrize("change", ["few points", "few starts", "prior", "off"])
def test_when_all_starts_run_on_all_data(problem, change):
    starts, settings = 30, {}
    if change == "few points":
        t, y = lc.data(0, 300)
        problem = problem.with_data(pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=lc.SIGMA))
    elif change == "few starts":
        starts = 10
    elif change == "prior":
        slope = pm.Real(-0.1, 0.1, prior=Normal(0, 0.01))
        problem = pm.Problem(problem.model, problem.data_sets, {**problem.stated_space.parameters, "slope": slope})
    else:
        settings = {"screening": "off"}
    assert "first on" not in pm.fit(problem, starts=starts, progress=False, **settings).starts.why


def test_messages(problem):
    with pytest.raises(MethodError, match=r'screening="maybe": give "auto" or "off".'):
        pm.fit(problem, screening="maybe")
    with pytest.raises(MethodError, match=r"workers=0: a whole number of processes, 1 or more, is wanted."):
        pm.fit(problem, workers=0)


def test_the_plan_tells(problem):
    assert "first on 125 of 1000 rows" in pm.choose(problem, starts=100).starts_reason


def test_workers_of_a_method_that_has_none(problem):
    with pytest.raises(MethodError, match=r"`cma_es` runs in one process; leave workers=2 out\."):
        pm.fit(problem, method="cma_es", workers=2)
