"""Whether there are eclipses, and whether the period of two may be half or twice the true one, read off a fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.chi_square import survival
from parametra.models.eclipsing_binary._eclipses_seen import Smooth, smooth_wave
from parametra.models.eclipsing_binary._fold import fold
from parametra.models.eclipsing_binary._profiles import PROFILES
from parametra.nouns.data import Data
from parametra.nouns.fit_result import Fit
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem

_ALIKE = 0.001
"""The chance that halves which are alike differ so much, below which they are said to differ."""
_SEEN = 4.0
"""Standard errors from which an eclipse is said to be seen."""
_FAINT = 0.03
"""Of the deeper eclipse: what a shape that is a little wrong may leave in place of no eclipse."""
_OF_AN_ECLIPSE = ("depth", "shape", *sorted({each.extra for each in PROFILES.values() if each.extra}))
_ENOUGH = 4
"""Points within eclipses of odd cycles, and of even ones, below which nothing is told of them."""
_DECISIVE = 10.0
"""Difference of the Bayesian information criterion from which cycles that alternate are told."""


def period_doubts(fit: Fit, problem: Problem) -> tuple[str, ...]:
    """What speaks for half or twice the period: odd and even cycles that differ, one eclipse, or two that are alike.

    Arguments:
        fit: of New Algol Variable.
        problem: what was fitted.
    """
    told = _told(fit, problem)
    return (told,) if told else ()


def _told(fit: Fit, problem: Problem) -> str:
    twice, half = _stated(fit, problem, 2.0), _stated(fit, problem, 0.5)
    if any(_alternates(fit, problem, i) for i in range(len(problem.data_sets))):
        return (
            f"eclipses of odd and even cycles differ: the period of the star may be twice that of the fit{twice}. "
            "Light that changes from cycle to cycle, such as by spots, does the same in few cycles; more of them tell."
        )
    first, second = (_seen(fit, problem, f"depth{number}") for number in "12")
    smooth = smooth_wave(fit, problem)
    if smooth.advantage > 0 or not (first or second):
        return _without_eclipses(fit, problem, smooth)
    if first != second:
        shown, missing = ("primary", "secondary") if first else ("secondary", "primary")
        return (
            f"only the {shown} eclipse is seen. Either the {missing} one is too shallow, or both are alike and the "
            f"period of the star is twice that of the fit{twice}. Fit that too: a light curve cannot decide where the "
            "eclipses come out alike; colours, or spectra, do."
        )
    if first and (chance := _alike(fit, problem)) > _ALIKE:
        return (
            f"both halves of the cycle are alike (p = {chance:.2g}): two eclipses of stars that are equally bright, or "
            f"one eclipse at half the period{half}, whose other one is not seen. The light curve cannot decide; "
            "colours, or spectra, do."
        )
    return ""


def _without_eclipses(fit: Fit, problem: Problem, smooth: Smooth) -> str:
    """A smooth wave, whose period may be that of the fit or half of it."""
    waves = f"a smooth wave of {smooth.harmonics} harmonic{'s' * (smooth.harmonics > 1)} of "
    waves += f"half the period{_stated(fit, problem, 0.5)}" if smooth.factor < 1 else "the period"
    if smooth.advantage > 0:
        why = f"{waves} describes the light curve better than eclipses do (BIC lower by {smooth.advantage:.3g})"
    else:
        why = f"both depths are within their errors of zero; as good is {waves}"
    return (
        f"this star shows no eclipses: {why}. Depths, widths and shapes here describe no eclipse. It may pulsate or "
        "rotate, or be a close binary seen from above: prefer oscillators.harmonic, or "
        "eclipsing_binary.trigonometric_polynomial; of a wave of two like halves the light curve cannot tell the "
        "period from its half."
    )


def _stated(fit: Fit, problem: Problem, factor: float) -> str:
    """The other period in brackets; nothing for data that came with phases."""
    for data, binding in zip(problem.data_sets, problem.bindings, strict=True):
        if "time" in data.inputs:
            return f" (period={factor * float(binding.parameters_of(fit.values)['period']):.8g})"
    return ""


def _called(data: Data, name: str) -> str:
    return data.parameters.get(name, name)


def _seen(fit: Fit, problem: Problem, name: str) -> bool:
    """Whether an eclipse has a depth in any data set, by its error and beside the deeper one."""
    for data in problem.data_sets:
        depth = float(fit.values[_called(data, name)])
        deeper = max(float(fit.values[_called(data, each)]) for each in ("depth1", "depth2"))
        error = math.sqrt(_variance(fit, {_called(data, name): 1.0}))
        if depth > max(_SEEN * error, _FAINT * deeper):
            return True
    return False


def _covariance(fit: Fit) -> np.ndarray:
    """As large as the residuals say, where these are larger than stated: a wrong period leaves much over."""
    covariance = np.asarray(fit.covariance, dtype=np.float64)
    return covariance * max(fit.reduced_chi_square or 1.0, 1.0) if fit.chi_square_tests else covariance


def _variance(fit: Fit, direction: Mapping[str, float]) -> float:
    along = np.array([direction.get(label, 0.0) for label in fit.covariance_labels])
    found = float(along @ _covariance(fit) @ along) if along.any() else 0.0
    return max(found, 0.0) if math.isfinite(found) else 0.0


def _alike(fit: Fit, problem: Problem) -> float:
    """The chance of halves that differ so much if they were alike: of waves of one cycle, depths and shapes."""
    wanted: dict[tuple[str, ...], float] = {}
    for data in problem.data_sets:
        for name in ("cos1", "sin1"):
            wanted[(_called(data, name),)] = float(fit.values[_called(data, name)])
        for name in _OF_AN_ECLIPSE:
            pair = (_called(data, f"{name}1"), _called(data, f"{name}2"))
            if pair[0] in fit.values and pair[1] in fit.values and pair[0] != pair[1]:
                wanted[pair] = float(fit.values[pair[0]]) - float(fit.values[pair[1]])
    labels = list(fit.covariance_labels)
    rows = np.zeros((len(wanted), len(labels)))
    for row, names in zip(rows, wanted, strict=True):
        for name, sign in zip(names, (1.0, -1.0), strict=False):
            if name in labels:
                row[labels.index(name)] = sign
    spread = rows @ _covariance(fit) @ rows.T
    off = np.array(list(wanted.values()))
    free = np.diag(spread) > 0
    if not (np.isfinite(spread).all() and free.any()):
        return 0.0
    scale = np.sqrt(np.diag(spread)[free])
    off, spread = off[free] / scale, spread[np.ix_(free, free)] / np.outer(scale, scale)
    return float(survival(float(off @ np.linalg.pinv(spread, rcond=1e-10) @ off), int(free.sum())))


def _alternates(fit: Fit, problem: Problem, i: int) -> bool:
    """Whether one eclipse of what a fit leaves over is deeper in every second cycle, beside all that changes slowly."""
    data = problem.data_sets[i]
    if "time" not in data.inputs:
        return False
    output = next(iter(data.outputs))
    rows = data.observed[output]
    time = np.asarray(data.inputs["time"], dtype=np.float64)
    time = time if rows is None else time[rows]
    observed, sigma = data.observations(output)

    def curve(values: Mapping[str, Any]) -> np.ndarray:
        found = problem.model.predict(problem.bindings[i].parameters_of(values), {**data.constants, "time": time})
        return np.asarray(found.get(output, found.get(ONLY)))

    named = problem.bindings[i].parameters_of(fit.values)
    left = np.asarray(observed, dtype=np.float64) - curve(fit.values)
    root = np.ones(left.size) if sigma is None else np.median(sigma) / sigma
    period, epoch = float(named["period"]), float(named["epoch"])
    slow, dip = _of_two_cycles(time, period, epoch, 0.8 * float(named["half_width"]))
    if np.sum(dip > 0) <= _ENOUGH or np.sum(dip < 0) <= _ENOUGH or left.size < 20:
        return False
    slow = np.column_stack([slow, *_moves(fit, curve)])
    before = _left_over(left * root, slow * root[:, None])
    after = _left_over(left * root, np.column_stack([slow, dip]) * root[:, None])
    return 0 < after < before and left.size * math.log(before / after) - math.log(left.size) > _DECISIVE


def _moves(fit: Fit, curve: Callable[[Mapping[str, Any]], np.ndarray]) -> list[np.ndarray]:
    """How a curve moves with each parameter, by its error: a slow change pulls the eclipses of the fit along."""
    made: list[np.ndarray] = []
    for label in fit.covariance_labels:
        step = 0.1 * math.sqrt(_variance(fit, {label: 1.0}))
        if label in fit.values and step > 0:
            there, back = (curve({**fit.values, label: fit.values[label] + move}) for move in (step, -step))
            made.append((there - back) / 0.2)
    return [each for each in made if np.isfinite(each).all()]


def _left_over(values: Float[np.ndarray, " n"], terms: Float[np.ndarray, "n k"]) -> float:
    rest = values - terms @ np.linalg.lstsq(terms, values, rcond=None)[0]
    return float(rest @ rest)


def _of_two_cycles(
    time: Float[np.ndarray, " n"], period: float, epoch: float, half_width: float
) -> tuple[Float[np.ndarray, "n 6"], Float[np.ndarray, " n"]]:
    """Slow changes that are no eclipses, and eclipses at the epoch that are deeper in every second cycle.

    Slow are a trend and a wave of nearly twice the period, such as of spots, whose size may change.
    """
    phase = fold(time, 2 * period, epoch)
    angle = 2 * np.pi * phase
    dip = np.zeros_like(phase)
    for middle, sign in ((0.0, 1.0), (0.5, -1.0)):
        away = phase - middle
        away = 2 * np.abs(away - np.round(away))
        dip += sign * np.maximum(1 - away / half_width, 0.0)
    along = (time - time.mean()) / (float(np.ptp(time)) or 1.0)
    waves = [np.ones_like(angle), np.cos(angle), np.sin(angle)]
    return np.stack([*waves, *(along * each for each in waves)], axis=1), dip
