"""The gradient of one number that is made of the outputs of an ODE, by all its parameters at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns._ode_backwards import WayBack, Worth, can_go_back, pulled
from parametra.nouns._ode_call import Asked, Caller, Found, reasons
from parametra.nouns._ode_lanes import Course

Weigh = Callable[[dict[str, np.ndarray], np.ndarray], Mapping[str, np.ndarray]]
"""From outputs (N, T) of points with these numbers (N,) to the derivatives of a number of each point by them (N, T)."""


@dataclass(frozen=True, eq=False)
class Pulled(Found):
    """What a call came to, and the gradient.

    Arguments:
        gradient: for each parameter that the ODE uses, (N,) or (elements, N); NaN in points that failed.
    """

    gradient: Worth


def pull_back(caller: Caller, parameters: Mapping[str, Any], inputs: Mapping[str, Any], weigh: Weigh) -> Pulled | None:
    """As `ODE.pull_back`."""
    asked = caller.asked(parameters, inputs)
    if asked.experiments.steady or caller.statement.settle is not None or caller.wish == "lsoda":
        return None
    rows, step = asked.points.rows, caller.at_once(asked)
    parts: list[Pulled] = []
    for first in range(0, len(rows), step):
        here = np.arange(first, min(first + step, len(rows)))
        part = _part(caller, asked, rows[here], lambda outputs, here=here: weigh(outputs, here))
        if part is None:
            return None
        parts.append(part)
    outputs = {name: np.concatenate([part.outputs[name] for part in parts]) for name in parts[0].outputs}
    gradient = {name: np.concatenate([p.gradient[name] for p in parts], axis=-1) for name in parts[0].gradient}
    return Pulled(outputs, np.concatenate([part.failed for part in parts]), gradient)


def _part(
    caller: Caller,
    asked: Asked,
    rows: np.ndarray,
    weigh: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]],
) -> Pulled | None:
    """Some of the points."""
    nothing = np.zeros((0, rows.shape[1]))
    lanes, runner, record = caller.lanes(asked, rows, nothing), caller.runner(asked), []
    course = runner.run(lanes, record)
    why = reasons(course.failed, len(rows))
    outputs, _ = caller.observed(asked, rows, {}, 0, course)
    if not can_go_back(caller.statement, caller.wish):  # which of functions is known only now
        return None
    bad = why != ""
    for each in outputs.values():
        each[bad] = np.nan
    weights = {name: np.where(bad[:, None], 0.0, each) for name, each in weigh(outputs).items()}
    gradient = {name: np.zeros(np.shape(value)) for name, value in asked.points.named(rows).items()}
    worth = _of_states(caller, asked, rows, course, weights, gradient)
    back = WayBack(runner, lanes, record, frozenset(gradient)).worth(worth)
    for name, each in back.items():
        gradient[name] += each.reshape(*each.shape[:-1], len(rows), -1).sum(axis=-1)
    for each in gradient.values():
        each[..., bad] = np.nan
    return Pulled(outputs, why, gradient)


def _of_states(
    caller: Caller,
    asked: Asked,
    rows: np.ndarray,
    course: Course,
    weights: Mapping[str, np.ndarray],
    gradient: Worth,
) -> np.ndarray:
    """What the states (T, n, lanes) are worth, from what the outputs are; what parameters in them are is added."""
    s, experiments = caller.statement, asked.experiments
    at, which = experiments.place, experiments.experiment
    count, kinds, shape = len(rows), experiments.times.shape[1], (len(rows), len(asked.time))
    worth = np.zeros((len(course.values), len(s.states), count, kinds))
    of_states = np.zeros((len(at), len(s.states), count))
    if s.observe is None:
        for i, name in enumerate(s.states):
            of_states[:, i] = weights[name].T if name in weights else 0.0
    else:
        y = course.values.reshape(worth.shape)[at, :, :, which]
        given = caller.seen(asked, rows, y)
        of = [weights.get(name, np.zeros(shape)) for name in caller.outputs()]
        with np.errstate(all="ignore"):
            found = pulled(s.observe, given, of, frozenset({*gradient, *s.states}), shape)
        for name, each in found.items():
            if name in s.states:
                of_states[:, s.states.index(name)] = each.T
            else:
                gradient[name] += each.sum(axis=-1)
    # several rows may be of the same experiment and time
    np.add.at(worth.transpose(0, 3, 1, 2), (at, which), of_states)
    return worth.reshape(course.values.shape)
