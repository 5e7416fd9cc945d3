"""How often do 95 % intervals hold the truth? Profiles and curvature of `identify`, 2000 data sets a problem.

All data sets of a problem are fitted side by side, and so are their profiles: the engine that `identify(coverage=N)`
uses, here with the truth that the data were made of. The words of `identify` are looked at for the first of them.
"""

import json
import sys
import time

import coverage_problems as cp
import numpy as np

SETS = 2000
WARNED = 200
"""Data sets whose words are looked at, one by one."""


def intervals(problem, sets):
    """Lower and upper ends, (sets, 2) for profile and curvature, and which refits converged."""
    from parametra.methods.identify.simulation_coverage import METHOD
    from parametra.nouns.bootstrap_data import ReplicateData
    from parametra.verbs.at_estimate import at_estimate
    from parametra.verbs.bootstrap import refitter
    from parametra.verbs.fit import fit
    from parametra.verbs.identify_beside import profile_ends
    from parametra.verbs.identify_run import estimate_of

    stated = problem.problem(problem.data(0))
    at = at_estimate(stated, fit(stated, starts=3, progress=False), lanes=sets)
    refitting, estimate = refitter(at), estimate_of(at)
    observed = np.stack([problem.data(number) for number in range(sets)])
    data = ReplicateData(sets, observed=({"y": observed},))
    truth = np.asarray(stated.fit_space.from_named({n: problem.truth[n] for n in stated.fit_space.names}))
    # from the truth and from the estimate of the first data set: the better end counts
    refits = refitting.refit(data, np.stack([np.clip(truth, estimate.lower + 1e-6, estimate.upper - 1e-6), at.x]))
    i = estimate.labels.index(problem.what)
    low, high = profile_ends(refitting, estimate, data, refits, 0.95)
    curved = METHOD(sets).by_curvature(refitting, refits)
    return (low[:, i], high[:, i]), (curved[0][:, i], curved[1][:, i]), refits.ok


def share(held):
    """A share in percent, with its standard error."""
    mean = np.mean(held) if len(held) else np.nan
    return f"{100 * mean:.2f} ± {100 * np.sqrt(mean * (1 - mean) / max(len(held), 1)):.2f} %"


def holds(ends, truth):
    """Which intervals hold the truth, of those that are there; ends at a bound reach it."""
    low, high = ends
    known = ~(np.isnan(low) | np.isnan(high))
    return (low[known] <= truth + 1e-12) & (truth <= high[known]), int((~known).sum())


def warned(problem, curvature):
    """Of the data sets whose curvature interval misses the truth, how many were warned of; and of all."""
    from parametra.verbs.identify import identify

    truth = problem.truth[problem.what]
    words = []
    for number in range(WARNED):
        verdict = identify(problem.problem(problem.data(number)), starts=3, contour="off", progress=False).verdicts[
            problem.what
        ]
        words.append(bool(verdict.flag) or verdict.word != "identifiable")
    low, high = curvature[0][:WARNED], curvature[1][:WARNED]
    missed = (low > truth) | (high < truth)
    words = np.array(words)
    return share(words), f"{int(words[missed].sum())} of {int(missed.sum())}"


def row(problem, sets):
    began = time.perf_counter()
    profile, curvature, ok = intervals(problem, sets)
    seconds = time.perf_counter() - began
    truth = problem.truth[problem.what]
    by_profile, no_profile = holds(profile, truth)
    by_curvature, no_curvature = holds(curvature, truth)
    every, of_missed = warned(problem, curvature)
    return {
        "problem": problem.name,
        "parameter": problem.what,
        "data sets": f"{int(ok.sum())} of {sets}",
        "profile covers": share(by_profile),
        "no profile": no_profile,
        "curvature covers": share(by_curvature),
        "no curvature": no_curvature,
        f"warned, of {WARNED}": every,
        "warned, where curvature missed": of_missed,
        "seconds for all profiles": f"{seconds:.1f}",
    }


def measured(sets=SETS):
    """A row for each problem."""
    return [row(problem, sets) for problem in cp.PROBLEMS]


def main():
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    json.dump({"title": "Coverage of 95 % intervals", "rows": measured(sets)}, sys.stdout)


if __name__ == "__main__":
    main()
