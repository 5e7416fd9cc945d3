"""An ODE is fitted like any other model: every noise, many starts, several experiments, constraints, processes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import parametra as pm
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.asker import Want
from parametra.nouns.ode import ODE, Event
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
BOYS_IN_BED = [3, 8, 28, 75, 221, 291, 255, 235, 190, 126, 70, 28, 12, 5]
"""Influenza in a boarding school, 22 January to 4 February 1978, of 763 boys: British Medical Journal 1978, 1, 587."""

EPIDEMIC = ODE(
    {"S": "-infection", "I": "infection - recovery * I"},
    initial={"S": "boys - first", "I": "first"},
    let={"infection": "contact * S * I / boys", "boys": 763},
    observe={"ill": "I"},
)
GUESSES = {"contact": pm.Positive(guess=1.5), "recovery": pm.Positive(guess=0.5), "first": pm.Positive(guess=2)}


def school():
    return pm.Data({"t": np.arange(14.0), "ill": BOYS_IN_BED}, inputs="t", output="ill")


def test_an_epidemic_with_an_estimated_sigma():
    """The least squares estimates are those that are printed in many a course: contact 1.66 to 1.77, recovery 0.44."""
    fit = pm.fit(EPIDEMIC, school(), GUESSES, starts=1)
    assert fit.status.outcome is pm.Outcome.CONVERGED
    assert fit.estimate["contact"] == pytest.approx(1.7617, rel=1e-3)
    assert fit.estimate["recovery"] == pytest.approx(0.4578, rel=1e-3)


def test_counts():
    fit = pm.fit(EPIDEMIC, school(), GUESSES, noise=pm.Poisson(), starts=1)
    assert fit.estimate["contact"] == pytest.approx(1.869, rel=1e-3)


@pytest.mark.slow
def test_a_function_of_numpy_is_fitted_with_differences():
    def rhs(S, I, contact, recovery):  # noqa: E741  the names of the states
        infection = contact * S * I / 763 if S > 0 else 0.0
        return {"S": -infection, "I": infection - recovery * I}

    ode = ODE(rhs, {"S": "763 - first", "I": "first"}, observe={"ill": "I"})
    fit = pm.fit(ode, school(), GUESSES, starts=1)
    assert fit.estimate["contact"] == pytest.approx(1.7617, rel=1e-3)
    assert ode.derivative == "central differences"
    assert EPIDEMIC.derivative == "forward sensitivities"


def test_experiments_share_parameters_by_name():
    """Two doses, of which each is a constant of its data set; each has an elimination of its own."""
    ode = ODE({"A": "-k * A"}, {"A": 0}, observe={"c": "A / V"}, events=Event(0, add={"A": "dose"}), solver="lsoda")
    t = np.array([0.5, 1.0, 2.0, 4.0])
    sets = [
        pm.Data(
            {"t": t, "c": dose / 10 * np.exp(-k * t)},
            inputs="t",
            output="c",
            sigma=0.01,
            constants={"dose": dose},
            parameters={"k": name},
            name=name,
        )
        for dose, k, name in [(100, 0.3, "k_fed"), (50, 0.6, "k_fasted")]
    ]
    fit = pm.fit(ode, sets, {"k_fed": (0, 5), "k_fasted": (0, 5), "V": (1, 100)}, starts=1)
    found = [fit.estimate[name] for name in ("k_fed", "k_fasted", "V")]
    np.testing.assert_allclose(found, [0.3, 0.6, 10.0], rtol=1e-5)


def test_tied_and_constrained_parameters():
    ode = ODE({"A": "-k * A"}, {"A": "first"}, solver="lsoda")
    t = np.array([0.5, 1.0, 2.0, 4.0])
    data = pm.Data({"t": t, "A": 3 * np.exp(-0.3 * t)}, inputs="t", output="A", sigma=0.01)
    free = {"first": (0, 10), "half_life": (0.1, 10), "k": pm.Tied("log(2) / half_life")}
    assert pm.fit(ode, data, free, starts=1).estimate["half_life"] == pytest.approx(np.log(2) / 0.3, rel=1e-5)
    bound = pm.fit(ode, data, {"first": (0, 10), "k": (0, 1)}, constraints=["10 * k <= first - 1"], starts=1)
    assert bound.estimate["first"] - 1 >= 10 * bound.estimate["k"] - 1e-6


@pytest.mark.slow
def test_the_order_of_parameters_and_the_number_of_processes_change_nothing():
    guesses = {name: pm.Log(0.05, 20) for name in GUESSES}
    one = pm.fit(EPIDEMIC, school(), guesses, starts=70, seed=1)
    two = pm.fit(EPIDEMIC, school(), dict(reversed(guesses.items())), starts=70, seed=1, workers=2)
    assert dict(one.estimate) == dict(two.estimate)


def test_an_ode_runs_in_a_pool(tmp_path):
    plain = pm.fit(EPIDEMIC, school(), GUESSES, starts=1)
    again = pm.fit(EPIDEMIC, school(), GUESSES, starts=1, pool=2, ledger=tmp_path / "calls.db")
    for name, value in plain.estimate.items():
        assert again.estimate[name] == pytest.approx(value, rel=1e-5)


def test_the_hares_and_the_lynxes_are_near_their_published_posterior():
    """Means of posteriordb's reference draws; the fit is their likelihood's maximum, its errors about as large."""
    file = read_problem_file(EXAMPLES / "ode_hare_lynx" / "hare_lynx.toml")
    fit = pm.fit(file.problem, starts=1)
    published = {
        "birth": (0.547, 0.063),
        "hunting": (0.0277, 0.0042),
        "death": (0.800, 0.089),
        "growth": (0.0241, 0.0035),
        "hare_1900": (34.0, 2.9),
        "lynx_1900": (5.94, 0.53),
    }
    for name, (mean, deviation) in published.items():
        assert abs(fit.estimate[name] - mean) < 0.3 * deviation
        assert 0.7 < fit.standard_error[name] / deviation < 1.1


def test_two_compartments_are_those_of_the_two_exponentials():
    """The same curve in closed form: its eigenvalues and weights."""
    file = read_problem_file(EXAMPLES / "ode_indomethacin" / "indomethacin.toml")
    fit = pm.fit(file.problem, starts=1)
    out, there, back, volume = (float(fit.estimate[n]) for n in ("out", "to_tissue", "back", "volume"))
    total, product = out + there + back, out * back
    fast, late = (total + s * np.sqrt(total**2 - 4 * product) for s in (1, -1))
    fast, late = fast / 2, late / 2
    (data,) = file.problem.data_sets
    curve = 25 / volume * np.exp(-fast * data.inputs["time"]) * (fast - back) / (fast - late)
    curve += 25 / volume * np.exp(-late * data.inputs["time"]) * (back - late) / (fast - late)
    exact = pm.fit(
        "a * exp(-f * time) + b * exp(-s * time)",
        file.problem.data_sets,
        {"a": pm.Log(0.1, 100), "b": pm.Log(0.01, 10), "f": pm.Log(0.5, 20, guess=2), "s": pm.Log(0.01, 0.5)},
        noise=pm.Normal(sigma="estimated", proportional=True),
        starts=4,
    )
    assert fit.log_likelihood == pytest.approx(exact.log_likelihood, abs=1e-5)
    assert exact.estimate["f"] == pytest.approx(fast, rel=1e-3)
    ode = file.problem.predictions(dict(fit.estimate), file.problem.arrays)[0]["conc"]
    np.testing.assert_allclose(ode, curve, rtol=1e-6)


@pytest.mark.external
def test_the_pelts_are_those_of_posteriordb(external_data):
    published = json.loads((external_data / "posteriordb" / "hudson_lynx_hare.data.json").read_text())
    table = read_problem_file(EXAMPLES / "ode_hare_lynx" / "hare_lynx.toml").problem.data_sets[0]
    rows = np.array([published["y_init"], *published["y"]])
    np.testing.assert_array_equal(np.stack([table.outputs["hare"], table.outputs["lynx"]], axis=1), rows)
    np.testing.assert_array_equal(table.inputs["year"], 1900 + np.array([0, *published["ts"]]))


def test_a_guess_at_a_kink_keeps_exact_derivatives():
    # the lag's guess, in the middle of its bounds, is the very time of an observation
    oral = pm.ODE({"gut": "-ka * gut"}, initial={"gut": 0}, events=pm.Event("lag", add={"gut": "dose"}), solver="lsoda")
    data = pm.Data({"t": [0.25, 0.5, 1, 2], "gut": [0, 9.0, 5.5, 2.0]}, inputs="t", output="gut", sigma=1)
    problem = pm.Problem(oral, data, {"ka": (0, 3), "lag": (0, 1), "dose": 10.0})
    assert Direct(problem, Cost(least_squares=True)).derivative == "forward sensitivities"


@pytest.mark.parametrize(("solver", "tolerance"), [("lsoda", 1e-8), ("explicit", 1e-6)])
def test_a_guess_beside_the_data_keeps_exact_derivatives(solver, tolerance):
    # residuals are next to nothing, and the errors of the predictions are not
    t = np.linspace(0.25, 4, 8)
    data = pm.Data({"t": t, "A": 2 * np.exp(-0.5 * t)}, inputs="t", output="A", sigma=0.1)
    decay = pm.ODE({"A": "-k * A"}, {"A": "A0"}, solver=solver, relative_tolerance=tolerance)
    problem = pm.Problem(decay, data, {"k": pm.Log(0.01, 100, guess=0.5), "A0": pm.Log(0.1, 1e4, guess=2)})
    assert Direct(problem, Cost(least_squares=True)).derivative == "forward sensitivities"


def test_near_a_blow_up_differences_are_not_believed_more_than_sensitivities():
    # x = 1 / (1 - k t): at the guess, steps of differences reach a sixth of the way to the pole
    pole = pm.ODE({"x": "k * x * x"}, initial={"x": 1}, solver="lsoda")
    data = pm.Data({"t": [0.5, 0.9, 1.0], "x": [1.9, 7.9, 33.0]}, inputs="t", output="x", sigma=0.1)
    problem = pm.Problem(pole, data, {"k": pm.Real(0, 2, guess=0.97)})
    evaluator = Direct(problem, Cost(least_squares=True))
    assert evaluator.derivative == "forward sensitivities"
    found = evaluator.evaluate(problem.fit_space.guess[None], Want.JACOBIAN)
    t = np.array([0.5, 0.9, 1.0])
    np.testing.assert_allclose(found.jacobian[0, :, 0], t / (1 - 0.97 * t) ** 2 / 0.1, rtol=1e-5)
