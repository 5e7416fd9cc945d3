"""How fast are the profiles of all 10 parameters beside MINOS and pyPESTO, and do all find the same intervals?"""

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import profile_peaks as pp

HERE = Path(__file__).parent
ROUNDS = 7
OURS = """
import profile_peaks as pp, parametra as pm
from parametra.verbs.identify import identify
x, y = pp.data()
table = pm.Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=pp.SIGMA)
box = zip(pp.NAMES, pp.TRUTH, pp.LOWER, pp.UPPER)
free = {k: pm.Real(low, high, guess=v) for k, v, low, high in box}
found = identify(pm.Problem(pp.model, table, free), starts=1, contour="off", progress=False)
print([found.intervals[k] for k in pp.NAMES])
"""
MINOS = """
import profiles
print(profiles.minos(*profiles.pp.data(), True)[0].tolist())
"""
PYPESTO = """
import profiles
print(profiles.pypesto(*profiles.pp.data(), "L-BFGS-B")[0].tolist())
"""


FORMULA = (
    "level + h1 * exp(-0.5 * ((x - c1) / w1)**2) + h2 * exp(-0.5 * ((x - c2) / w2)**2)"
    " + h3 * exp(-0.5 * ((x - c3) / w3)**2)"
)


def problem(x, y, model=pp.model):
    import parametra as pm

    table = pm.Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=pp.SIGMA)
    box = zip(pp.NAMES, pp.TRUTH, pp.LOWER, pp.UPPER, strict=True)
    return pm.Problem(model, table, {k: pm.Real(low, high, guess=v) for k, v, low, high in box})


class Ours:
    """`identify` of a problem that is fitted, as a person calls it."""

    def __init__(self, x, y, check):
        from parametra.verbs.fit import fit

        self.problem, self.check = problem(x, y), check
        self.fit = fit(self.problem, starts=1, progress=False)

    def __call__(self):
        from parametra.verbs.identify import identify

        began = time.perf_counter()
        found = identify(
            self.problem,
            fit=self.fit,
            method="profile_likelihood",
            check=self.check,
            contour="off",
            progress=False,
        )
        seconds = time.perf_counter() - began
        ends = np.array([found.intervals[k] for k in pp.NAMES])
        return ends, ends, seconds, f"{found.receipt.evaluations} points with J'J"


class Walked:
    """The profiles alone, as MINOS and pyPESTO are timed: of a fitted problem, with its evaluator at hand."""

    def __init__(self, x, y, model, evaluator):
        from parametra.verbs.at_estimate import at_estimate
        from parametra.verbs.fit import fit
        from parametra.verbs.identify_run import estimate_of

        stated = problem(x, y, model)
        self.at = at_estimate(stated, fit(stated, starts=1, progress=False), evaluator=evaluator)
        self.estimate = estimate_of(self.at)

    def __call__(self):
        from parametra.verbs.identify_profiles import walk_profiles

        before, began = self.at.drive.evaluations, time.perf_counter()
        every = range(self.estimate.dimension)
        found = walk_profiles(self.estimate, every, self.at.drive, 0.95, check=False)
        seconds = time.perf_counter() - began
        at = [self.estimate.labels.index(k) for k in pp.NAMES]
        ends = np.array([[found.walked.points[2 * i + side][i] for side in (0, 1)] for i in at])
        return ends, ends, seconds, f"{self.at.drive.evaluations - before} points with J'J"


def minos(x, y, gradient):
    """MINOS at 95 % of a fit by MIGRAD. Returns the intervals, the same, seconds of MINOS alone, and its calls."""
    from iminuit import Minuit

    counted = pp.Counted(x, y)
    fit = Minuit(counted.chi_square, pp.TRUTH, grad=counted.gradient if gradient else None, name=pp.NAMES)
    fit.errordef = 1
    for name, low, high in zip(pp.NAMES, pp.LOWER, pp.UPPER, strict=True):
        fit.limits[name] = (low, high)
    fit.migrad()
    before = counted.values, counted.slopes
    began = time.perf_counter()
    fit.minos(cl=0.95)
    seconds = time.perf_counter() - began
    best = np.array([fit.values[k] for k in pp.NAMES])
    sides = np.array([[fit.merrors[k].lower, fit.merrors[k].upper] for k in pp.NAMES])
    ends = best[:, None] + sides
    return ends, ends, seconds, f"{counted.values - before[0]} values, {counted.slopes - before[1]} gradients"


def pypesto(x, y, method):
    """pyPESTO's profiles with its default steps; its own intervals, and those of a smooth curve through its points."""
    import pypesto
    import pypesto.optimize
    import pypesto.profile

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    counted = pp.Counted(x, y)

    def information(p):
        slopes = counted.jacobian(p)
        return slopes.T @ slopes

    objective = pypesto.Objective(
        fun=lambda p: 0.5 * counted.chi_square(p),
        grad=lambda p: 0.5 * counted.gradient(p),
        hess=information,
        res=counted.residuals,
        sres=counted.jacobian,
    )
    optimize = pypesto.optimize
    optimizer = optimize.FidesOptimizer(verbose=0) if method == "fides" else optimize.ScipyOptimizer(method)
    task = pypesto.Problem(objective, pp.LOWER, pp.UPPER, x_names=list(pp.NAMES), x_guesses=pp.TRUTH[None])
    found = optimize.minimize(task, optimizer=optimizer, n_starts=1, progress_bar=False)
    before = counted.values, counted.slopes
    began = time.perf_counter()
    found = pypesto.profile.parameter_profile(task, found, optimizer=optimizer, progress_bar=False)
    ratio = pypesto.profile.chi2_quantile_to_ratio(0.95)
    paths = [(one.x_path[i], one.ratio_path) for i, one in enumerate(found.profile_result.list[0])]
    own = np.array([pypesto.profile.calculate_approximate_ci(xs, ratios, ratio) for xs, ratios in paths])
    seconds = time.perf_counter() - began
    calls = f"{counted.values - before[0]} values, {counted.slopes - before[1]} gradients"
    return own, np.array([smooth(*path) for path in paths]), seconds, calls


def smooth(values, ratios):
    """Where the signed root of the rise is that of the threshold, by a monotone cubic through the points."""
    from scipy.interpolate import PchipInterpolator

    order = np.argsort(values)
    values, ratios = np.asarray(values)[order], np.asarray(ratios)[order]
    best = values[np.argmax(ratios)]
    root = np.sign(values - best) * np.sqrt(np.maximum(-2 * np.log(np.minimum(ratios, 1.0)), 0.0))
    keep = np.concatenate([[True], np.diff(root) > 0])
    curve = PchipInterpolator(root[keep], values[keep])
    return float(curve(-np.sqrt(pp.RISE))), float(curve(np.sqrt(pp.RISE)))


def whole_process(code, cache):
    """Seconds from nothing to the printed intervals."""
    began = time.perf_counter()
    environment = {**os.environ, "PARAMETRA_CACHE": str(cache), "PYTHONPATH": str(HERE)}
    subprocess.run([sys.executable, "-c", code], cwd=HERE, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def cold():
    """Median seconds of whole processes: ours with nothing on disk, ours again, MINOS, pyPESTO."""
    rounds = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append([whole_process(code, folder) for code in (OURS, OURS, MINOS, PYPESTO)])
    return [statistics.median(r[i] for r in rounds) for i in range(4)]


def main():
    from threadpoolctl import threadpool_limits

    x, y = pp.data()
    exact = pp.exact_intervals(x, y)
    with threadpool_limits(limits=1):
        contenders = {
            "parametra, all of identify, walked twice": Ours(x, y, check=True),
            "parametra, all of identify, walked once": Ours(x, y, check=False),
            "parametra, profiles alone": Walked(x, y, pp.model, "auto"),
            "parametra, profiles alone, stated as a formula": Walked(x, y, FORMULA, "auto"),
            "parametra, profiles alone, formula compiled": Walked(x, y, FORMULA, "compiled"),
            "iminuit MINOS, exact gradient": lambda: minos(x, y, True),
            "iminuit MINOS, its own differences": lambda: minos(x, y, False),
            "pyPESTO, L-BFGS-B": lambda: pypesto(x, y, "L-BFGS-B"),
            "pyPESTO, least squares": lambda: pypesto(x, y, "ls_trf"),
            "pyPESTO, fides": lambda: pypesto(x, y, "fides"),
        }
        found = {}
        for name, run in contenders.items():
            run()
            rounds = [run() for _ in range(ROUNDS)]
            found[name] = (*rounds[0][:2], statistics.median(r[2] for r in rounds), rounds[0][3])
    first, again, by_minos, by_pypesto = cold()
    process = {
        "parametra, all of identify, walked twice": f"{first:.2f} ({again:.2f} with kernels on disk)",
        "iminuit MINOS, exact gradient": f"{by_minos:.2f}",
        "pyPESTO, L-BFGS-B": f"{by_pypesto:.2f}",
    }
    ours = found["parametra, profiles alone, stated as a formula"][2]
    rows = [
        {
            "program": name,
            "seconds": round(seconds, 4),
            "times slower": round(seconds / ours, 1),
            "evaluations": calls,
            "worst error of an end": f"{pp.error(own, exact):.1e}",
            "through a smooth curve": f"{pp.error(smoothed, exact):.1e}",
            "whole process": process.get(name, ""),
        }
        for name, (own, smoothed, seconds, calls) in found.items()
    ]
    json.dump({"title": "Profiles: 10 parameters, 200 points", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
