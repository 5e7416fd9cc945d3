"""Where a search has ended at no minimum with a curvature: what is there instead, by looking around.

    runs away   the cost does not rise however much further the estimate goes on its way: there is no best value
    kink        the cost rises on all sides, but as |h| and not as h^2: a minimum without a curvature

A kink is a minimum when no direction that is tried goes down and when the gradients around it balance: 0 is in their
convex hull (Burke, Lewis and Overton 2005, doi:10.1137/030601296).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parametra.nouns.asker import Ending, Request, Want
from parametra.nouns.keys import generator
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome, Status
from parametra.runs.drive import Drive
from parametra.runs.lengths import kept_within, lengths
from parametra.verbs.fit_uncertainty import Curvature, unknown

_FURTHER = (0.1, 0.3, 1.0, 3.0)
_FAR = 1e3
_BENT = 2.0
_RADII = (1e-3, 1e-4)
_OF_A_LENGTH = (1e-2, 1e3)
_BALANCED = 0.02
_BESIDE = 0.01
_MOST_COORDINATES = 30
_MOST_NAMES = 4


@dataclass(frozen=True)
class Found:
    """What is at the end of a search.

    Arguments:
        around: the curvature, with what was found in its words.
        status: how the run ended, None where nothing is changed.
    """

    around: Curvature
    status: Status | None = None


def look_around(problem: Problem, drive: Drive, x: np.ndarray, cost: float, ending: Ending, around: Curvature) -> Found:
    """Find out what a point is that does not look like a minimum; nothing is asked about one that does.

    Arguments:
        problem: what was fitted.
        drive: evaluates, and counts.
        x, cost: where the best start ended.
        ending: how.
        around: the curvature there.
    """
    looks_well = not around.minimum and ending is Ending.CONVERGED and 1 / _FAR < around.distortion < _FAR
    beside = problem.constraints or problem.penalty is not None or problem.adversary
    if looks_well or beside or ending in (Ending.RUNNING, Ending.LIMIT) or not np.isfinite(cost):
        return Found(around)
    with np.errstate(all="ignore"):
        way = _runs_away(problem, drive, x, cost)
        if way:
            return _away(problem, around, way)
        bent = ending is Ending.FAILED and not 1 / _BENT <= around.distortion <= _BENT
        if (around.minimum or bent) and x.size <= _MOST_COORDINATES and drive.model_calls is None:
            kink = _kink(problem, drive, x, cost)
            if kink:
                return _at_kink(around, ending, certain=kink == "minimum")
    if bent and not around.minimum:
        return Found(replace(around, minimum="the method found no minimum here, and the cost is no parabola"))
    return Found(around)


def _runs_away(problem: Problem, drive: Drive, x: np.ndarray, cost: float) -> str:
    """The parameters that go on for ever, and which way, "" where the cost rises again."""
    space = problem.fit_space
    for way in (x - space.guess, x):
        moves = np.abs(way) > 1e-3 * np.maximum(np.abs(x), space.sizes)
        points = x + np.multiply.outer(np.array(_FURTHER), np.where(moves, way, 0.0))
        inside = np.all((points > space.lower) & (points < space.upper), axis=1)
        if not moves.any() or not inside[:2].all():
            continue
        points = points[: int(np.argmin(inside)) if not inside.all() else len(points)]
        answers = drive.evaluate(Request(points, Want.COST, np.full(len(points), -1)))
        told = int(np.argmin(answers.ok)) if not answers.ok.all() else len(points)
        costs = np.concatenate([[cost], answers.cost[:told]])
        if told >= 2 and bool(np.all(np.diff(costs) <= 1e-12 * abs(cost))):
            names = [f"{space.labels[i]} {'grows' if way[i] > 0 else 'falls'}" for i in np.flatnonzero(moves)]
            return " and ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} parameters move on"
    return ""


def _away(problem: Problem, around: Curvature, way: str) -> Found:
    why = f"the likelihood goes on rising while {way}"
    separated = any(noise.support == "shares" for noise in problem.noise.values())
    word = " Perhaps the model separates all successes from all failures." if separated else ""
    doubt = (
        f"there is no best value: {why}, without end.{word} More starts do not help: bound the parameters, state "
        "priors, or take a simpler model."
    )
    status = Status(
        Outcome.BUDGET,
        f"{why}: there is no best value, and this is where the search gave up. Bound the parameters, state priors, or "
        "take a simpler model.",
    )
    nothing = np.zeros_like(around.covariance)
    return Found(replace(around, covariance=nothing, minimum=f"{why}, without end", doubt=doubt), status)


def _kink(problem: Problem, drive: Drive, x: np.ndarray, cost: float) -> str:
    """Whether the cost has a kink here: "" for none, "minimum" for one that is a minimum, "kink" otherwise."""
    space, d = problem.fit_space, x.size

    def asked(points: np.ndarray) -> np.ndarray:
        return drive.evaluate(Request(points, Want.COST, np.full(len(points), -1))).cost

    size = np.maximum(np.abs(x), 1e-2 * space.sizes)
    size = kept_within(size, lengths(asked, x, _RADII[0] * size, space.lower, space.upper), _OF_A_LENGTH)
    draws = generator(0, "fit.kink", d).standard_normal((8 * d, d))
    draws /= np.linalg.norm(draws, axis=1, keepdims=True)
    ways = np.concatenate([np.eye(d), -np.eye(d), draws])
    rises: list[np.ndarray] = []
    for radius in _RADII:
        points = x + radius * ways * size
        if not ((points > space.lower) & (points < space.upper)).all():
            return ""
        answers = drive.evaluate(Request(points, Want.COST, np.full(len(points), -1)))
        rises.append(np.where(answers.ok, answers.cost - cost, np.inf))
    far, near = rises[0][: 2 * d], rises[1][: 2 * d]
    # ten times nearer a parabola rises by a hundredth, a kink by a tenth
    sharp = (near > 0) & (far < 30 * near) & (near > 1e-12 * abs(cost))
    if not (sharp[:d] & sharp[d:]).any():
        return ""
    around = x + _RADII[0] * draws * size
    answers = drive.evaluate(Request(around, Want.GRADIENT, np.full(len(around), -1)))
    # a search that follows gradients ends beside a kink, not in it
    falls = any(float(rise.min()) < -_BESIDE * float(np.median(rise)) for rise in rises)
    if falls or answers.gradient is None or not answers.ok.all():
        return "kink"
    return "minimum" if _balance(answers.gradient * size) <= _BALANCED else "kink"


def _balance(gradients: np.ndarray) -> float:
    """The shortest vector of the convex hull of gradients, in lengths of the longest of them."""
    from scipy.optimize import nnls

    longest = float(np.linalg.norm(gradients, axis=1).max())
    if not longest > 0:
        return 0.0
    rows = np.concatenate([gradients.T / longest, np.full((1, len(gradients)), 1e3)])
    shares, _ = nnls(rows, np.concatenate([np.zeros(gradients.shape[1]), [1e3]]))
    return float(np.linalg.norm(shares @ gradients) / longest)


def _at_kink(around: Curvature, ending: Ending, *, certain: bool) -> Found:
    where = "a minimum without curvature" if certain else "perhaps no minimum, and without curvature"
    doubt = (
        f"the density has a kink at the estimate, as -|observed - predicted| has: {where}. Errors that follow from "
        "the curvature do not exist; profile likelihoods or a bootstrap tell more, and a smooth noise such as StudentT "
        "has errors."
    )
    flat = unknown(around.covariance.shape[0], "the density has a kink here, and no curvature")
    found = replace(flat, residuals=around.residuals, held=around.held, doubt=doubt)
    if not certain or ending is Ending.CONVERGED:
        return Found(found)
    return Found(found, Status(Outcome.CONVERGED, "no direction from here lowers the cost, which has a kink here"))
