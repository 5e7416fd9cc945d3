"""Where refits of many data sets ended: polished by one step, with what is known there, and why others have none."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.bootstrap_refits import Refits
from parametra.nouns.problem import Problem
from parametra.runs.beside_bounds import beside_bounds

UNDETERMINED = "its data do not determine all parameters"
NO_MINIMUM = "it ended where the cost still falls, as beside a region in which the model fails"
FAILED_AT_END = "the model fails where the refit ended"
_RANK = 1e-13
"""Smallest eigenvalue of the information, its diagonal 1, relative to the largest."""

_STATIONARY = 1e-4
"""The squared distance to the minimum that a parabola tells, in standard errors, which is nothing."""

_POLISHING = 4
"""Undamped steps at most: one where no bound is met, one more for each time that a coordinate comes to its bound."""

Evaluate = Callable[[Request], Answers]


def refits_of(problem: Problem, evaluate: Evaluate, found: Solutions, evaluations: int, ended: str) -> Refits:
    """What came of the refits.

    Arguments:
        problem: what was fitted.
        evaluate: answers; start b is the data set b.
        found: where each refit ended.
        evaluations: points evaluated until there.
        ended: why the run was ended before its time, "" where it was not.
    """
    count = len(found.cost)
    owners = np.arange(count)
    points, answers, more = _polished(problem, evaluate, found, owners)
    normal = answers.normal
    if normal is None:
        normal = np.full((count, points.shape[1], points.shape[1]), np.nan)
    converged = np.array([e is Ending.CONVERGED for e in found.endings]) & answers.ok
    held = at_bounds(problem, points, answers)
    scale = _scales(problem, evaluate, points, owners)
    known = _determined(normal)
    at_end = known & _stationary(normal, answers.gradient, held, scale)
    determined = at_end & converged
    reasons: Counter[str] = Counter()
    for i in np.flatnonzero(~determined):
        words = NO_MINIMUM if known[i] else UNDETERMINED
        reasons[words if converged[i] else _why(found.endings[i], float(found.cost[i]), ended)] += 1
    return Refits(
        points=np.where(determined[:, None], points, np.nan),
        cost=np.where(determined, answers.cost, np.nan),
        ok=determined,
        reasons=dict(reasons),
        normal=np.where(determined[:, None, None], normal, np.nan),
        held=held,
        scale=np.where(determined, scale, np.nan),
        iterations=found.iterations,
        evaluations=evaluations + more,
    )


def _why(ending: Ending, cost: float, ended: str) -> str:
    if ending is Ending.RUNNING:
        return ended or "it was not finished"
    if not np.isfinite(cost):
        return "the model cannot be evaluated there"
    words = {Ending.LIMIT: "it did not converge", Ending.FAILED: "it stopped where the model fails"}
    return words.get(ending, FAILED_AT_END)


def _polished(
    problem: Problem, evaluate: Evaluate, found: Solutions, owners: np.ndarray
) -> tuple[np.ndarray, Answers, int]:
    """Undamped steps for every refit, kept where the cost does not rise; who passes a bound stays on it.

    Lanes come near a bound but never quite to it; these steps do.
    """
    space = problem.fit_space
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    points = found.points
    answers = evaluate(Request(points, Want.NORMAL, owners))
    spent = len(owners)
    for _ in range(_POLISHING):
        if answers.gradient is None or answers.normal is None:
            break
        with np.errstate(all="ignore"):
            held = at_bounds(problem, points, answers)
            trial = np.clip(points + _steps(answers.normal, answers.gradient, held), lower, upper)
            trial = np.where(held, np.where(answers.gradient > 0, lower, upper), trial)
        moved = evaluate(Request(trial, Want.NORMAL, owners))
        spent += len(owners)
        better = moved.ok & answers.ok & (moved.cost <= answers.cost)
        reached = better & ((trial == lower) | (trial == upper)).any(axis=1) & (trial != points).any(axis=1)
        points, answers = np.where(better[:, None], trial, points), _chosen(better, moved, answers)
        if not reached.any():
            break
    return points, answers, spent


def at_bounds(problem: Problem, points: Float[np.ndarray, "R d"], answers: Answers) -> Bool[np.ndarray, "R d"]:
    """Coordinates on a bound beyond which the cost would fall further."""
    gradient, normal = answers.gradient, answers.normal
    if gradient is None or normal is None:
        return np.zeros(points.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        effects = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
        lower, upper = beside_bounds(problem, points, effects)
        return (lower & (gradient >= 0)) | (upper & (gradient <= 0))


def _chosen(which: Bool[np.ndarray, " R"], first: Answers, second: Answers) -> Answers:
    parts: dict[str, Any] = {}
    for f in dataclasses.fields(Answers):
        a, b = getattr(first, f.name), getattr(second, f.name)
        if a is not None and b is not None:
            parts[f.name] = np.where(which.reshape(-1, *([1] * (a.ndim - 1))), a, b)
    return Answers(**parts)


def _steps(normal: np.ndarray, gradient: np.ndarray, held: np.ndarray) -> np.ndarray:
    """-(J'J)^+ J'r over the coordinates that are not held; nothing where that is not known."""
    size = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    unit = np.where(~held & (size > 0), 1 / np.where(size > 0, size, 1.0), 0.0)
    scaled = normal * unit[:, :, None] * unit[:, None, :]
    step = np.zeros_like(gradient)
    sound = np.isfinite(scaled).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    inverse = np.linalg.pinv(scaled[sound], rcond=_RANK, hermitian=True)
    step[sound] = -unit[sound] * (inverse @ (gradient[sound] * unit[sound])[:, :, None])[:, :, 0]
    return step


def _determined(normal: Float[np.ndarray, "R d d"]) -> Bool[np.ndarray, " R"]:
    """Whether the information of each refit has full rank."""
    known = np.zeros(len(normal), dtype=bool)
    with np.errstate(all="ignore"):
        size = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
        scaled = normal / size[:, :, None] / size[:, None, :]
    sound = np.isfinite(scaled).all(axis=(1, 2))
    values = np.linalg.eigvalsh(scaled[sound])
    known[sound] = values[:, 0] > _RANK * values[:, -1]
    return known


def _stationary(
    normal: np.ndarray, gradient: np.ndarray | None, held: np.ndarray, scale: np.ndarray
) -> Bool[np.ndarray, " R"]:
    """Whether the way to the minimum, g'(J'J)^+ g, is far below one standard error."""
    if gradient is None:
        return np.zeros(len(normal), dtype=bool)
    with np.errstate(all="ignore"):
        way = -np.einsum("bd,bd->b", gradient, _steps(normal, gradient, held))
        return np.isfinite(way) & ~(way > _STATIONARY * np.where(np.isfinite(scale), scale, 1.0) ** 2)


def _scales(problem: Problem, evaluate: Evaluate, points: np.ndarray, owners: np.ndarray) -> Float[np.ndarray, " R"]:
    """The root of RSS / degrees of freedom of each refit where one sigma is estimated, 1 elsewhere."""
    freedom = problem.degrees_of_freedom
    if problem.profiled is None:
        return np.ones(len(points))
    if freedom <= 0:
        return np.full(len(points), np.nan)
    with np.errstate(all="ignore"):
        return np.sqrt(2 * evaluate(Request(points, Want.COST, owners)).cost / freedom)
