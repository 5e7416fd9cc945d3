"""A formula as text: read once against a list of what is allowed, then computed with NumPy or JAX, with derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from parametra.nouns._formula_functions import computes, whole_power
from parametra.nouns._formula_parse import one_line, read
from parametra.nouns._formula_tangents import FLAT, RULES, SLOPES, scaled, whole_power_slope
from parametra.nouns.errors import FormulaError, did_you_mean


class Formula:
    """interim"""

    def __init__(self, text, tape, names):
        self.text, self.tape, self.names = text, tape, names

    @staticmethod
    def parse(text: str, *, where: str = "formula") -> Formula:
        text = one_line(text)
        tape, names, _ = read(text, where)
        return Formula(text, tape, names)

    def check_names(self, known: Iterable[str], where: str) -> None:
        known = list(known)
        for n in sorted(self.names):
            if n not in known:
                raise FormulaError(f'{where}: "{n}" is unknown; ' + did_you_mean(n, known))

    def __eq__(self, other): return isinstance(other, Formula) and other.text == self.text
    def __hash__(self): return hash(self.text)
    def __str__(self): return self.text

    def evaluate(self, values: Mapping[str, Any], xp: Any = np) -> Any:
        out = []
        for s in self.tape.steps:
            u = [out[k] for k in s.operands]
            if s.operation == "constant": y = s.number
            elif s.operation == "name": y = values[s.name]
            elif s.operation == "item": y = values[s.name][s.index]
            elif s.operation == "whole_power": y = whole_power(u[0], int(s.number))
            else: y = computes(s.operation, xp is not np)(*u)
            out.append(y)
        return out[-1]

    def evaluate_with_tangents(self, values, tangents):
        out, tan = [], []
        with np.errstate(all="ignore"):
            for s in self.tape.steps:
                u = [out[k] for k in s.operands]; t = [tan[k] for k in s.operands]
                d = {}
                if s.operation == "constant": y = s.number
                elif s.operation == "name": y = values[s.name]; d = tangents.get(s.name, {})
                elif s.operation == "item":
                    y = values[s.name][s.index]; d = {k: v[s.index] for k, v in tangents.get(s.name, {}).items()}
                elif s.operation == "whole_power":
                    y = whole_power(u[0], int(s.number))
                    if t[0]: d = scaled(whole_power_slope(u[0], y, int(s.number)), t[0])
                else:
                    y = computes(s.operation, False)(*u)
                    if any(t):
                        if s.operation in RULES: d = RULES[s.operation](y, u, t)
                        elif s.operation not in FLAT: d = scaled(SLOPES[s.operation](u[0], y), t[0])
                out.append(y); tan.append(d)
        return out[-1], dict(tan[-1])
