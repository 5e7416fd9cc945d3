"""How far off are delays of two curves, by which method, and in how many seconds? Beside PyCS3, and what is possible.

Synthetic pairs of 70 epochs in 1800 days whose images are 419.6 days apart, the source a process of 0.12 mag that
forgets in 150 days; delays are looked for between 300 and 540 days. `least` is the mean size of a normal error of the
least variance that the Cramer-Rao bound allows an unbiased estimate, sqrt(2 / pi) = 0.80 of its standard deviation;
process and errors are known but for amplitude and timescale. PyCS3 begins from the delay of least dispersion. The
curves of J1001+5027 are read from the folder that PARAMETRA_DATA names, and left out where there is none.
"""

import contextlib
import io
import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

TRUTH = {"delay": 419.6, "offset": 0.12, "amplitude": 0.12, "timescale": 150.0}
SETTING = {"span": 1800.0, "epochs": 70}
NEAR = (300.0, 540.0)
ERRORS = (0.01, 0.005)
PAIRS = 100
PEER_PAIRS = 20
"""PyCS3 takes ten seconds a pair."""
MEASURED = "quasar_delay/J1001_Rathnakumar2013.rdb"
PUBLISHED = 119.3


def pair(seed, error):
    from parametra.models.time_delay._simulated import process_seen_twice

    return process_seen_twice(seed, TRUTH, error=error, **SETTING)


def ours(delays):
    """Methods by name: from data to the delay, and its error where there is one."""
    from parametra.models.time_delay import cross_correlation, delay_profile, dispersion, kernel_delay

    def process(data):
        best = delay_profile(data, delays=delays).best
        return best.delay, best.standard_error

    return {
        "Gaussian process": process,
        "kernels, evolution": lambda data: (kernel_delay(data, delays=delays).delay, None),
        "kernels, evolution, by prediction": lambda data: (
            kernel_delay(data, delays=delays, criterion="prediction").delay,
            None,
        ),
        "dispersion": lambda data: (dispersion(data, delays=delays).best, None),
        "cross-correlation": lambda data: (cross_correlation(data, delays=delays).best, None),
    }


def splines(data):
    """PyCS3: a common spline with free knots, an offset between the images."""
    import pycs3.gen.lc_func
    import pycs3.gen.polyml
    import pycs3.spl.topopt

    from parametra.models.time_delay import dispersion

    time_, image, value = data.inputs["time"], data.inputs["image"], data.outputs["magnitude"]
    sigma = data.observations("magnitude")[1]
    curves = [
        pycs3.gen.lc_func.factory(time_[image == k], value[image == k], magerrs=sigma[image == k], object=letter)
        for k, letter in enumerate("AB")
    ]
    curves[1].shifttime(-dispersion(data, delays=NEAR).best)
    pycs3.gen.polyml.addtolc(curves[1], nparams=1, autoseasonsgap=10000.0)
    pycs3.spl.topopt.opt_rough(curves, nit=5, knotstep=100, verbose=False)
    pycs3.spl.topopt.opt_fine(curves, nit=10, knotstep=40, verbose=False)
    return curves[0].timeshift - curves[1].timeshift, None


def possible(data, error):
    """The Cramer-Rao bound of the standard error of the delay; amplitude and timescale unknown, means known."""
    from parametra.maths.markov_process import correlation

    time_, image = data.inputs["time"], data.inputs["image"]

    def covariance(delay, amplitude, timescale):
        places = time_ - delay * image
        apart = np.abs(places[:, None] - places) / timescale
        return amplitude**2 * correlation("matern32", apart) + error**2 * np.eye(places.size)

    at = np.array([TRUTH[name] for name in ("delay", "amplitude", "timescale")])
    inverse = np.linalg.inv(covariance(*at))
    slopes = []
    for step in np.diag(1e-3 * at):
        slope = (covariance(*(at + step)) - covariance(*(at - step))) / (2 * step.sum())
        slopes.append(inverse @ slope)
    information = np.array([[0.5 * np.trace(one @ other) for other in slopes] for one in slopes])
    return float(np.sqrt(np.linalg.inv(information)[0, 0]))


def measured(method, pairs):
    """How far off each delay was, and the mean seconds of one."""
    method(pairs[0])
    began = time.perf_counter()
    off = np.abs([method(data)[0] - TRUTH["delay"] for data in pairs])
    return off, (time.perf_counter() - began) / len(pairs)


def row(data, method, off, seconds, least=""):
    told = f"{off.mean():.2f} +- {off.std(ddof=1) / np.sqrt(off.size):.2f}" if off.size > PEER_PAIRS else ""
    return {
        "data": data,
        "method": method,
        f"mean error of {PAIRS} pairs, d": told,
        "least, d": least,
        f"of the first {PEER_PAIRS}, d": f"{off[:PEER_PAIRS].mean():.2f}",
        "median error, d": f"{np.median(off):.2f}",
        "found, d": "",
        "seconds a pair": f"{seconds:.2g}",
    }


def synthetic():
    for error in ERRORS:
        pairs = [pair(seed, error) for seed in range(PAIRS)]
        least = np.sqrt(2 / np.pi) * np.mean([possible(data, error) for data in pairs])
        name = f"pairs, errors of {error} mag"
        for method, run in ours(NEAR).items():
            yield row(name, method, *measured(run, pairs), f"{least:.2f}")
        if error == ERRORS[0]:
            with contextlib.redirect_stdout(io.StringIO()):
                found = measured(splines, pairs[:PEER_PAIRS])
            yield row(name, "PyCS3, splines", *found)


def quasar(columns):
    """The measured curves; the evolution is left out, for one of its settings costs the cube of 886 values."""
    from parametra.models.time_delay import two_curves

    path = Path(os.environ.get("PARAMETRA_DATA", "")) / MEASURED
    if not path.is_file():
        return
    days, a, error_a, b, error_b = np.genfromtxt(path, skip_header=1, usecols=range(5)).T
    data = two_curves(days, a, days, b, error_a=error_a, error_b=error_b)
    name = f"J1001+5027, published {PUBLISHED} +- 3.3 d"
    for method, run in ours((-300.0, 300.0)).items():
        if "evolution" in method:
            continue
        began = time.perf_counter()
        delay, error = run(data)
        seconds = time.perf_counter() - began
        found = f"{delay:.1f}" + ("" if error is None else f" +- {error:.1f}")
        told = {"data": name, "method": method, "found, d": found, "seconds a pair": f"{seconds:.2g}"}
        yield {**dict.fromkeys(columns, ""), **told}


def main():
    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with threadpool_limits(limits=1):
        rows = []
        for each in synthetic():
            print(each, file=sys.stderr, flush=True)
            rows.append(each)
        rows += quasar(rows[0])
    json.dump({"title": "Time delays of two curves of one source", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
