"""One line of a model as people read it: what stands on the left, and the formula that gives it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from parametra.nouns.storage import storable


@storable
@dataclass(frozen=True)
class Equation:
    """One line of a model.

    Arguments:
        kind: what it gives: "prediction", "slope", "quantity", "first value", "event", "before it begins", "output" or
            "tied".
        left: the left side: "d[A]/dt".
        right: the formula, without brackets that change nothing; or the name of a function.
    """

    kind: str
    left: str
    right: str


def readable(text: str) -> str:
    """A formula without the brackets that change nothing, as machines write them.

    Arguments:
        text: a formula that can be read; see `Formula`.
    """
    try:
        return repr(float(text)).removesuffix(".0")
    except ValueError:
        return ast.unparse(ast.parse(text.strip(), mode="eval"))
