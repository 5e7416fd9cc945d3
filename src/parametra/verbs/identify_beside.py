"""What stands beside the verdicts where it is asked for: a bootstrap, and the coverage that intervals really have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.methods.identify._rays import End
from parametra.methods.identify.profile_likelihood import ProfileLikelihood
from parametra.nouns.bootstrap_data import ReplicateData
from parametra.nouns.bootstrap_refits import Refits
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.estimate import Estimate
from parametra.runs.refits import Refitter
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.bootstrap import refitter
from parametra.verbs.fit_judge import hash_of

AT_ONCE = 4096
"""Rays that walk side by side; more of them only need more memory."""


def bootstrapped(at: AtEstimate, replicates: int, level: float, seed: int) -> Bootstrap:
    """Refits of data simulated from the fit."""
    method = catalogue.method("identify", "bootstrap")("parametric", replicates, level)
    return method.solve(
        refitter(at, progress=at.drive.progress),
        seed=seed,
        errors=at.fit.standard_error,
        evaluator=at.drive.evaluator.kind,
        problem_hash=hash_of(at.problem),
    )


def covered(at: AtEstimate, estimate: Estimate, replicates: int, level: float, seed: int) -> Coverage:
    """How often the intervals by curvature and by profile hold the values that data were simulated with."""
    method = catalogue.method("identify", "simulation_coverage")(replicates, level)
    refitting = refitter(at, progress=at.drive.progress)

    def profiles(data: ReplicateData, refits: Refits) -> tuple[np.ndarray, np.ndarray]:
        return profile_ends(refitting, estimate, data, refits, level, holding=refitting.x)

    return method.solve(
        refitting,
        seed=seed,
        makers={"profile": profiles},
        evaluator=at.drive.evaluator.kind,
        problem_hash=hash_of(at.problem),
    )


def profile_ends(
    refitting: Refitter,
    estimate: Estimate,
    data: ReplicateData,
    refits: Refits,
    level: float,
    holding: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The profile intervals of all parameters for many data sets, in the box; infinite where open, NaN for none.

    Whether an interval holds a value is told by its end towards that value, and that end is only wanted where it comes
    before it: most often by one minimum over the other parameters with this one at the value. So with `holding`
    there is an interval also where a walk to its ends would be lost further out: NaN is only what was lost on the
    way to the value.

    Arguments:
        refitting: fits the problem to other data.
        estimate: what the data sets have in common: bounds, scales, labels.
        data, refits: the data sets, and their estimates.
        level: of the intervals.
        holding: (d,) values that the intervals may hold, or (R, d) where each data set has its own; then ends beyond
            them, and those away from them, are infinite. None finds every end.
    """
    replicates: Any = refitting.replicates(data)
    d = estimate.dimension
    low, high = np.full((data.count, d), np.nan), np.full((data.count, d), np.nan)
    sound = np.flatnonzero(refits.ok & (refits.scale > 0))
    covariance = np.nan_to_num(refits.covariance())
    for part in np.array_split(sound, max(1, -(-2 * d * sound.size // AT_ONCE))):
        if not part.size:
            continue
        estimates = [
            replace(
                estimate,
                x=refits.points[k],
                cost=float(refits.cost[k]),
                scale=float(refits.scale[k]),
                held=refits.held[k],
                covariance=covariance[k],
                replicate=int(k),
            )
            for k in part
        ]
        until = None if holding is None else _way(refits.points[part], np.broadcast_to(holding, low.shape)[part])
        walk = ProfileLikelihood(level).walk(estimates, range(d), until)
        while not walk.halted:
            walk.tell(replicates.evaluate(walk.ask()))
        found, walked = walk.walked(), np.ones(2 * d * part.size, dtype=bool) if until is None else until > 0
        side = np.tile([-1.0, 1.0], d * part.size)
        ends = np.where(walked, np.nan, side * np.inf)
        at = np.repeat(refits.points[part], 2, axis=1).ravel()[walked] + side[walked] * found.t
        open_end = np.array([end in (End.OPEN, End.WALL) for end in found.ends], dtype=bool)
        lost = np.array([end in (End.LOST, End.LOWER, End.WALKING) for end in found.ends], dtype=bool)
        ends[walked] = np.where(lost, np.nan, np.where(open_end, side[walked] * np.inf, at))
        ends = ends.reshape(part.size, d, 2)
        low[part], high[part] = ends[:, :, 0], ends[:, :, 1]
    return low, high


def _way(x: np.ndarray, holding: np.ndarray) -> np.ndarray:
    """How far it is to the values along each ray, down and up of every coordinate in turn; 0 on the other side."""
    there = holding - x
    return np.maximum(np.stack([-there, there], axis=-1), 0.0).ravel()
