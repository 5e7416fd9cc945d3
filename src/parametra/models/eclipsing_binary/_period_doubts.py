"""Whether the period of two eclipses may be half or twice the true one, read off a fit."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.chi_square import survival
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
        return f"odd and even cycles differ: the period of the star is twice that of the fit{twice}."
    first, second = (_seen(fit, problem, f"depth{number}") for number in "12")
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
    """Whether what a fit leaves over has the sign of odd and even cycles, by the criterion of the terms for that."""
    data = problem.data_sets[i]
    if "time" not in data.inputs:
        return False
    output = next(iter(data.outputs))
    named = problem.bindings[i].parameters_of(fit.values)
    rows = data.observed[output]
    time = np.asarray(data.inputs["time"], dtype=np.float64)
    time = time if rows is None else time[rows]
    observed, sigma = data.observations(output)
    found = problem.model.predict(named, {**data.constants, "time": time})
    left = np.asarray(observed, dtype=np.float64) - np.asarray(found.get(output, found.get(ONLY)))
    root = np.ones(left.size) if sigma is None else np.median(sigma) / sigma
    period, epoch = float(named["period"]), float(named["epoch"])
    terms = _of_two_cycles(time, period, epoch, 0.8 * float(named["half_width"]))
    usable = np.sum(terms != 0, axis=0) > 4
    terms = terms[:, usable] * root[:, None]
    left = left * root
    if not usable.any() or left.size < 20:
        return False
    rest = left - terms @ np.linalg.lstsq(terms, left, rcond=None)[0]
    before, after = float(left @ left), float(rest @ rest)
    if not 0 < after < before:
        return False
    return left.size * math.log(before / after) - terms.shape[1] * math.log(left.size) > _DECISIVE


def _of_two_cycles(
    time: Float[np.ndarray, " n"], period: float, epoch: float, half_width: float
) -> Float[np.ndarray, "n 3"]:
    """The wave of twice the period, and eclipses at its epoch that are deeper in every second cycle."""
    phase = fold(time, 2 * period, epoch)
    angle = 2 * np.pi * phase
    dip = np.zeros_like(phase)
    for middle, sign in ((0.0, 1.0), (0.5, -1.0)):
        away = phase - middle
        away = 2 * np.abs(away - np.round(away))
        dip += sign * np.maximum(1 - away / half_width, 0.0)
    return np.stack([np.cos(angle), np.sin(angle), dip], axis=1)
