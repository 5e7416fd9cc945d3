"""How fast is a light curve of an eclipsing binary fitted from 64 starts, beside lmfit with the same formula?"""

import json
import statistics
import sys
import time

import numpy as np

POINTS, STARTS, PEER_STARTS, SIGMA = 2814, 64, 12, 0.004
TRUTH = {
    "mean": 6.8, "cos1": 0.0043, "sin1": -0.0002, "cos2": 0.0021, "sin2": 0.0001, "depth1": 0.0968, "depth2": 0.0458,
    "half_width": 0.029, "shape1": 1.74, "shape2": 1.73, "period": 2.46113, "epoch": 0.01,
}  # fmt: skip


def model(at, mean, cos1, sin1, cos2, sin2, depth1, depth2, half_width, shape1, shape2, period=1.0, epoch=0.0):
    cycles = (at - epoch) / period
    angle = 2 * np.pi * cycles
    found = mean + cos1 * np.cos(angle) + sin1 * np.sin(angle) + cos2 * np.cos(2 * angle) + sin2 * np.sin(2 * angle)
    for middle, depth, shape in ((0.0, depth1, shape1), (0.5, depth2, shape2)):
        away = cycles - middle
        z = np.minimum(np.abs(away - np.round(away)) / half_width, 1.0)
        found = found + depth * (1 - z**shape) ** 1.5
    return found


def light_curve(seed):
    generator = np.random.default_rng(seed)
    when = np.linspace(-34.3, 34.3, POINTS)
    return when, model(when, **TRUTH) + SIGMA * generator.normal(size=POINTS)


def stated(seed, at):
    import parametra as pm

    when, magnitude = light_curve(seed)
    if at == "phase":
        when = (when - TRUTH["epoch"]) / TRUTH["period"]
    data = pm.Data({at: when, "magnitude": magnitude}, inputs=[at], output="magnitude", sigma=SIGMA)
    return pm.model("eclipsing_binary.nav").problem(data, period=2.46)


def ours(seed, at):
    """Seconds of 64 starts of a problem that is stated already, chi-square, and the share that found it."""
    import parametra as pm

    problem = stated(seed, at)
    began = time.perf_counter()
    fit = pm.fit(problem, starts=STARTS, progress=False)
    return time.perf_counter() - began, fit.chi_square, fit.starts.best_share


def peer(seed, at, best):
    """The same a start for lmfit's Levenberg-Marquardt, from starts drawn in the same box."""
    import lmfit

    problem = stated(seed, at)
    space, data = problem.fit_space, problem.data_sets[0]
    when, magnitude = data.inputs[at], data.outputs["magnitude"]
    generator = np.random.default_rng(100 + seed)
    seconds, reached = [], []
    for _ in range(PEER_STARTS):
        parameters = lmfit.Parameters()
        for name, low, high in zip(space.labels, space.lower, space.upper, strict=True):
            parameters.add(name, value=generator.uniform(low, high), min=low, max=high)
        began = time.perf_counter()
        result = lmfit.minimize(lambda p: (model(when, **p.valuesdict()) - magnitude) / SIGMA, parameters)
        seconds.append(time.perf_counter() - began)
        reached.append(float(result.chisqr) <= best * (1 + 1e-5))
    return statistics.mean(seconds), statistics.mean(reached)


def row(program, seconds, share, peer_seconds):
    return {
        "program": program,
        "seconds for 64 starts": round(64 * seconds, 2),
        "milliseconds a start": round(1e3 * seconds, 2),
        "starts that reach the best": f"{share:.0%}",
        "lmfit takes times as long": round(peer_seconds / seconds, 1),
    }


def main():
    rows = []
    for at, what in (("time", "12 parameters, times"), ("phase", "10 parameters, phases")):
        cold = ours(0, at)
        warm, beside = [], []
        for seed in (1, 2, 3, 4, 5):
            warm.append(ours(seed, at))
            beside.append(peer(seed, at, warm[-1][1]))
        lmfit_start = statistics.mean(each[0] for each in beside)
        second = statistics.median(each[0] for each in warm) / STARTS
        rows += [
            row(f"{what}: parametra, first", cold[0] / STARTS, cold[2], lmfit_start),
            row(f"{what}: parametra, warm", second, statistics.mean(each[2] for each in warm), lmfit_start),
            row(f"{what}: lmfit", lmfit_start, statistics.mean(each[1] for each in beside), lmfit_start),
        ]
    json.dump({"title": "New Algol Variable: 2814 points, 64 starts", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
