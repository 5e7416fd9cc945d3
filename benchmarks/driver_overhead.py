"""What does the loop cost for each call of a model, with and without a ledger, here and in two processes?

A model that costs nothing, three parameters, 20 predictions; uniform draws. Microseconds are the slope between a short
and a long run, so that what happens once does not count. Peers: Optuna's random sampler, in memory and with SQLite, and
joblib's two processes, on the same function. Memory: peak of a process that made so many calls.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import parametra as pm

T = np.linspace(0.0, 1.0, 20)
DATA = pm.Data({"y": np.zeros(20)}, inputs={"t": T}, output="y", sigma=np.ones(20))
BOX = {"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}
SHORT, LONG = 2_000, 22_000


def nothing(t, a, b, c):
    del a, b, c
    return t


def ours(calls, **where):
    began = time.perf_counter()
    options = {"box": "whole", "maximum_draws": calls}
    fit = pm.fit(nothing, DATA, BOX, method="monte_carlo", options=options, progress=False, **where)
    if fit.receipt.model_calls + fit.receipt.reused < calls:
        raise RuntimeError(f"{calls} calls were to be made, and fewer were: {fit.receipt}")
    return time.perf_counter() - began


def in_a_ledger(calls, folder, **where):
    return ours(calls, ledger=Path(folder) / f"{calls}.db", **where)


def optuna_trials(calls, storage=None):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), storage=storage)

    def objective(trial):
        return float(np.sum(nothing(T, *(trial.suggest_float(name, 0.0, 1.0) for name in BOX)) * 0.0))

    began = time.perf_counter()
    study.optimize(objective, n_trials=calls)
    return time.perf_counter() - began


def joblib_calls(calls):
    from joblib import Parallel, delayed

    points = np.random.default_rng(0).uniform(size=(calls, 3))
    began = time.perf_counter()
    Parallel(n_jobs=2)(delayed(nothing)(T, *x) for x in points)
    return time.perf_counter() - began


def slope(run, short=SHORT, long=LONG):
    """Microseconds a call, the median of three."""
    found = []
    for _ in range(3):
        few, many = run(short), run(long)
        found.append(1e6 * (many - few) / (long - short))
    return float(np.median(found))


def peak_of(calls):
    """MiB of a process that makes so many calls and records them."""
    code = (
        "import resource, sys, tempfile; sys.path.insert(0, sys.argv[2]); import driver_overhead as d\n"
        "with tempfile.TemporaryDirectory() as folder: d.in_a_ledger(int(sys.argv[1]), folder)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    words = [sys.executable, "-c", code, str(calls), str(Path(__file__).parent)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def whole_process(calls, folder):
    """Seconds of a process that goes through so many calls with a ledger in a folder, import and all."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); import driver_overhead as d\n"
        "d.in_a_ledger(int(sys.argv[1]), sys.argv[2])"
    )
    words = [sys.executable, "-c", code, str(calls), str(folder), str(Path(__file__).parent)]
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, text=True)
    return time.perf_counter() - began


def ledger_rows(calls=1_000_000):
    """A ledger of a million: how long it takes to fill, to open, and to go through again, each in a new process."""
    from parametra.runs.ledger import Ledger

    with tempfile.TemporaryDirectory() as folder:
        filled = whole_process(calls, folder)
        path = Path(folder) / f"{calls}.db"
        size = path.stat().st_size / 2**20
        began = time.perf_counter()
        Ledger.open(path).close()
        opened = time.perf_counter() - began
        again = whole_process(calls, folder)

    def row(what, seconds, goal, note):
        return {"what": what, "microseconds a call": round(1e6 * seconds / calls, 1), "goal": goal, "note": note}

    return [
        row(f"{calls:,} calls into a ledger", filled, "200", f"{filled:.0f} s, a file of {size:.0f} MiB"),
        row("the same run again, all of it known", again, "10", f"{again:.1f} s"),
        row("opening that ledger", opened, "", f"{opened:.3f} s (goal 1 s)"),
    ]


def main():
    warnings.simplefilter("ignore")
    rows = []

    def row(what, microseconds, goal="", note=""):
        rows.append({"what": what, "microseconds a call": round(microseconds, 1), "goal": goal, "note": note})

    row("serial, nothing kept", slope(lambda n: ours(n, pool="serial")), "60")

    def kept(n, **where):
        with tempfile.TemporaryDirectory() as folder:
            return in_a_ledger(n, folder, **where)

    with_ledger = slope(kept)
    row("serial, a ledger", with_ledger, "200")
    row("two processes, nothing kept", slope(lambda n: ours(n, pool=2)), "600")
    row("two processes, a ledger", slope(lambda n: kept(n, pool=2)), "600")
    memory = slope(optuna_trials, 200, 1200)
    row("optuna, in memory", memory, note=f"{memory / with_ledger:.0f} times ours with a ledger")

    def sqlite(n):
        with tempfile.TemporaryDirectory() as folder:
            return optuna_trials(n, f"sqlite:///{folder}/study.db")

    stored = slope(sqlite, 20, 220)
    row("optuna, SQLite", stored, note=f"{stored / with_ledger:.0f} times ours with a ledger (goal 10)")
    row("joblib, two processes", slope(joblib_calls), note="keeps nothing, survives no crash")
    peaks = {n: peak_of(n) for n in (10_000, 1_000_000)}
    rows.append({"what": "memory at the peak", "microseconds a call": "", "goal": "",
                 "note": ", ".join(f"{peak:.0f} MiB for {n:,} calls" for n, peak in peaks.items())})  # fmt: skip
    rows += ledger_rows()
    print(json.dumps({"title": "The loop's own cost for each call of a model", "rows": rows}))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
