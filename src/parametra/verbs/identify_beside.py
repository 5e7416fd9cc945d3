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
        return profile_ends(refitting, estimate, data, refits, level)

    return method.solve(
        refitting,
        seed=seed,
        makers={"profile": profiles},
        evaluator=at.drive.evaluator.kind,
        problem_hash=hash_of(at.problem),
    )


def profile_ends(
    refitting: Refitter, estimate: Estimate, data: ReplicateData, refits: Refits, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """The profile intervals of all parameters for many data sets, in the box; infinite where open, NaN for none.

    Arguments:
        refitting: fits the problem to other data.
        estimate: what the data sets have in common: bounds, scales, labels.
        data, refits: the data sets, and their estimates.
        level: of the intervals.
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
        walk = ProfileLikelihood(level).walk(estimates, range(d))
        while not walk.halted:
            walk.tell(replicates.evaluate(walk.ask()))
        found = walk.walked()
        side = np.where(np.arange(len(found.t)) % 2 == 0, -1.0, 1.0)
        at = np.repeat(refits.points[part], 2, axis=1).ravel() + side * found.t
        open_end = np.array([end in (End.OPEN, End.WALL) for end in found.ends])
        lost = np.array([end in (End.LOST, End.LOWER, End.WALKING) for end in found.ends])
        ends = np.where(lost, np.nan, np.where(open_end, side * np.inf, at)).reshape(part.size, d, 2)
        low[part], high[part] = ends[:, :, 0], ends[:, :, 1]
    return low, high
