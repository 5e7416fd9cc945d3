"""The model of a problem as people read it, for reports: every kind of model that has formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parametra.nouns.equation import Equation, readable
from parametra.nouns.formula import Formula
from parametra.nouns.model import ONLY
from parametra.nouns.parameter import Tied
from parametra.nouns.problem import Problem


def equations_of(problem: Problem) -> tuple[Equation, ...]:
    """The lines of the model, then the parameters that follow from others; () for a function, which has none.

    Arguments:
        problem: what was stated.
    """
    model = problem.model
    function: Any = model.function
    lines: tuple[Equation, ...] = getattr(function, "equations", ())
    if function is None:
        lines = tuple(Equation("prediction", output, readable(formula.text)) for output, formula in model.formulas)
    alone = problem.outputs[0] if len(problem.outputs) == 1 else "output"
    lines = tuple(replace(each, left=alone) if each.left == ONLY else each for each in lines)
    tied = {n: p.expression for n, p in problem.stated_space.parameters.items() if isinstance(p, Tied)}
    texts = {n: each.text if isinstance(each, Formula) else each for n, each in tied.items()}
    return (*lines, *(Equation("tied", name, readable(text)) for name, text in texts.items()))
