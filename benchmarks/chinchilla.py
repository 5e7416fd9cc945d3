"""How long take the fit of the Chinchilla law and its 4000 refits, here and one by one with SciPy?

    python benchmarks/chinchilla.py
    python benchmarks/chinchilla.py picture     docs/images/models_scaling_law_audit.png, with PARAMETRA_DATA set

The runs are those that the ready-made model simulates: 240 runs, five parameters. SciPy's peer is the usual way: BFGS
on the sum of Huber's losses of log losses, exact gradient, from the estimate for each refit.
"""

import json
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

REPLICATES, REPEATS = 4000, 3
ALONE = 100
"""Refits that are made one by one; their time is told for all."""
DELTA = 1e-3


def objective(x, n, d, log_loss):
    """The sum of Huber's losses and its gradient, x = (a, b, e, alpha, beta), n and d logarithms."""
    terms = np.stack([x[0] - x[3] * n, x[1] - x[4] * d, np.full_like(n, x[2])])
    top = terms.max(axis=0)
    shares = np.exp(terms - top)
    total = shares.sum(axis=0)
    r = top + np.log(total) - log_loss
    shares /= total
    size = np.abs(r)
    pull = np.clip(r, -DELTA, DELTA)
    cost = np.where(size <= DELTA, 0.5 * r**2, DELTA * (size - 0.5 * DELTA)).sum()
    slopes = np.stack([shares[0], shares[1], shares[2], -n * shares[0], -d * shares[1]])
    return cost, slopes @ pull


def alone(n, d, log_loss, start):
    """One refit with SciPy; the cost is scaled, which its tolerance needs."""
    from scipy.optimize import minimize

    return minimize(
        lambda x: tuple(1e3 * part for part in objective(x, n, d, log_loss)), start, jac=True, method="BFGS", tol=1e-8
    )


def picture():
    """The audit of the 245 runs that were read off the published figure."""
    import os
    from pathlib import Path

    import parametra as pm
    from parametra.nouns.noise_huber import LogHuber
    from parametra.nouns.noise_positive import LogNormal
    from parametra.verbs.audit import audit

    file = Path(os.environ["PARAMETRA_DATA"]) / "chinchilla" / "svg_extracted_data.csv"
    table = np.genfromtxt(file, delimiter=",", names=True, dtype=None, encoding=None, comments="%")
    n, c, loss = table["Model_Size"], table["Training_FLOP"], table["loss"]
    runs = pm.Data(
        {"parameters": n, "tokens": c / (6 * n), "loss": loss}, inputs=["parameters", "tokens"], output="loss"
    )
    problem = pm.model("scaling_law.chinchilla").problem(runs)
    claim = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    choices = {
        "rows": {
            "without the five highest losses": {"rows": loss < np.sort(loss)[-5]},
            "above 1e8 parameters": {"rows": n > 1e8},
        },
        "loss": {
            "squares": {"noise": LogNormal()},
            "Huber's at 1.345 widths": {"noise": LogHuber(1.345)},
            "absolute": {"loss": "absolute"},
        },
        "scale": {"losses, not logarithms": {"noise": pm.Normal()}},
        "form": {"one exponent": {"model": "E + A / parameters**alpha + B / tokens**alpha"}},
        "start": {"the first published estimate": {"start": claim, "starts": 1}},
        "method": {"L-BFGS": {"method": "lbfgs"}},
        "weighting": {"by parameters": {"weights": n / n.mean()}},
    }
    names = ["E", "alpha", "beta", "parameter_exponent", "tokens_per_parameter"]
    told = audit(problem, choices, quantities=names, replicates=400)
    print(told)
    target = Path(__file__).parent.parent / "docs" / "images" / "models_scaling_law_audit.png"
    told.plot().savefig(target, dpi=90)


def main():
    import parametra as pm

    ready = pm.model("scaling_law.chinchilla")
    data = ready.known[0].data()
    n, d, log_loss = (np.log(v) for v in (data.inputs["parameters"], data.inputs["tokens"], data.outputs["loss"]))
    fits, boots = [], []
    with threadpool_limits(limits=1):
        for _ in range(REPEATS):
            began = time.perf_counter()
            problem = ready.problem(data)
            fit = pm.fit(problem, progress=False)
            fits.append(time.perf_counter() - began)
            began = time.perf_counter()
            refits = pm.bootstrap(problem, fit, kind="case", replicates=REPLICATES, progress=False)
            boots.append(time.perf_counter() - began)
        e = fit.estimate
        start = np.array([np.log(e["A"]), np.log(e["B"]), np.log(e["E"]), e["alpha"], e["beta"]])
        generator = np.random.default_rng(0)
        began = time.perf_counter()
        found = []
        for _ in range(ALONE):
            rows = generator.integers(0, n.size, n.size)
            found.append(alone(n[rows], d[rows], log_loss[rows], start).x)
        scipy = (time.perf_counter() - began) * REPLICATES / ALONE
    spread = np.std(np.array(found)[:, 3])
    rows = [
        {
            "step": "fit, 20 starts",
            "parametra, first (s)": f"{fits[0]:.2f}",
            "parametra, warm (s)": f"{np.median(fits[1:]):.2f}",
            "SciPy one by one (s)": "",
            "times faster": "",
            "standard error of alpha": f"{fit.standard_error['alpha']:.4f} (sandwich)",
        },
        {
            "step": f"{REPLICATES} refits of drawn rows",
            "parametra, first (s)": f"{boots[0]:.2f}",
            "parametra, warm (s)": f"{np.median(boots[1:]):.2f}",
            "SciPy one by one (s)": f"{scipy:.1f}",
            "times faster": f"{scipy / np.median(boots[1:]):.1f}",
            "standard error of alpha": f"{refits.standard_error['alpha']:.4f} (SciPy {spread:.4f}, {ALONE} refits)",
        },
    ]
    json.dump({"title": "The Chinchilla law and 4000 refits", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    picture() if sys.argv[1:] == ["picture"] else main()
