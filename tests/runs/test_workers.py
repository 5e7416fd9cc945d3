"""Processes share the starts, and nobody can tell how many there were."""

import os
import subprocess
import sys

import numpy as np
import pytest

import parametra as pm
from parametra.runs.workers import Workers

SCRIPT = """
import sys
import numpy as np
import parametra as pm

def dip(t, depth, phase, width, level):
    return level - depth * np.exp(-0.5 * ((t - phase) / width) ** 2)

if __name__ == "__main__":
    t = np.linspace(0, 1, 60)
    y = dip(t, 0.3, 0.4, 0.05, 1.0) + 0.01 * np.sin(50 * t)
    data = pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=0.01)
    parameters = {"depth": pm.Real(0, 1), "phase": pm.Real(0, 1), "width": pm.Real(0.01, 0.3), "level": pm.Real(0, 2)}
    settings = {"starts": 150, "workers": int(sys.argv[1]), "method": sys.argv[2], "progress": False}
    fit = pm.fit(dip, data, parameters=parameters, **settings)
    print(fit.status.outcome.name, fit.receipt.evaluations, fit.receipt.failures)
    print([row.value for row in fit.rows], fit.starts.costs)
"""


def told(tmp_path, workers, method):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(path), str(workers), method], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("method", ["levenberg_marquardt", "least_squares"])
def test_any_number_of_workers_gives_the_same_numbers(tmp_path, method):
    alone = told(tmp_path, 1, method)
    assert "CONVERGED" in alone
    assert alone == told(tmp_path, 2, method)


@pytest.mark.slow
def test_three_workers_too(tmp_path):
    assert told(tmp_path, 1, "levenberg_marquardt") == told(tmp_path, 3, "levenberg_marquardt")


def dying(x, a, b):
    if os.environ.get("PARAMETRA_TEST_PARENT") != str(os.getpid()):
        os._exit(3)
    return a * np.exp(-b * x)


def test_a_dead_worker_costs_nothing_but_time(monkeypatch):
    monkeypatch.setenv("PARAMETRA_TEST_PARENT", str(os.getpid()))
    x = np.linspace(0, 3, 20)
    data = pm.Data({"x": x, "y": 2 * np.exp(-0.7 * x) + 0.01 * np.cos(9 * x)}, inputs=["x"], output="y", sigma=0.01)
    parameters = {"a": pm.Real(0, 9), "b": pm.Real(0, 5)}
    alone = pm.fit(dying, data, parameters=parameters, starts=70, evaluator="direct", progress=False)
    found = pm.fit(dying, data, parameters=parameters, starts=70, evaluator="direct", workers=2, progress=False)
    assert found.starts.costs == alone.starts.costs
    assert any("a worker process ended unexpectedly" in why for why in found.receipt.failures)


def test_what_cannot_be_sent_is_told():
    lock = __import__("threading").Lock()

    def model(x, a, b):
        with lock:
            return a + b * x**2

    x = np.linspace(0, 3, 20)
    data = pm.Data({"x": x, "y": 2 + x**2}, inputs=["x"], output="y", sigma=0.01)
    with pytest.raises(pm.ParametraError, match=r"workers=2: the problem cannot be sent to another process"):
        pm.fit(
            model, data, parameters={"a": pm.Real(0, 9), "b": pm.Real(0, 5)}, starts=70, workers=2, evaluator="direct"
        )


def test_a_problem_file_goes_to_workers(tmp_path):
    (tmp_path / "model.py").write_text("import numpy as np\ndef f(x, a, b):\n    return a * np.exp(-b * x)\n")
    rows = "\n".join(
        f"{x},{2 * 2.718281828 ** (-0.7 * x) + 0.01 * (-1) ** i}" for i, x in enumerate(np.linspace(0, 3, 20))
    )
    (tmp_path / "d.csv").write_text("x,y\n" + rows + "\n")
    (tmp_path / "p.toml").write_text(
        '[model]\npython = "model.py:f"\n[parameters]\na = { lower = 0, upper = 9 }\nb = { lower = 0, upper = 5 }\n'
        '[data]\nfile = "d.csv"\ninputs = ["x"]\noutput = "y"\nsigma = 0.01\n[fit]\nstarts = 70\nworkers = 2\n'
    )
    file = pm.read_problem(tmp_path / "p.toml")
    found = pm.fit(file.problem, **file.settings.for_fit(), progress=False)
    assert found.receipt.failures == {}
    assert found.estimate["b"] == pytest.approx(0.7, abs=0.02)


def test_nothing_is_begun_without_a_task():
    workers = Workers(2)
    workers.close()
    assert workers.count == 2
