"""The mathematics of SBML files and PEtab tables as our formulas: trees of libSBML in, text out, nothing evaluated."""

from __future__ import annotations

import importlib
import itertools
import keyword
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parametra.nouns.errors import FormulaError, MissingExtraError
from parametra.nouns.statement import CONSTANTS

_DEEPEST = 60

_FUNCTIONS = {
    "ABS": "abs", "EXP": "exp", "LN": "log", "FLOOR": "floor", "CEILING": "ceil", "MIN": "min", "MAX": "max",
    "SIN": "sin", "COS": "cos", "TAN": "tan", "SINH": "sinh", "COSH": "cosh", "TANH": "tanh",
    "ARCSIN": "arcsin", "ARCCOS": "arccos", "ARCTAN": "arctan",
    "ARCSINH": "arcsinh", "ARCCOSH": "arccosh", "ARCTANH": "arctanh",
}  # fmt: skip
_OF_ONE = {
    "SEC": "(1 / cos({0}))", "CSC": "(1 / sin({0}))", "COT": "(1 / tan({0}))",
    "SECH": "(1 / cosh({0}))", "CSCH": "(1 / sinh({0}))", "COTH": "(1 / tanh({0}))",
    "ARCSEC": "arccos(1 / {0})", "ARCCSC": "arcsin(1 / {0})", "ARCCOT": "arctan(1 / {0})",
    "ARCSECH": "arccosh(1 / {0})", "ARCCSCH": "arcsinh(1 / {0})", "ARCCOTH": "arctanh(1 / {0})",
    "FACTORIAL": "gamma({0} + 1)",
}  # fmt: skip
_OF_TWO = {
    "POWER": "({0} ** {1})",
    "DIVIDE": "({0} / {1})",
    "QUOTIENT": "where({0} / {1} < 0, ceil({0} / {1}), floor({0} / {1}))",
    "REM": "({0} - {1} * where({0} / {1} < 0, ceil({0} / {1}), floor({0} / {1})))",
}
_PLAIN_NAMES = {
    "log2": "log2({0})",
    "sign": "sign({0})",
    "heaviside": "where({0} > 0, 1, where({0} < 0, 0, 0.5))",
}
"""Functions that PEtab's tables may call, and that libSBML does not know."""
_RELATIONS = {"LT": "<", "LEQ": "<=", "GT": ">", "GEQ": ">=", "EQ": "==", "NEQ": "!="}
_AVOGADRO = "6.02214179e23"


def libsbml() -> Any:
    """The package that reads SBML. Raises MissingExtraError where it is not installed."""
    try:
        return importlib.import_module("libsbml")
    except ImportError:
        raise MissingExtraError("python-libsbml", "petab", "a PEtab problem") from None


class Names:
    """Identifiers of files as names of our formulas: the same, but for those that formulas refuse, such as lambda.

    Arguments:
        known: every identifier of the files, so that no new name is one of them.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._taken = set(known)
        self.renamed: dict[str, str] = {}
        for identifier in sorted(self._taken):
            if keyword.iskeyword(identifier) or identifier in CONSTANTS:
                self.renamed[identifier] = self.fresh(f"{identifier}_")

    def __call__(self, identifier: str) -> str:
        """What an identifier is called in formulas."""
        return self.renamed.get(identifier, identifier)

    def fresh(self, wanted: str) -> str:
        """A new name, as near to the wanted one as there is."""
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted


@dataclass(frozen=True)
class Writer:
    """Turns trees into text.

    Arguments:
        name: what an identifier is written as; it may raise FormulaError for one that is not known.
        time: what time is written as.
        functions: the definitions of a model's own functions: trees of lambda by identifier.
        where: opens every message.
        petab: whether log(x, b) has its base behind, and the functions of PEtab's tables are known.
        arguments: inside a function's definition, its arguments as they were written.
        depth: how many definitions deep.
    """

    name: Callable[[str], str]
    time: str
    functions: Mapping[str, Any]
    where: str
    petab: bool = False
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    depth: int = 0

    def refused(self, what: str) -> FormulaError:
        """The refusal of something in a formula."""
        return FormulaError(f"{self.where}: {what}.")

    def number(self, node: Any) -> str:
        """The text of a tree that is a number. Raises FormulaError for what cannot be written as a formula."""
        kind = _kind(node)
        leaf = self._leaf(kind, node)
        if leaf:
            return leaf
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        if kind in ("PLUS", "TIMES"):
            sign, alone = (" + ", "0") if kind == "PLUS" else (" * ", "1")
            return f"({sign.join(map(self.number, children))})" if children else alone
        if kind == "MINUS":
            return f"(-{self.number(children[0])})" if len(children) == 1 else self._pair("({0} - {1})", children)
        if kind in ("POWER", "DIVIDE"):
            return self._pair(_OF_TWO[kind], children)
        if kind.startswith("FUNCTION"):
            return self._function(kind.removeprefix("FUNCTION_"), node, children)
        if kind.startswith(("RELATIONAL_", "LOGICAL_")) or kind in ("CONSTANT_TRUE", "CONSTANT_FALSE"):
            return f"where({self.condition(node)}, 1, 0)"
        raise self.refused(f"this mathematics is not known here: {kind.lower()}")

    def _leaf(self, kind: str, node: Any) -> str:
        """The text of a number or a name, "" for anything else."""
        if kind in ("INTEGER", "REAL", "REAL_E", "RATIONAL"):
            return self._constant(node.getValue())
        if kind == "NAME":
            identifier: str = node.getName()
            return self.arguments.get(identifier) or self.name(identifier)
        leaves = {"NAME_TIME": self.time, "NAME_AVOGADRO": _AVOGADRO, "CONSTANT_PI": "pi", "CONSTANT_E": "exp(1)"}
        return leaves.get(kind, "")

    def condition(self, node: Any) -> str:
        """The text of a tree that is true or false."""
        kind = _kind(node)
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        if kind in ("CONSTANT_TRUE", "CONSTANT_FALSE"):
            return "(0 < 1)" if kind == "CONSTANT_TRUE" else "(1 < 0)"
        relation = _RELATIONS.get(kind.removeprefix("RELATIONAL_"))
        if relation is not None:
            terms = [self.number(child) for child in children]
            pairs = [f"({a} {relation} {b})" for a, b in itertools.pairwise(terms)]
            return pairs[0] if len(pairs) == 1 else f"({' and '.join(pairs)})"
        if kind in ("LOGICAL_AND", "LOGICAL_OR"):
            word, alone = (" and ", "(0 < 1)") if kind == "LOGICAL_AND" else (" or ", "(1 < 0)")
            return f"({word.join(map(self.condition, children))})" if children else alone
        if kind == "LOGICAL_NOT":
            return f"(not {self.condition(children[0])})"
        if kind == "LOGICAL_XOR":
            count = " + ".join(f"where({self.condition(child)}, 1, 0)" for child in children) or "0"
            return f"({count} - 2 * floor(({count}) / 2) == 1)"
        if kind == "LOGICAL_IMPLIES":
            return f"((not {self.condition(children[0])}) or {self.condition(children[1])})"
        return f"({self.number(node)} != 0)"

    def _constant(self, value: float) -> str:
        if math.isfinite(value):
            text = repr(float(value)).removesuffix(".0")
            return f"({text})" if value < 0 else text
        raise self.refused(f"the number {value} cannot stand in a formula")

    def _pair(self, form: str, children: list[Any]) -> str:
        if len(children) != 2:
            raise self.refused(f"an operation takes two numbers, {len(children)} came")
        return form.format(*map(self.number, children))

    def _piecewise(self, children: list[Any]) -> str:
        """Nested choices; where no piece holds and there is no `otherwise`, nothing is known: 0 / 0."""
        pairs = [(children[i], children[i + 1]) for i in range(0, len(children) - 1, 2)]
        text = self.number(children[-1]) if len(children) % 2 else "(0 / 0)"
        for value, test in reversed(pairs):
            text = f"where({self.condition(test)}, {self.number(value)}, {text})"
        return text

    def _function(self, word: str, node: Any, children: list[Any]) -> str:
        if word == "FUNCTION":
            return self._defined(node.getName(), children)
        if word == "PIECEWISE":
            return self._piecewise(children)
        if word in _FUNCTIONS:
            return f"{_FUNCTIONS[word]}({', '.join(map(self.number, children))})"
        if word in _OF_ONE and len(children) == 1:
            return _OF_ONE[word].format(f"({self.number(children[0])})")
        if word in _OF_TWO:
            return self._pair(_OF_TWO[word], children)
        if word == "ROOT":
            base, of = ("2", children[0]) if len(children) == 1 else (self.number(children[0]), children[1])
            return f"sqrt({self.number(of)})" if base == "2" else f"({self.number(of)} ** (1 / {base}))"
        if word == "LOG":
            return self._logarithm(children)
        if word == "DELAY":
            raise self.refused("delay(...) makes it a delay differential equation, which is not solved here")
        if word == "RATE_OF":
            raise self.refused("rateOf(...) is not known here; write the rate itself")
        raise self.refused(f"the function {word.lower()} is not known here")

    def _logarithm(self, children: list[Any]) -> str:
        if len(children) == 1:
            return f"log10({self.number(children[0])})"
        first, second = map(self.number, children)
        # libSBML gives log10(x) of a text as (10, x), and PEtab's log(x, b) as (x, b)
        base, of = (second, first) if self.petab and first != "10" else (first, second)
        return f"log10({of})" if base == "10" else f"(log({of}) / log({base}))"

    def _defined(self, identifier: str, children: list[Any]) -> str:
        given = [self.number(child) for child in children]
        if self.petab and identifier in _PLAIN_NAMES and len(given) == 1:
            return _PLAIN_NAMES[identifier].format(f"({given[0]})")
        definition = self.functions.get(identifier)
        if definition is None:
            raise self.refused(f'there is no function "{identifier}"')
        if self.depth > _DEEPEST:
            raise self.refused(f'the function "{identifier}" calls itself')
        last = definition.getNumChildren() - 1
        names = [definition.getChild(i).getName() for i in range(last)]
        if len(names) != len(given):
            raise self.refused(f'the function "{identifier}" takes {len(names)} arguments, {len(given)} came')
        inside = dict(zip(names, given, strict=True))
        body = Writer(self.name, self.time, self.functions, self.where, self.petab, inside, self.depth + 1)
        return body.number(definition.getChild(last))


def formula_of_text(text: str, name: Callable[[str], str], time: str, where: str) -> str:
    """A formula of a PEtab table as ours.

    Arguments:
        text: as it stands in the table: ^ or ** for powers, log and ln natural, log10, `time`, piecewise(a, x < 1, b).
        name: what an identifier is written as.
        time: what time is written as.
        where: opens every message.

    Raises:
        FormulaError: a text that is no formula, or that holds what cannot be written as one.
    """
    library = libsbml()
    settings = library.L3ParserSettings()
    settings.setParseLog(library.L3P_PARSE_LOG_AS_LN)
    settings.setParseUnits(False)
    settings.setParseAvogadroCsymbol(False)
    settings.setComparisonCaseSensitivity(library.L3P_COMPARE_BUILTINS_CASE_SENSITIVE)
    tree = library.parseL3FormulaWithSettings(text.replace("**", "^"), settings)
    if tree is None:
        said = " ".join(str(library.getLastParseL3Error()).split())
        raise FormulaError(f'{where}: the formula "{text}" cannot be read: {said}.')
    return Writer(name, time, {}, where, petab=True).number(tree)


def _kind(node: Any) -> str:
    """The kind of a tree by its name in libSBML, without AST_."""
    if not _KINDS:
        library = libsbml()
        _KINDS.update({v: k[4:] for k, v in vars(library).items() if k.startswith("AST_") and isinstance(v, int)})
    return _KINDS.get(node.getType(), "unknown")


_KINDS: dict[int, str] = {}
