"""The loop: counts, budgets, interruption; nothing computed is lost."""

import signal
import threading
import time
from collections import Counter

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.errors import MethodError
from parametra.runs.budget import Budget
from parametra.runs.interrupt import Interrupt
from parametra.runs.progress import Progress
from parametra.testing.fit_problems import decay, relative_scatter


@pytest.mark.parametrize("method", ["levenberg_marquardt", "least_squares", "lbfgs"])
def test_a_spent_budget_returns_the_best_so_far(method):
    fit = pm.fit(decay(), method=method, evaluations=6, starts=1)
    assert fit.status.outcome is pm.Outcome.BUDGET
    assert "budget of 6 evaluations is spent" in fit.message
    guess = pm.fit(decay(), method=method, evaluations=1, starts=1)
    assert fit.log_likelihood > guess.log_likelihood
    assert all(r.standard_error is None for r in guess.rows if r.role == "free")
    assert any("minimum" in d for d in guess.doubts)


def test_seconds_are_a_budget_too():
    fit = pm.fit(relative_scatter(), seconds=1e-6)
    assert fit.status.outcome is pm.Outcome.BUDGET
    assert "1e-06 seconds" in fit.message


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"evaluations": 0}, "evaluations=0: a budget is 1 or more"),
        ({"seconds": -1.0}, "seconds=-1.0: a budget is a number"),
    ],
)
def test_impossible_budgets(budget, message):
    with pytest.raises(MethodError, match=message):
        Budget(**budget)


def test_the_first_interrupt_is_a_request_and_the_second_a_keyboard_interrupt():
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_interrupted_fit_returns_what_it_has():
    calls = []

    def model(t, a, k, c):
        calls.append(1)
        if len(calls) == 60:
            signal.raise_signal(signal.SIGINT)
        return [a * float(np.exp(-k * ti)) + c for ti in t]

    stated = decay()
    fit = pm.fit(model, stated.data_sets[0], stated.stated_space.parameters, starts=1)
    assert fit.status.outcome is pm.Outcome.STOPPED
    assert fit.status.outcome.exit_code == 4
    assert np.isfinite(fit.log_likelihood)


def test_outside_the_main_thread_nothing_is_caught():
    found = []
    thread = threading.Thread(target=lambda: found.append(pm.fit(decay(), starts=1)))
    thread.start()
    thread.join()
    assert found[0].status.ok


def test_no_start_can_be_evaluated():
    def model(t, a):
        if a != 2.0:
            raise ValueError("only two")
        return np.full_like(t, np.nan) if np.iscomplexobj(a) else a * t

    data = pm.Data({"t": [1.0, 2.0], "y": [1.0, 2.0]}, inputs=["t"], output="y", sigma=0.1)
    fit = pm.fit(model, data, {"a": pm.Real(0, 4, guess=2)}, starts=1)
    assert fit.status.outcome is pm.Outcome.FAILED
    assert "only two" in fit.message
    assert fit.standard_error == {"a": None}


def test_progress_in_a_log(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    with (tmp_path / "log").open("w") as stream:
        progress = Progress("fit decay", stream=stream)
        progress.update(0.1, 10, 5.0, Counter)
        now[0] = 20.0
        progress.update(0.25, 400, 3.5, lambda: Counter({"it broke": 2}), 7)
        progress.close()
    told = "fit decay: 25 %, 400 evaluations, best cost 3.5, 2 failed (it broke), 7 calls running or waiting"
    assert (tmp_path / "log").read_text() == f"{told}, about 60 s left\n"


def test_what_takes_long_before_the_first_update_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("parametra.runs.progress._LOG_SECONDS", 0.01)
    with (tmp_path / "log").open("w") as stream:
        for shown, seconds in ((True, 0.5), (True, 0.0), (False, 0.1)):
            progress = Progress("fit decay", stream=stream, shown=shown)
            progress.prepare("trying the model")
            time.sleep(seconds)
            progress.close()
            time.sleep(0.05)
    assert (tmp_path / "log").read_text() == "fit decay: trying the model\n"
