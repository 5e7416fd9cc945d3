"""Four peaks of a chromatogram: how much faster is a fit through Laplace's transform than one of the full solution?

The data are the full solution on a grid twice as fine as the one that is fitted with, and noise. The fit of the full
solution is given every advantage: a compound is solved again only when its own parameters move, areas and baseline cost
nothing, and it begins at the guess that the fit through Laplace's transform reads off the data.
"""

import json
import sys
import time

import numpy as np

FACTOR = np.array([1.2, 2.1, 3.4, 3.9])
RATE = np.array([30.0, 25.0, 20.0, 22.0])
AREA = np.array([520.0, 480.0, 450.0, 400.0])
GEOMETRY = {"length": 30.0, "velocity": 0.3, "diffusivity": 1e-4, "injection_duration": 1.0}
TIME = np.arange(1.0, 560.0, 0.8)
CELLS = 1000
ROUNDS = 7


def full(factor, rate, cells=CELLS):
    from parametra.models.chromatography import finite_differences

    return finite_differences(TIME, np.atleast_1d(factor), np.atleast_1d(rate), **GEOMETRY, cells=cells)


class Full:
    """The chromatogram by the full solution, which remembers what it has solved."""

    def __init__(self):
        self.solved = {}
        self.solutions = 0

    def compound(self, factor, rate):
        key = (float(factor), float(rate))
        if key not in self.solved:
            self.solutions += 1
            self.solved[key] = full(*key)[0]
        return self.solved[key]

    def __call__(self, p):
        peaks = [self.compound(np.exp(p[i]), np.exp(p[4 + i])) for i in range(4)]
        return p[12] + p[8:12] @ np.array(peaks)


def problem(signal):
    import parametra as pm
    from parametra.models.chromatography.column import READY

    table = {"time": TIME, "signal": signal}
    data = pm.Data(table, inputs="time", output="signal", constants=GEOMETRY)
    return READY.problem(data, compounds=4)


def ours(stated):
    """Seconds, estimates, and evaluations of a fit through Laplace's transform."""
    from parametra.verbs.fit import fit

    began = time.perf_counter()
    found = fit(stated, starts=1, progress=False)
    seconds = time.perf_counter() - began
    names = [f"{name}[{i}]" for name in ("retention_factor", "desorption_rate") for i in range(4)]
    return seconds, np.array([found.row(name).value for name in names]), f"{found.receipt.evaluations} with J'J"


def theirs(signal, guess):
    """The same with SciPy's least squares and the full solution."""
    from scipy.optimize import least_squares

    model = Full()
    start = np.concatenate(
        [np.log(guess["retention_factor"]), np.log(guess["desorption_rate"]), guess["area"], [guess["baseline"]]]
    )
    began = time.perf_counter()
    found = least_squares(lambda p: model(p) - signal, start, x_scale="jac", diff_step=1e-5)
    seconds = time.perf_counter() - began
    return seconds, np.exp(found.x[:8]), f"{model.solutions} solutions of one compound"


def row(program, seconds, fastest, estimate, calls):
    truth = np.concatenate([FACTOR, RATE])
    off = np.abs(estimate / truth - 1)
    return {
        "program": program,
        "seconds": round(seconds, 3),
        "times slower": round(seconds / fastest, 1),
        "evaluations": calls,
        "worst error of k": f"{off[:4].max():.1e}",
        "worst error of kd": f"{off[4:].max():.1e}",
    }


def main():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        exact = full(FACTOR, RATE, cells=2 * CELLS)
        signal = 2.0 + AREA @ exact + 0.2 * np.random.default_rng(3).standard_normal(TIME.size)
        stated = problem(signal)
        ours(stated)
        rounds = [ours(stated) for _ in range(ROUNDS)]
        middle = sorted(rounds, key=lambda one: one[0])[ROUNDS // 2]
        slow = theirs(signal, stated.space.guess_named)
        rows = [
            row("parametra, through Laplace's transform", middle[0], middle[0], *middle[1:]),
            row(f"SciPy's least_squares, full solution with {CELLS} cells", slow[0], middle[0], *slow[1:]),
        ]
    json.dump({"title": "Chromatography: four peaks, 13 parameters, 699 points", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
