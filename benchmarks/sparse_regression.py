"""Does damped momentum halve the iterations of penalised regression, and are the right terms found? (System 182.)

200 observations, 1000 terms of which 10 are at work, neighbours correlated by 0.5; linear and logistic, 50 data sets of
each, seeds 0 to 49 (or as many as the first argument says).

Iterations: from zero, to 1e-4 of the largest slope, at 0.5, 0.2 and 0.1 (logistic: 0.5, 0.3, 0.2) times the least
strength that drops all terms; the plain proximal gradient has the same steps and the same stop. Where it is at its
limit of 3000, the ratio is too kind to it.

Terms found: F1 of the terms kept. The strength of MCP is chosen by the extended BIC, on the same 100 strengths for both
algorithms; coordinate descent is written here, after Breheny and Huang 2011 (doi:10.1214/10-AOAS388). The lasso is
scikit-learn's, its strength chosen by 5-fold cross-validation. Errors are standard errors of means over the data sets.
"""

import json
import math
import sys
import warnings

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LassoCV, LogisticRegressionCV

import parametra as pm
from parametra.maths.penalties import CoordinatePenalty
from parametra.methods.fit.proximal_gradient import ProximalGradient
from parametra.nouns.asker import Answers, Ending, Want
from parametra.nouns.search_space import SearchSpace

N, P, WORKING = 200, 1000, 10
GAMMA = {"linear": 3.0, "logistic": 12.0}
"""The shape of MCP; four times as large where the cost of a standardised term bends by 1/4 at most, not by 1."""
SHARES = {"linear": (0.5, 0.2, 0.1), "logistic": (0.5, 0.3, 0.2)}
LIMIT = 3000


def simulated(seed, kind):
    """Standardised columns, the response, and the terms at work."""
    r = np.random.default_rng([182, seed])
    X = r.normal(size=(N, P))
    for j in range(1, P):
        X[:, j] = 0.5 * X[:, j - 1] + math.sqrt(0.75) * X[:, j]
    X = (X - X.mean(0)) / X.std(0)
    beta = np.zeros(P)
    beta[r.choice(P, WORKING, replace=False)] = r.choice([-1.0, 1.0], WORKING) * r.uniform(1.0, 2.0, WORKING)
    signal = X @ beta
    if kind == "linear":
        return X, signal + signal.std() / 3 * r.normal(size=N), beta != 0
    return X, (r.uniform(size=N) < 1 / (1 + np.exp(-2 * signal))).astype(float), beta != 0


# ---- iterations


def evaluator(X, y, kind):
    """Answers requests for 1/2 |y - X b|^2 or minus the log-likelihood of the logistic model."""

    def answer(request):
        points = request.points
        ok, eta = np.ones(len(points), dtype=bool), points @ X.T
        if request.want is Want.PREDICTED:
            return Answers(
                cost=np.zeros(len(points)), ok=ok, predicted=eta, jacobian=np.broadcast_to(X, (len(points), *X.shape))
            )
        if kind == "linear":
            rows = eta - y
            cost = 0.5 * (rows * rows).sum(1)
        else:
            rows = expit(eta) - y
            cost = (np.logaddexp(0, eta) - y * eta).sum(1)
        return Answers(cost=cost, ok=ok, gradient=None if request.want is Want.COST else rows @ X)

    return answer


def iterations(X, y, kind, penalty, accelerate):
    """Iterations of one run; the limit counts where it is reached."""
    method = ProximalGradient(accelerate=accelerate, tolerance=1e-4, maximum_iterations=LIMIT)
    endless = np.full(P, np.inf)
    state = method.start(SearchSpace(-endless, endless, penalty=penalty), np.zeros((1, P)))
    answer = evaluator(X, y, kind)
    while not method.halted(state):
        state = method.tell(state, answer(method.ask(state)))
    found = method.solutions(state)
    return int(found.iterations[0]), found.endings[0] is Ending.CONVERGED


def iteration_rows(kind, runs):
    rows = []
    shapes = {"lasso": 0.0, "scad": 3.7 if kind == "linear" else 14.8, "mcp": GAMMA[kind]}
    for name, shape in shapes.items():
        taken = {True: [], False: []}
        lost = 0
        for seed in range(runs):
            X, y, _ = simulated(seed, kind)
            y = y - y.mean() if kind == "linear" else y
            top = np.abs(X.T @ (y - y.mean())).max() / N
            for share in SHARES[kind]:
                penalty = CoordinatePenalty(name, np.full(P, share * top), shape, float(N))
                for accelerate, numbers in taken.items():
                    count, converged = iterations(X, y, kind, penalty, accelerate)
                    numbers.append(count)
                    lost += not converged
        fast, plain = (np.array(taken[k], dtype=float).reshape(runs, -1) for k in (True, False))
        ratios = fast.sum(1) / plain.sum(1)
        rows.append(
            {
                "model": kind,
                "what": f"iterations, {name}",
                "accelerated": f"{fast.mean():.0f}",
                "peer": f"{plain.mean():.0f} (plain proximal gradient)",
                "ratio": f"{ratios.mean():.2f} ± {ratios.std(ddof=1) / math.sqrt(runs):.2f}",
                "note": f"{lost} of {2 * fast.size} runs at their limit of {LIMIT}" if lost else "",
            }
        )
    return rows


# ---- terms found


def f1(found, wanted):
    both = (found & wanted).sum()
    return 2 * both / (found.sum() + wanted.sum())


def extended_bic(likelihood, kept):
    chosen = math.lgamma(P + 1) - math.lgamma(kept + 1) - math.lgamma(P - kept + 1)
    return -2 * likelihood + kept * math.log(N) + 2 * chosen


def linear(X, beta, b0):
    return X @ beta + b0


def logistic(X, beta, b0):
    return 1 / (1 + np.exp(-(X @ beta + b0)))


def ours(X, y, kind):
    """MCP by parametra: what a person types."""
    model, noise = (linear, None) if kind == "linear" else (logistic, pm.Binomial(1))
    data = pm.Data({"y": y}, inputs={"X": X}, output="y")
    terms = {"beta": pm.Real(guess=0.0, shape=(P,)), "b0": 0.0}
    penalty = pm.Penalty("mcp", "extended_bic", parameters=["beta"], shape=GAMMA[kind])
    return pm.fit(model, data, terms, noise=noise, penalty=penalty, progress=False).estimate["beta"] != 0


def descend(X, y, kind, beta, b0, strength):
    """MCP at one strength by coordinate descent, on parabolas above the cost; sweeps until nothing moves by 1e-6."""
    v, gamma = (1.0, GAMMA[kind]) if kind == "linear" else (0.25, GAMMA[kind])
    model = linear if kind == "linear" else logistic
    for _ in range(1000):
        rows, before = (y - model(X, beta, b0)) / v, np.append(beta, b0)
        for _ in range(100):
            moved = 0.0
            # only terms in the model, and those whose slope lets them in, can move
            for j in np.flatnonzero((beta != 0) | (v * np.abs(X.T @ rows) / N > strength)):
                z = X[:, j] @ rows / N + beta[j]
                if abs(z) <= gamma * strength:
                    new = math.copysign(max(v * abs(z) - strength, 0.0) / (v - 1 / gamma), z)
                else:
                    new = z
                rows -= (new - beta[j]) * X[:, j]
                moved, beta[j] = max(moved, abs(new - beta[j])), new
            step = rows.mean()
            b0, rows, moved = b0 + step, rows - step, max(moved, abs(step))
            if moved < 1e-6:
                break
        if np.abs(np.append(beta, b0) - before).max() < 1e-6:
            break
    return beta, b0


def coordinate_descent(X, y, kind):
    """The path of MCP by coordinate descent, and what the extended BIC takes of it."""
    beta, b0 = np.zeros(P), y.mean() if kind == "linear" else math.log(y.mean() / (1 - y.mean()))
    top = np.abs(X.T @ (y - y.mean())).max() / N
    best, kept, since = np.inf, beta != 0, 0
    for strength in top * np.geomspace(1, 1e-2, 100):
        beta, b0 = descend(X, y, kind, beta, b0, strength)
        count = int((beta != 0).sum())
        if count > N // 2:
            break
        if kind == "linear":
            likelihood = -0.5 * N * math.log(np.mean((y - linear(X, beta, b0)) ** 2))
        else:
            eta = X @ beta + b0
            likelihood = float((y * eta - np.logaddexp(0, eta)).sum())
            if likelihood > 0.02 * -N * math.log(2):
                break
        value, since = extended_bic(likelihood, count), since + 1
        if value < best:
            best, kept, since = value, beta != 0, 0
        if since >= 20:
            break
    return kept


def lasso(X, y, kind):
    """scikit-learn's lasso, its strength by 5-fold cross-validation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the smallest strengths do not converge, and are not chosen
        if kind == "linear":
            return LassoCV(cv=5).fit(X, y).coef_ != 0
        settings = {"Cs": 20, "cv": 5, "l1_ratios": (1.0,), "solver": "liblinear", "scoring": "neg_log_loss"}
        return LogisticRegressionCV(**settings).fit(X, y).coef_[0] != 0


def recovery_row(kind, runs):
    found = {one: [] for one in (ours, coordinate_descent, lasso)}
    for seed in range(runs):
        X, y, wanted = simulated(seed, kind)
        for one, scores in found.items():
            scores.append(f1(one(X, y, kind), wanted))
        print(kind, seed, *(f"{scores[-1]:.3f}" for scores in found.values()), file=sys.stderr, flush=True)
    mine, peer, shrunk = (np.array(found[one]) for one in found)
    gap = mine - peer
    return {
        "model": kind,
        "what": "F1 of the terms kept, mcp",
        "accelerated": f"{mine.mean():.3f}",
        "peer": f"{peer.mean():.3f} (coordinate descent), {shrunk.mean():.3f} (lasso by cross-validation)",
        "ratio": f"{mine.mean() / peer.mean():.3f}",
        "note": f"difference to coordinate descent {gap.mean():+.3f} ± {gap.std(ddof=1) / math.sqrt(runs):.3f}",
    }


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    rows = []
    for kind in ("linear", "logistic"):
        rows += iteration_rows(kind, runs)
        rows.append(recovery_row(kind, runs))
    print(json.dumps({"title": f"Sparse regression, {runs} data sets", "rows": rows}))


if __name__ == "__main__":
    main()
