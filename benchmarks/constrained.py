"""How many operations do sketched Newton steps take beside exact ones, and how many iterations, to the same optimum?"""

import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

TEN = ("HS6", "HS7", "HS27", "HS28", "HS39", "HS42", "HS48", "HS61", "HS77", "HS79")


def solved(solver, space, start, evaluate):
    from parametra.methods.fit.augmented_lagrangian import AugmentedLagrangian

    method = AugmentedLagrangian(solver=solver)
    began = time.perf_counter()
    state = method.start(space, start[None])
    while not method.halted(state):
        state = method.tell(state, evaluate(method.ask(state)))
    return state.lanes[0], time.perf_counter() - began


def row(name, size, space, start, evaluate):
    from parametra.methods.fit._lagrangian_step import exact_flops

    exact, seconds = solved("exact", space, start, evaluate)
    sketched, longer = solved("sketched", space, start, evaluate)
    whole = exact.iterations * exact_flops(size)
    return {
        "problem": name,
        "equations": size,
        "iterations exact / sketched": f"{exact.iterations} / {sketched.iterations}",
        "full steps at the end": f"{exact.unit_steps} / {sketched.unit_steps}",
        "optimality": f"{exact.known.worst:.0e} / {sketched.known.worst:.0e}",
        "operations exact": f"{whole:.2g}",
        "operations sketched": f"{sketched.flops:.2g}",
        "sketched / exact": f"{sketched.flops / whole:.2g}",
        "seconds exact / sketched": f"{seconds:.2g} / {longer:.2g}",
    }


def ten():
    from hock_schittkowski import PROBLEMS

    found = {}
    for solver in ("exact", "sketched"):
        lanes = []
        for name in TEN:
            p = PROBLEMS[name]
            lanes.append(solved(solver, p.search_space, np.array(p.start, dtype=float), p.evaluate))
        found[solver] = (
            sum(lane.ending.name == "CONVERGED" for lane, _ in lanes),
            int(np.median([lane.iterations for lane, _ in lanes])),
            min(lane.unit_steps for lane, _ in lanes),
            max(lane.known.worst for lane, _ in lanes),
            sum(seconds for _, seconds in lanes),
        )
    (a, b, c, d, e), (f, g, h, i, j) = found["exact"], found["sketched"]
    return {
        "problem": f"ten of Hock and Schittkowski, {a} / {f} converged",
        "equations": "3 to 7",
        "iterations exact / sketched": f"{b} / {g} (median)",
        "full steps at the end": f"{c} / {h} (least)",
        "optimality": f"{d:.0e} / {i:.0e} (worst)",
        "operations exact": "",
        "operations sketched": "",
        "sketched / exact": "",
        "seconds exact / sketched": f"{e:.2g} / {j:.2g}",
    }


def main():
    from large_constrained import Logistic, Plate

    rows = [ten()]
    for coordinates, constraints in ((200, 20), (600, 30), (1200, 40)):
        p = Logistic(coordinates, constraints)
        size = coordinates + constraints + 1
        rows.append(row(f"logistic, {coordinates} coordinates", size, p.space, p.start, p.evaluate))
    for side in (6, 10):
        p = Plate(side)
        rows.append(row(f"heated plate, {side} x {side} grid", 3 * side * side, p.space, p.start, p.evaluate))
    json.dump({"title": "Constrained: sketched and exact Newton steps", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
