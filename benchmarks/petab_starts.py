"""How many starts drawn at random alone reach the published optimum of PEtab problems?

The default fit of each problem of the benchmark collection, its published parameters dropped: the first start is a
random draw too. A start has reached the optimum when its log-likelihood is within 0.1 of the published one, or above.
Needs the problems: set PARAMETRA_DATA to a folder that holds petab_benchmark.
`python benchmarks/petab_starts.py Boehm 40` measures one problem, with 40 starts.
"""

import dataclasses
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

import parametra as pm
from parametra.formats.petab import read_petab
from parametra.nouns.keys import generator

ROOT = Path(__file__).parent.parent
FOLDER = Path(os.environ.get("PARAMETRA_DATA", ROOT.parent / "shared" / "data")) / "petab_benchmark"
PUBLISHED = {
    "Boehm_JProteomeRes2014": -138.222,
    "Bruno_JExpBot2016": 46.688,
    "Crauste_CellSystems2017": -190.964,
    "Elowitz_Nature2000": 63.203,
    "Fujita_SciSignal2010": 53.084,
}
STARTS, SEED, WITHIN = 100, 1, 0.1


def without_the_answer(problem):
    """The problem with a draw in its bounds where its guess was."""
    space = problem.fit_space
    drawn = space.to_named(space.draw_start(generator(SEED, "petab_starts", 0)))
    parameters = {
        name: dataclasses.replace(each, guess=float(drawn[name])) if name in space.labels else each
        for name, each in problem.stated_space.parameters.items()
    }
    return pm.Problem(problem.model, problem.data_sets, parameters, noise=problem.noise, title=problem.title)


def measured(name, starts):
    """One row: a problem, how many of its starts arrived, and how long they took."""
    problem = without_the_answer(read_petab(FOLDER / name / f"{name}.yaml"))
    began = time.perf_counter()
    fit = pm.fit(problem, starts=starts, seed=SEED, progress=False)
    seconds = time.perf_counter() - began
    costs = np.asarray(fit.starts.costs)
    reached = fit.log_likelihood - (costs - np.min(costs)) >= PUBLISHED[name] - WITHIN
    return {
        "problem": name,
        "parameters": problem.fit_space.dimension,
        "starts": starts,
        "reached": int(reached.sum()),
        "seconds": f"{seconds:.0f}",
        "best log-likelihood": f"{fit.log_likelihood:.3f}",
        "published": f"{PUBLISHED[name]:.3f}",
    }


def main():
    wanted = [name for name in PUBLISHED if not sys.argv[1:] or name.startswith(sys.argv[1])]
    starts = int(sys.argv[2]) if sys.argv[2:] else STARTS
    rows = [measured(name, starts) for name in wanted]
    print(json.dumps({"title": "Random starts on PEtab problems", "rows": rows}))


if __name__ == "__main__":
    main()
