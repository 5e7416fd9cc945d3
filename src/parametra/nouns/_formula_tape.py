"""A formula as a tape: a list of steps, each one operation on the results of earlier steps.

    a * exp(-b * t)      0 name a    1 name b    2 negative 1    3 name t    4 multiply 2 3    5 exp 4    6 multiply 0 5

The same subexpression twice is one step, and what consists of numbers alone is computed while reading, as floats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

FOLDED = frozenset({"add", "subtract", "multiply", "divide", "negative", "power"})
"""Operations that are carried out while reading when their operands are numbers."""

LARGEST_REPEATED = 32
"""Whole powers up to this one are products, which are exact for negative bases and several times faster than pow."""


Span = tuple[int, int]
"""First byte and the byte after the last in the text as UTF-8: what Python's parser counts."""


def piece(text: str, span: Span) -> str:
    """The part of a formula that a message quotes, in double quotes, shortened when it is long."""
    part = text.encode()[slice(*span)].decode()
    return f'"{part}"' if len(part) <= 60 else f'"{part[:28]} ... {part[-28:]}"'


class Step(NamedTuple):
    """One operation.

    Arguments:
        operation: "constant", "name", "item" (one element of an array), "whole_power", or the NumPy name of a function.
        operands: the steps that it works on.
        number: the constant, or the whole exponent.
        name: the name that is looked up.
        element: which element of it.
    """

    operation: str
    operands: tuple[int, ...] = ()
    number: float = 0.0
    name: str = ""
    element: int = 0


class Tape(NamedTuple):
    """The steps in order, the last one being the result, and where in the text each was read."""

    steps: tuple[Step, ...]
    spans: tuple[Span, ...]


@dataclass
class TapeWriter:
    """A tape that is being written: it hands out step numbers."""

    steps: list[Step] = field(default_factory=list[Step])
    spans: list[Span] = field(default_factory=list[Span])
    seen: dict[tuple[Step, bool], int] = field(default_factory=dict[tuple[Step, bool], int])

    def add(self, step: Step, span: Span) -> int:
        """The number of this step, which is an old one when the same was written before."""
        if step.operation in FOLDED and all(self.is_constant(k) for k in step.operands):
            value = _folded(step.operation, [self.steps[k].number for k in step.operands])
            if math.isfinite(value):
                return self.constant(value, span)
        key = (step, math.copysign(1.0, step.number) < 0)  # 0.0 == -0.0, and yet 1 / x differs
        if key not in self.seen:
            self.seen[key] = len(self.steps)
            self.steps.append(step)
            self.spans.append(span)
        return self.seen[key]

    def constant(self, value: float, span: Span) -> int:
        """A number."""
        return self.add(Step("constant", number=value), span)

    def power(self, base: int, exponent: int, span: Span) -> int:
        """The power base ** exponent; exponents that are common numbers become something faster."""
        if not self.is_constant(exponent) or self.is_constant(base):
            return self.add(Step("power", (base, exponent)), span)
        p = self.steps[exponent].number
        if p == 0.0:
            return self.constant(1.0, span)
        if p == 1.0:
            return base
        if abs(p) == 0.5:
            root = self.add(Step("sqrt", (base,)), span)
            return root if p > 0 else self.add(Step("divide", (self.constant(1.0, span), root)), span)
        if p.is_integer() and abs(p) <= LARGEST_REPEATED:
            return self.add(Step("whole_power", (base,), number=p), span)
        return self.add(Step("power", (base, exponent)), span)

    def is_constant(self, step: int) -> bool:
        """True for a number."""
        return self.steps[step].operation == "constant"

    def tape(self, result: int) -> Tape:
        """The finished tape without the steps that the result does not need (folded operands, for example)."""
        needed = {result}
        for k in range(result, -1, -1):
            if k in needed:
                needed.update(self.steps[k].operands)
        kept = sorted(needed)
        place = {old: new for new, old in enumerate(kept)}
        steps = tuple(
            self.steps[k]._replace(operands=tuple(place[operand] for operand in self.steps[k].operands)) for k in kept
        )
        return Tape(steps, tuple(self.spans[k] for k in kept))


def _folded(operation: str, numbers: list[float]) -> float:
    with np.errstate(all="ignore"):
        return float(getattr(np, operation)(*numbers))
