"""Where formulas of a slope switch at a time that can be told beforehand: conditions that are linear in time.

    where(t < t1, a, b)        switches at t1        where(k * (t - lag) > 3, a, b)        at lag + 3 / k

Such a condition is held while one segment is integrated, and the segment ends where it changes: the solver sees smooth
functions only. Conditions on states are left as they are, and steps find their way through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns._formula_tape import Step, Tape, piece
from parametra.nouns._ode_sheet import Lines, Sheet, Tangents
from parametra.nouns.formula import Formula

_COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal"})
_SUMS = frozenset({"add", "subtract", "negative"})
_DIFFERENCE = "difference ="


@dataclass(frozen=True, eq=False)
class Condition:
    """A comparison that is linear in time.

    Arguments:
        name: the hidden name of its value, 1 or 0, in the formulas.
        operation: less, less_equal, greater or greater_equal.
        sheet: gives left side minus right side.
        time: the name of time.
    """

    name: str
    operation: str
    sheet: Sheet
    time: str

    def holds(self, given: Mapping[str, Any], time: np.ndarray) -> np.ndarray:
        """Whether it holds at these times, 1.0 or 0.0."""
        (difference,) = self.sheet.values({**given, self.time: time}, time.shape)
        return getattr(np, self.operation)(difference, 0.0).astype(float)

    def at(
        self, given: Mapping[str, Any], tangents: Tangents, lanes: int, directions: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """When it changes (lanes,), infinite for never, and the derivatives of that (directions, lanes)."""
        begin = {self.time: np.zeros(lanes)}
        (value,), (slope,) = self.sheet.with_tangents({**given, **begin}, {self.time: {0: 1.0}}, (lanes,))
        by_time = slope.get(0, np.zeros(lanes))
        with np.errstate(all="ignore"):
            time = np.where(by_time == 0.0, np.inf, -value / by_time)
        time = np.where(np.isnan(time), np.inf, time)
        moved = np.zeros((directions, lanes))
        if directions:
            finite = np.where(np.isfinite(time), time, 0.0)
            _, (by_q,) = self.sheet.with_tangents({**given, self.time: finite}, tangents, (lanes,))
            for q, each in by_q.items():
                moved[q] = np.where(np.isfinite(time), -each / np.where(by_time == 0.0, 1.0, by_time), 0.0)
        return time, moved

    def worth(self, given: Mapping[str, Any], time: np.ndarray, worth: np.ndarray) -> np.ndarray:
        """What the difference at the time (lanes,) at which it changes is worth, from what this time is worth."""
        _, (slope,) = self.sheet.with_tangents({**given, self.time: time}, {self.time: {0: 1.0}}, time.shape)
        by_time = slope.get(0, np.zeros(time.shape))
        return np.where(by_time == 0.0, 0.0, -worth / np.where(by_time == 0.0, 1.0, by_time))


def hold_conditions(lines: Lines, time: str, states: frozenset[str]) -> tuple[Lines, tuple[Condition, ...]]:
    """The formulas with the conditions that are linear in time replaced by hidden names, and these conditions.

    Arguments:
        lines: the formulas of the slopes in their order.
        time: the name of time.
        states: names that change in an unknown way.
    """
    degrees: dict[str, int | None] = {time: 1, **dict.fromkeys(states)}
    held: list[tuple[str, Formula]] = []
    conditions: list[Condition] = []
    for number, (name, formula) in enumerate(lines):
        steps, degree = list(formula.tape.steps), _degrees(formula.tape.steps, degrees)
        for k, step in enumerate(formula.tape.steps):
            if step.operation not in _COMPARISONS:
                continue
            sides = [degree[i] for i in step.operands]
            if None in sides or 1 not in sides:
                continue
            hidden = f"condition {len(conditions)}"
            sheet = Sheet((*lines[:number], (_DIFFERENCE, _difference(formula, k))), (_DIFFERENCE,))
            conditions.append(Condition(hidden, step.operation, _needed(sheet), time))
            steps[k] = Step("name", name=hidden)
        degrees[name] = degree[-1]
        added = {step.name for step in steps if step.name}
        tape = Tape(tuple(steps), formula.tape.spans)
        held.append((name, Formula(formula.text, formula.names | frozenset(added), formula.has_pi, tape)))
    return tuple(held), tuple(conditions)


def _degrees(steps: tuple[Step, ...], known: Mapping[str, int | None]) -> list[int | None]:
    """For each step 0 where time does not enter, 1 where it enters linearly, None otherwise."""
    found: list[int | None] = []
    for step in steps:
        if step.name:
            found.append(known.get(step.name, 0))
            continue
        inside = [found[k] for k in step.operands]
        if not any(degree != 0 for degree in inside):
            found.append(0)
        elif None in inside:
            found.append(None)
        else:
            scaled = (step.operation == "divide" and inside[1] == 0) or (step.operation == "multiply" and 0 in inside)
            found.append(1 if scaled or step.operation in _SUMS else None)
    return found


def _difference(formula: Formula, k: int) -> Formula:
    """Left side minus right side of the comparison that step k is."""
    step, span = formula.tape.steps[k], formula.tape.spans[k]
    steps = (*formula.tape.steps[:k], Step("subtract", step.operands))
    used = {k}
    for i in range(k, -1, -1):
        if i in used:
            used.update(steps[i].operands)
    place = {old: new for new, old in enumerate(sorted(used))}
    kept = tuple(steps[i]._replace(operands=tuple(place[o] for o in steps[i].operands)) for i in sorted(used))
    names = frozenset(each.name for each in kept if each.name)
    tape = Tape(kept, (*(formula.tape.spans[i] for i in sorted(used - {k})), span))
    return Formula(piece(formula.text, span).strip('"'), names, formula.has_pi, tape)


def _needed(sheet: Sheet) -> Sheet:
    """The same sheet without lines that its result does not use."""
    wanted, kept = set(sheet.results), []
    for name, formula in reversed(sheet.lines):
        if name in wanted:
            wanted |= formula.names
            kept.append((name, formula))
    return Sheet(tuple(reversed(kept)), sheet.results)
