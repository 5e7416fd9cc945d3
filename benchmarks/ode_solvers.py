"""How fast are a hundred integrations and their Jacobians at the same accuracy, beside diffrax, CasADi and SciPy?

Each solver takes the loosest of its tolerances whose largest relative error, over times, states and ten lanes against a
reference of relative tolerance 1e-12, is below 1e-5. The fastest of seven runs; ratios are within one run.
"""

import json
import math
import os
import sys
import time
from functools import partial

os.environ.setdefault("EQX_ON_ERROR", "nan")
import numpy as np

LANES, CHECKED, SINGLE, TARGET = 100, 10, 10, 1e-5
LADDER = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11)


def robertson(_t, y, p, _xp):
    a, b, c = y[0], y[1], y[2]
    return [-p[0] * a + p[1] * b * c, p[0] * a - p[1] * b * c - p[2] * b * b, p[2] * b * b]


def signalling(t, y, p, xp):
    drive = 2 * p[0] * xp.exp(-0.1 * t)
    s, a, d, v, w, x, y_, z = (y[i] for i in range(8))
    chain = [p[2] * d - p[3] * v, p[3] * (v - w), p[3] * (w - x), p[3] * (x - y_), p[3] * (y_ - z)]
    return [2 * p[3] * z - drive * s, drive * s - 2 * p[1] * a * a, p[1] * a * a - p[2] * d, *chain]


def lotka_volterra(_t, y, p, _xp):
    return [y[0] * (p[0] - p[1] * y[1]), y[1] * (p[3] * y[0] - p[2])]


def three_bodies(_t, y, p, _xp):
    pulls = []
    for i in range(3):
        pull = [0.0, 0.0]
        for j in range(3):
            if i != j:
                dx, dy = y[2 * j] - y[2 * i], y[2 * j + 1] - y[2 * i + 1]
                cube = p[j] * (dx * dx + dy * dy) ** -1.5
                pull = [pull[0] + dx * cube, pull[1] + dy * cube]
        pulls += pull
    return [*(y[k] for k in range(6, 12)), *pulls]


EIGHT = [0.97000436, -0.24308753, -0.97000436, 0.24308753, 0.0, 0.0]
EIGHT += [0.466203685, 0.43236573, 0.466203685, 0.43236573, -0.93240737, -0.86473146]
PROBLEMS = {
    "Robertson": (robertson, [1.0, 0.0, 0.0], [0.04, 1e4, 3e7], np.geomspace(1e-3, 1e5, 16), True),
    "signalling, 8 states": (signalling, [1.0] + [0.0] * 7, [0.7, 4.0, 0.2, 0.4], np.linspace(0, 60, 17)[1:], True),
    "Lotka-Volterra": (lotka_volterra, [30.0, 4.0], [0.55, 0.028, 0.84, 0.026], np.linspace(0, 20, 21)[1:], False),
    "three bodies": (three_bodies, EIGHT, [1.0, 1.0, 1.0], np.linspace(0, 3, 13)[1:], False),
}


def lanes(problem):
    _, y0, p0, times, _ = problem
    scatter = np.exp(0.05 * np.random.default_rng(0).normal(size=(len(p0), LANES)))
    return np.array(y0, dtype=float), np.array(p0)[:, None] * scatter, times


def references(problem):
    from scipy.integrate import solve_ivp

    f, _, _, _, stiff = problem
    y0, p, times = lanes(problem)
    method = "Radau" if stiff else "DOP853"
    found = []
    for k in range(CHECKED):
        slope = lambda t, y, k=k: f(t, y, p[:, k], np)  # noqa: E731
        found.append(solve_ivp(slope, (0, times[-1]), y0, method, times, rtol=1e-12, atol=1e-15).y.T)
    return np.stack(found, axis=2)


def error(values, wanted):
    """Of (T, n, lanes)."""
    return float(np.max(np.abs(values[..., :CHECKED] - wanted) / (np.abs(wanted) + 1e-6)))


def timed(call, repeats):
    began = time.perf_counter()
    call()
    first, spent = time.perf_counter() - began, []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        spent.append(time.perf_counter() - began)
    return min(spent), max(first - min(spent), 0.0)


def ours(problem, method):
    import jax.numpy as jnp

    from parametra.maths.ode_solver import make_explicit, make_rosenbrock

    f = problem[0]
    y0, p, times = lanes(problem)
    n, P = len(y0), len(p)
    make = make_rosenbrock if method.startswith("rodas") else make_explicit
    solver = make(lambda t, y, p: jnp.stack(f(t, y, p, jnp)), n, method=method)
    begin, y = np.zeros(LANES), np.repeat(y0[:, None], LANES, axis=1)
    every = np.repeat(times[:, None], LANES, axis=1)
    dy, dp = np.zeros((n, P, LANES)), np.repeat(np.eye(P)[:, :, None], LANES, axis=2)

    def solve(tolerance):
        limits = {"relative": tolerance, "absolute": tolerance * 1e-3, "most": 100_000}
        return lambda: solver.integrate(begin, begin + times[-1], y, p, every, **limits).values

    def jacobian(tolerance):
        limits = {"relative": tolerance, "absolute": tolerance * 1e-3, "most": 100_000}
        return lambda: solver.integrate_with_tangents(begin, begin + times[-1], y, p, every, dy, dp, **limits)

    return solve, jacobian, LANES


def with_diffrax(problem):
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    f, _, _, _, stiff = problem
    y0, p, times = lanes(problem)
    term = diffrax.ODETerm(lambda t, y, p: jnp.stack(f(t, y, p, jnp)))
    method, save = diffrax.Kvaerno5() if stiff else diffrax.Tsit5(), diffrax.SaveAt(ts=jnp.asarray(times))

    def one(p, tolerance):
        control = diffrax.PIDController(rtol=tolerance, atol=tolerance * 1e-3)
        span = (0.0, times[-1], None, jnp.asarray(y0), p)
        made = diffrax.diffeqsolve(
            term, method, *span, saveat=save, stepsize_controller=control, max_steps=100_000, throw=False,
            adjoint=diffrax.ForwardMode(),
        )  # fmt: skip
        return made.ys

    columns = jnp.asarray(p.T)

    # the tolerance is an argument, so that a ladder of them is compiled once
    run = jax.jit(jax.vmap(one, in_axes=(0, None)))
    slope = jax.jit(jax.vmap(jax.jacfwd(one), in_axes=(0, None)))
    solve = lambda tolerance: lambda: np.asarray(run(columns, tolerance)).transpose(1, 2, 0)  # noqa: E731
    return solve, lambda tolerance: lambda: np.asarray(slope(columns, tolerance)), LANES


def with_casadi(problem):
    import casadi

    f = problem[0]
    y0, p, times = lanes(problem)
    t, y, q = casadi.SX.sym("t"), casadi.SX.sym("y", len(y0)), casadi.SX.sym("q", len(p))
    equations = {"t": t, "x": y, "p": q, "ode": casadi.vertcat(*f(t, y, q, casadi))}

    def made(tolerance):
        limits = {"reltol": tolerance, "abstol": tolerance * 1e-3, "max_num_steps": 100_000, "fsens_err_con": False}
        one = casadi.integrator("one", "cvodes", equations, 0.0, list(times), limits)
        return one, one.factory("slope", ["x0", "p"], ["jac:xf:p"])

    def solve(tolerance):
        one, _ = made(tolerance)
        return lambda: np.stack([np.array(one(x0=y0, p=p[:, k])["xf"]).T for k in range(SINGLE)], axis=2)

    def jacobian(tolerance):
        _, slope = made(tolerance)
        return lambda: [slope(x0=y0, p=p[:, k]) for k in range(SINGLE)]

    return solve, jacobian, SINGLE


def with_scipy(problem):
    from scipy.integrate import solve_ivp

    f = problem[0]
    y0, p, times = lanes(problem)

    def one(p, tolerance):
        slope = lambda t, y: f(t, y, p, np)  # noqa: E731
        return solve_ivp(slope, (0, times[-1]), y0, "LSODA", times, rtol=tolerance, atol=tolerance * 1e-3).y.T

    def each(tolerance, moved):
        found = []
        for k in range(SINGLE):
            found.append(one(p[:, k], tolerance))
            for i in range(len(p) if moved else 0):
                other = p[:, k].copy()
                other[i] *= 1 + math.sqrt(tolerance)
                one(other, tolerance)
        return np.stack(found, axis=2)

    return (lambda tol: partial(each, tol, False)), (lambda tol: partial(each, tol, True)), SINGLE


def main():
    rows = []
    for name, problem in PROBLEMS.items():
        wanted, stiff = references(problem), problem[4]
        methods = ("rodas5p", "rodas4") if stiff else ("tsit5", "dop853")
        solvers = {f"parametra {m}": partial(ours, method=m) for m in methods}
        solvers |= {f"diffrax {'Kvaerno5' if stiff else 'Tsit5'}": with_diffrax}
        solvers |= {"CasADi CVODES, one by one": with_casadi, "SciPy LSODA, one by one": with_scipy}
        base = None
        for peer, make in solvers.items():
            solve, jacobian, count = make(problem)
            # what is compiled is compiled before the ladder is climbed
            began = time.perf_counter()
            solve(LADDER[0])()
            compile_solve = time.perf_counter() - began
            reached = [(tol, error(solve(tol)(), wanted)) for tol in LADDER[:1]]
            while not reached[-1][1] < TARGET and len(reached) < len(LADDER):
                tol = LADDER[len(reached)]
                reached.append((tol, error(solve(tol)(), wanted)))
            tolerance, accuracy = reached[-1]
            seconds, _ = timed(solve(tolerance), 7)
            slow, compile_jacobian = timed(jacobian(tolerance), 5)
            spent = (1e3 * seconds / count, 1e3 * slow / count)
            base = base or spent
            one_by_one = "one by one" in peer
            rows.append(
                {
                    "problem": name,
                    "solver": peer,
                    "relative tolerance": f"{tolerance:.0e}",
                    "error": f"{accuracy:.1e}",
                    "solve, ms": f"{spent[0]:.4f}",
                    "Jacobian, ms": f"{spent[1]:.4f}",
                    "times slower, solve": round(spent[0] / base[0], 1),
                    "times slower, Jacobian": round(spent[1] / base[1], 1),
                    "compile, s": "" if one_by_one else f"{compile_solve:.1f}, {compile_jacobian:.1f}",
                }
            )
            print(rows[-1], file=sys.stderr, flush=True)
    title = "Differential equations: a batch of 100, per parameter vector"
    json.dump({"title": title, "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
