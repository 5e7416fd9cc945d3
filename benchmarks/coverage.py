"""How often do 95 % intervals hold the truth? Profiles and curvature of `identify`, 2000 data sets a problem."""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import coverage_problems as cp
import numpy as np

SETS = 2000


def one_set(problem, number):
    """Of one data set: whether profile and curvature hold the truth, whether a side is open, and whether it warned."""
    from parametra.verbs.identify import identify

    stated = problem.problem(problem.data(number))
    found = identify(stated, starts=3, check=False, contour="off", progress=False)
    verdict, truth = found.verdicts[problem.what], problem.truth[problem.what]
    warned = bool(verdict.flag) or verdict.word != "identifiable"
    return holds(verdict.profile, truth), holds(verdict.curvature, truth), any(verdict.open), warned


def holds(interval, truth):
    """True or False; None where there is no interval."""
    return None if interval is None else bool(interval[0] <= truth <= interval[1])


def stretch(task):
    """The data sets from `first` on."""
    index, first, count = task
    return [one_set(cp.PROBLEMS[index], number) for number in range(first, first + count)]


def share(values):
    """A share in percent, with its standard error."""
    known = np.array([v for v in values if v is not None], dtype=float)
    if not known.size:
        return "none"
    mean = known.mean()
    return f"{100 * mean:.1f} ± {100 * np.sqrt(mean * (1 - mean) / known.size):.1f} %"


def row(problem, results):
    profile, curvature, is_open, warned = zip(*results, strict=True)
    missed = [w for w, c in zip(warned, curvature, strict=True) if c is False]
    return {
        "problem": problem.name,
        "parameter": problem.what,
        "data sets": len(results),
        "profile covers": share(profile),
        "no profile": sum(p is None for p in profile),
        "open on a side": f"{100 * np.mean(is_open):.1f} %",
        "curvature covers": share(curvature),
        "no curvature": sum(c is None for c in curvature),
        "warned, of all": share(warned),
        "warned, where curvature missed": share(missed),
    }


def measured(sets=SETS, workers=None):
    """A row for each problem."""
    size = 100
    tasks = [(i, first, min(size, sets - first)) for i in range(len(cp.PROBLEMS)) for first in range(0, sets, size)]
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        results = list(pool.map(stretch, tasks))
    found = [[] for _ in cp.PROBLEMS]
    for (index, *_), part in zip(tasks, results, strict=True):
        found[index] += part
    return [row(problem, part) for problem, part in zip(cp.PROBLEMS, found, strict=True)]


def main():
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    json.dump({"title": "Coverage of 95 % intervals", "rows": measured(sets)}, sys.stdout)


if __name__ == "__main__":
    main()
