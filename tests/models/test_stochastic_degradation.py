"""Molecules that decay one by one: Gillespie's courses, transitions, recovery, and what is refused."""

import numpy as np
import pytest

import parametra as pm
from parametra.models.kinetics import transitions
from parametra.models.kinetics.stochastic_degradation import READY
from parametra.nouns.errors import DataError, ModelError


def gillespie(rate, first, time, generator):
    """Counts at given times by Gillespie's direct method: each next decay after a time Exponential(rate n)."""
    decays, now = [], 0.0
    for left in range(first, 0, -1):
        now += generator.exponential(1 / (rate * left))
        decays.append(now)
    return first - np.searchsorted(decays, time, side="right").astype(float)


def data_of(courses):
    """One table of all transitions."""
    rows = [transitions(time, count) for time, count in courses]
    table = {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
    return pm.Data(table, inputs=["gap", "before"], output="count")


def test_courses_of_gillespie_at_uneven_times_give_the_rate_back():
    """60 seeds: the estimate is right on average, and scatters as its standard error says."""
    off = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        time = np.append(0.0, np.cumsum(generator.uniform(0.5, 6.0, 12)))
        fit = pm.fit(READY, data_of([(time, gillespie(0.1, 60, time, generator))]), starts=1, progress=False)
        off.append((fit.estimate["rate"] - 0.1) / fit.standard_error["rate"])
    assert abs(np.mean(off)) < 0.4
    assert 0.75 < np.std(off) < 1.25


def test_the_likelihood_is_that_of_the_master_equation():
    """P(n -> m) by the exponential of the matrix of rates, for a course of five molecules."""
    from scipy.linalg import expm

    rate, size = 0.3, 5
    flow = np.zeros((size + 1, size + 1))
    for n in range(1, size + 1):
        flow[n, n], flow[n, n - 1] = -rate * n, rate * n
    time, count = np.array([0.0, 1.0, 1.5, 4.0, 9.0]), np.array([5.0, 5.0, 3.0, 1.0, 0.0])
    wanted = sum(
        np.log(expm(flow * (time[k + 1] - time[k]))[int(count[k]), int(count[k + 1])]) for k in range(time.size - 1)
    )
    problem = READY.problem(data_of([(time, count)]))
    assert problem.log_likelihood({"rate": rate}) == pytest.approx(wanted, rel=1e-10)


def test_transitions_end_with_the_last_molecule():
    rows = transitions(np.array([0.0, 1.0, 3.0, 4.0]), np.array([4.0, 1.0, 0.0, 0.0]))
    assert {name: each.tolist() for name, each in rows.items()} == {
        "gap": [1.0, 2.0],
        "before": [4.0, 1.0],
        "count": [1.0, 0.0],
    }


@pytest.mark.parametrize(
    ("time", "count", "message"),
    [
        ([0.0, 1.0], [3.0, 4.0], "goes from 3 to 4 at row 2"),
        ([0.0, 1.0, 2.0], [5.0, 3.0, -3.0], "whole numbers of 0 or more; row 3 has -3"),
        ([0.0, 1.0, 2.0], [5.0, 3.5, 2.0], r"whole numbers of 0 or more; row 2 has 3\.5"),
        ([0.0, 1.0, 2.0], [np.inf, 3.0, 2.0], "whole numbers of 0 or more; row 1 has inf"),
        ([0.0, np.nan, 2.0], [5.0, 3.0, 2.0], "times are finite numbers; row 2 has the time nan"),
        ([0.0, 1.0, np.inf], [5.0, 3.0, 2.0], "times are finite numbers; row 3 has the time inf"),
        ([0.0, 0.0], [3.0, 2.0], "times of one course grow"),
        ([0.0], [3.0], "2 or more; shapes"),
        ([0.0, 1.0], [3.0, np.nan], r"row 2 has nan\. Leave out rows without a count"),
    ],
)
def test_no_course(time, count, message):
    with pytest.raises(ModelError, match=message):
        transitions(np.array(time), np.array(count))


UGLY = {
    "none decays": ([1.0, 1.0], [5.0, 5.0], [5.0, 5.0]),
    "all decay at once": ([1.0], [5.0], [0.0]),
    "one missing": ([1.0, 1.0], [5.0, 4.0], [4.0, np.nan]),
}


@pytest.mark.parametrize("kind", sorted(UGLY))
def test_guesses_of_ugly_data(kind):
    gap, before, count = UGLY[kind]
    table = {"gap": gap, "before": before, "count": count}
    guess = READY.guess(pm.Data(table, inputs=["gap", "before"], output="count", missing="mask"))
    assert np.isfinite(guess["rate"]) and guess["rate"] > 0


def test_its_picture():
    data = READY.known[0].data()
    problem = READY.problem(data)
    axes = READY.plot(pm.fit(problem, starts=1), problem).axes[0]
    assert axes.get_ylabel() == "share that is left"


def test_no_transition_goes_back_in_time():
    table = {"gap": [1.0, -1.0], "before": [10.0, 9.0], "count": [9.0, 8.0]}
    with pytest.raises(DataError, match=r'zero or more; "gap" in row 2 of the data "data" is -1'):
        READY.problem(pm.Data(table, inputs=["gap", "before"], output="count"))
