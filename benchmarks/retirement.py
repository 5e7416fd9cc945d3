"""Does retiring starts that ended in the same place on a part of the data save work, and does it lose basins?"""

import json
import sys

import numpy as np
from multistart_cases import CASES
from threadpoolctl import threadpool_limits

STARTS, SEED = 1000, 31
NEAR = 5.0
"""Basins up to so many times the best cost are counted as those that matter."""


def rows_of(case):
    from parametra import catalogue
    from parametra.maths.basins import group_by_cost
    from parametra.runs.budget import Budget
    from parametra.runs.choose_evaluator import choose_evaluator
    from parametra.runs.drive import Drive
    from parametra.runs.progress import Progress
    from parametra.verbs.fit import start_points
    from parametra.verbs.fit_choice import cost_of
    from parametra.verbs.fit_screening import retired, screening_for

    problem = case.problem(*case.data(SEED))
    cost = cost_of(problem, None)
    method = catalogue.method("fit", "levenberg_marquardt")()
    space, starts = problem.search_space(), start_points(problem, STARTS, SEED)

    def run(of, how, x0):
        drive = Drive(choose_evaluator(of, cost, STARTS), Budget(), Progress("", shown=False))
        return drive.run(how, space, x0), drive.evaluations

    def basins(costs, best):
        groups = group_by_cost(costs, 1e-6 * best)
        return [float(costs[groups == g].min()) for g in range(groups.max() + 1)]

    everything, all_data = run(problem, method, starts)
    screening = screening_for(problem, method, cost, STARTS, "auto")
    if screening is None:
        raise RuntimeError("these problems are large enough to be screened")
    coarse, on_part = run(screening.part, method.for_screening(), starts)
    kept, _ = retired(coarse, space)
    few, of_kept = run(problem, method, coarse.points[kept])
    whole, of_all = run(problem, method, coarse.points)
    best = float(min(everything.cost.min(), few.cost.min(), whole.cost.min()))
    found = {"all": basins(everything.cost, best), "kept": basins(few.cost, best), "ends": basins(whole.cost, best)}

    def near(which):
        return [c for c in found[which] if c < NEAR * best]

    def lost(reference):
        return sum(not np.any(np.abs(np.array(found["kept"]) - c) < 1e-5 * c) for c in near(reference))

    return {
        "model": case.name,
        "starts": STARTS,
        "evaluations, all on all data": all_data,
        "on the part": on_part,
        "then on all data, none retired": of_all,
        "with retirement": of_kept,
        "different ends": len(kept),
        f"basins below {NEAR:g} times the best cost": len(near("all")),
        "of these lost by the part": lost("all"),
        "lost by retirement": lost("ends"),
    }


def main():
    with threadpool_limits(limits=1):
        rows = [rows_of(case) for case in CASES]
    json.dump({"title": "Retirement of starts: what it saves and what it loses", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
