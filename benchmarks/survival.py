"""How fast is survival regression, one fit and 100 bootstraps, beside lifelines, and are the answers the same?"""

import json
import statistics
import sys
import time
import warnings

import numpy as np

ROUNDS = 7
REFITS = 100
TRUTH = {"scale": 400.0, "sex": 0.4, "score": -0.35, "age": -0.01, "shape": 1.4}


def table(people=228, seed=1):
    """Lifetimes of the size and kind of a clinical trial: three covariates, about a quarter right-censored."""
    generator = np.random.default_rng(seed)
    sex, score = generator.integers(1, 3, people), generator.integers(0, 3, people)
    age = generator.normal(62, 9, people)
    scale = TRUTH["scale"] * np.exp(TRUTH["sex"] * sex + TRUTH["score"] * score + TRUTH["age"] * (age - 62))
    time_, end = scale * generator.weibull(TRUTH["shape"], people), generator.uniform(300, 1500, people)
    kept = {"sex": sex, "score": score, "age": age}
    seen = {"time": np.minimum(time_, end), "status": (time_ <= end).astype(float)}
    return {**seen, **{k: np.asarray(v, dtype=float) for k, v in kept.items()}}


def ours(columns, distribution):
    """A function that fits, one that bootstraps; both give the coefficients."""
    import parametra as pm

    ready = pm.model("survival.accelerated_failure_time")
    data = pm.Data(columns, inputs=["sex", "score", "age"], output="time")
    names = ("intercept", "time_sex", "time_score", "time_age")

    def fit():
        return pm.fit(ready.problem(data, distribution=distribution), starts=1, progress=False)

    found, problem = fit(), ready.problem(data, distribution=distribution)

    def again():
        return pm.bootstrap(problem, found, kind="case", replicates=REFITS, progress=False)

    def numbers(one, what):
        return np.array([getattr(one, what)[k] for k in names])

    return (lambda: numbers(fit(), "estimate")), (lambda: numbers(again(), "standard_error"))


def lifelines(columns, distribution):
    """The same by lifelines, whose bootstrap is a loop over its fits."""
    import pandas as pd
    from lifelines import LogLogisticAFTFitter, LogNormalAFTFitter, WeibullAFTFitter

    warnings.simplefilter("ignore")
    fitter = {"weibull": WeibullAFTFitter, "loglogistic": LogLogisticAFTFitter, "lognormal": LogNormalAFTFitter}
    frame = pd.DataFrame(columns)
    names = ("Intercept", "sex", "score", "age")

    def coefficients(rows):
        found = fitter[distribution]().fit(rows, "time", "status").params_
        return np.array([found[found.index.get_level_values(0)[0]][k] for k in names])

    def again():
        generator = np.random.default_rng(2)
        picks = (generator.integers(0, len(frame), len(frame)) for _ in range(REFITS))
        return np.std([coefficients(frame.iloc[pick].reset_index(drop=True)) for pick in picks], axis=0, ddof=1)

    return (lambda: coefficients(frame)), again


def timed(run, rounds):
    """What it gave, and the median seconds after a first call."""
    result, seconds = run(), []
    for _ in range(rounds):
        began = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - began)
    return result, statistics.median(seconds)


def main():
    from threadpoolctl import threadpool_limits

    rows = []
    with threadpool_limits(limits=1):
        columns = table()
        for distribution in ("weibull", "loglogistic", "lognormal"):
            (fit, boot), (their_fit, their_boot) = (make(columns, distribution) for make in (ours, lifelines))
            (a, seconds), (b, their_seconds) = timed(fit, ROUNDS), timed(their_fit, ROUNDS)
            (errors, refits), (their_errors, their_refits) = timed(boot, 3), timed(their_boot, 1)
            rows.append(
                {
                    "distribution": distribution,
                    "one fit, ms": round(1e3 * seconds, 1),
                    "lifelines, ms": round(1e3 * their_seconds, 1),
                    "times faster": round(their_seconds / seconds, 1),
                    f"{REFITS} bootstraps, s": round(refits, 2),
                    "lifelines, s": round(their_refits, 2),
                    "times faster, bootstraps": round(their_refits / refits, 1),
                    "largest difference of coefficients": f"{np.abs(a - b).max():.1e}",
                    "of bootstrap errors, relative": round(float(np.abs(errors / their_errors - 1).max()), 2),
                }
            )
    json.dump({"title": "Survival regression: 228 people, 3 covariates", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
