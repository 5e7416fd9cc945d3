"""How fast are many starts, warm? The same starts and bounds for all; ratios within one run, at equal success."""

import json
import statistics
import sys
import time

import light_curve as lc
import numpy as np

PEER_STARTS = 100


def ours(t, y, x0):
    """All starts together through the method, as `fit` drives it; best of the product's own settings."""
    import parametra as pm
    from parametra import catalogue
    from parametra.nouns.asker import Want  # noqa: F401  loads what fit loads
    from parametra.runs.budget import Budget
    from parametra.runs.choose_evaluator import choose_evaluator
    from parametra.runs.drive import Drive
    from parametra.runs.progress import Progress
    from parametra.verbs.fit_choice import cost_of

    table = pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=lc.SIGMA)
    bounds = {k: pm.Real(lo, hi) for k, lo, hi in zip(lc.NAMES, lc.LOWER, lc.UPPER, strict=True)}
    problem = pm.Problem(lc.model, table, bounds)
    order = [lc.NAMES.index(name) for name in problem.fit_space.labels]
    evaluator = choose_evaluator(problem, cost_of(problem, None), len(x0))
    drive = Drive(evaluator, Budget(), Progress("", shown=False))
    return drive.run(catalogue.method("fit", "levenberg_marquardt")(), problem.search_space(), x0[:, order]).cost


def scipy_finite_differences(t, y, x0):
    from scipy.optimize import least_squares

    f = lambda p: (lc.model(t, *p) - y) / lc.SIGMA  # noqa: E731
    return [least_squares(f, x, bounds=(lc.LOWER, lc.UPPER), max_nfev=100).cost for x in x0]


def scipy_exact(t, y, x0):
    import jax
    import jax.numpy as jnp
    from scipy.optimize import least_squares

    from parametra.nouns.lifting import lift

    lifted = lift(lc.model)
    with jax.enable_x64(True):
        tj, yj = jnp.asarray(t), jnp.asarray(y)
        f = jax.jit(lambda p: (lifted(tj, *p) - yj) / lc.SIGMA)
        jac = jax.jit(jax.jacfwd(f))
        fun, slope = lambda p: np.asarray(f(p)), lambda p: np.asarray(jac(p))
        fun(x0[0]), slope(x0[0])
        return [least_squares(fun, x, slope, bounds=(lc.LOWER, lc.UPPER), max_nfev=100).cost for x in x0]


def lmfit_default(t, y, x0):
    import lmfit

    costs = []
    for x in x0:
        p = lmfit.Parameters()
        for name, value, lo, hi in zip(lc.NAMES, x, lc.LOWER, lc.UPPER, strict=True):
            p.add(name, value=value, min=lo, max=hi)
        found = lmfit.minimize(lambda q: (lc.model(t, *(q[k].value for k in lc.NAMES)) - y) / lc.SIGMA, p)
        costs.append(0.5 * found.chisqr)
    return costs


def timed(function, *arguments):
    began = time.perf_counter()
    costs = np.asarray(function(*arguments))
    return (time.perf_counter() - began) / len(arguments[2]) * 100, costs


def main():
    from threadpoolctl import threadpool_limits

    rows = []
    with threadpool_limits(limits=1):
        for seed in (0, 1):
            t, y = lc.data(seed)
            x0 = lc.starts(1000, 50 + seed)
            ours(t, y, x0[:64])
            runs, costs = [], {}
            for _ in range(5):
                seconds, costs["parametra"] = timed(ours, t, y, x0)
                runs.append(seconds)
            peers = {}
            for name, peer, count in (
                ("scipy trf, finite differences", scipy_finite_differences, PEER_STARTS),
                ("scipy trf, exact Jacobian", scipy_exact, PEER_STARTS),
                ("lmfit leastsq", lmfit_default, 25),
            ):
                peer(t, y, x0[:1])
                peers[name], costs[name] = timed(peer, t, y, x0[:count])
            seconds, _ = timed(ours, t, y, x0)
            runs.append(seconds)
            best = min(float(c.min()) for c in costs.values())
            mine = statistics.median(runs)
            for name, cost in costs.items():
                share, error = lc.success(cost, best)
                spent = mine if name == "parametra" else peers[name]
                rows.append(
                    {
                        "data": seed,
                        "method": name,
                        "starts": len(cost),
                        "seconds per 100 starts": round(spent, 4),
                        "times slower": round(spent / mine, 1),
                        "success": f"{share:.3f} ± {error:.3f}",
                        "success, first 100": f"{lc.success(cost[:100], best)[0]:.2f}",
                    }
                )
    json.dump({"title": "Multi-start, warm: 12 parameters, 1000 points", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
