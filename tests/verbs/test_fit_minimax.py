"""What a person reads of a fit with an adversary: worst cases, no errors, and doubts where they are due."""

import numpy as np
import pytest

import parametra as pm
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.errors import MethodError
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs.fit import Settings
from parametra.verbs.fit_choice import choose_method, cost_of
from parametra.verbs.fit_judge import judge

X = np.linspace(0, 10, 40)
SECOND = (np.arange(40) % 2).astype(float)
Y = 2 + 0.5 * X + 0.3 * SECOND + 0.1 * np.sin(5 * X)
LIMIT = 0.5
MIXED = "-0.5 * ((observed - predicted)**2 - 2 * bias * second * (observed - predicted) + (0.5 * second)**2) / 0.04"
"""-log of the worst mixture of biases up to 0.5 of the second instrument: E (r - b)^2 = r^2 - 2 r E b + 0.25."""


def table():
    columns = {"x": X, "second": SECOND, "y": Y}
    return pm.Data(columns, inputs=["x", "second"], output="y", sigma=0.2)


def parameters(**more):
    return {
        "a": pm.Real(-10, 10, guess=0),
        "k": pm.Real(-5, 5, guess=0),
        "bias": pm.Real(-LIMIT, LIMIT, guess=0),
        **more,
    }


def mixed(**settings):
    noise = pm.LogLikelihood(MIXED)
    return pm.fit(
        "a + k * x", pm.Data({"x": X, "second": SECOND, "y": Y}, inputs=["x"], output="y"), parameters(), noise=noise,
        adversary=["bias"], **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def robust():
    return mixed(starts=5)


def worst(a, k):
    """The worst expected cost over all distributions of a bias within its limit, by hand."""
    r = Y - a - k * X
    second, first = r[SECOND > 0], r[SECOND == 0]
    ends = [np.sum(second**2 - 2 * b * second + LIMIT**2) for b in (-LIMIT, LIMIT)]
    return 0.5 * (np.sum(first**2) + max(ends)) / 0.04


def test_the_estimate_minimises_the_worst_case(robust):
    assert robust.status.ok and robust.method == "extragradient" and robust.doubts == ()
    a, k = robust.estimate["a"], robust.estimate["k"]
    best = worst(a, k)
    rng = np.random.default_rng(0)
    for step in (1e-1, 1e-2, 1e-3):
        for da, dk in rng.normal(size=(50, 2)) * step:
            assert worst(a + da, k + dk) >= best - 1e-6 * best


def test_it_differs_from_the_fit_without_an_adversary(robust):
    plain = pm.fit("a + k * x", table(), {"a": 1.0, "k": 1.0})
    assert abs(plain.estimate["a"] - robust.estimate["a"]) > 0.02


def test_there_are_no_errors_and_the_words_say_why(robust):
    assert set(robust.standard_error.values()) == {None} and set(robust.interval.values()) == {None}
    assert robust.covariance.shape == (0, 0) and robust.p_value is None
    assert "the adversary's values are worst cases within their bounds, not estimates" in robust.uncertainty
    assert robust.estimator.startswith("minimax over bias of the ")
    assert robust.notes == {"bias": "worst case"}
    shown = str(robust)
    assert "worst case" in shown and "95 % interval" not in shown and "+/-" not in shown


def test_a_local_worst_case_is_doubted():
    """Plain squares bend upwards in a bias, so its worst value is an end, and which one depends on the others."""
    fit = pm.fit("a + k * x + bias * second", table(), parameters(), adversary="bias", starts=3)
    assert fit.status.ok
    assert fit.notes["bias"] in ("worst case, at its lower bound", "worst case, at its upper bound")
    (doubt,) = [d for d in fit.doubts if "worst case only nearby" in d]
    assert "the adversary raises the cost from" in doubt and "state the worst mixture" in doubt
    assert fit.p_value is None and fit.chi_square > 0


def test_a_run_that_is_cut_short_says_so():
    fit = mixed(starts=1, evaluations=20)
    assert not fit.status.ok and "budget of 20 evaluations" in fit.message


def test_a_point_that_is_none_is_doubted():
    """A method that stops at once claims convergence at the guess."""
    data = pm.Data({"x": X, "second": SECOND, "y": Y}, inputs=["x"], output="y")
    problem = pm.Problem("a + k * x", data, parameters(), noise=pm.LogLikelihood(MIXED), adversary=["bias"])
    drive = Drive(choose_evaluator(problem, cost_of(problem, None), 1), Budget(), Progress("test", shown=False))
    claimed = Solutions(np.array([[1.0, 0.1, 0.3]]), np.array([500.0]), (Ending.CONVERGED,), np.array([1]), 0, "done")
    fit = judge(problem, drive, claimed, choose_method(problem, "auto", None), "", Settings(), {})
    assert any("not an established minimax point: the gradient is not zero there" in d for d in fit.doubts)
    assert "but see the doubts" in fit.status.message


def test_nothing_that_could_be_evaluated():
    data = pm.Data({"x": X, "y": Y}, inputs=["x"], output="y", sigma=1.0)
    calls = []

    def model(x, a, bias):
        calls.append(1)
        return a * x + bias if len(calls) < 2 else x * np.nan

    fit = pm.fit(model, data, {"a": 1.0, "bias": (-1, 1)}, adversary="bias", starts=1, evaluator="direct")
    assert not fit.status.ok and fit.doubts == ()


def test_a_covariance_cannot_be_asked_for():
    with pytest.raises(MethodError, match=r'covariance="hessian": a fit with an adversary \(bias\) is no minimum'):
        mixed(starts=1, covariance="hessian")


def test_other_methods_refuse_it():
    with pytest.raises(MethodError, match=r'`lbfgs` knows no adversary, .* Use method="extragradient"'):
        mixed(starts=1, method="lbfgs")


def test_a_problem_file(tmp_path):
    rows = "\n".join(f"{x:.17g},{y:.17g},{s:.0f}" for x, y, s in zip(X, Y, SECOND, strict=True))
    (tmp_path / "data.csv").write_text("x,y,second\n" + rows + "\n")
    (tmp_path / "p.toml").write_text(
        'adversary = ["bias"]\n'
        '[model]\nformula = "a + k * x"\n[parameters]\na = { lower = -10, upper = 10 }\nk = { lower = -5, upper = 5 }\n'
        "bias = { lower = -0.5, upper = 0.5, guess = 0 }\n"
        f'[noise]\nkind = "formula"\nformula = "{MIXED}"\n'
        '[data]\nfile = "data.csv"\ninputs = ["x"]\noutput = "y"\n'
    )
    file = read_problem_file(tmp_path / "p.toml")
    assert file.problem.adversary == ("bias",)
    assert choose_method(file.problem, "auto", None).method == "extragradient"
