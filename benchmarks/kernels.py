"""What does one point cost, with all its derivatives and on one core, and how long until the kernel is there?"""

import json
import os
import statistics
import sys
import tempfile
import time

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
from multistart_cases import FREE_PERIOD, LIGHT_CURVE

POINTS = 128
REPEATS = 40


def per_point(evaluate):
    """Microseconds a point, and the seconds before the first answer."""
    began = time.perf_counter()
    evaluate()
    first = time.perf_counter() - began
    spent = []
    for _ in range(REPEATS):
        began = time.process_time()
        evaluate()
        spent.append(time.process_time() - began)
    return statistics.median(spent) / POINTS * 1e6, first


def plainly(problem, x):
    """J'J, J'r and the cost as whoever asks JAX gets them: the Jacobian point by point, compiled, data closed over."""
    import jax
    import jax.numpy as jnp

    def normal(z):
        def rows(v):
            r = problem.residuals(problem.fit_space.to_named(v, jnp), problem.arrays, jnp)
            return r, r

        jacobian, r = jax.jacfwd(rows, has_aux=True)(z)
        return jacobian.T @ jacobian, jacobian.T @ r, 0.5 * r @ r

    with jax.enable_x64(True):
        kernel = jax.jit(lambda points: jax.lax.map(normal, points))
        return lambda: [np.asarray(a) for a in kernel(x)]


def main():
    from parametra.nouns.asker import Want
    from parametra.runs import _kernel
    from parametra.runs.compiled import Compiled, traceable
    from parametra.runs.cost import Cost

    os.environ["PARAMETRA_CACHE"] = tempfile.mkdtemp()
    rows = []
    for case in (LIGHT_CURVE, FREE_PERIOD):
        title = f"{case.name}, {case.points} points"
        problem = traceable(case.problem(*case.data(0)))
        low, high = problem.fit_space.lower, problem.fit_space.upper
        x = low + (high - low) * np.random.default_rng(1).uniform(size=(POINTS, low.size))
        import jax

        with jax.enable_x64(True):
            spent, first = per_point(plainly(problem, x))
        rows.append(row(title, "JAX, jacfwd and lax.map", spent, first))
        for name in ("parametra, kernel compiled", "parametra, kernel from disk"):
            _kernel.forget()
            compiled = Compiled(problem, Cost(True))
            spent, first = per_point(lambda c=compiled, z=x: c.evaluate(z, Want.NORMAL))
            rows.append(row(title, name, spent, first))
    json.dump({"title": "Normal equations of one point, one core", "rows": rows}, sys.stdout)


def row(title, name, spent, first):
    return {
        "problem": title,
        "program": name,
        "microseconds per point": round(spent, 1),
        "first answer, seconds": round(first, 3),
    }


if __name__ == "__main__":
    main()
