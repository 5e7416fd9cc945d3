"""What `conformal_selection` is given, checked: outcomes, scores of candidates, or learners with their inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import DataError, MethodError


def outcomes_and_cutoff(outcomes: Any, cutoff: Any) -> Float[np.ndarray, " n"]:
    """(n,) outcome - cutoff. Raises DataError for what is not one finite number a row."""
    y, c = finite("outcomes", outcomes, 1), finite("cutoff", cutoff, None)
    if c.ndim > 1 or (c.ndim == 1 and len(c) != len(y)):
        raise DataError(f"cutoff: one number, or one for each of the {len(y)} outcomes; came shape {c.shape}.")
    return y - c


def candidates(scores: Any, new_scores: Any, n: int) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names of K candidates, (K, n) and (K, m) scores. Raises DataError when they do not fit."""
    named = isinstance(scores, Mapping)
    if named != isinstance(new_scores, Mapping):
        raise DataError("scores and new_scores: give both by name, {'model': scores}, or both as arrays.")
    if named:
        if set(scores) != set(new_scores) or not scores:
            raise DataError(
                f"scores and new_scores must hold the same candidates; came {', '.join(map(str, scores)) or 'none'} "
                f"and {', '.join(map(str, new_scores)) or 'none'}."
            )
        names = tuple(str(name) for name in scores)
        old = np.array([finite(f'scores["{k}"]', v, 1, n) for k, v in scores.items()])
        sides = [finite(f'new_scores["{k}"]', new_scores[k], 1) for k in scores]
        if len({len(side) for side in sides}) > 1:
            raise DataError(f"new_scores differ in length: {', '.join(str(len(side)) for side in sides)}.")
        return names, old, np.array(sides)
    old, new = (np.atleast_2d(finite(w, v, None)) for w, v in (("scores", scores), ("new_scores", new_scores)))
    if old.ndim != 2 or new.ndim != 2 or old.shape[1] != n or len(old) != len(new) or not new.size:
        raise DataError(
            f"scores must have shape (K, n) with n = {n} outcomes, and new_scores (K, m) with the same K; came "
            f"{old.shape} and {new.shape}."
        )
    return tuple(f"score {k}" for k in range(1, len(old) + 1)), old, new


def learning(
    learners: Any, inputs: Any, new_inputs: Any, excess: Float[np.ndarray, " n"]
) -> tuple[tuple[str, ...], Callable[[int], tuple[np.ndarray, np.ndarray]], int]:
    """Names of the learners, the function of j that `learned` wants, and m.

    Raises:
        DataError: inputs that do not fit.
        MethodError: a learner that is none.
    """
    X, new = finite("inputs", inputs, 2, len(excess)), finite("new_inputs", new_inputs, 2)
    if X.shape[1] != new.shape[1]:
        raise DataError(f"inputs and new_inputs must have the same columns; came {X.shape[1]} and {new.shape[1]}.")
    if not isinstance(learners, Mapping):
        several = learners if isinstance(learners, (list, tuple)) else (learners,)
        learners = {getattr(one, "__name__", type(one).__name__) + f" {k}": one for k, one in enumerate(several, 1)}
    if not learners:
        raise MethodError("learners: none came; give at least one, or scores.")

    def learn(j: int) -> tuple[np.ndarray, np.ndarray]:
        rows, labels = np.vstack([X, new[j]]), np.append(excess, 0.0)
        both = [_scores(str(name), one, rows, labels, np.vstack([X, new])) for name, one in learners.items()]
        return np.array([b[: len(X)] for b in both]), np.array([b[len(X) :] for b in both])

    return tuple(str(name) for name in learners), learn, len(new)


def _scores(name: str, learner: Any, X: np.ndarray, excess: np.ndarray, at: np.ndarray) -> Float[np.ndarray, " t"]:
    fitted = learner.fit(X, excess) if hasattr(learner, "fit") else learner(X, excess)
    predict = fitted.predict if hasattr(fitted, "predict") else fitted
    if not callable(predict):
        raise MethodError(
            f'learner "{name}": wanted is a function of (inputs, excess) that returns a function of inputs, or an '
            f"object with fit and predict; fitting gave {type(fitted).__name__}."
        )
    return finite(f'learner "{name}"', predict(at), 1, len(at))


def finite(what: str, values: Any, dimensions: int | None, length: int | None = None) -> np.ndarray:
    """An array of finite numbers. Raises DataError for anything else."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{what}: numbers are wanted; came {values!r:.60}.") from None
    if dimensions is not None and found.ndim != dimensions:
        raise DataError(f"{what}: an array of {dimensions} dimension(s) is wanted; came shape {found.shape}.")
    if found.size == 0:
        raise DataError(f"{what}: no numbers came.")
    if length is not None and len(found) != length:
        raise DataError(f"{what}: {length} values are wanted, one a row; came {len(found)}.")
    if not np.isfinite(found).all():
        raise DataError(f"{what}: NaN or infinity is among the values; leave such rows out.")
    return found
