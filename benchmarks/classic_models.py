"""How fast, and how safely, are the classic models guessed and fitted, beside lmfit's of the same kind?"""

import json
import statistics
import sys
import time
import warnings

import numpy as np

SETS = 50
"""Data sets for each model, each with a truth of its own and 1 % of noise."""
REACHED = 1 + 1e-6
"""The optimum fits better than the truth: a fit with more squares than the truth has is in another basin."""
X = np.linspace(0.0, 10.0, 201)


def spread(rng, **ranges):
    return {name: float(rng.uniform(*each)) for name, each in ranges.items()}


def peak(rng, **more):
    """A peak somewhere in the middle of the data."""
    return spread(rng, amplitude=(5, 50), center=(3, 7), sigma=(0.15, 0.8), **more)


def cases():
    """lmfit's class: (its options, draws a truth in its words, our model, our settings, x)."""
    from parametra import Fixed, Normal, Tied

    bare = {"background": "none"}
    below = {"background": "constant", "parameters": {"background": Tied("amplitude")}}
    times = np.linspace(0.05, 10.0, 200)
    both = np.linspace(-10.0, 10.0, 200)
    return {
        "GaussianModel": ({}, peak, "peaks.gaussian", bare, X),
        "LorentzianModel": ({}, peak, "peaks.lorentzian", bare, X),
        "VoigtModel": ({}, lambda r: peak(r, gamma=(0.1, 0.8)), "peaks.voigt", bare, X),
        "PseudoVoigtModel": ({}, lambda r: peak(r, fraction=(0.2, 0.8)), "peaks.pseudo_voigt", bare, X),
        "MoffatModel": ({}, lambda r: peak(r, beta=(0.8, 4.0)), "peaks.moffat", bare, X),
        "Pearson4Model": ({}, lambda r: peak(r, expon=(1.0, 4.0), skew=(-3, 3)), "peaks.pearson4", bare, X),
        "SplitLorentzianModel": ({}, lambda r: peak(r, sigma_r=(0.15, 0.8)), "peaks.split", bare, X),
        "DoniachModel": ({}, lambda r: peak(r, gamma=(0.02, 0.3)), "peaks.doniach", bare, X),
        "SkewedGaussianModel": ({}, lambda r: peak(r, gamma=(-5, 5)), "peaks.skewed_gaussian", bare, X),
        "SkewedVoigtModel": (
            {},
            lambda r: peak(r, gamma=(0.1, 0.8), skew=(-3, 3)),
            "peaks.voigt",
            {**bare, "skewed": True},
            X,
        ),
        "ExponentialGaussianModel": ({}, lambda r: peak(r, gamma=(0.5, 4.0)), "peaks.exponential_gaussian", bare, X),
        "LognormalModel": (
            {},
            lambda r: spread(r, amplitude=(5, 50), center=(0.3, 1.6), sigma=(0.1, 0.7)),
            "peaks.lognormal",
            bare,
            times,
        ),
        "BreitWignerModel": ({}, lambda r: peak(r, q=(-4, 4)), "peaks.fano", below, X),
        "DampedOscillatorModel": (
            {},
            lambda r: spread(r, amplitude=(5, 50), center=(3, 7), sigma=(0.01, 0.3)),
            "peaks.driven_oscillator",
            bare,
            times,
        ),
        "DampedHarmonicOscillatorModel": (
            {},
            lambda r: peak(r, gamma=(1, 6)),
            "peaks.damped_harmonic_oscillator",
            bare,
            both,
        ),
        "StepModel": (
            {"form": "erf"},
            lambda r: spread(r, amplitude=(5, 50), center=(2, 8), sigma=(0.1, 2)),
            "steps.step",
            {**bare, "edge": "erf"},
            X,
        ),
        "RectangleModel": (
            {"form": "erf"},
            lambda r: spread(
                r, amplitude=(5, 50), center1=(1, 4), sigma1=(0.1, 0.7), center2=(6, 9), sigma2=(0.1, 0.7)
            ),
            "steps.rectangle",
            {**bare, "edge": "erf"},
            X,
        ),
        "FermiModel": (
            {},
            lambda r: spread(r, amplitude=(5, 50), center=(2, 8), kt=(0.1, 1)),
            "steps.thermal",
            {**bare, "kind": "fermi"},
            X,
        ),
        "LinearModel": (
            {},
            lambda r: spread(r, slope=(-3, 3), intercept=(-5, 5)),
            "lines.polynomial",
            {"degree": 1},
            X,
        ),
        "PolynomialModel": (
            {"degree": 5},
            lambda r: spread(r, **{f"c{k}": (-(0.3**k), 0.3**k) for k in range(6)}),
            "lines.polynomial",
            {"degree": 5},
            X,
        ),
        "ExponentialModel": (
            {},
            lambda r: spread(r, amplitude=(5, 50), decay=(0.5, 8)),
            "decay.exponential",
            bare,
            times,
        ),
        "PowerLawModel": (
            {},
            lambda r: spread(r, amplitude=(5, 50), exponent=(0.3, 1.5)),
            "scaling_law.power_law",
            {"parameters": {"offset": Fixed(0.0)}, "noise": Normal()},
            np.linspace(2.0, 10.0, 200),
        ),
    }


def untied(parameters):
    """With a gamma of its own: lmfit ties that of Voigt's profile to sigma unless it is told not to."""
    if "gamma" in parameters and parameters["gamma"].expr:
        parameters["gamma"].set(expr="", vary=True)
    return parameters


def data_sets(kind, options, draw, x):
    """lmfit's model, and the data with the squares that the truth leaves."""
    from lmfit import models

    model, rng, made = getattr(models, kind)(**options), np.random.default_rng(12), []
    for _ in range(SETS):
        truth = untied(model.make_params(**draw(rng)))
        clean = model.eval(truth, x=x)
        noise = 0.01 * float(np.ptp(clean)) * rng.standard_normal(x.size)
        made.append((clean + noise, float(noise @ noise)))
    return model, made


def theirs(model, x):
    def run(y):
        return float(model.fit(y, untied(model.guess(y, x=x)), x=x).chisqr)

    return run


def ours(name, settings, x):
    import parametra as pm

    ready = pm.model(name)
    form = ready.bare_form(**{k: v for k, v in settings.items() if k not in ("parameters", "noise")})
    (place,), (value,) = form.inputs, form.outputs

    def run(y):
        data = pm.Data({place: x, value: y}, inputs=[place], output=value)
        return float(pm.fit(ready.problem(data, **settings), starts=1, progress=False).chi_square)

    return run


def measured(run, made):
    """Milliseconds of the first fit and of a later one, and how many came to the optimum."""
    seconds, reached = [], 0
    for y, squares in made:
        began = time.perf_counter()
        try:
            found = run(y)
        except Exception:  # noqa: BLE001  a guess or a fit that fails has not reached anything
            found = np.inf
        seconds.append(time.perf_counter() - began)
        reached += bool(found <= REACHED * squares)
    return 1e3 * seconds[0], 1e3 * statistics.median(seconds[1:]), reached


def main():
    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    rows = []
    with threadpool_limits(limits=1):
        for kind, (options, draw, name, settings, x) in cases().items():
            model, made = data_sets(kind, options, draw, x)
            first, warm, reached = measured(ours(name, settings, x), made)
            their_first, their_warm, their_reached = measured(theirs(model, x), made)
            rows.append(
                {
                    "model of lmfit": kind,
                    "of parametra": name,
                    "first, ms": round(first, 1),
                    "lmfit, first, ms": round(their_first, 1),
                    "later, ms": round(warm, 1),
                    "lmfit, later, ms": round(their_warm, 1),
                    "times faster": round(their_warm / warm, 1),
                    f"best fit found, of {SETS}": reached,
                    "by lmfit": their_reached,
                }
            )
    json.dump({"title": "Classic models: guess and fit", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
