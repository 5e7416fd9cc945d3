"""How do seconds and memory grow with starts and with points, and how far is that from the kernel's own time?"""

import json
import subprocess
import sys

ONE = """
import json, resource, sys, time
import numpy as np
from threadpoolctl import threadpool_limits
from multistart_cases import LIGHT_CURVE as case, parametra
from parametra.nouns.asker import Want
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.verbs.fit import start_points
from parametra.verbs.fit_choice import cost_of
import parametra as pm
starts, points = int(sys.argv[1]), int(sys.argv[2])
with threadpool_limits(limits=1):
    problem = case.problem(*case.data(21, points))
    few = min(starts, 32)
    pm.fit(problem, starts=few, progress=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    fit = pm.fit(problem, starts=starts, progress=False)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    evaluator = choose_evaluator(problem, cost_of(problem, None), max(starts, 32), "compiled")
    x = start_points(problem, 32, 0)
    evaluator.evaluate(x, Want.NORMAL)
    began = time.perf_counter()
    rounds = max(1, int(2_000_000 / points / 32))
    for _ in range(rounds):
        evaluator.evaluate(x, Want.NORMAL)
    each = (time.perf_counter() - began) / rounds / 32
print(json.dumps([seconds, peak / 1024, fit.receipt.evaluations, each]))
"""


def main():
    rows = []
    for starts, points in (
        *((s, 1000) for s in (1, 10, 100, 1000, 10_000)),
        *((100, n) for n in (100, 10_000, 100_000, 1_000_000)),
    ):
        done = subprocess.run(
            [sys.executable, "-c", ONE, str(starts), str(points)], check=True, capture_output=True, text=True
        )
        seconds, memory, evaluations, each = json.loads(done.stdout)
        rows.append(
            {
                "starts": starts,
                "points": points,
                "seconds, whole fit": float(f"{seconds:.3g}"),
                "peak memory, MiB": round(memory),
                "evaluations": evaluations,
                "kernel, us a point of the box": round(each * 1e6, 1),
                "kernel's share if all were on all data": round(evaluations * each / seconds, 2),
            }
        )
    json.dump(
        {"title": "Multi-start, scaling: the light curve, 12 parameters, one process, warm", "rows": rows}, sys.stdout
    )


if __name__ == "__main__":
    main()
