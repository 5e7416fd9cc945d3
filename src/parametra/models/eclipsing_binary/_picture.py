"""A light curve as the field looks at it: folded, the bright side up, both eclipses within one and a half cycles."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.fit_result import Fit
from parametra.nouns.folding import Folding
from parametra.nouns.problem import Problem
from parametra.nouns.view import FIRST_PHASE

FOLDED = Folding("phase", period="", epoch="", upside_down=True)
"""Of data that came with phases, of magnitudes."""

_LAST = FIRST_PHASE + 1.5


def folded_picture(fit: Fit, problem: Problem, axes: Any) -> None:
    """Points and curve of every data set against phase."""
    folding = problem.folding or Folding()
    phase = np.linspace(FIRST_PHASE, _LAST, 1501)
    for k, (data, binding) in enumerate(zip(problem.data_sets, problem.bindings, strict=True)):
        named = binding.parameters_of(fit.values)
        period, epoch = folding.ephemeris(named) or (1.0, 0.0)
        output = next(iter(data.outputs))
        seen = (data.inputs[folding.input] - epoch) / period
        seen = seen - np.floor(seen - FIRST_PHASE)
        twice = np.concatenate([seen, seen + 1])
        inside = twice <= _LAST
        values = np.concatenate([data.outputs[output]] * 2)
        axes.plot(twice[inside], values[inside], ".", color=f"C{k}", markersize=3, alpha=0.5, label=data.name)
        found = problem.model.predict(named, {**data.constants, folding.input: epoch + period * phase})
        axes.plot(phase, next(iter(found.values())), color="black", linewidth=1)
    if folding.upside_down:
        axes.invert_yaxis()
    axes.set_xlabel("phase")
    axes.set_ylabel(next(iter(problem.data_sets[0].outputs)))
    if len(problem.data_sets) > 1:
        axes.legend()
