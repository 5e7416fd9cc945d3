"""How long do 1000 refits of simulated data take, side by side and one by one with SciPy, and are they the same?"""

import json
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

REPLICATES, SEED, REPEATS = 1000, 0, 5
ALONE = 200
"""Refits that are made one by one; their time is told for all."""

CASES = {
    "two exponentials, 4 parameters, 50 points": (
        "a * exp(-b * t) + c * exp(-d * t)",
        lambda x, t: x[0] * np.exp(-x[1] * t) + x[2] * np.exp(-x[3] * t),
        np.linspace(0, 10, 50),
        (3.0, 0.5, 1.0, 0.1),
        0.03,
    ),
    "saturation, 2 parameters, 12 points": (
        "a * t / (b + t)",
        lambda x, t: x[0] * t / (x[1] + t),
        np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.1], 2),
        (212.0, 0.064),
        10.0,
    ),
    "four peaks, 12 parameters, 500 points": (
        " + ".join(f"{h} * exp(-((t - {m}) / {w})**2)" for h, m, w in ("abc", "def", "ghi", "jkl")),
        lambda x, t: sum(x[k] * np.exp(-(((t - x[k + 1]) / x[k + 2]) ** 2)) for k in range(0, 12, 3)),
        np.linspace(0, 10, 500),
        (1.0, 2.0, 0.5, 0.7, 4.0, 0.6, 1.2, 6.0, 0.5, 0.5, 8.0, 0.7),
        0.05,
    ),
}


def rows_of(name):
    from scipy.optimize import least_squares

    import parametra as pm
    from parametra.nouns.bootstrap_data import parametric_data
    from parametra.nouns.keys import generator
    from parametra.verbs.at_estimate import at_estimate
    from parametra.verbs.bootstrap import refitter

    formula, model, t, truth, sigma = CASES[name]
    y = model(truth, t) + sigma * np.random.default_rng(SEED).standard_normal(t.size)
    space = {n: pm.Real(-50 * v, 50 * v, guess=1.05 * v) for n, v in zip("abcdefghijkl", truth, strict=False)}
    problem = pm.Problem(formula, pm.Data({"t": t, "y": y}, inputs=["t"], output="y"), space)
    here = at_estimate(problem, pm.fit(problem, starts=1), lanes=REPLICATES)
    engine = refitter(here)
    data = parametric_data(problem, engine.named(engine.x), REPLICATES, generator(SEED, "benchmark", 0))
    seconds = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        found = engine.refit(data)
        seconds.append(time.perf_counter() - began)
    order = [problem.fit_space.labels.index(n) for n, _ in zip("abcdefghijkl", truth, strict=False)]
    start = engine.x[order]
    began = time.perf_counter()
    others = [
        least_squares(lambda x, v=values: model(x, t) - v, start, method="lm", xtol=1e-12, ftol=1e-12)
        for values in data.observed[0]["y"][:ALONE]
    ]
    alone = (time.perf_counter() - began) * REPLICATES / ALONE
    spread = found.points[:, order].std(axis=0)
    gap = np.abs(found.points[:ALONE, order] - np.array([o.x for o in others])) / spread
    warm = float(np.median(seconds[1:]))
    return {
        "model": name,
        "side by side, first (s)": f"{seconds[0]:.3f}",
        "side by side, warm (s)": f"{warm:.3f}",
        "SciPy one by one (s)": f"{alone:.2f}",
        "times faster": f"{alone / warm:.0f}",
        "failed": found.failed,
        "largest difference (standard errors)": f"{np.nanmax(gap):.1g}",
    }


def main():
    with threadpool_limits(limits=1):
        rows = [rows_of(name) for name in CASES]
    json.dump(
        {
            "title": "1000 refits of simulated data",
            "rows": rows,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
