"""A light curve as the field looks at it: folded, the bright side up, both eclipses within one and a half cycles."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_FIRST, _LAST = -0.25, 1.25


def folded_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Points and curve of every data set against phase, of magnitudes."""
    _fold(fit, problem, axes)
    axes.invert_yaxis()


def folded_light(fit: Fit, problem: Problem, axes: Any) -> None:
    """The same of fluxes or magnitudes: eclipses, which are the exception, go down."""
    curve = _fold(fit, problem, axes)
    middle = float(np.median(curve))
    if curve.max() - middle > middle - curve.min():
        axes.invert_yaxis()


def _fold(fit: Fit, problem: Problem, axes: Any) -> np.ndarray:
    """Draw, and give the curve of the last data set."""
    phase = np.linspace(_FIRST, _LAST, 1501)
    curve = phase
    for k, (data, binding) in enumerate(zip(problem.data_sets, problem.bindings, strict=True)):
        named = binding.parameters_of(fit.values)
        period, epoch = (float(named.get("period", 1.0)), float(named.get("epoch", 0.0)))
        at = "phase" if "phase" in data.inputs else "time"
        output = next(iter(data.outputs))
        seen = (data.inputs[at] - epoch) / period
        seen = seen - np.floor(seen - _FIRST)
        twice = np.concatenate([seen, seen + 1])
        inside = twice <= _LAST
        values = np.concatenate([data.outputs[output]] * 2)
        colour = f"C{k}"
        axes.plot(twice[inside], values[inside], ".", color=colour, markersize=3, alpha=0.5, label=data.name)
        curve = next(iter(problem.model.predict(named, {**data.constants, at: epoch + period * phase}).values()))
        axes.plot(phase, curve, color="black", linewidth=1)
    axes.set_xlabel("phase")
    axes.set_ylabel(next(iter(problem.data_sets[0].outputs)))
    if len(problem.data_sets) > 1:
        axes.legend()
    return np.asarray(curve)
