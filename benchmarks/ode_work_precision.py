"""The error that each solver makes for the time it takes: a picture, docs/images/ode_work_precision.png.

The problems and references of `ode_solvers`, at relative tolerances from 1e-3 to 1e-10. Down and left is better.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("EQX_ON_ERROR", "nan")
import ode_solvers as problems
from matplotlib.figure import Figure

LADDER = tuple(10.0**-k for k in range(3, 11))
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "ode_work_precision.png"
LOOK = {
    "parametra rodas5p": ("#0072B2", "o-"),
    "parametra rodas4": ("#56B4E9", "s-"),
    "parametra tsit5": ("#0072B2", "o-"),
    "parametra dop853": ("#56B4E9", "s-"),
    "diffrax": ("#D55E00", "^--"),
    "CasADi CVODES": ("#009E73", "v--"),
    "SciPy LSODA": ("#777777", "x:"),
}


def solvers(problem):
    methods = ("rodas5p", "rodas4") if problem[-1] else ("tsit5", "dop853")
    for method in methods:
        yield f"parametra {method}", problems.ours(problem, method)
    yield "diffrax", problems.with_diffrax(problem)
    yield "CasADi CVODES", problems.with_casadi(problem)
    yield "SciPy LSODA", problems.with_scipy(problem)


def points(solver, wanted):
    """(milliseconds of one integration, error) at each tolerance."""
    solve, _, lanes = solver
    found = []
    for tolerance in LADDER:
        run = solve(tolerance)
        error = problems.error(run(), wanted)
        seconds, _ = problems.timed(run, 3)
        found.append((1e3 * seconds / lanes, error))
    return found


def main():
    figure = Figure(figsize=(9.6, 7.2), layout="constrained")
    rows = []
    for axes, (name, problem) in zip(figure.subplots(2, 2).flat, problems.PROBLEMS.items(), strict=True):
        wanted = problems.references(problem)
        for what, solver in solvers(problem):
            found = points(solver, wanted)
            color, line = LOOK[what]
            axes.loglog(*zip(*found, strict=True), line, color=color, ms=4, lw=1.2, label=what)
            reached = [time for time, error in found if error < 1e-6]
            best = f"{min(reached):.4f}" if reached else "not reached"
            rows.append({"problem": name, "solver": what, "milliseconds to an error below 1e-6": best})
        axes.set_title(name, fontsize="medium")
        axes.set_xlabel("milliseconds of one of a hundred integrations")
        axes.set_ylabel("largest relative error")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=100)
    print(json.dumps({"title": "Differential equations: error against time", "rows": rows}))


if __name__ == "__main__":
    main()
