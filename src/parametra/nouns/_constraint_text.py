"""Reading a condition such as `0 <= a - b <= 2`: which formulas it compares, and with which numbers.

Only the comparison is read here; what stands on its sides is read by `Formula`, and refused there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from parametra.nouns.errors import FormulaError
from parametra.nouns.formula import Formula

_SIGNS = ("<=", ">=", "==", "!=", "=", "<", ">")
_REFUSED = {
    "<": '"<" is refused, because a fit may end on the edge, which belongs to a constraint; write "<="',
    ">": '">" is refused, because a fit may end on the edge, which belongs to a constraint; write ">="',
    "=": '"=" is no comparison; write "=="',
    "!=": '"!=" leaves out single points, which a fit cannot; write "<=" or ">=" for the side that is meant',
}


@dataclass(frozen=True)
class Piece:
    """One comparison: lower <= formula <= upper, and how it was written."""

    formula: Formula
    lower: float
    upper: float
    text: str


def pieces(text: str, where: str) -> list[Piece]:
    """The comparisons of a condition; a chain has several, and a formula between two numbers is one.

    Arguments:
        text: the condition in one line.
        where: opens every message.

    Raises:
        FormulaError: no comparison, one that a fit cannot meet exactly (<, >, !=), or sides that are no formulas.
    """
    sides, signs = _split(text)
    if not signs:
        raise FormulaError(
            f'{where}: a constraint compares with <=, >= or ==, such as "a + b <= 1"; nothing is compared.'
        )
    for sign in signs:
        if sign in _REFUSED:
            raise FormulaError(f"{where}: {_REFUSED[sign]}.")
    if any(re.search(r"\b(and|or|not)\b", side) for side in sides):
        raise FormulaError(f'{where}: "and", "or" and "not" are no part of a constraint; state one for each condition.')
    formulas = [Formula.parse(side.strip(), where=where) for side in sides]
    found: list[Piece] = []
    for (left, right), sign in zip(pairwise(formulas), signs, strict=True):
        piece = _pair(left, right, sign, where)
        if found and found[-1].formula == piece.formula:  # 0 <= a and a <= 2 of one chain are one constraint
            piece = _both(found.pop(), piece, f"{sign} {right.text}", where)
        found.append(piece)
    return found


def _split(text: str) -> tuple[list[str], list[str]]:
    """The sides and the signs between them; what stands in brackets is left alone."""
    sides, signs, depth, first, i = [""], [], 0, 0, 0
    while i < len(text):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        sign = next((s for s in _SIGNS if text.startswith(s, i)), None) if depth == 0 else None
        if sign is None:
            i += 1
            continue
        sides[-1] = text[first:i]
        signs.append(sign)
        sides.append("")
        i += len(sign)
        first = i
    sides[-1] = text[first:]
    return sides, signs


def _pair(left: Formula, right: Formula, sign: str, where: str) -> Piece:
    text = f"{left.text} {sign} {right.text}"
    if not left.names and not right.names:
        a, b = _number(left, where), _number(right, where)
        holds = {"<=": a <= b, ">=": a >= b, "==": a == b}[sign]
        raise FormulaError(f'{where}: "{text}" names no parameter; it is always {"true" if holds else "false"}.')
    if not right.names:
        return Piece(left, *_interval(sign, _number(right, where)), text)
    if not left.names:
        turned = {"<=": ">=", ">=": "<=", "==": "=="}[sign]
        return Piece(right, *_interval(turned, _number(left, where)), text)
    return Piece(Formula.parse(f"({left.text}) - ({right.text})", where=where), *_interval(sign, 0.0), text)


def _interval(sign: str, number: float) -> tuple[float, float]:
    return (-math.inf if sign == "<=" else number), (math.inf if sign == ">=" else number)


def _number(formula: Formula, where: str) -> float:
    with np.errstate(all="ignore"):
        value = float(np.asarray(formula.evaluate({})))
    if not math.isfinite(value):
        raise FormulaError(f'{where}: "{formula.text}" is {value:g}, and a constraint compares with a finite number.')
    return value


def _both(first: Piece, second: Piece, end: str, where: str) -> Piece:
    lower, upper = max(first.lower, second.lower), min(first.upper, second.upper)
    if lower > upper:
        raise FormulaError(f"{where}: nothing is at least {lower:g} and at most {upper:g}.")
    return Piece(first.formula, lower, upper, f"{first.text} {end}")
