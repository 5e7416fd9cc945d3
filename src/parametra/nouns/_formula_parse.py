"""Reading the text of a formula: Python's grammar, an allow-list of what may stand in it, and a tape at the end.

Nothing is ever evaluated or compiled: the text is parsed into a tree, and every node of the tree is either known here
or refused.
"""

from __future__ import annotations

import ast
import math
import re
import warnings

from parametra.nouns._formula_functions import FUNCTIONS
from parametra.nouns._formula_refusals import (
    call_refusal,
    misread,
    node_refusal,
    operator_refusal,
    too_deep,
    too_large,
)
from parametra.nouns._formula_tape import Span, Step, Tape, TapeWriter, piece
from parametra.nouns.errors import FormulaError

LONGEST = 10_000
DEEPEST = 100

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_CONDITION_ONLY = (ast.Compare, ast.BoolOp)


def one_line(text: str) -> str:
    """The text with line breaks and runs of blanks replaced by single blanks."""
    return " ".join(text.split())


def read(text: str, where: str) -> tuple[Tape, frozenset[str], bool]:
    """The tape of a formula, the names in it, and whether pi is in it.

    Arguments:
        text: the formula in one line.
        where: opens every message.

    Raises:
        FormulaError: see `Formula.parse`.
    """
    if not text:
        raise FormulaError(f'{where}: the formula is empty. Write one, for example "a * exp(-b * t)".')
    if len(text) > LONGEST:
        raise FormulaError(
            f"{where}: a formula may have {LONGEST} characters, this one has {len(text)}. "
            "Write the model as a function."
        )
    if "#" in text:
        raise FormulaError(f'{where}: a formula has no comments; take out what follows "#".')
    _check_depth(text, where)
    try:
        tree = _parse(text, where)
        reader = _Reader(text, where)
        result = reader.number(tree, 0)
    except (RecursionError, MemoryError):
        raise FormulaError(too_deep(where, DEEPEST)) from None
    return reader.writer.tape(result), frozenset(reader.names), reader.has_pi


def _check_depth(text: str, where: str) -> None:
    # before Python's parser sees it, whose own limits differ from version to version
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > DEEPEST:
            raise FormulaError(too_deep(where, DEEPEST))
    if re.search(rf"(?:(?:[-+~]|\bnot\b)\s*){{{DEEPEST + 1}}}", text):
        raise FormulaError(too_deep(where, DEEPEST))


def _parse(text: str, where: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "1if c else 2" is worth a DeprecationWarning to Python
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise FormulaError(misread(text, error, where)) from None


class _Reader:
    """Walks the tree once and writes the tape."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where = text, where
        self.writer = TapeWriter()
        self.names: set[str] = set()
        self.has_pi = False

    def refusal(self, what: str, node: ast.AST) -> FormulaError:
        return FormulaError(f"{self.where}: {what}, at {piece(self.text, _span(node))} in {self._whole()}.")

    def _whole(self) -> str:
        return piece(self.text, (0, len(self.text.encode())))

    def add(self, operation: str, operands: tuple[int, ...], node: ast.AST) -> int:
        return self.writer.add(Step(operation, operands), _span(node))

    def number(self, node: ast.expr, depth: int) -> int:
        """The step that computes a number."""
        if depth > DEEPEST:
            raise FormulaError(too_deep(self.where, DEEPEST))
        if isinstance(node, ast.BinOp):
            return self._chain(node, depth)
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            operand = self.number(node.operand, depth + 1)
            return self.add("negative", (operand,), node) if isinstance(node.op, ast.USub) else operand
        if isinstance(node, ast.IfExp):
            return self._choice((node.test, node.body, node.orelse), node, depth)
        if isinstance(node, ast.Subscript):
            return self._item(node)
        if isinstance(node, _CONDITION_ONLY) or _is_not(node):
            raise self.refusal("a condition is no number; write where(condition, value, other value)", node)
        raise self.refusal(node_refusal(node), node)

    def condition(self, node: ast.expr, depth: int) -> int:
        """The step that computes a condition."""
        if depth > DEEPEST:
            raise FormulaError(too_deep(self.where, DEEPEST))
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        if isinstance(node, ast.BoolOp):
            operation = "logical_and" if isinstance(node.op, ast.And) else "logical_or"
            return self._pairwise(operation, [self.condition(each, depth + 1) for each in node.values], node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.add("logical_not", (self.condition(node.operand, depth + 1),), node)
        raise self.refusal("a condition is a comparison, like x > 0", node)

    def _comparison(self, node: ast.Compare, depth: int) -> int:
        terms = [self.number(each, depth + 1) for each in (node.left, *node.comparators)]
        parts: list[int] = []
        for k, operator in enumerate(node.ops):
            if type(operator) not in _COMPARISONS:
                raise self.refusal("conditions compare with < <= > >= == != only", node)
            parts.append(self.add(_COMPARISONS[type(operator)], (terms[k], terms[k + 1]), node))
        return self._pairwise("logical_and", parts, node)

    def _pairwise(self, operation: str, parts: list[int], node: ast.AST) -> int:
        result = parts[0]
        for part in parts[1:]:
            result = self.add(operation, (result, part), node)
        return result

    def _choice(self, parts: tuple[ast.expr, ast.expr, ast.expr], node: ast.AST, depth: int) -> int:
        test = self.condition(parts[0], depth + 1)
        return self.add("where", (test, *(self.number(each, depth + 1) for each in parts[1:])), node)

    def _chain(self, node: ast.BinOp, depth: int) -> int:
        """Sums such as a + b - c ...: a long sum leans to the left, and is as deep as its terms are."""
        links: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            if type(first.op) not in _ARITHMETIC:
                raise self.refusal(operator_refusal(first.op), first)
            links.append(first)
            first = first.left
        result = self.number(first, depth + 1)
        for link in reversed(links):
            if isinstance(link.op, ast.Pow):
                self._refuse_tower(link)
            right = self.number(link.right, depth + 1)
            if isinstance(link.op, ast.Pow):
                result = self.writer.power(result, right, _span(link))
            else:
                result = self.add(_ARITHMETIC[type(link.op)], (result, right), link)
        return result

    def _refuse_tower(self, node: ast.BinOp) -> None:
        exponent = node.right
        between = self.text.encode()[node.left.end_col_offset : exponent.col_offset]
        while isinstance(exponent, ast.UnaryOp):
            exponent = exponent.operand
        if _is_power(exponent) and b"(" not in between:
            raise self.refusal("a ** b ** c can be read in two ways; write a ** (b ** c) or (a ** b) ** c", node)
        self._refuse_power_of_numbers(node.right)

    def _refuse_power_of_numbers(self, exponent: ast.expr) -> None:
        inside = list(ast.walk(exponent))
        if any(map(_is_power, inside)) and not any(isinstance(each, ast.Name) for each in inside):
            raise self.refusal("an exponent that is itself a power of numbers; write the number", exponent)

    def _constant(self, node: ast.Constant) -> int:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.refusal(node_refusal(node), node)
        try:
            value = float(node.value)
        except OverflowError:
            value = math.inf
        if math.isinf(value):
            raise FormulaError(too_large(self.where))
        return self.writer.constant(value, _span(node))

    def _name(self, node: ast.Name) -> int:
        if node.id == "pi":
            self.has_pi = True
            return self.writer.constant(math.pi, _span(node))
        self.names.add(node.id)
        return self.writer.add(Step("name", name=node.id), _span(node))

    def _item(self, node: ast.Subscript) -> int:
        whole = isinstance(node.slice, ast.Constant) and type(node.slice.value) is int
        if not isinstance(node.value, ast.Name) or not whole or node.value.id == "pi":
            raise self.refusal("an index is a whole number after a name, like beta[0]", node)
        index = int(ast.literal_eval(node.slice))
        if index > LONGEST:
            raise self.refusal(f"an index larger than {LONGEST}", node)
        self.names.add(node.value.id)
        return self.writer.add(Step("item", name=node.value.id, element=index), _span(node))

    def _call(self, node: ast.Call, depth: int) -> int:
        refused = call_refusal(node)
        if refused is not None or not isinstance(node.func, ast.Name):
            raise self.refusal(refused or node_refusal(node), node)
        listed = FUNCTIONS[node.func.id]
        if listed.operation == "where":
            return self._choice((node.args[0], node.args[1], node.args[2]), node, depth)
        operands = [self.number(each, depth + 1) for each in node.args]
        if listed.operation == "power":
            self._refuse_power_of_numbers(node.args[1])
            return self.writer.power(operands[0], operands[1], _span(node))
        if listed.most != 1 and listed.operation in ("minimum", "maximum"):
            return self._pairwise(listed.operation, operands, node)
        return self.add(listed.operation, tuple(operands), node)


def _span(node: ast.AST) -> Span:
    return getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _is_power(node: ast.AST) -> bool:
    by_name = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "power"
    return by_name or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow))
