"""Where does Gravity win against Adam on handwritten digits, and where does it lose?

A network of 64 - 32 tanh - 10 on scikit-learn's digits, 1437 of them for training in batches of 32, 20 epochs, median
of five seeds (least to most). Published defaults, and the best of a ladder of rates for each.
"""

import json
import statistics
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from parametra.methods.fit.adam import Adam
from parametra.methods.fit.gravity import Gravity
from small_networks import cross_entropy

EPOCHS, BATCH, SEEDS = 20, 32, 5
LADDER = {"gravity": (0.1, 0.4, 0.8, 1.6, 3.2), "adam": (0.001, 0.003, 0.01, 0.02, 0.05)}


def digits(seed):
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    X = np.column_stack([X[order] / 16, np.ones(len(y))])
    return X[:1437], y[order][:1437], X[1437:], y[order][1437:]


def forward(X, A, B):
    hidden = np.column_stack([np.tanh(X @ A), np.ones(len(X))])
    return hidden, hidden @ B


def gradient(X, y, A, B):
    hidden, logits = forward(X, A, B)

    def back(slope):
        inner = (slope @ B[:-1].T) * (1 - hidden[:, :-1] ** 2)
        return X.T @ inner, hidden.T @ slope

    return cross_entropy(logits, y, back)


def train(kind, rate, seed):
    """Training loss after 1, 5 and 20 epochs, and the share of new digits read rightly."""
    X, y, X_new, y_new = digits(seed)
    rng = np.random.default_rng(seed + 100)
    weights = [rng.normal(size=(65, 32)) / 8, rng.normal(size=(33, 10)) / 6]
    rule = Gravity(learning_rate=rate) if kind == "gravity" else Adam(beta_2=0.999)
    memories = [rule.begin(w.reshape(1, -1), seed) for w in weights]
    losses = []
    for epoch in range(1, EPOCHS + 1):
        for rows in np.array_split(rng.permutation(len(y)), len(y) // BATCH):
            _, slopes = gradient(X[rows], y[rows], *weights)
            for i, slope in enumerate(slopes):
                scaled = weights[i].reshape(1, -1)
                direction, memories[i] = rule.turn(slope.reshape(1, -1), memories[i], scaled)
                weights[i] = weights[i] - rate * direction.reshape(weights[i].shape)
        if epoch in (1, 5, EPOCHS):
            losses.append(float(gradient(X, y, *weights)[0]))
    right = float(np.mean(forward(X_new, *weights)[1].argmax(axis=1) == y_new))
    return [*losses, right]


def row(kind, rate, words):
    runs = np.array([train(kind, rate, seed) for seed in range(SEEDS)])
    middle = [statistics.median(column) for column in runs.T]
    spread = f"{runs[:, 2].min():.3g} to {runs[:, 2].max():.3g}"
    return middle[2], {
        "optimiser": kind,
        "rate": f"{rate:g} ({words})",
        "loss after 1 epoch": f"{middle[0]:.3g}",
        "after 5": f"{middle[1]:.3g}",
        "after 20": f"{middle[2]:.3g} ({spread})",
        "new digits right": f"{100 * middle[3]:.1f} %",
    }


def main():
    rows, published = [], {}
    for kind, default in (("gravity", 0.1), ("adam", 0.001)):
        found = {rate: row(kind, rate, "published" if rate == default else "best of five") for rate in LADDER[kind]}
        published[kind] = found[default][0]
        rows.append(found[default][1])
        best = min(found, key=lambda rate: found[rate][0])
        if best != default:
            rows.append(found[best][1])
    rows.append({**dict.fromkeys(rows[0], ""), "optimiser": "ratio of published, after 20"})
    rows[-1]["after 20"] = f"{published['gravity'] / published['adam']:.3g}"
    json.dump({"title": "Gravity and Adam on handwritten digits", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
