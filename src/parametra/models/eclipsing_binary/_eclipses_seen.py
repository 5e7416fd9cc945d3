"""Whether the light of a star needs eclipses at all, or is as well described by a smooth wave of few harmonics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.eclipsing_binary._waves import waves
from parametra.nouns.fit_result import Fit
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem

_MOST = 3
"""Harmonics of a smooth wave: eclipses want more."""


@dataclass(frozen=True)
class Smooth:
    """A sum of few harmonics that describes the data no worse than the eclipses of a fit do.

    Arguments:
        harmonics: how many.
        factor: its period in periods of the fit, 1 or 0.5.
        advantage: the Bayesian information criterion of the eclipses less that of the harmonics.
    """

    harmonics: int
    factor: float
    advantage: float


def smooth_wave(fit: Fit, problem: Problem) -> Smooth:
    """The best sum of up to three harmonics of the fitted period, or of half of it, by the Bayesian criterion.

    Both are least squares of the same magnitudes with the same weights: BIC = sum n ln(squares) + k ln(sum n), with
    2 K + 1 coefficients for each data set and the period for the harmonics, and all free parameters for the eclipses.

    Source: Schwarz (1978), Estimating the dimension of a model, doi:10.1214/aos/1176344136
    """
    sets = [_light_curve(fit, problem, i) for i in range(len(problem.data_sets))]
    count = sum(each[0].size for each in sets)
    free = sum(row.role == "free" for row in fit.rows)
    eclipses = sum(left.size * _log_squares(left) for _, _, _, left in sets) + free * math.log(count)
    found: list[Smooth] = []
    for factor in (1.0, 0.5):
        for harmonics in range(1, _MOST + 1):
            terms = (2 * harmonics + 1) * len(sets) + 1
            rest = [_left_over(cycles / factor, wanted, root, harmonics) for cycles, wanted, root, _ in sets]
            criterion = sum(each.size * _log_squares(each) for each in rest) + terms * math.log(count)
            found.append(Smooth(harmonics, factor, eclipses - criterion))
    return max(found, key=lambda each: each.advantage)


def _log_squares(values: Float[np.ndarray, " n"]) -> float:
    return math.log(max(float(values @ values), 1e-300))


def _light_curve(
    fit: Fit, problem: Problem, i: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Cycles, magnitudes, the roots of their weights, and what the fit leaves over; both last weighed."""
    data, binding = problem.data_sets[i], problem.bindings[i]
    named = binding.parameters_of(fit.values)
    output = next(iter(data.outputs))
    rows = data.observed[output]
    inputs = {name: np.asarray(values, dtype=np.float64) for name, values in data.inputs.items()}
    inputs = inputs if rows is None else {name: values[rows] for name, values in inputs.items()}
    observed, sigma = data.observations(output)
    magnitude = np.asarray(observed, dtype=np.float64)
    root = np.ones(magnitude.size) if sigma is None else np.median(sigma) / np.asarray(sigma)
    predicted = problem.model.predict(named, {**data.constants, **inputs})
    left = (magnitude - np.asarray(predicted.get(output, predicted.get(ONLY)))) * root
    if "phase" in inputs:
        return inputs["phase"], magnitude, root, left
    return (inputs["time"] - float(named["epoch"])) / float(named["period"]), magnitude, root, left


def _left_over(
    cycles: Float[np.ndarray, " n"], magnitude: Float[np.ndarray, " n"], root: Float[np.ndarray, " n"], harmonics: int
) -> Float[np.ndarray, " n"]:
    terms, wanted = waves(cycles, harmonics) * root[:, None], magnitude * root
    return wanted - terms @ np.linalg.lstsq(terms, wanted, rcond=None)[0]
