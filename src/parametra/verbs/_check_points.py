"""Where a model fails: at the guess, and in the corners of what the bounds allow."""

from __future__ import annotations

import itertools

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.asker import Want
from parametra.nouns.keys import generator
from parametra.nouns.parameter import Bounded
from parametra.nouns.problem import Problem
from parametra.nouns.space import Space
from parametra.runs.choose_evaluator import AnyEvaluator

_ALL_UP_TO = 8
_SOME = 256
_INWARDS = 1e-6


def corners(space: Space) -> Float[np.ndarray, "n d"]:
    """All corners of the box up to 8 coordinates, 256 of them beyond; a coordinate without bounds stays at its guess.

    A bound that is not part of the domain, the 0 of `Positive`, is approached to a millionth of the way.
    """
    low, high = _ends(space)
    d = space.dimension
    if d <= _ALL_UP_TO:
        picks = np.array(list(itertools.product((False, True), repeat=d)), dtype=bool).reshape(2**d, d)
    else:
        one_high = np.eye(d, dtype=bool)
        drawn = generator(0, "check", 0).random((_SOME - 2 * d - 2 if 2 * d + 2 < _SOME else 0, d)) < 0.5
        picks = np.concatenate([np.zeros((1, d), bool), np.ones((1, d), bool), one_high, ~one_high, drawn])
    return np.unique(np.where(picks, high, low), axis=0)


def _ends(space: Space) -> tuple[np.ndarray, np.ndarray]:
    low = np.where(np.isfinite(space.lower), space.lower, space.guess)
    high = np.where(np.isfinite(space.upper), space.upper, space.guess)
    for name, part in space.slices.items():
        parameter = space[name]
        if not isinstance(parameter, Bounded) or parameter.logarithmic:
            continue
        at = np.zeros(space.dimension, dtype=bool)
        at[part] = np.isfinite(space.lower[part]) & (space.lower[part] == parameter.domain_lower)
        low = np.where(at, low + _INWARDS * np.maximum(high - low, np.abs(high)), low)
    return low, high


def failing_corners(problem: Problem, evaluator: AnyEvaluator) -> tuple[int, str]:
    """How many corners were looked at, and where the model is not finite in words; "" when it is finite everywhere."""
    space = problem.fit_space
    points = corners(space)
    with np.errstate(all="ignore"):
        ok = evaluator.evaluate(points, Want.COST).ok
    if ok.all():
        return len(points), ""
    bad = points[~ok]
    words = f"in {len(bad)} of the {len(points)} corners of the bounds"
    shared = _shared(space, points, ok)
    if shared:
        return len(points), f"{words}, always where {shared}"
    return len(points), f"{words}, for example at {_at(space, bad[0])}"


def _shared(space: Space, points: Float[np.ndarray, "n d"], ok: Bool[np.ndarray, " n"]) -> str:
    """What tells every failing corner from every good one in one coordinate, "" when nothing does."""
    for i, label in enumerate(space.labels):
        failing, good = set(points[~ok, i].tolist()), set(points[ok, i].tolist())
        if len(failing) == 1 and good and not failing & good:
            value = failing.pop()
            logarithmic = getattr(space[_name_of(space, i)], "logarithmic", False)
            return f"{label} = {np.exp(value) if logarithmic else value:.6g}"
    return ""


def _name_of(space: Space, coordinate: int) -> str:
    return next(name for name, part in space.slices.items() if part.start <= coordinate < part.stop)


def _at(space: Space, x: np.ndarray) -> str:
    named = space.to_named(x)
    return ", ".join(f"{k} = {float(v):.6g}" for k, v in named.items() if k in space.free and np.ndim(v) == 0)
