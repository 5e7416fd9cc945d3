"""How long do a hundred fits of a differential equation take, beside SciPy's, and one integration beside AMICI's?

A hundred starts, uniform in the logarithm of every parameter, in one box for both. SciPy: `solve_ivp` with LSODA inside
`least_squares` in the same logarithms, with its differences, one start after the other; ten are measured. Success is
the share of starts whose cost comes within one per cent of the lowest. AMICI (SUNDIALS' CVODES in compiled C++, where
it and a C++ compiler are installed) integrates one vector at a time with forward sensitivities, at the loosest
tolerances whose error against a tight reference is below 1e-5; so do we, a hundred side by side.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

import parametra as pm

STARTS, SINGLE = 100, 10
NAMES = ("Robertson", "signalling, 8 states", "Lotka-Volterra")


def robertson():
    states = {"y1": "-k1*y1 + k2*y2*y3", "y2": "k1*y1 - k2*y2*y3 - k3*y2*y2", "y3": "k3*y2*y2"}
    return {
        "states": states,
        "initial": {"y1": 1.0, "y2": 0.0, "y3": 0.0},
        "outputs": ("y1", "y3"),
        "true": {"k1": 0.04, "k2": 1e4, "k3": 3e7},
        "times": np.geomspace(1e-2, 1e4, 24),
        "sigma": 0.005,
    }


def signalling():
    states = {"s": "-k1*exp(-0.1*t)*s + 2*k4*d5", "a": "k1*exp(-0.1*t)*s - 2*k2*a*a", "d": "k2*a*a - k3*d"}
    states |= {"d1": "k3*d - k4*d1", **{f"d{i}": f"k4*(d{i - 1} - d{i})" for i in (2, 3, 4, 5)}}
    return {
        "states": states,
        "initial": {name: float(name == "s") for name in states},
        "outputs": ("s", "a", "d"),
        "true": {"k1": 1.4, "k2": 4.0, "k3": 0.2, "k4": 0.4},
        "times": np.linspace(0, 60, 17)[1:],
        "sigma": 0.01,
    }


def lotka_volterra():
    return {
        "states": {"prey": "k1*prey - k2*prey*hunter", "hunter": "k2*prey*hunter - k3*hunter"},
        "initial": {"prey": 30.0, "hunter": 4.0},
        "outputs": ("prey", "hunter"),
        "true": {"k1": 0.55, "k2": 0.028, "k3": 0.84},
        "times": np.linspace(0, 20, 21)[1:],
        "sigma": 1.0,
    }


def ode(stated, **tolerances):
    return pm.ODE(stated["states"], initial=stated["initial"], **tolerances)


def observed(stated):
    t, rng = stated["times"], np.random.default_rng(3)
    exact = ode(stated, relative_tolerance=1e-10, absolute_tolerance=1e-14)(stated["true"], {"t": t})
    return {o: np.asarray(exact[o]) + stated["sigma"] * rng.normal(size=t.size) for o in stated["outputs"]}


def box(stated):
    return {k: (v / 10, v * 10) for k, v in stated["true"].items()}


def ours(stated, y):
    data = pm.Data({**y, "t": stated["times"]}, inputs="t", output=list(y), sigma=stated["sigma"])
    problem = pm.Problem(ode(stated), data, {k: pm.Log(*bounds) for k, bounds in box(stated).items()})
    began = time.perf_counter()
    fit = pm.fit(problem, starts=STARTS, progress=False)
    return time.perf_counter() - began, fit


def scipy_slope(stated):
    names, states = list(stated["true"]), stated["states"]
    text = ", ".join(formula.replace("exp", "np.exp") for formula in states.values())
    code = f"def slope(t, v, {', '.join(names)}):\n    {', '.join(states)} = v\n    return [{text}]"
    space = {"np": np}
    exec(code, space)  # noqa: S102  formulas that stand above
    return space["slope"]


def scipy_fits(stated, y):
    """Seconds of each fit, and its cost."""
    from scipy.integrate import solve_ivp
    from scipy.optimize import least_squares

    slope, t, where = scipy_slope(stated), stated["times"], list(stated["states"])
    first = list(stated["initial"].values())
    picked = [where.index(o) for o in y]
    wanted = np.stack([y[o] for o in y])
    bounds = np.log(np.array(list(box(stated).values()))).T
    seconds, costs = [], []
    for start in np.random.default_rng(0).uniform(*bounds, size=(SINGLE, len(bounds[0]))):

        def residuals(x):
            found = solve_ivp(slope, (0, t[-1]), first, "LSODA", t, args=np.exp(x), rtol=1e-8, atol=1e-10).y
            if found.shape[1] < t.size:
                return np.full(wanted.size, 1e3)
            return ((found[picked] - wanted) / stated["sigma"]).ravel()

        began = time.perf_counter()
        found = least_squares(residuals, start, bounds=bounds)
        seconds.append(time.perf_counter() - began)
        costs.append(found.cost)
    return np.array(seconds), np.array(costs)


def share(costs, best):
    return f"{100 * np.mean(np.asarray(costs) <= 1.01 * best):.0f} %"


def fit_rows(name, stated):
    y = observed(stated)
    cold, _ = ours(stated, y)
    warm, fit = min((ours(stated, y) for _ in range(3)), key=lambda one: one[0])
    seconds, costs = scipy_fits(stated, y)
    mine = np.asarray(fit.starts.costs)
    best = min(mine.min(), costs.min())
    theirs = STARTS * float(np.mean(seconds))
    later = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True).stdout
    note = (
        f"{share(mine, best)} of the starts reach the best; {cold:.1f} s the first time, when kernels are compiled; "
        f"{float(later):.1f} s the first time in another process, which finds them on disk"
    )
    rows = [
        (name, "100 fits, ours", warm, "", note),
        (name, "100 fits, SciPy (LSODA)", theirs, f"{theirs / warm:.0f}", f"{share(costs, best)} of {SINGLE} starts"),
    ]
    return [dict(zip(("problem", "what", "seconds", "times ours", "note"), row, strict=True)) for row in rows]


# ---- AMICI


def written_sbml(stated, path):
    import libsbml

    document = libsbml.SBMLDocument(3, 1)
    model = document.createModel()
    model.setId("m")
    vessel = model.createCompartment()
    vessel.setId("vessel"), vessel.setConstant(True), vessel.setSize(1.0), vessel.setSpatialDimensions(3)
    for k, v in stated["true"].items():
        parameter = model.createParameter()
        parameter.setId(k), parameter.setConstant(True), parameter.setValue(v)
    for k, v in stated["initial"].items():
        species = model.createSpecies()
        species.setId(k), species.setCompartment("vessel"), species.setConstant(False)
        species.setBoundaryCondition(False), species.setHasOnlySubstanceUnits(True), species.setInitialAmount(v)
    for k, formula in stated["states"].items():
        rule = model.createRateRule()
        rule.setVariable(k), rule.setMath(libsbml.parseL3Formula(formula.replace("exp(-0.1*t)", "exp(-0.1*time)")))
    libsbml.writeSBMLToFile(document, str(path))


def lanes(stated):
    scatter = np.exp(0.05 * np.random.default_rng(0).normal(size=(STARTS, len(stated["true"]))))
    return np.array(list(stated["true"].values())) * scatter


def references(stated):
    from scipy.integrate import solve_ivp

    slope, t = scipy_slope(stated), stated["times"]
    first = list(stated["initial"].values())
    return np.stack([
        solve_ivp(slope, (0, t[-1]), first, "Radau", t, args=p, rtol=1e-12, atol=1e-15).y.T for p in lanes(stated)[:10]
    ])  # fmt: skip


def error(values, wanted):
    return float(np.max(np.abs(values - wanted) / (np.abs(wanted) + 1e-6)))


def amici_time(stated, folder, wanted):
    """Seconds to compile, and of one integration with forward sensitivities at the accuracy."""
    import amici

    path = Path(folder) / "m.xml"
    written_sbml(stated, path)
    name = f"m{abs(hash(tuple(stated['states'])))}"
    began = time.perf_counter()
    amici.SbmlImporter(str(path)).sbml2amici(name, str(Path(folder) / name))
    compiled = time.perf_counter() - began
    model = amici.import_model_module(name, str(Path(folder) / name)).get_model()
    model.set_timepoints(stated["times"])
    order = [list(model.get_state_ids()).index(k) for k in stated["states"]]
    places = [list(stated["true"]).index(k) for k in model.get_free_parameter_ids()]
    for tolerance in 10.0 ** -np.arange(4, 12):
        solver = model.create_solver()
        solver.set_sensitivity_order(amici.sim.sundials.SensitivityOrder.first)
        solver.set_sensitivity_method(amici.sim.sundials.SensitivityMethod.forward)
        solver.set_relative_tolerance(tolerance), solver.set_absolute_tolerance(1e-4 * tolerance)
        solver.set_max_steps(100_000)
        found, began = [], time.perf_counter()
        for p in lanes(stated)[:10]:
            model.set_free_parameters(p[places])
            found.append(amici.sim.sundials.run_simulation(model, solver).x[:, order])
        seconds = (time.perf_counter() - began) / 10
        if error(np.stack(found), wanted) < 1e-5:
            return compiled, seconds, tolerance
    raise RuntimeError("AMICI did not reach the accuracy")


def our_time(stated, wanted):
    """Seconds of one of a hundred integrations with forward sensitivities at the accuracy."""
    names, count = list(stated["true"]), len(stated["true"])
    at, inputs = lanes(stated), {"t": stated["times"]}
    moved = (at[:, None, :] + 1e-30j * np.eye(count)).reshape(-1, count)
    columns = {k: moved[:, [i]] for i, k in enumerate(names)}
    for tolerance in 10.0 ** -np.arange(4, 12):
        model = ode(stated, relative_tolerance=float(tolerance), absolute_tolerance=float(1e-4 * tolerance))
        found = model(columns, inputs)
        values = np.stack([np.real(found[k]) for k in stated["states"]], axis=2)[::count][:10]
        if error(values, wanted) < 1e-5:
            times = []
            for k in range(5):
                others = {name: column * (1 + 1e-7 * k) for name, column in columns.items()}  # nothing is known of them
                began = time.perf_counter()
                model(others, inputs)
                times.append(time.perf_counter() - began)
            return float(np.median(times)) / STARTS, tolerance
    raise RuntimeError("the accuracy was not reached")


def amici_rows(name, stated):
    try:
        import amici  # noqa: F401
    except ImportError:
        return []
    # its programs, such as swig, are in the environment's own folder
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if not shutil.which("swig"):
        return []
    wanted = references(stated)
    with tempfile.TemporaryDirectory() as folder:
        compiled, theirs, loose = amici_time(stated, folder, wanted)
    mine, tolerance = our_time(stated, wanted)
    what = "one integration with sensitivities"
    rows = [
        (name, f"{what}, ours", mine, "", f"one of a hundred; relative tolerance {tolerance:.0e}"),
        (name, f"{what}, AMICI", theirs, f"{theirs / mine:.1f}", f"{loose:.0e}; compiled in {compiled:.0f} s"),
    ]
    return [dict(zip(("problem", "what", "seconds", "times ours", "note"), row, strict=True)) for row in rows]


def main():
    warnings.simplefilter("ignore")
    problems = dict(zip(NAMES, (robertson(), signalling(), lotka_volterra()), strict=True))
    if sys.argv[1:]:
        stated = problems[sys.argv[1]]
        print(ours(stated, observed(stated))[0])
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PARAMETRA_CACHE"] = str(Path(folder) / "kernels")
        for name, stated in problems.items():
            rows += fit_rows(name, stated) + amici_rows(name, stated)
    for row in rows:
        row["seconds"] = f"{row['seconds']:.3g}"
    print(json.dumps({"title": "Fits of differential equations", "rows": rows}))


if __name__ == "__main__":
    main()
