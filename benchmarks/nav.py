"""How fast is a light curve of an eclipsing binary fitted from 64 starts, beside lmfit with the same formula?

Each program runs in a process of its own on one core, with one thread; both by the wall and by processor time.
"""

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

POINTS, STARTS, PEER_STARTS, SIGMA = 2814, 64, 12, 0.004
SEEDS = (1, 2, 3, 4, 5)
TRUTH = {
    "mean": 6.8, "cos1": 0.0043, "sin1": -0.0002, "cos2": 0.0021, "sin2": 0.0001, "depth1": 0.0968, "depth2": 0.0458,
    "half_width": 0.029, "shape1": 1.74, "shape2": 1.73, "period": 2.46113, "epoch": 0.01,
}  # fmt: skip
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


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


class Clock:
    """Seconds by the wall and of the processor, all threads together."""

    def __init__(self):
        self.began = time.perf_counter(), time.process_time()

    def read(self):
        return time.perf_counter() - self.began[0], time.process_time() - self.began[1]


def ours(seed, at, evaluator):
    """64 starts of a problem that is stated already: seconds a start, chi-square, and the share that found it."""
    import parametra as pm

    problem = stated(seed, at)
    clock = Clock()
    fit = pm.fit(problem, starts=STARTS, evaluator=evaluator, progress=False)
    wall, processor = clock.read()
    return wall / STARTS, processor / STARTS, fit.chi_square, fit.starts.best_share


def peer(seed, at, best):
    """The same for lmfit's Levenberg-Marquardt, from starts drawn in the same box; medians of its starts."""
    import lmfit

    problem = stated(seed, at)
    space, data = problem.fit_space, problem.data_sets[0]
    when, magnitude = data.inputs[at], data.outputs["magnitude"]
    generator = np.random.default_rng(100 + seed)
    walls, processors, reached = [], [], []
    for _ in range(PEER_STARTS):
        parameters = lmfit.Parameters()
        for name, low, high in zip(space.labels, space.lower, space.upper, strict=True):
            parameters.add(name, value=generator.uniform(low, high), min=low, max=high)
        clock = Clock()
        result = lmfit.minimize(lambda p: (model(when, **p.valuesdict()) - magnitude) / SIGMA, parameters)
        wall, processor = clock.read()
        walls.append(wall)
        processors.append(processor)
        reached.append(float(result.chisqr) <= best * (1 + 1e-5))
    return statistics.mean(walls), statistics.mean(processors), best, statistics.mean(reached)


def alone(*words):
    """What a process of its own prints, which has one core."""
    command = [sys.executable, __file__, *map(str, words)]
    if hasattr(os, "sched_getaffinity"):
        command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
    out = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    return json.loads(out.stdout)


def child(program, at, *best):
    """One measurement for each seed: (wall, processor, chi-square, share); that of the first fit before them."""
    if program != "lmfit":
        return [ours(seed, at, program) for seed in (0, *SEEDS)]
    return [peer(seed, at, float(least)) for seed, least in zip(SEEDS, best, strict=True)]


def row(program, found, beside):
    wall, processor = (statistics.median(each[i] for each in found) for i in (0, 1))
    peer_wall, peer_processor = (statistics.median(each[i] for each in beside) for i in (0, 1))
    return {
        "program": program,
        "seconds for 64 starts": round(64 * wall, 2),
        "milliseconds a start": round(1e3 * wall, 2),
        "of the processor": round(1e3 * processor, 2),
        "starts that reach the best": f"{statistics.mean(each[3] for each in found):.0%}",
        "lmfit takes times as long": round(peer_wall / wall, 1),
        "of the processor's time": round(peer_processor / processor, 1),
    }


def main():
    rows = []
    for at, what in (("time", "12 parameters, times"), ("phase", "10 parameters, phases")):
        first, *warm = alone("auto", at)
        _, *compiled = alone("compiled", at)
        lmfit = alone("lmfit", at, *(each[2] for each in warm))
        rows += [
            row(f"{what}: parametra, first", [first], lmfit),
            row(f"{what}: parametra, warm", warm, lmfit),
            row(f'{what}: parametra, warm, evaluator="compiled"', compiled, lmfit),
            row(f"{what}: lmfit", lmfit, lmfit),
        ]
    json.dump({"title": "New Algol Variable: 2814 points, 64 starts", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        json.dump(child(*sys.argv[1:]), sys.stdout)
    else:
        main()
