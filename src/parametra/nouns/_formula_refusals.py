"""What a formula may not hold, in sentences that say what to write instead."""

from __future__ import annotations

import ast
import keyword
import re

from parametra.nouns._formula_functions import FUNCTIONS
from parametra.nouns.errors import did_you_mean

_INSTEAD = {
    ast.BitXor: "^ is no operator of a formula; write ** for a power",
    ast.FloorDiv: "// is no operator of a formula; write floor(a / b)",
    ast.Mod: "% is no operator of a formula; write a - b * floor(a / b)",
    ast.BitAnd: "& is no operator of a formula; write and",
    ast.BitOr: "| is no operator of a formula; write or in a condition, abs(x) for |x|",
    ast.MatMult: "@ is no operator of a formula; write out the sum, beta[0] * x + beta[1] * y",
}

_NODES: dict[type[ast.AST], str] = {
    ast.Attribute: "a dot after a name is not allowed in a formula",
    ast.Lambda: "lambda is not allowed in a formula",
    ast.NamedExpr: "an assignment := is not allowed in a formula",
    ast.JoinedStr: "text is not allowed in a formula",
    ast.Tuple: "a formula is one expression, without commas outside of calls",
    ast.Starred: "a * before an argument is not allowed in a formula",
    ast.UnaryOp: "~ is no operator of a formula; write not in a condition",
    ast.Slice: "an index is a whole number after a name, like beta[0]",
}

_MEANT = {
    "ln": "log", "lg": "log10", "pow": "power", "fabs": "abs", "sgn": "sign", "tg": "tan", "arctg": "arctan",
    "logistic": "expit",
}  # fmt: skip

_CHOICES = {
    "piecewise": "write where(condition, value, otherwise)",
    "heaviside": "write where(t > t0, 1, 0)",
}

_MODULES = frozenset({"np", "numpy", "math", "jnp", "scipy", "sp", "special", "jax"})

_OWN_WORDS = frozenset({"if", "else", "and", "or", "not", "True", "False", "None"})


def too_deep(where: str, deepest: int) -> str:
    """Too many brackets, signs or choices inside one another."""
    return (
        f"{where}: the formula is nested deeper than {deepest} levels, or has thousands of terms. Write the model as a "
        "function, or split it."
    )


def too_large(where: str) -> str:
    """A number beyond the range of a float."""
    return f"{where}: a number in the formula is too large; the largest is about 1.8e308."


def operator_refusal(operator: ast.operator) -> str:
    """An operator that is not + - * / **."""
    known: dict[type, str] = dict(_INSTEAD)
    return known.get(type(operator), "the operators of a formula are + - * / **")


def node_refusal(node: ast.AST) -> str:
    """Anything else that Python knows and a formula does not."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str | bytes):
            return "text is not allowed in a formula"
        if isinstance(node.value, complex):
            return "complex numbers are not allowed in a formula"
        return f"{node.value} is not allowed in a formula; write numbers and names"
    kind = "this kind of expression is not allowed in a formula; write numbers, names, operators and functions"
    return _NODES.get(type(node), kind)


def call_refusal(node: ast.Call) -> str | None:
    """Why a call is not allowed, or None when it is."""
    function = node.func
    if isinstance(function, ast.Attribute):
        root = function.value
        if isinstance(root, ast.Name) and root.id in _MODULES and function.attr in FUNCTIONS:
            return f"write {function.attr}(...) without {root.id}. before it"
        return _NODES[ast.Attribute]
    if not isinstance(function, ast.Name):
        return "only a function's name can stand before brackets; write * for a product"
    name = function.id
    if name not in FUNCTIONS:
        meant = f'did you mean "{_MEANT[name]}"?' if name in _MEANT else did_you_mean(name, FUNCTIONS)
        meant = _CHOICES.get(name.lower(), meant.removesuffix(", ....").removesuffix("."))
        return f'there is no function "{name}" in formulas (write * for a product); {meant}'
    if node.keywords:
        return f"arguments of {name} are given by position, not by keyword"
    if any(isinstance(each, ast.Starred) for each in node.args):
        return _NODES[ast.Starred]
    return _count_refusal(name, len(node.args))


def _count_refusal(name: str, came: int) -> str | None:
    _, least, most = FUNCTIONS[name]
    if came >= least and (most == 0 or came <= most):
        return None
    wanted = f"{least} or more arguments" if most == 0 else f"{least} argument{'s' if least > 1 else ''}"
    return f"{name} takes {wanted}, {came} came"


def misread(text: str, error: SyntaxError | ValueError, where: str) -> str:
    """What Python's parser could not read, with a mark under the place where it stopped."""
    said = error.msg if isinstance(error, SyntaxError) else "a character that is not valid Unicode"
    if "integer string conversion" in said:
        return too_large(where)
    said = said.split(" (<")[0].split(". Maybe you meant")[0].split(". Perhaps you forgot")[0]
    column = max((error.offset or 1) if isinstance(error, SyntaxError) else 1, 1)
    hint = _hint(text, said)
    first = max(0, min(column - 40, len(text) - 79))
    shown = text[first : first + 79].encode(errors="replace").decode()
    mark = f"  {shown}\n  {' ' * (column - 1 - first)}^"
    return f"{where}: cannot read the formula at column {column}: {said}.{hint}\n{mark}"


def _hint(text: str, said: str) -> str:
    words = re.findall(r"\b[A-Za-z]+\b", text)
    python = [word for word in words if keyword.iskeyword(word) and word not in _OWN_WORDS]
    if python:
        return f' "{python[0]}" is a word of Python; use another name, like {python[0]}_ or {python[0][0].upper()}.'
    if re.search(r"(?<![<>=!:])=(?!=)", text):
        return ' Write the right-hand side only, without "y =".'
    beside = re.search(r"[\w)\]]\s+[\w(]", re.sub(r"\b(?:if|else|and|or|not)\b", "+", text))
    if "decimal literal" in said or beside:
        return " A product is written with *, like 2 * x."
    return ""
