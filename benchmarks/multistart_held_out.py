"""Is it as fast on data and on a model that nothing was tuned on? Whole fits against peers from the same starts."""

import json
import statistics
import sys

import numpy as np
from multistart_cases import (
    CASES,
    SPECTRUM,
    optimistix,
    parametra,
    scipy_finite_differences,
    share,
    starts_of,
    timed,
)
from threadpoolctl import threadpool_limits

SEEDS = (11, 12)
"""Noise that no setting was chosen on; the settings were frozen before. The spectrum was never tuned on at all."""
STARTS, OF_PEERS = 1000, 100


def rows_of(case, seed):
    t, y = case.data(seed)
    problem = case.problem(t, y)
    x0 = starts_of(case, problem, STARTS, seed)
    seconds, costs = {}, {}
    for name, screening in (("all data", "off"), ("coarse to fine", "auto")):
        parametra(problem, 64, seed, screening)  # warm
        runs = [timed(parametra, problem, STARTS, seed, screening) for _ in range(5)]
        seconds[name] = statistics.median(r[0] for r in runs) / STARTS * 100
        costs[name] = runs[-1][1]
    spent, costs["scipy trf, finite differences"] = timed(scipy_finite_differences, case, t, y, x0[:OF_PEERS])
    seconds["scipy trf, finite differences"] = spent / OF_PEERS * 100
    peer = optimistix(case, t, y)
    peer(x0[:OF_PEERS])
    spent, costs["optimistix LM, vmapped"] = timed(peer, x0[:OF_PEERS])
    seconds["optimistix LM, vmapped"] = spent / OF_PEERS * 100
    best = min(float(np.min(c)) for c in costs.values())
    for name, spent in seconds.items():
        yield {
            "model": case.name + (" (never tuned on)" if case is SPECTRUM else ""),
            "noise seed": seed,
            "method": name,
            "seconds per 100 starts": round(spent, 4),
            "times slower than all data": round(spent / seconds["all data"], 1),
            "than coarse to fine": round(spent / seconds["coarse to fine"], 1),
            "success": share(costs[name], best),
        }


def main():
    with threadpool_limits(limits=1):
        rows = [row for case in CASES for seed in SEEDS for row in rows_of(case, seed)]
    json.dump({"title": "Multi-start, held out: whole fits, settings frozen", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
