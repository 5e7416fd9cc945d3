"""Variables chosen in pure noise: what a plain holdout says of the classifier, and what the reusable one says.

The experiment of the article in Science (doi:10.1126/science.aaa9375): n rows, d = n normal variables, labels +-1, all
independent, so that no classifier is right in more than half of the cases. The analyst keeps variables whose
correlations with the label in training and holdout rows have one sign and are above 0.5/sqrt(n), takes the k that are
strongest in the training rows, and adds their signs up. Then the holdout is asked how often that is right.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.keys import generator
from parametra.nouns.trust_promise import Claim
from parametra.nouns.trust_result import Panel, Trace
from parametra.verbs._promise import Simulated, mean_and_error
from parametra.verbs.trust import reusable_holdout

ROWS = 4000
_SHARES = (0.0025, 0.0125, 0.025, 0.05, 0.075, 0.125)
"""k / d of the classifiers; the last one is what the figures are about."""

_FEW_POINTS = 0.05


def simulate(*, runs: int | None, seed: int, rows: int = ROWS) -> Simulated:
    """What is said of the classifiers against the truth, over the runs (5 when None)."""
    count = 5 if runs is None else runs
    ks = np.maximum(1, (np.array(_SHARES) * rows).astype(int))
    said = np.array([_once(rows, ks, seed, run) for run in range(count)])  # (runs, 5, k)
    naive, naive_fresh, kept, fresh, training = said.transpose(1, 0, 2)
    off = np.abs(kept[:, -1] - fresh[:, -1])
    claims = (
        Claim("reusable holdout, largest miss of fresh accuracy", _FEW_POINTS, "at most", float(off.max())),
        _plain("reusable holdout says", kept[:, -1]),
        _plain("fresh rows say of that classifier", fresh[:, -1]),
        _plain("plain holdout says", naive[:, -1]),
        _plain("fresh rows say of that one", naive_fresh[:, -1]),
    )
    x = ks.astype(np.float64)
    pictures = (
        _panel("plain holdout, asked again and again", x, naive, naive_fresh, training=None, role="naive"),
        _panel("reusable holdout", x, kept, fresh, training=training, role="delivered"),
    )
    return Simulated(
        f"what is said of a classifier of {ks[-1]} variables, chosen from {rows} of pure noise with {rows} rows, is "
        f"within 5 points of its accuracy on fresh rows, in every simulation.",
        claims, pictures, count, (f"no classifier can be right in more than half of the cases here; n = d = {rows}.",),
    )  # fmt: skip


def _once(n: int, ks: np.ndarray, seed: int, run: int) -> Float[np.ndarray, "5 k"]:
    random = generator(seed, "promise reusable_holdout", run)
    sides = [_rows(random, n, n) for _ in range(2)]
    train, holdout = ((X.T @ y / n).astype(np.float64) for X, y in sides)
    naive = _classifiers(train, holdout, ks)
    naive_said = [_accuracy(sides[1], one) for one in naive]
    keeper = reusable_holdout(*sides, budget=n // 10, seed=seed + run)
    answers = keeper.ask_each(lambda rows: rows[0] * rows[1][:, None])
    chosen = _classifiers(train, np.nan_to_num(answers), ks)
    said = [keeper.ask(partial(_right, classifier=one)).value for one in chosen]
    fresh = [[_fresh(random, n, one) for one in several] for several in (naive, chosen)]
    return np.array([naive_said, fresh[0], said, fresh[1], [_accuracy(sides[0], one) for one in chosen]])


def _rows(random: np.random.Generator, n: int, d: int) -> tuple[Any, Any]:
    return random.standard_normal((n, d), dtype=np.float32), random.choice(np.array([-1, 1], dtype=np.float32), n)


def _classifiers(train: np.ndarray, holdout: np.ndarray, ks: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Columns and signs of the k strongest variables on which both agree, for each k."""
    least = 0.5 / np.sqrt(len(train))
    agree = np.flatnonzero((np.abs(train) > least) & (np.abs(holdout) > least) & (train * holdout > 0))
    order = agree[np.argsort(-np.abs(train[agree]), kind="stable")]
    return [(order[:k], np.sign(train[order[:k]]).astype(np.float32)) for k in ks]


def _right(rows: tuple[Any, Any], classifier: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    columns, signs = classifier
    return (rows[0][:, columns] @ signs) * rows[1] > 0


def _accuracy(rows: tuple[Any, Any], classifier: tuple[np.ndarray, np.ndarray]) -> float:
    return float(_right(rows, classifier).mean())


def _fresh(random: np.random.Generator, n: int, classifier: tuple[np.ndarray, np.ndarray]) -> float:
    """Accuracy on n fresh rows; only the columns that matter are drawn."""
    rows = _rows(random, n, len(classifier[0]))
    return _accuracy(rows, (np.arange(len(classifier[0])), classifier[1]))


def _plain(what: str, values: np.ndarray) -> Claim:
    mean, error = mean_and_error(values)
    return Claim(what, None, "", float(mean), float(error))


def _panel(
    title: str, x: np.ndarray, said: np.ndarray, fresh: np.ndarray, *, training: np.ndarray | None, role: str
) -> Panel:
    traces = [Trace("half: the truth", x, np.full(len(x), 0.5), np.zeros(0), "bound")]
    several = [] if training is None else [("training rows say", training, "other")]
    for label, values, colour in (*several, ("holdout says", said, role), ("fresh rows say", fresh, "promise")):
        mean, error = mean_and_error(values)
        traces.append(Trace(label, x, mean, 2.0 * error, colour))
    return Panel(title, "variables in the classifier", "share of right answers", tuple(traces), y_range=(0.47, 0.83))
